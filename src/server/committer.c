#include "server/committer.h"

#include "core/refusal.h"
#include "server/log.h"

#include <assert.h>
#include <pthread.h>

#define COMMITTER_REPAIR_NS UINT64_C(1000000000)

/* One line when commits begin to fail, and one when they succeed again. */
static void committer_log(struct committer *committer, const struct failure *failure)
{
    bool is_failing = failure->status != STATUS_OK;
    uv_mutex_lock(&committer->mutex);
    bool is_news = is_failing != committer->is_failing;
    committer->is_failing = is_failing;
    uv_mutex_unlock(&committer->mutex);
    if (is_news && is_failing)
        log_say(LOG_store_fails, LOG_TEXT("reason", failure->text));
    else if (is_news)
        log_write(LOG_store_works, NULL);
}

static void committer_write(struct committer_thread *thread, struct group *group)
{
    struct committer *committer = thread->committer;
    const struct change_list *list = &group->effects.changes;
    struct failure failure = {STATUS_OK, ""};
    if (list->count > 0) {
        uint64_t start_ns = uv_hrtime();
        enum status status = store_commit(committer->store, &list, 1, &failure);
        stats_histogram_add(&thread->latency, STATS_TIME, uv_hrtime() - start_ns);
        if (status != STATUS_OK)
            group->failure = status == STATUS_NO_SPACE ? REFUSAL_CODE(STORAGE_FULL)
                                                       : REFUSAL_CODE(STORAGE_UNAVAILABLE);
        committer_log(committer, &failure);
    }
    group->committed_ns = uv_hrtime();
    committer->on_done(committer->context, group);
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

/* The next group, or NULL when the thread should end. */
static struct group *committer_wait(struct committer *committer)
{
    struct group *group = NULL;
    uv_mutex_lock(&committer->mutex);
    while (committer->count == 0 && !committer->is_stopping) {
        if (uv_cond_timedwait(&committer->arrived, &committer->mutex, COMMITTER_REPAIR_NS) == 0)
            continue;
        uv_mutex_unlock(&committer->mutex);
        committer_repair(committer);
        uv_mutex_lock(&committer->mutex);
    }
    if (committer->count > 0) {
        group = committer->queue[committer->first];
        committer->first = (committer->first + 1) % LIMIT_WORKERS_MAX;
        committer->count--;
    }
    uv_mutex_unlock(&committer->mutex);
    return group;
}

static void committer_run(void *argument)
{
    struct committer_thread *thread = argument;
    pthread_setname_np(pthread_self(), "committer");
    for (struct group *group; (group = committer_wait(thread->committer)) != NULL;)
        committer_write(thread, group);
}

void committer_start(struct committer *committer, unsigned workers, struct store *store,
                     committer_done_fn *on_done, void *context)
{
    *committer = (struct committer){
        .store = store, .on_done = on_done, .context = context, .thread_count = workers};
    uv_mutex_init(&committer->mutex);
    uv_cond_init(&committer->arrived);
    for (unsigned i = 0; i < workers; i++) {
        struct committer_thread *thread = &committer->threads[i];
        thread->committer = committer;
        int result = uv_thread_create(&thread->thread, committer_run, thread);
        assert(result == 0);
        (void)result;
    }
}

void committer_stop(struct committer *committer)
{
    uv_mutex_lock(&committer->mutex);
    committer->is_stopping = true;
    uv_cond_broadcast(&committer->arrived);
    uv_mutex_unlock(&committer->mutex);
    for (unsigned i = 0; i < committer->thread_count; i++)
        uv_thread_join(&committer->threads[i].thread);
    uv_cond_destroy(&committer->arrived);
    uv_mutex_destroy(&committer->mutex);
}

void committer_post(struct committer *committer, struct group *group)
{
    uv_mutex_lock(&committer->mutex);
    assert(committer->count < LIMIT_WORKERS_MAX);
    committer->queue[(committer->first + committer->count++) % LIMIT_WORKERS_MAX] = group;
    uv_cond_signal(&committer->arrived);
    uv_mutex_unlock(&committer->mutex);
}

unsigned committer_queue_count(struct committer *committer)
{
    uv_mutex_lock(&committer->mutex);
    unsigned count = committer->count;
    uv_mutex_unlock(&committer->mutex);
    return count;
}
