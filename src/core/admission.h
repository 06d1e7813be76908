/* Sign-ins at the rate that a worker bears, however many clients come back at once. Those beyond it
 * are told when to come: each has a place in a queue that nobody stands in, and the places pass a
 * little more slowly than the rate, so that who comes back on time finds it open. A client that
 * comes a part of its pause later, as the SDK does, comes into a thinner stream, not a thicker one.
 *
 * With n clients at once, a rate of r a second and pauses at most a quarter longer than told, all
 * are in after about 1 s + 1.25 * 1.25 * n / r, as long as that is within ADMISSION_PAUSE_MAX_MS.
 */
#ifndef UNSAY_CORE_ADMISSION_H
#define UNSAY_CORE_ADMISSION_H

#include "base/bucket.h"

enum { ADMISSION_PAUSE_MIN_MS = 1000, ADMISSION_PAUSE_MAX_MS = 60000 };

struct admission {
    struct bucket bucket;
    uint64_t last_us; /* the last place that was given away: a time, in microseconds */
};

/* `rate` a second; 0: without limit. */
void admission_init(struct admission *admission, uint32_t rate, uint64_t now_ms);

/* 0: come in. Else: come back after so many milliseconds. */
uint32_t admission_ask(struct admission *admission, uint64_t now_ms);

/* A place in the queue, for someone who cannot come in for another reason. */
uint32_t admission_postpone(struct admission *admission, uint64_t now_ms);

#endif
