/* UUIDv7 (RFC 9562, 5.7): 48 bits of milliseconds, then 74 random bits; bytes sort by time. */
#ifndef UNSAY_BASE_UUID_H
#define UNSAY_BASE_UUID_H

#include "base/view.h"

enum { UUID_BYTES = 16, UUID_TEXT_BYTES = 36 };

struct uuid {
    uint8_t bytes[UUID_BYTES];
};

/* `random` supplies the 10 bytes of randomness; six of its bits give way to version and variant. */
struct uuid uuid_v7(uint64_t unix_ms, const uint8_t random[10]);

static inline bool uuid_is_zero(const struct uuid *uuid)
{
    static const uint8_t zero[UUID_BYTES];
    return memcmp(uuid->bytes, zero, UUID_BYTES) == 0;
}

static inline int uuid_compare(const struct uuid *a, const struct uuid *b)
{
    return memcmp(a->bytes, b->bytes, UUID_BYTES);
}

static inline struct view uuid_view(const struct uuid *uuid)
{
    return view_make(uuid->bytes, UUID_BYTES);
}

/* The smallest id above this one; false when there is none. */
bool uuid_increment(struct uuid *uuid);

/* Lower-case text with hyphens and a NUL. */
void uuid_format(const struct uuid *uuid, char text[UUID_TEXT_BYTES + 1]);

/* True when `text` is 36 characters of the usual form, in either case. */
bool uuid_parse(struct view text, struct uuid *uuid);

#endif
