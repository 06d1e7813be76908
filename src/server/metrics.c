#include "server/metrics.h"

#include "server/metrics_internal.h"

#include <stdio.h>

enum { METRICS_TILE = 256, METRICS_LABEL_BYTES = 32 };

static const enum metric_id metrics_of_stats[STAT_COUNT] = {
#define STAT(name, family, labels) METRIC_##family,
#define STAT_LEVEL(name, family)
#define STAT_HISTOGRAM(name, family, scale)
#include "routing/stats.def"
#undef STAT
#undef STAT_LEVEL
#undef STAT_HISTOGRAM
};

static const char *const metrics_labels_of_stats[STAT_COUNT] = {
#define STAT(name, family, labels) labels,
#define STAT_LEVEL(name, family)
#define STAT_HISTOGRAM(name, family, scale)
#include "routing/stats.def"
#undef STAT
#undef STAT_LEVEL
#undef STAT_HISTOGRAM
};

static const enum metric_id metrics_of_levels[LEVEL_COUNT] = {
#define STAT(name, family, labels)
#define STAT_LEVEL(name, family) METRIC_##family,
#define STAT_HISTOGRAM(name, family, scale)
#include "routing/stats.def"
#undef STAT
#undef STAT_LEVEL
#undef STAT_HISTOGRAM
};

static const struct {
    enum metric_id family;
    enum stats_scale_id scale;
} metrics_of_histograms[HISTOGRAM_COUNT] = {
#define STAT(name, family, labels)
#define STAT_LEVEL(name, family)
#define STAT_HISTOGRAM(name, family, scale) {METRIC_##family, scale},
#include "routing/stats.def"
#undef STAT
#undef STAT_LEVEL
#undef STAT_HISTOGRAM
};

/* Samples of one family stand together in the table. */
static void metrics_append_counters(const struct shells *shells, struct buffer *text)
{
    for (int id = 0; id < STAT_COUNT; id++) {
        uint64_t sum = 0;
        for (unsigned i = 0; i < shells->count; i++)
            sum += stats_read(&shells->shells[i].worker.stats, (enum stat_id)id);
        if (id == 0 || metrics_of_stats[id] != metrics_of_stats[id - 1])
            metrics_begin(text, metrics_of_stats[id]);
        metrics_sample(text, metrics_of_stats[id], metrics_labels_of_stats[id], (double)sum);
    }
}

static void metrics_sample_worker(struct buffer *text, enum metric_id id, unsigned worker,
                                  double value)
{
    char labels[METRICS_LABEL_BYTES];
    snprintf(labels, sizeof(labels), "worker=\"%u\"", worker);
    metrics_sample(text, id, labels, value);
}

static void metrics_append_levels(struct shells *shells, struct buffer *text)
{
    for (int id = 0; id < LEVEL_COUNT; id++) {
        metrics_begin(text, metrics_of_levels[id]);
        for (unsigned i = 0; i < shells->count; i++)
            metrics_sample_worker(text, metrics_of_levels[id], i,
                                  (double)stats_load(&shells->shells[i].worker.stats.levels[id]));
    }
    metrics_begin(text, METRIC_unsay_mailbox_mails);
    for (unsigned i = 0; i < shells->count; i++)
        metrics_sample_worker(text, METRIC_unsay_mailbox_mails, i,
                              (double)mailbox_count(&shells->shells[i].mailbox));
    metrics_append(text, METRIC_unsay_commit_queue_groups,
                   committer_queue_count(shells->committer));
    metrics_append(text, METRIC_unsay_workers, shells->count);
}

static void metrics_append_histograms(const struct shells *shells, struct buffer *text)
{
    const struct stats_histogram *of[LIMIT_WORKERS_MAX];
    for (int id = 0; id < HISTOGRAM_COUNT; id++) {
        for (unsigned i = 0; i < shells->count; i++)
            of[i] = &shells->shells[i].worker.stats.histograms[id];
        metrics_append_histogram(text, metrics_of_histograms[id].family, of, shells->count,
                                 metrics_of_histograms[id].scale);
    }
    const struct committer *committer = shells->committer;
    for (unsigned i = 0; i < committer->thread_count; i++)
        of[i] = &committer->threads[i].latency;
    metrics_append_histogram(text, METRIC_unsay_store_commit_seconds, of, committer->thread_count,
                             STATS_TIME);
}

