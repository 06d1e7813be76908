/* A server's workers in one thread, on a store in memory: the other side of routing/shell.h for
 * tests. Nothing happens by itself: time passes when the test says so, commits and mail can be held
 * back, and a crash leaves nothing but the store. */
#ifndef UNSAY_TESTS_ROUTING_CLUSTER_H
#define UNSAY_TESTS_ROUTING_CLUSTER_H

#include "routing/worker.h"

enum { CLUSTER_WORKERS_MAX = 3, CLUSTER_HOUR_MS = 3600000 };

/* What a device's connection is for its worker. */
struct link {
    struct cluster *cluster;
    struct session *session; /* NULL when not connected */
    unsigned worker;
    bool is_slow;    /* takes no frames */
    bool is_closing; /* the server wants it closed */
    /* How the device signs in; zeroed: as any client does. */
    Unsay__V1__Actor authority;
    Unsay__V1__Follow follow;
    const char *address;
    struct view device_key;
    uint64_t login; /* a ticket's; 0: signs in by token */
    bool wants_news;
    uint64_t last_request;
    void (*on_frame)(struct link *link, struct view payload);
    struct list links; /* of the cluster */
};

struct post {
    struct mail *items; /* owned */
    size_t count;
    size_t capacity;
    bool is_held;
};

struct cluster {
    struct store *store;
    struct worker workers[CLUSTER_WORKERS_MAX];
    unsigned count;
    struct worker_settings settings;
    const struct policy
        *next_policy; /* in the policy file, once it is read again; NULL: not valid */
    unsigned policies_released;
    struct now now;
    struct post posts[CLUSTER_WORKERS_MAX];
    struct group *commits[CLUSTER_WORKERS_MAX]; /* under way, oldest first */
    size_t commit_count;
    bool commits_are_held;
    size_t lives; /* how often the workers were started */
    struct list links;
};

/* Empty store, clock at a fixed time, default policy. */
void cluster_init(struct cluster *cluster, unsigned workers);
void cluster_fini(struct cluster *cluster);

/* The process dies and starts again: sessions, mail and commits under way are gone. What is in the
 * policy file is in force. */
void cluster_crash(struct cluster *cluster);

/* Runs turns of every worker until nothing moves but what is held back. */
void cluster_settle(struct cluster *cluster);

/* Ends the oldest commit, and tells the workers; false when none is under way. */
bool cluster_commit(struct cluster *cluster);

/* Passes `ms` milliseconds in ticks, settling after each. */
void cluster_advance(struct cluster *cluster, uint64_t ms);

void cluster_drain(struct cluster *cluster);

/* Every entry on its way into the audit log, in order, in the arena; returns how many. */
size_t cluster_audit(struct cluster *cluster, struct arena *arena, wire_audit_entry ***entries);

void link_open(struct link *link, struct cluster *cluster, unsigned worker, const char *user,
               const char *device, uint64_t expires_ms);
void link_close(struct link *link);

/* Gives the frame a request number of its own and hands it to the worker, encoded and decoded. */
void link_request(struct link *link, wire_client_frame *frame);

/* Takes up to `count` frames from a slow link. */
void link_pull(struct link *link, size_t count);

#endif
