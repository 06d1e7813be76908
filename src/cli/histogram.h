/* A histogram of durations in ns, exact below 64 and within 1.6 % above: each power of two is cut
 * into 64 equal buckets. Of fixed size; nothing is ever lost from it. */
#ifndef UNSAY_CLI_HISTOGRAM_H
#define UNSAY_CLI_HISTOGRAM_H

#include <stdint.h>

enum {
    HISTOGRAM_PART_BITS = 6,
    HISTOGRAM_PARTS = 1 << HISTOGRAM_PART_BITS,
    HISTOGRAM_BUCKETS = (64 - HISTOGRAM_PART_BITS + 1) * HISTOGRAM_PARTS
};

struct histogram {
    uint64_t count;
    uint64_t max; /* the largest value, exactly */
    uint64_t buckets[HISTOGRAM_BUCKETS];
};

/* A histogram of zero bytes is empty. */
void histogram_add(struct histogram *histogram, uint64_t value);

/* The value that `part` (0 to 1) of all values do not exceed: the upper end of its bucket, or the
 * largest value if that is less. 0 when empty. */
uint64_t histogram_quantile(const struct histogram *histogram, double part);

#endif
