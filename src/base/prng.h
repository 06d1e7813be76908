/* SplitMix64: a small reproducible generator for jitter and simulation. Never for secrets. */
#ifndef UNSAY_BASE_PRNG_H
#define UNSAY_BASE_PRNG_H

#include <stdint.h>

struct prng {
    uint64_t state; /* the seed; any value */
};

static inline uint64_t prng_next(struct prng *prng)
{
    uint64_t z = prng->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* Uniform enough for jitter in [0, bound); 0 when bound is 0. */
static inline uint64_t prng_below(struct prng *prng, uint64_t bound)
{
    return bound == 0 ? 0 : prng_next(prng) % bound;
}

#endif
