/* `unsay bench`: what is measured, and what the measurements share. */
#ifndef UNSAY_CLI_BENCH_H
#define UNSAY_CLI_BENCH_H

#include "cli/bench_load.h"
#include "cli/bench_server.h"

#include <jansson.h>

enum { BENCH_TOMBSTONE_CONNECTIONS = 4 }; /* a pair for each of two conversations */

struct bench_options {
    struct bench_server_options server;
    unsigned connections;
    unsigned window;
    unsigned body_bytes;
    unsigned seconds;
    unsigned warmup_seconds;
    uint64_t conversation_size;
    unsigned batch;      /* targets of a request in a second round of recalls; 0: none */
    unsigned rate;       /* recalls offered a second; 0: as many as the window allows */
    uint64_t tombstones; /* 0: recalls are measured, not reading after them */
    bool is_anywhere;
    bool is_websocket;
    bool is_json;
};

/* Each prints its report and returns the process's exit status. */
int bench_send(const struct bench_options *options);
int bench_recall(const struct bench_options *options);
int bench_tombstones(const struct bench_options *options);
int bench_idle(const struct bench_options *options);
int bench_floor(const struct bench_options *options);

/* SIGINT or SIGTERM came. */
bool bench_is_interrupted(void);

/* A server, and a load on it whose conversations are open. */
struct bench_run {
    struct bench_server server;
    struct load *load;
};

/* On failure there is nothing to close. */
MUST_CHECK enum status bench_run_open(struct bench_run *run, const struct bench_options *options,
                                      unsigned window_max, struct failure *failure);
MUST_CHECK enum status bench_run_close(struct bench_run *run, struct failure *failure);

/* The state of the counters at one moment; the difference of two is what happened between. */
struct bench_sample {
    uint64_t time_ns;
    uint64_t server_cpu_ns;
    uint64_t own_cpu_ns;
    uint64_t thread_cpu_ns[BENCH_THREAD_COUNT]; /* of the server, by kind; 0: unknown */
    double syncs;                               /* -1: unknown */
};

struct bench_sample bench_sample_take(const struct bench_server *server);

/* A stretch between two samples in which `count` things were done. */
struct bench_stretch {
    struct bench_sample from;
    struct bench_sample to;
    uint64_t count;
};

double bench_seconds(const struct bench_stretch *stretch);
double bench_rate(const struct bench_stretch *stretch);       /* a second */
bool bench_knows_cpu(const struct bench_stretch *stretch);    /* of the server */
double bench_cpu_us(const struct bench_stretch *stretch);     /* of the server, for each */
double bench_own_cpu_us(const struct bench_stretch *stretch); /* of the generator, for each */

/* {"count", "per_second", "server_cpu_us", "generator_cpu_us", "server_cores", "syncs_per_second",
 * "per_sync", "thread_cpu_us": {...}}; null where unknown. */
json_t *bench_stretch_json(const struct bench_stretch *stretch);

/* {"count", "p50_ms", "p99_ms", "p999_ms", "max_ms"} */
json_t *bench_histogram_json(const struct histogram *histogram);

/* "p50 1.2 ms  p99 3.4 ms  p99.9 5.6 ms" */
void bench_print_histogram(const struct histogram *histogram);

/* "85.1 µs of CPU each, 1.62 cores", or that it is unknown; and syncs. */
void bench_print_server(const struct bench_stretch *stretch);

/* Whose CPU it was: a line, or nothing where it is unknown. */
void bench_print_threads(const struct bench_stretch *stretch);

/* Syncs for each; -1 where unknown. */
double bench_syncs_each(const struct bench_stretch *stretch);

/* 0 where there is nothing to compare with. */
double bench_ratio(double value, double base);

/* Prints the object as one line, and gives it back. */
void bench_print_json(json_t *object);

/* What was wrong with what the devices heard; all zero in a good run. */
json_t *bench_checks_json(const struct load *load);
void bench_print_checks(const struct load *load);
bool bench_is_sound(const struct load *load);

/* Prints the failure and returns the exit status that goes with it. */
int bench_fail(const struct bench_options *options, const struct failure *failure);

#endif
