/* Encoding: the bytes are those of protobuf-c's own packing. A small message is written from its
 * end to its beginning: what is nested has its size by the time its length is to be written, so
 * nothing is measured first, and a field that is absent costs a glance. Large messages, in which
 * copying is what counts, and whatever the contract has no use for, are left to protobuf-c. */
#ifndef UNSAY_CORE_ENCODE_H
#define UNSAY_CORE_ENCODE_H

#include "base/arena.h"

#include <protobuf-c/protobuf-c.h>

enum { ENCODE_SMALL_BYTES_MAX = 1024 };

/* Encodes at the end of `room`; false where the message is not small, or has unknown fields, or
 * fields of a kind that the contract does not use. */
bool encode_small(const ProtobufCMessage *message, uint8_t room[ENCODE_SMALL_BYTES_MAX],
                  struct view *bytes);

/* Any message, into the arena. */
struct view encode(const ProtobufCMessage *message, struct arena *arena);

#endif
