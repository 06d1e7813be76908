/* Counters, levels and histograms of one worker: written by its thread, read by any. See stats.def.
 * No locked instruction is needed, and no lock: a reader may see one value a moment before another.
 */
#ifndef UNSAY_ROUTING_STATS_H
#define UNSAY_ROUTING_STATS_H

#include <stdatomic.h>
#include <stdint.h>

enum { STATS_BOUNDS_MAX = 20 };

/* The upper bounds of a histogram's buckets, ascending; what is above them all has one more. */
struct stats_scale {
    unsigned count;
    double unit; /* of a bound, in the unit that is shown */
    uint64_t bounds[STATS_BOUNDS_MAX];
};

enum stats_scale_id {
    STATS_TIME, /* nanoseconds, shown as seconds */
    STATS_SIZE, /* how many */
    STATS_SCALES
};
extern const struct stats_scale stats_scales[STATS_SCALES];

enum stat_id {
#define STAT(name, family, labels) STAT_##name,
#define STAT_LEVEL(name, family)
#define STAT_HISTOGRAM(name, family, scale)
#include "routing/stats.def"
#undef STAT
#undef STAT_LEVEL
    STAT_COUNT
};

enum stat_level_id {
#define STAT(name, family, labels)
#define STAT_LEVEL(name, family) LEVEL_##name,
#include "routing/stats.def"
#undef STAT_LEVEL
#undef STAT_HISTOGRAM
    LEVEL_COUNT
};

enum stat_histogram_id {
#define STAT_LEVEL(name, family)
#define STAT_HISTOGRAM(name, family, scale) HISTOGRAM_##name,
#include "routing/stats.def"
#undef STAT
#undef STAT_LEVEL
#undef STAT_HISTOGRAM
    HISTOGRAM_COUNT
};

struct stats_histogram {
    _Atomic uint64_t counts[STATS_BOUNDS_MAX + 1]; /* of each bucket alone */
    _Atomic uint64_t sum;
};

struct stats {
    _Atomic uint64_t counters[STAT_COUNT];
    _Atomic uint64_t levels[LEVEL_COUNT];
    struct stats_histogram histograms[HISTOGRAM_COUNT];
};

static inline uint64_t stats_load(const _Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

/* By the owning thread only. */
static inline void stats_increase(_Atomic uint64_t *counter, uint64_t count)
{
    atomic_store_explicit(counter, stats_load(counter) + count, memory_order_relaxed);
}

static inline uint64_t stats_read(const struct stats *stats, enum stat_id id)
{
    return stats_load(&stats->counters[id]);
}

/* By the owning thread only. */
static inline void stats_add(struct stats *stats, enum stat_id id, uint64_t count)
{
    stats_increase(&stats->counters[id], count);
}

static inline void stats_set(struct stats *stats, enum stat_level_id id, uint64_t level)
{
    atomic_store_explicit(&stats->levels[id], level, memory_order_relaxed);
}

/* By the owning thread only. */
void stats_histogram_add(struct stats_histogram *histogram, enum stats_scale_id scale,
                         uint64_t value);

/* The same for one of a worker's. */
void stats_observe(struct stats *stats, enum stat_histogram_id id, uint64_t value);

#endif
