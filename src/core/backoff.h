/* Waiting times as values: how long before the next attempt. Pure; the jitter comes from a
 * generator that the caller owns. */
#ifndef UNSAY_CORE_BACKOFF_H
#define UNSAY_CORE_BACKOFF_H

#include "base/prng.h"

struct backoff {
    uint32_t first_ms; /* before jitter: first, doubling each time ... */
    uint32_t max_ms;   /* ... up to here */
};

/* The delay before attempt `attempt` (0: the first repetition), without jitter. */
static inline uint32_t backoff_delay_ms(struct backoff backoff, uint32_t attempt)
{
    uint64_t delay_ms = backoff.first_ms;
    for (uint32_t i = 0; i < attempt && delay_ms < backoff.max_ms; i++)
        delay_ms *= 2;
    return delay_ms < backoff.max_ms ? (uint32_t)delay_ms : backoff.max_ms;
}

/* Between the delay and a quarter more: repetitions spread out, none comes early. */
static inline uint32_t backoff_jittered_ms(struct backoff backoff, uint32_t attempt,
                                           struct prng *prng)
{
    uint32_t delay_ms = backoff_delay_ms(backoff, attempt);
    return delay_ms + (uint32_t)prng_below(prng, delay_ms / 4 + 1);
}

/* Full jitter: anything up to the delay, so that many clients do not return together. */
static inline uint32_t backoff_full_jitter_ms(struct backoff backoff, uint32_t attempt,
                                              struct prng *prng)
{
    return (uint32_t)prng_below(prng, (uint64_t)backoff_delay_ms(backoff, attempt) + 1);
}

#endif
