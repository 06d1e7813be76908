/* The committer: threads that write commit groups, as many as there are workers, each a group at a
 * time. Whatever a worker decided while its last sync was under way is its next group, and groups
 * of several workers share a sync in the store; there is no timer. */
#ifndef UNSAY_SERVER_COMMITTER_H
#define UNSAY_SERVER_COMMITTER_H

#include "base/limits.h"
#include "routing/group.h"
#include "routing/stats.h"
#include "storage/store.h"

#include <uv.h>

/* Called on a thread of the committer when the group is durable, or failed (group->failure). */
typedef void committer_done_fn(void *context, struct group *group);

struct committer_thread {
    struct committer *committer;
    uv_thread_t thread;
    struct stats_histogram latency; /* of its commits */
};

struct committer {
    struct store *store;
    committer_done_fn *on_done;
    void *context;
    struct committer_thread threads[LIMIT_WORKERS_MAX];
    unsigned thread_count;
    uv_mutex_t mutex; /* guards what follows */
    uv_cond_t arrived;
    struct group *queue[LIMIT_WORKERS_MAX]; /* a ring; at most one group of each worker */
    unsigned first;
    unsigned count;
    bool is_stopping;
    bool is_failing; /* the last commit failed */
};

void committer_start(struct committer *committer, unsigned workers, struct store *store,
                     committer_done_fn *on_done, void *context);

/* Writes what is queued, then ends the threads. */
void committer_stop(struct committer *committer);

void committer_post(struct committer *committer, struct group *group);

/* From any thread: groups that wait for a thread. */
unsigned committer_queue_count(struct committer *committer);

#endif
