/* Hybrid logical clock (Kulkarni et al., 2014): 48 bits of Unix milliseconds and a 16-bit counter
 * in one integer that only rises, close to the wall clock even when that stands still or goes back.
 */
#ifndef UNSAY_CORE_HLC_H
#define UNSAY_CORE_HLC_H

#include <stdint.h>

/* The next stamp after `last`, at wall clock `wall_ms`. A full counter borrows from the future. */
static inline uint64_t hlc_next(uint64_t last, uint64_t wall_ms)
{
    uint64_t wall = wall_ms << 16;
    return wall > last ? wall : last + 1;
}

/* The first stamp of a millisecond. */
static inline uint64_t hlc_of(uint64_t ms)
{
    return ms << 16;
}

static inline uint64_t hlc_ms(uint64_t time)
{
    return time >> 16;
}

#endif
