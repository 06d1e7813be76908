/* Metrics in Prometheus text form: the workers' counters summed, the store's, and the process's. */
#ifndef UNSAY_SERVER_METRICS_H
#define UNSAY_SERVER_METRICS_H

#include "base/buffer.h"
#include "server/auditor.h"
#include "server/scrubber.h"
#include "server/shell.h"
#include "server/webhooks.h"

void metrics_write(const struct shells *shells, struct store *store,
                   const struct connection_counts *counts, const struct scrubber *scrubber,
                   struct webhooks *webhooks, struct buffer *text);

#endif
