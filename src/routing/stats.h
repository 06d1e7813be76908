/* Counters of one worker: written by its thread, read by any. See stats.def. */
#ifndef UNSAY_ROUTING_STATS_H
#define UNSAY_ROUTING_STATS_H

#include <stdatomic.h>
#include <stdint.h>

enum stat_id {
#define STAT(name, help) STAT_##name,
#include "routing/stats.def"
#undef STAT
    STAT_COUNT
};

struct stats {
    _Atomic uint64_t counters[STAT_COUNT];
};

static inline uint64_t stats_read(const struct stats *stats, enum stat_id id)
{
    return atomic_load_explicit(&stats->counters[id], memory_order_relaxed);
}

/* By the owning thread only: no locked instruction is needed. */
static inline void stats_add(struct stats *stats, enum stat_id id, uint64_t count)
{
    atomic_store_explicit(&stats->counters[id], stats_read(stats, id) + count,
                          memory_order_relaxed);
}

#endif
