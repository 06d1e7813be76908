/* Frames of the server as lines of text, and ids as the short names that scenarios use: m7 is the
 * message id, and g:c7 the conversation made under the creation id, whose last 8 bytes count 7.
 *
 *   event d:alice:bob 2 message m1 alice normal "hello"     a live push
 *   entry d:alice:bob 2 message m1 alice recalled by alice at 3     part of a page
 *   notice d:alice:bob 3 recall m1@2 by alice
 *   accepted d:alice:bob 2 m1 normal
 *   result d:alice:bob r1 m1@2=recalled m9@0=pending -@7=refused:unknown_message
 *   page d:alice:bob count 3 head 3 end
 *   list d:alice:bob=bob(member 3 2/1) end        peer or name (role head stored/displayed)
 *   error window_closed closing */
#ifndef UNSAY_TESTS_ROUTING_SHOWN_H
#define UNSAY_TESTS_ROUTING_SHOWN_H

#include "core/contract.h"

enum { SHOWN_BODY_BYTES_MAX = 40 };

/* On the heap; the caller frees. */
char *shown_frame(const wire_server_frame *frame);

/* 16 bytes from "m7" or "c7". */
void shown_parse_id(const char *name, uint8_t id[16]);

/* The real id of a conversation, given "g:c7" or any other, which stays as it is. */
void shown_parse_conversation(const char *name, char id[65]);

#endif
