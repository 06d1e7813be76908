#include "server/committer.h"

#include "core/refusal.h"

#include <assert.h>

#define COMMITTER_REPAIR_NS UINT64_C(1000000000)

/* One commit for all of them; then each is told. */
static void committer_write(struct committer *committer, struct group **groups, size_t count)
{
    const struct change_list *lists[COMMITTER_GROUPS_MAX];
    size_t list_count = 0;
    struct failure failure = {STATUS_OK, ""};
    enum status status = STATUS_OK;
    for (size_t i = 0; i < count; i++) {
        if (groups[i]->effects.changes.count > 0)
            lists[list_count++] = &groups[i]->effects.changes;
    }
    if (list_count > 0)
        status = store_commit(committer->store, lists, list_count, &failure);
    if (status != STATUS_OK) {
        uv_mutex_lock(&committer->mutex);
        committer->last_failure = failure;
        uv_mutex_unlock(&committer->mutex);
    }
    for (size_t i = 0; i < count; i++) {
        if (status != STATUS_OK)
            groups[i]->failure = status == STATUS_NO_SPACE ? REFUSAL_CODE(STORAGE_FULL)
                                                           : REFUSAL_CODE(STORAGE_UNAVAILABLE);
        committer->on_done(committer->context, groups[i]);
    }
}

/* A store that has failed answers no reads until a commit finds it well again: an empty one asks.
 */
static void committer_repair(struct committer *committer)
{
    struct store_stats stats;
    store_read_stats(committer->store, &stats);
    if (stats.is_failed && store_commit(committer->store, NULL, 0, NULL) != STATUS_OK)
        return; /* asked again in a second */
}

/* Waits, with the mutex, for groups or the end. */
static void committer_wait(struct committer *committer)
{
    while (committer->count == 0 && !committer->is_stopping) {
        if (uv_cond_timedwait(&committer->arrived, &committer->mutex, COMMITTER_REPAIR_NS) == 0)
            continue;
        uv_mutex_unlock(&committer->mutex);
        committer_repair(committer);
        uv_mutex_lock(&committer->mutex);
    }
}

static void committer_run(void *argument)
{
    struct committer *committer = argument;
    struct group *groups[COMMITTER_GROUPS_MAX];
    for (;;) {
        uv_mutex_lock(&committer->mutex);
        committer_wait(committer);
        size_t count = committer->count;
        memcpy(groups, committer->queue, count * sizeof(*groups));
        committer->count = 0;
        uv_mutex_unlock(&committer->mutex);
        if (count == 0)
            return;
        committer_write(committer, groups, count);
    }
}

void committer_start(struct committer *committer, struct store *store, committer_done_fn *on_done,
                     void *context)
{
    *committer = (struct committer){.store = store, .on_done = on_done, .context = context};
    uv_mutex_init(&committer->mutex);
    uv_cond_init(&committer->arrived);
    int result = uv_thread_create(&committer->thread, committer_run, committer);
    assert(result == 0);
    (void)result;
}

void committer_stop(struct committer *committer)
{
    uv_mutex_lock(&committer->mutex);
    committer->is_stopping = true;
    uv_cond_signal(&committer->arrived);
    uv_mutex_unlock(&committer->mutex);
    uv_thread_join(&committer->thread);
    uv_cond_destroy(&committer->arrived);
    uv_mutex_destroy(&committer->mutex);
}

void committer_post(struct committer *committer, struct group *group)
{
    uv_mutex_lock(&committer->mutex);
    assert(committer->count < COMMITTER_GROUPS_MAX);
    committer->queue[committer->count++] = group;
    uv_cond_signal(&committer->arrived);
    uv_mutex_unlock(&committer->mutex);
}
