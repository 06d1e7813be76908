#include "routing/take_backs.h"

#include "base/memory.h"
#include "core/take_back.h"
#include "routing/worker.h"

#include <assert.h>
#include <stdlib.h>

enum { TAKE_BACKS_RETRY_MS = 1000 };

/* A message of this owner whose forwards go along. */
struct source {
    struct list waiting;  /* take_backs.ready or .failed; in none while it is asked */
    uint64_t after_group; /* durable once this group is */
    uint64_t round;       /* of the mails under way */
    size_t unanswered;
    bool has_failed; /* one of the answers said so */
    size_t key_bytes;
    struct {
        uint64_t seq;
        char conversation[LIMIT_CONVERSATION_ID_BYTES_MAX + 1];
    } key;
};

static struct view source_set_key(struct source *source, struct view conversation, uint64_t seq)
{
    source->key.seq = seq;
    memcpy(source->key.conversation, conversation.data, conversation.size);
    source->key_bytes = sizeof(seq) + conversation.size;
    return view_make(&source->key, source->key_bytes);
}

static void source_free(struct take_backs *all, struct source *source)
{
    table_remove(&all->sources, view_make(&source->key, source->key_bytes));
    list_remove(&source->waiting);
    all->under_way -= source->unanswered;
    free(source);
}

void take_backs_init(struct take_backs *all)
{
    *all = (struct take_backs){.retry_ms = 0};
    table_init(&all->sources);
    list_init(&all->ready);
    list_init(&all->failed);
}

void take_backs_fini(struct take_backs *all)
{
    size_t at = 0;
    for (struct source *source; (source = table_next(&all->sources, &at)) != NULL;)
        free(source);
    table_fini(&all->sources);
    uint64_t last_round = all->last_round; /* answers may still come */
    take_backs_init(all);
    all->last_round = last_round;
}

bool take_backs_are_full(const struct take_backs *all)
{
    return all->sources.count >= LIMIT_TAKE_BACKS_MAX;
}

bool take_backs_add(struct take_backs *all, struct view conversation, uint64_t seq,
                    uint64_t after_group)
{
    struct source *source = memory_new(sizeof(*source));
    struct view key = source_set_key(source, conversation, seq);
    if (table_get(&all->sources, key) != NULL) {
        free(source);
        return false;
    }
    source->after_group = after_group;
    list_push_back(&all->ready, &source->waiting);
    table_put(&all->sources, key, source);
    return true;
}

static void source_fail(struct worker *worker, struct source *source)
{
    struct take_backs *all = &worker->owner.jobs.take_backs;
    if (list_is_empty(&all->failed))
        all->retry_ms = worker->now.steady_ms + TAKE_BACKS_RETRY_MS;
    list_push_back(&all->failed, &source->waiting);
    stats_add(&worker->stats, STAT_recalls_of_forwards_failed, 1);
}

/* Every forward is taken back: the row goes. If that commit fails the row is found again. */
static void source_end(struct worker *worker, struct source *source)
{
    struct group *group = owner_group(worker);
    const struct conversation conversation = {
        .id = arena_text(&group->arena, view_of(source->key.conversation))};
    take_back_end(&conversation, source->key.seq, &group->effects);
    group->requests++;
    source_free(&worker->owner.jobs.take_backs, source);
}

/* All forwards of the message. More than FORWARDS_MAX there are only where many were decided at
 * once, before the rows were there. */
static enum status source_list(struct worker *worker, const struct source *source,
                               struct forward_row **rows, size_t *count)
{
    static const size_t limits[] = {LIMIT_FORWARDS_MAX,
                                    LIMIT_FORWARDS_MAX + 2 * LIMIT_GROUP_REQUESTS_MAX};
    struct event_key key = {view_of(source->key.conversation), ORIGIN_DEFAULT, source->key.seq};
    enum status status = STATUS_OK;
    for (size_t i = 0; i < 2; i++) {
        *rows = arena_alloc(&worker->scratch, limits[i] * sizeof(**rows));
        status = store_list_forwards(worker->store, key, limits[i], &worker->scratch, *rows, count);
        if (status != STATUS_OK || *count < limits[i])
            break;
    }
    return status;
}

static void source_post(struct worker *worker, const struct source *source,
                        const struct forward_row *forward, struct view job)
{
    struct mail_take_back *mail = memory_new(sizeof(*mail) + job.size);
    snprintf(mail->conversation, sizeof(mail->conversation), "%.*s",
             VIEW_PRINT(forward->conversation));
    snprintf(mail->user, sizeof(mail->user), "%.*s", VIEW_PRINT(forward->user));
    mail->message_id = forward->message_id;
    memcpy(mail->source, source->key.conversation, sizeof(mail->source));
    mail->seq = source->key.seq;
    mail->round = source->round;
    mail->job_bytes = job.size;
    memcpy(mail->job, job.data, job.size);
    bool posted = shell_post(worker->shell, worker_of(worker, forward->conversation),
                             (struct mail){.kind = MAIL_TAKE_BACK, .take_back = mail});
    assert(posted);
    (void)posted;
}

static void source_ask(struct worker *worker, struct source *source)
{
    struct take_backs *all = &worker->owner.jobs.take_backs;
    uint8_t id[TAKE_BACK_ID_BYTES];
    struct forward_row *rows;
    size_t count = 0;
    struct view job;
    arena_reset(&worker->scratch);
    take_back_id(source->key.seq, id);
    enum status status =
        store_get_job(worker->store, view_of(source->key.conversation), view_of(TAKE_BACK_USER),
                      view_make(id, sizeof(id)), &worker->scratch, &job);
    struct take_back what;
    if (status == STATUS_NOT_FOUND ||
        (status == STATUS_OK &&
         !take_back_decode(job, &worker->settings.rules, &worker->scratch, &what))) {
        source_free(all, source); /* a damaged row stays where it is */
        return;
    }
    if (status == STATUS_OK)
        status = source_list(worker, source, &rows, &count);
    if (status != STATUS_OK) {
        source_fail(worker, source);
        return;
    }
    source->round = ++all->last_round;
    source->unanswered = count;
    source->has_failed = false;
    all->under_way += count;
    for (size_t i = 0; i < count; i++)
        source_post(worker, source, &rows[i], job);
    if (count == 0)
        source_end(worker, source);
}

void take_backs_run(struct worker *worker)
{
    struct take_backs *all = &worker->owner.jobs.take_backs;
    if (worker->now.steady_ms >= all->retry_ms) {
        for (struct list *node; (node = list_pop_front(&all->failed)) != NULL;)
            list_push_back(&all->ready, node);
    }
    while (all->under_way < LIMIT_TAKE_BACKS_UNDER_WAY_MAX && !list_is_empty(&all->ready)) {
        struct source *source = LIST_ITEM(all->ready.next, struct source, waiting);
        if (source->after_group > worker->owner.committed)
            return;
        list_remove(&source->waiting);
        source_ask(worker, source);
    }
}

void take_backs_answered(struct worker *worker, const struct mail_taken_back *mail)
{
    struct take_backs *all = &worker->owner.jobs.take_backs;
    struct source probe = {.round = 0};
    struct source *source =
        table_get(&all->sources, source_set_key(&probe, view_of(mail->source), mail->seq));
    if (source == NULL || source->unanswered == 0 || source->round != mail->round)
        return; /* it was forgotten meanwhile, and is asked again */
    source->unanswered--;
    all->under_way--;
    source->has_failed |= !mail->is_done;
    if (source->unanswered > 0)
        return;
    if (source->has_failed)
        source_fail(worker, source);
    else
        source_end(worker, source);
}
