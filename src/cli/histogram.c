#include "cli/histogram.h"

static unsigned histogram_bucket(uint64_t value)
{
    if (value < HISTOGRAM_PARTS)
        return (unsigned)value;
    unsigned exponent = 63 - (unsigned)__builtin_clzll(value);
    unsigned shift = exponent - HISTOGRAM_PART_BITS;
    unsigned part = (unsigned)(value >> shift) & (HISTOGRAM_PARTS - 1);
    return (shift + 1) * HISTOGRAM_PARTS + part;
}

/* The largest value that falls into the bucket. */
static uint64_t histogram_upper(unsigned bucket)
{
    if (bucket < HISTOGRAM_PARTS)
        return bucket;
    unsigned shift = bucket / HISTOGRAM_PARTS - 1;
    uint64_t lower = (uint64_t)(HISTOGRAM_PARTS + bucket % HISTOGRAM_PARTS) << shift;
    return lower + (UINT64_C(1) << shift) - 1;
}

void histogram_add(struct histogram *histogram, uint64_t value)
{
    histogram->count++;
    histogram->buckets[histogram_bucket(value)]++;
    if (value > histogram->max)
        histogram->max = value;
}

uint64_t histogram_quantile(const struct histogram *histogram, double part)
{
    double rank = part * (double)histogram->count;
    uint64_t wanted = (uint64_t)rank;
    if ((double)wanted < rank || wanted == 0)
        wanted++;
    uint64_t seen = 0;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += histogram->buckets[i];
        if (seen >= wanted) {
            uint64_t upper = histogram_upper(i);
            return upper < histogram->max ? upper : histogram->max;
        }
    }
    return histogram->max;
}
