#include "server/committer.h"

#include "core/refusal.h"

#include <assert.h>

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

static void committer_run(void *argument)
{
    struct committer *committer = argument;
    struct group *groups[COMMITTER_GROUPS_MAX];
    for (;;) {
        uv_mutex_lock(&committer->mutex);
        while (committer->count == 0 && !committer->is_stopping)
            uv_cond_wait(&committer->arrived, &committer->mutex);
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
