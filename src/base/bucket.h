/* A token bucket without a clock of its own: the caller says what time it is. */
#ifndef UNSAY_BASE_BUCKET_H
#define UNSAY_BASE_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

struct bucket {
    uint64_t filled_ms; /* when `milli` was last brought up to date */
    uint64_t milli;     /* tokens, in thousandths */
    uint32_t rate;      /* tokens a second; 0: without limit */
    uint32_t burst;     /* tokens at most */
};

/* Starts full. */
static inline void bucket_init(struct bucket *bucket, uint32_t rate, uint32_t burst,
                               uint64_t now_ms)
{
    *bucket = (struct bucket){now_ms, (uint64_t)burst * 1000, rate, burst};
}

/* Takes one token; false when there is none. `now_ms` may stand still or go back. */
static inline bool bucket_take(struct bucket *bucket, uint64_t now_ms)
{
    if (bucket->rate == 0)
        return true;
    if (now_ms > bucket->filled_ms) {
        uint64_t full = (uint64_t)bucket->burst * 1000;
        uint64_t elapsed_ms = now_ms - bucket->filled_ms;
        uint64_t missing = full - bucket->milli;
        bucket->milli = elapsed_ms >= missing / bucket->rate + 1
                            ? full
                            : bucket->milli + elapsed_ms * bucket->rate;
        bucket->filled_ms = now_ms;
    }
    if (bucket->milli < 1000)
        return false;
    bucket->milli -= 1000;
    return true;
}

#endif
