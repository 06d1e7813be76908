/* The committer: one thread that writes commit groups. Whatever groups arrived while a sync was
 * under way go into the next one; there is no timer. */
#ifndef UNSAY_SERVER_COMMITTER_H
#define UNSAY_SERVER_COMMITTER_H

#include "base/limits.h"
#include "routing/group.h"
#include "storage/store.h"

#include <uv.h>

/* Called on the committer's thread when the group is durable, or failed (group->failure). */
typedef void committer_done_fn(void *context, struct group *group);

enum { COMMITTER_GROUPS_MAX = LIMIT_WORKERS_MAX };

struct committer {
    struct store *store;
    committer_done_fn *on_done;
    void *context;
    uv_thread_t thread;
    uv_mutex_t mutex;
    uv_cond_t arrived;
    struct group *queue[COMMITTER_GROUPS_MAX]; /* at most one of each worker */
    size_t count;
    bool is_stopping;
    struct failure last_failure; /* of the last commit that failed; under the mutex */
};

void committer_start(struct committer *committer, struct store *store, committer_done_fn *on_done,
                     void *context);

/* Writes what is queued, then ends the thread. */
void committer_stop(struct committer *committer);

void committer_post(struct committer *committer, struct group *group);

#endif
