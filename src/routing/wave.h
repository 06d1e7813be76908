/* A wave: one recall on its way from its commit to the devices that are connected, over all
 * workers. Held by its group until every worker has published it, and by each notice until the
 * device has acknowledged it or is given up. Whoever lets go of it last notes how long the last of
 * the devices that acknowledged it took. */
#ifndef UNSAY_ROUTING_WAVE_H
#define UNSAY_ROUTING_WAVE_H

#include "routing/stats.h"

struct wave {
    atomic_uint holds;
    _Atomic uint64_t committed_ns; /* steady clock; 0: no device was told */
    _Atomic uint64_t arrived_ns;   /* the last acknowledgement; 0: none yet */
};

/* With one hold, the caller's. */
struct wave *wave_new(void);

/* A notice goes out: one more hold. */
struct wave *wave_hold(struct wave *wave, uint64_t committed_ns);

/* A device has acknowledged its notice. */
void wave_arrive(struct wave *wave, uint64_t now_ns);

/* NULL is nothing. `stats` are the calling thread's; NULL: the recall did not happen. */
void wave_release(struct wave *wave, struct stats *stats);

#endif
