/* Frames of the server as lines of text, and ids as the short names that scenarios use: m7 is the
 * message id, and g:c7 the conversation made under the creation id, whose last 8 bytes count 7.
 *
 *   event d:alice:bob 2 message m1 alice normal "hello"     a live push
 *   entry d:alice:bob 2 message m1 alice recalled by alice at 3     part of a page
 *   notice d:alice:bob 3 recall m1@2 by alice       in its three forms
 *   refresh d:alice:bob 3
 *   replace d:alice:bob 3 recall m1@2 by alice with d:alice:bob 2 message m1 alice recalled by ...
 *   accepted d:alice:bob 2 m1 normal
 *   result d:alice:bob r1 m1@2=recalled m9@0=pending -@7=refused:unknown_message
 *   page d:alice:bob count 3 head 3 end
 *   list d:alice:bob=bob(member 3 2/1) end        peer or name (role head stored/displayed)
 *   list d:alice:bob=bob(member 3 2/1 unread 2 mentions 1 last m1@3:normal "hi") end
 *   event g:c1 2 message m1 alice normal "hi" quote @1 from g:c2@5 mentions bob *
 *   event g:c1 3 membership alice: bob=admin eve=gone
 *   event g:c1 3 membership alice: bob=member,muted until 60s        or ,muted
 *   event g:c1 4 pin @2 by alice         or unpin
 *   event g:c1 5 settings alice: "club" "About" read-only open last 10 dissolved
 *   entry g:c1 5 hidden from 2           stands in for what is not for the user
 *   invitation g:c1=club(invited by alice)       or (unspecified by alice)
 *   appended g:c1 4
 *   members g:c1 alice=owner bob=admin end
 *   pins g:c1 @2 @7
 *   result d:alice:bob r1 m1@2=recalled reach 1/2 missing bob/tv      after a wait; bob/ without
 *                                                                  a known device
 *   range g:c1 r1 examined 3 recalled 2 refused 1:window_closed done  or running
 *   exposure g:c1 @2 by 5: bob/tv=stored,applied eve/=none totals 2 pushed 0 stored 1 displayed 0
 *            applied 1 outstanding 0 signed 0 unsigned 1 end          more
 *   evidence g:c1 @2 open "hi"         or needs 1
 *   recalls (0 recall g:c1 m1@2 by bob/tv as self recalled at 5 rule author) end     or next N
 *   policy NAME                        see scenario_policy.c; LIST adds: of NAME NAME...
 *   progress d:alice:bob bob 3/2       stored/displayed; with the log's last seq: whole, or large
 *   progress d:alice:bob 3 whole alice 3/0 bob 3/2
 *   places ( d:alice:bob 3 whole alice 3/0 bob 3/2) end tells     the answer to a question; next
 * ID; hides, server receipts d:alice:bob @2 stored 1 displayed 0 of 1: bob 3/0 end privacy tells or
 * hides, with server where that hides all error window_closed closing */
#ifndef UNSAY_TESTS_ROUTING_SHOWN_H
#define UNSAY_TESTS_ROUTING_SHOWN_H

#include "core/contract.h"

#include <stdio.h>

enum { SHOWN_BODY_BYTES_MAX = 40 };

/* When every scenario starts: Unix milliseconds. */
#define SHOWN_START_MS UINT64_C(1700000000000)
/* As a step names it, after a blank. */
void shown_conversation(FILE *out, const char *id);

/* Frames about levels of delivery. */
void shown_levels(FILE *out, const wire_server_frame *frame);

/* On the heap; the caller frees. */
char *shown_frame(const wire_server_frame *frame);

/* The same for an entry of the audit log:
 *   recall g:c1 m1@2 by bob/tv as self recalled at 5 rule author
 *   recall g:c1 -@9 by bob/tv refused:unknown_message
 *   arrival g:c1 m1@2 by bob/tv as self refused:window_closed rule author
 *   evidence g:c1 m1@2 by law/1 as compliance pending
 *   policy by law/1 as compliance */
char *shown_audit(const wire_audit_entry *entry);

/* 16 bytes from "m7" or "c7". */
void shown_parse_id(const char *name, uint8_t id[16]);

/* The real id of a conversation, given "g:c7" or any other, which stays as it is. */
void shown_parse_conversation(const char *name, char id[65]);

#endif
