/* How a family is written: once its head, then its samples. */
#ifndef UNSAY_SERVER_METRICS_INTERNAL_H
#define UNSAY_SERVER_METRICS_INTERNAL_H

#include "base/buffer.h"
#include "routing/stats.h"

enum metric_id {
#define METRIC(name, type, unit, labels, help) METRIC_##name,
#include "server/metrics.def"
#undef METRIC
    METRIC_COUNT
};

/* HELP and TYPE. */
void metrics_begin(struct buffer *text, enum metric_id id);

/* `labels` as in name="value", "" for none. */
void metrics_sample(struct buffer *text, enum metric_id id, const char *labels, double value);

/* A family with one sample. */
void metrics_append(struct buffer *text, enum metric_id id, double value);

/* A family that is a histogram, added up. */
void metrics_append_histogram(struct buffer *text, enum metric_id id,
                              const struct stats_histogram *const *histograms, unsigned count,
                              enum stats_scale_id scale);

/* The clock's families, and the process's. */
void metrics_append_clock(struct buffer *text);
void metrics_append_process(struct buffer *text, uint64_t started_ms);

#endif
