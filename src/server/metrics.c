#include "server/metrics.h"

#include <inttypes.h>
#include <sys/resource.h>
#include <sys/timex.h>

static void metrics_append(struct buffer *text, const char *name, const char *type,
                           const char *help, double value)
{
    char line[512];
    int size = snprintf(line, sizeof(line), "# HELP %s %s.\n# TYPE %s %s\n%s %.15g\n", name, help,
                        name, type, name, value);
    buffer_append(text, line, (size_t)size);
}

static void metrics_append_workers(const struct shells *shells, struct buffer *text)
{
    static const struct {
        const char *name;
        const char *help;
    } counters[STAT_COUNT] = {
#define STAT(name, help) {"unsay_" #name "_total", help},
#include "routing/stats.def"
#undef STAT
    };
    for (int id = 0; id < STAT_COUNT; id++) {
        uint64_t sum = 0;
        for (unsigned i = 0; i < shells->count; i++)
            sum += stats_read(&shells->shells[i].worker.stats, (enum stat_id)id);
        metrics_append(text, counters[id].name, "counter", counters[id].help, (double)sum);
    }
}

static void metrics_append_store(struct store *store, struct buffer *text)
{
    struct store_stats stats;
    store_read_stats(store, &stats);
    metrics_append(text, "unsay_store_commits_total", "counter", "Commits that became durable",
                   (double)stats.commits);
    metrics_append(text, "unsay_store_commits_failed_total", "counter", "Commits that failed",
                   (double)stats.commits_failed);
    metrics_append(text, "unsay_store_syncs_total", "counter", "Times that the log was synced",
                   (double)stats.syncs);
    metrics_append(text, "unsay_store_changes_total", "counter", "Rows written",
                   (double)stats.changes);
    metrics_append(text, "unsay_store_disk_free_bytes", "gauge", "Free space of the data directory",
                   (double)stats.disk_free_bytes);
    metrics_append(text, "unsay_store_failed", "gauge", "1 while the store refuses commits",
                   stats.is_failed ? 1 : 0);
}

static double metrics_seconds(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static void metrics_append_process(struct buffer *text)
{
    struct rusage usage;
    struct timex clock = {.modes = 0};
    getrusage(RUSAGE_SELF, &usage);
    metrics_append(text, "process_cpu_seconds_total", "counter", "CPU time, user and system",
                   metrics_seconds(usage.ru_utime) + metrics_seconds(usage.ru_stime));
    metrics_append(text, "process_resident_memory_max_bytes", "gauge", "Most memory ever resident",
                   (double)usage.ru_maxrss * 1024);
    bool is_synchronised = adjtimex(&clock) != TIME_ERROR && (clock.status & STA_UNSYNC) == 0;
    metrics_append(text, "unsay_clock_synchronised", "gauge",
                   "1 when the kernel says that its clock is synchronised",
                   is_synchronised ? 1 : 0);
    metrics_append(text, "unsay_clock_error_max_seconds", "gauge",
                   "The kernel's bound of its clock's error", (double)clock.maxerror / 1e6);
}

static void metrics_append_audit(struct auditor *auditor, struct buffer *text)
{
    struct auditor_stats stats;
    auditor_read_stats(auditor, &stats);
    metrics_append(text, "unsay_audit_entries_total", "counter", "Entries in the audit log",
                   (double)stats.entries);
    metrics_append(text, "unsay_audit_checkpoints_total", "counter",
                   "Checkpoints signed since the start", (double)stats.checkpoints);
    metrics_append(text, "unsay_audit_lag_seconds", "gauge",
                   "For how long an entry has been waiting to enter the audit log",
                   (double)stats.lag_ms / 1e3);
    metrics_append(text, "unsay_audit_failing", "gauge",
                   "1 while entries wait in the journal because the log or the store fails",
                   stats.is_failing ? 1 : 0);
}

static void metrics_append_erasure(const struct scrubber *scrubber, struct buffer *text)
{
    metrics_append(text, "unsay_erasure_runs_total", "counter",
                   "Times that the store's files were cleared of what was taken back",
                   (double)atomic_load(&scrubber->runs));
    metrics_append(text, "unsay_erasure_bodies_total", "counter", "Bodies that waited for it",
                   (double)atomic_load(&scrubber->bodies));
    metrics_append(text, "unsay_erasure_failing", "gauge", "1 when the last time failed",
                   atomic_load(&scrubber->is_failing) ? 1 : 0);
}

static void metrics_append_webhooks(struct webhooks *webhooks, struct buffer *text)
{
    struct webhooks_stats stats;
    webhooks_read_stats(webhooks, &stats);
    metrics_append(text, "unsay_webhooks_delivered_total", "counter",
                   "Webhooks that the receiver took", (double)stats.delivered);
    metrics_append(text, "unsay_webhooks_failures_total", "counter",
                   "Tries to deliver a webhook that failed", (double)stats.failures);
    metrics_append(text, "unsay_webhooks_dead_total", "counter",
                   "Webhooks that were given up and became dead letters", (double)stats.dead);
    metrics_append(text, "unsay_webhooks_dead_lost_total", "counter",
                   "Dead letters that went to make room for others", (double)stats.lost);
    metrics_append(text, "unsay_webhooks_waiting", "gauge",
                   "Webhooks in memory that wait for delivery", (double)stats.waiting);
    metrics_append(text, "unsay_webhooks_lag_seconds", "gauge",
                   "For how long the oldest of them has been waiting", (double)stats.lag_ms / 1e3);
    metrics_append(text, "unsay_webhooks_unreachable", "gauge",
                   "1 while the receiver of webhooks cannot be reached",
                   stats.is_unreachable ? 1 : 0);
}

void metrics_write(const struct shells *shells, struct store *store,
                   const struct connection_counts *counts, const struct scrubber *scrubber,
                   struct webhooks *webhooks, struct buffer *text)
{
    metrics_append_workers(shells, text);
    metrics_append(text, "unsay_connections", "gauge", "Open connections",
                   atomic_load(&counts->open));
    metrics_append(text, "unsay_connections_unauthenticated", "gauge",
                   "Open connections that have not signed in",
                   atomic_load(&counts->unauthenticated));
    metrics_append(text, "unsay_sign_ins_postponed_total", "counter",
                   "Sign-ins that were told to come back later",
                   (double)atomic_load(&counts->postponed));
    metrics_append_store(store, text);
    metrics_append_audit(shells->auditor, text);
    metrics_append_erasure(scrubber, text);
    metrics_append_webhooks(webhooks, text);
    metrics_append_process(text);
}
