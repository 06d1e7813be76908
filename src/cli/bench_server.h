/* The server under measurement: one of our own in a child process with a directory that is removed
 * again, or one that is running. */
#ifndef UNSAY_CLI_BENCH_SERVER_H
#define UNSAY_CLI_BENCH_SERVER_H

#include "access/identity.h"
#include "access/transport.h"

#include <netinet/in.h>
#include <sys/types.h>

struct bench_server {
    pid_t pid; /* 0: unknown */
    bool is_child;
    char *directory; /* ours, to be removed; NULL: none */
    struct sockaddr_storage address;
    struct sockaddr_storage http;
    bool has_http;
    const char *host; /* the name in its certificate; static or the caller's */
    uint8_t secret[IDENTITY_DEV_SECRET_BYTES];
    struct transport_tls *tls; /* NULL without --tls */
};

struct bench_server_options {
    const char *data_parent; /* where the directory of our own server is made */
    unsigned workers;        /* 0: its default */
    unsigned connections;
    bool is_tls;
    const char *address; /* HOST:PORT of a running server; NULL: our own */
    const char *data;    /* of the running server, for its key */
    const char *http;    /* of the running server; may be NULL */
    const char *ca;      /* may be NULL */
    pid_t pid;           /* of the running server; 0: unknown */
};

/* On failure there is nothing to close. */
MUST_CHECK enum status bench_server_open(struct bench_server *server,
                                         const struct bench_server_options *options,
                                         struct failure *failure);

/* Ends our own server and removes its directory. IO when it did not end by itself, or not well. */
MUST_CHECK enum status bench_server_close(struct bench_server *server, struct failure *failure);

/* CPU time of all threads of a process so far; 0 when unknown. */
uint64_t bench_cpu_ns(pid_t pid);

/* The server's threads, told apart by their names. */
enum bench_thread {
    BENCH_THREAD_WORKERS,
    BENCH_THREAD_COMMITTERS,
    BENCH_THREAD_AUDITOR,
    BENCH_THREAD_STORE, /* flushes and compaction */
    BENCH_THREAD_OTHERS,
    BENCH_THREAD_COUNT
};

const char *bench_thread_name(enum bench_thread thread);

/* CPU time of its living threads so far; all 0 when unknown. */
void bench_thread_cpu_ns(pid_t pid, uint64_t cpu_ns[BENCH_THREAD_COUNT]);

/* The value of a metric without labels; -1 when the server does not tell. */
double bench_server_metric(const struct bench_server *server, const char *name);

#endif
