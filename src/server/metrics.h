/* Metrics in the text format of Prometheus (0.0.4): what the parts of the server counted, as
 * metrics.def lists it. Whoever asks pays: the parts only count. */
#ifndef UNSAY_SERVER_METRICS_H
#define UNSAY_SERVER_METRICS_H

#include "base/buffer.h"
#include "server/auditor.h"
#include "server/scrubber.h"
#include "server/shell.h"
#include "server/webhooks.h"

struct metrics_sources {
    struct shells *shells;
    struct store *store;
    const struct connection_counts *counts;
    const struct scrubber *scrubber;
    struct webhooks *webhooks; /* NULL: none are sent */
    uint64_t started_ms;       /* wall clock */
};

void metrics_write(const struct metrics_sources *sources, struct buffer *text);

#endif
