/* The text that a device signs when it says that a recall is applied: see Receipt in frame.proto.
 */
#ifndef UNSAY_CORE_RECEIPT_H
#define UNSAY_CORE_RECEIPT_H

#include "base/limits.h"
#include "base/uuid.h"

enum { RECEIPT_TEXT_BYTES_MAX = 512 };

struct receipt {
    struct uuid store;
    const char *conversation;
    uint32_t origin;
    const char *user;
    const char *device;
    uint64_t stored;
    uint64_t time_ms;
};

/* Lines, each ending in '\n': "unsay receipt v1", the store in 32 hexadecimal digits of lower case,
 * conversation, origin, user, device, stored, time_ms. Returns the text in `text`; empty when an id
 * is longer than the contract allows. */
struct view receipt_text(const struct receipt *receipt, char text[RECEIPT_TEXT_BYTES_MAX]);

#endif
