#include "routing/stats.h"

#define US UINT64_C(1000)
#define MS (1000 * US)
#define S (1000 * MS)

const struct stats_scale stats_scales[STATS_SCALES] = {
    [STATS_TIME] = {17,
                    1e-9,
                    {100 * US, 250 * US, 500 * US, 1 * MS, 2500 * US, 5 * MS, 10 * MS, 25 * MS,
                     50 * MS, 100 * MS, 250 * MS, 500 * MS, 1 * S, 2500 * MS, 5 * S, 10 * S,
                     30 * S}},
    [STATS_SIZE] = {14, 1, {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192}},
};

void stats_histogram_add(struct stats_histogram *histogram, enum stats_scale_id id, uint64_t value)
{
    const struct stats_scale *scale = &stats_scales[id];
    unsigned bucket = 0;
    while (bucket < scale->count && value > scale->bounds[bucket])
        bucket++;
    stats_increase(&histogram->counts[bucket], 1);
    stats_increase(&histogram->sum, value);
}

void stats_observe(struct stats *stats, enum stat_histogram_id id, uint64_t value)
{
    static const enum stats_scale_id scales[HISTOGRAM_COUNT] = {
#define STAT(name, family, labels)
#define STAT_LEVEL(name, family)
#define STAT_HISTOGRAM(name, family, scale) scale,
#include "routing/stats.def"
#undef STAT
#undef STAT_LEVEL
#undef STAT_HISTOGRAM
    };
    stats_histogram_add(&stats->histograms[id], scales[id], value);
}