static void metrics_append_connections(const struct connection_counts *counts, struct buffer *text)
{
    static const char *const labels[CONNECTION_TRANSPORTS] = {
        [CONNECTION_TCP] = "transport=\"tcp\"",
        [CONNECTION_WEBSOCKET] = "transport=\"websocket\"",
        [CONNECTION_TLS] = "transport=\"tls\"",
        [CONNECTION_TLS_WEBSOCKET] = "transport=\"tls_websocket\"",
    };
    metrics_append(text, METRIC_unsay_connections, atomic_load(&counts->open));
    metrics_append(text, METRIC_unsay_connections_unauthenticated,
                   atomic_load(&counts->unauthenticated));
    metrics_append(text, METRIC_unsay_sign_ins_postponed_total,
                   (double)atomic_load(&counts->postponed));
    metrics_begin(text, METRIC_unsay_connections_signed_in);
    for (int i = 0; i < CONNECTION_TRANSPORTS; i++)
        metrics_sample(text, METRIC_unsay_connections_signed_in, labels[i],
                       atomic_load(&counts->signed_in[i]));
}

static void metrics_append_store(struct store *store, struct buffer *text)
{
    struct store_stats stats;
    store_read_stats(store, &stats);
    metrics_append(text, METRIC_unsay_store_commits_total, (double)stats.commits);
    metrics_append(text, METRIC_unsay_store_commits_failed_total, (double)stats.commits_failed);
    metrics_append(text, METRIC_unsay_store_syncs_total, (double)stats.syncs);
    metrics_append(text, METRIC_unsay_store_changes_total, (double)stats.changes);
    metrics_append(text, METRIC_unsay_store_disk_free_bytes, (double)stats.disk_free_bytes);
    metrics_append(text, METRIC_unsay_store_failed, stats.is_failed ? 1 : 0);
}

/* A full tile is one of 256 hashes; on the next level each of them is a hash. */
static uint64_t metrics_count_tiles(uint64_t entries)
{
    uint64_t tiles = 0;
    for (uint64_t hashes = entries / METRICS_TILE; hashes > 0; hashes /= METRICS_TILE)
        tiles += hashes;
    return tiles;
}

static void metrics_append_audit(struct auditor *auditor, struct buffer *text)
{
    struct auditor_stats stats;
    auditor_read_stats(auditor, &stats);
    metrics_append(text, METRIC_unsay_audit_entries_total, (double)stats.entries);
    metrics_append(text, METRIC_unsay_audit_tiles_total,
                   (double)metrics_count_tiles(stats.entries));
    metrics_append(text, METRIC_unsay_audit_checkpoints_total, (double)stats.checkpoints);
    metrics_append(text, METRIC_unsay_audit_lag_seconds, (double)stats.lag_ms / 1e3);
    metrics_append(text, METRIC_unsay_audit_failing, stats.is_failing ? 1 : 0);
}

static void metrics_append_erasure(const struct scrubber *scrubber, struct buffer *text)
{
    metrics_append(text, METRIC_unsay_erasure_runs_total, (double)atomic_load(&scrubber->runs));
    metrics_append(text, METRIC_unsay_erasure_bodies_total, (double)atomic_load(&scrubber->bodies));
    metrics_append(text, METRIC_unsay_erasure_failing, atomic_load(&scrubber->is_failing) ? 1 : 0);
}

static void metrics_append_webhooks(struct webhooks *webhooks, struct buffer *text)
{
    struct webhooks_stats stats;
    webhooks_read_stats(webhooks, &stats);
    metrics_append(text, METRIC_unsay_webhooks_delivered_total, (double)stats.delivered);
    metrics_append(text, METRIC_unsay_webhooks_failures_total, (double)stats.failures);
    metrics_append(text, METRIC_unsay_webhooks_dead_total, (double)stats.dead);
    metrics_append(text, METRIC_unsay_webhooks_dead_lost_total, (double)stats.lost);
    metrics_append(text, METRIC_unsay_webhooks_waiting, (double)stats.waiting);
    metrics_append(text, METRIC_unsay_webhooks_lag_seconds, (double)stats.lag_ms / 1e3);
    metrics_append(text, METRIC_unsay_webhooks_unreachable, stats.is_unreachable ? 1 : 0);
}

void metrics_write(const struct metrics_sources *sources, struct buffer *text)
{
    metrics_append_counters(sources->shells, text);
    metrics_append_levels(sources->shells, text);
    metrics_append_histograms(sources->shells, text);
    metrics_append_connections(sources->counts, text);
    metrics_append_store(sources->store, text);
    metrics_append_audit(sources->shells->auditor, text);
    metrics_append_erasure(sources->scrubber, text);
    metrics_append_webhooks(sources->webhooks, text);
    metrics_append_clock(text);
    metrics_append_process(text, sources->started_ms);
}
