/* The text format of Prometheus. */
#include "server/metrics_internal.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

enum { METRICS_LINE_BYTES = 512 };

static const struct {
    const char *name;
    const char *type;
    const char *help;
} metrics[METRIC_COUNT] = {
#define METRIC(name, type, unit, labels, help) {#name, #type, help},
#include "server/metrics.def"
#undef METRIC
};

__attribute__((format(printf, 2, 3))) static void metrics_print(struct buffer *text,
                                                                const char *format, ...)
{
    char line[METRICS_LINE_BYTES];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    assert(size > 0 && (size_t)size < sizeof(line));
    buffer_append(text, line, (size_t)size);
}

void metrics_begin(struct buffer *text, enum metric_id id)
{
    metrics_print(text, "# HELP %s %s\n# TYPE %s %s\n", metrics[id].name, metrics[id].help,
                  metrics[id].name, metrics[id].type);
}

void metrics_sample(struct buffer *text, enum metric_id id, const char *labels, double value)
{
    const char *open = *labels == 0 ? "" : "{";
    const char *close = *labels == 0 ? "" : "}";
    if (isinf(value))
        metrics_print(text, "%s%s%s%s +Inf\n", metrics[id].name, open, labels, close);
    else
        metrics_print(text, "%s%s%s%s %.15g\n", metrics[id].name, open, labels, close, value);
}

void metrics_append(struct buffer *text, enum metric_id id, double value)
{
    metrics_begin(text, id);
    metrics_sample(text, id, "", value);
}

void metrics_append_histogram(struct buffer *text, enum metric_id id,
                              const struct stats_histogram *const *histograms, unsigned count,
                              enum stats_scale_id scale)
{
    const struct stats_scale *of = &stats_scales[scale];
    const char *name = metrics[id].name;
    uint64_t total = 0;
    uint64_t sum = 0;
    metrics_begin(text, id);
    for (unsigned bucket = 0; bucket <= of->count; bucket++) {
        for (unsigned i = 0; i < count; i++)
            total += stats_load(&histograms[i]->counts[bucket]);
        if (bucket < of->count)
            metrics_print(text, "%s_bucket{le=\"%g\"} %" PRIu64 "\n", name,
                          (double)of->bounds[bucket] * of->unit, total);
    }
    for (unsigned i = 0; i < count; i++)
        sum += stats_load(&histograms[i]->sum);
    metrics_print(text, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n%s_sum %.15g\n%s_count %" PRIu64 "\n",
                  name, total, name, (double)sum * of->unit, name, total);
}
