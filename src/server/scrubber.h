/* The scrubber: a thread that makes the store forget, in its files too, what was taken back. It
 * runs often enough that a body is gone within the erasure horizon. */
#ifndef UNSAY_SERVER_SCRUBBER_H
#define UNSAY_SERVER_SCRUBBER_H

#include "storage/store.h"

#include <stdatomic.h>
#include <uv.h>

struct scrubber {
    struct store *store;
    uint64_t interval_ms;
    uv_thread_t thread;
    uv_mutex_t mutex; /* guards is_stopping */
    uv_cond_t stopping;
    bool is_stopping;
    bool is_running; /* the thread was started */
    atomic_ullong runs;
    atomic_ullong bodies;   /* that were waiting, in all */
    atomic_bool is_failing; /* the last run failed */
};

/* `horizon_ms` 0: never scrubs. */
void scrubber_start(struct scrubber *scrubber, struct store *store, uint64_t horizon_ms);

/* Waits for a run that is under way. */
void scrubber_stop(struct scrubber *scrubber);

#endif
