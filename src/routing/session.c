#include "routing/session.h"

#include "base/memory.h"
#include "core/backoff.h"
#include "core/frame.h"
#include "core/refusal.h"
#include "routing/progress.h"
#include "routing/worker.h"

#include <stdlib.h>

static const struct backoff session_backoff = {.first_ms = 1000, .max_ms = 32000};

/* The text's place in the session's names. */
static const char *session_put_name(char **at, const char *text, size_t bytes_max)
{
    const char *name = *at;
    size_t size = strnlen(text, bytes_max);
    memcpy(*at, text, size);
    *at += size + 1;
    return name;
}

struct session *session_new(const struct arrival *arrival)
{
    size_t bytes = strnlen(arrival->user, LIMIT_USER_ID_BYTES_MAX) +
                   strnlen(arrival->device, LIMIT_DEVICE_ID_BYTES_MAX) +
                   strnlen(arrival->address, ADDRESS_BYTES_MAX) + 3;
    struct session *session = memory_new(sizeof(*session) + bytes);
    char *at = session->names;
    session->user = session_put_name(&at, arrival->user, LIMIT_USER_ID_BYTES_MAX);
    session->device = session_put_name(&at, arrival->device, LIMIT_DEVICE_ID_BYTES_MAX);
    session->address = session_put_name(&at, arrival->address, ADDRESS_BYTES_MAX);
    list_init(&session->dirty);
    list_init(&session->noticed);
    list_init(&session->arriving);
    list_init(&session->subscriptions);
    list_init(&session->notices);
    list_init(&session->progress);
    return session;
}

static size_t session_key(uint8_t key[8 + LIMIT_CONVERSATION_ID_BYTES_MAX], uint64_t session,
                          struct view conversation)
{
    size_t size = conversation.size;
    if (size > LIMIT_CONVERSATION_ID_BYTES_MAX)
        size = LIMIT_CONVERSATION_ID_BYTES_MAX;
    memcpy(key, &session, 8);
    if (size > 0)
        memcpy(key + 8, conversation.data, size);
    return 8 + size;
}

struct subscription *session_find_subscription(struct worker *worker, struct session *session,
                                               struct view conversation)
{
    uint8_t key[8 + LIMIT_CONVERSATION_ID_BYTES_MAX];
    size_t size = session_key(key, session->id, conversation);
    return table_get(&worker->subscriptions, view_make(key, size));
}

static struct interest *session_interest(struct worker *worker, struct view conversation)
{
    struct interest *interest = table_get(&worker->interests, conversation);
    if (interest != NULL)
        return interest;
    interest = memory_new(sizeof(*interest));
    list_init(&interest->subscriptions);
    interest->hash = table_hash(conversation);
    memcpy(interest->conversation, conversation.data, conversation.size);
    table_put(&worker->interests, view_of(interest->conversation), interest);
    return interest;
}

struct subscription *session_watch(struct worker *worker, struct session *session,
                                   struct view conversation)
{
    struct subscription *subscription = session_find_subscription(worker, session, conversation);
    if (subscription != NULL || conversation.size > LIMIT_CONVERSATION_ID_BYTES_MAX)
        return subscription;
    subscription = memory_new(sizeof(*subscription));
    subscription->session = session;
    subscription->interest = session_interest(worker, conversation);
    subscription->is_gone = true;
    subscription->key_bytes = (uint8_t)session_key(subscription->key, session->id, conversation);
    list_init(&subscription->waiting);
    list_init(&subscription->of_progress);
    list_push_back(&subscription->interest->subscriptions, &subscription->of_interest);
    list_push_back(&session->subscriptions, &subscription->of_session);
    table_put(&worker->subscriptions, view_make(subscription->key, subscription->key_bytes),
              subscription);
    return subscription;
}

void session_subscribe(struct worker *worker, struct session *session, struct view conversation,
                       uint64_t since)
{
    struct subscription *subscription = session_watch(worker, session, conversation);
    if (subscription == NULL || !subscription->is_gone)
        return;
    subscription->since = since;
    subscription->is_gone = false;
    session->subscription_count++;
}

static void session_drop_notice(struct session *session, struct notice *notice)
{
    list_remove(&notice->of_session);
    session->notice_count--;
    if (session->notice_count == 0)
        list_remove(&session->noticed);
    blob_release(notice->frame);
    free(notice);
}

/* Notices of the conversation are not repeated any more; one that waits still goes out. */
static void session_forget_notices(struct session *session, const struct interest *interest)
{
    struct list *next;
    for (struct list *node = session->notices.next; node != &session->notices; node = next) {
        struct notice *notice = LIST_ITEM(node, struct notice, of_session);
        next = node->next;
        if (notice->interest == interest)
            session_drop_notice(session, notice);
    }
}

static void session_drop_progress(struct subscription *subscription)
{
    list_remove(&subscription->of_progress);
    blob_release(subscription->progress);
    subscription->progress = NULL;
}

static void session_end_subscription(struct worker *worker, struct subscription *subscription)
{
    struct interest *interest = subscription->interest;
    struct session *session = subscription->session;
    session_forget_notices(session, interest);
    lane_forget(&session->normal, subscription);
    lane_forget(&session->page, subscription);
    session->subscription_count -= !subscription->is_gone;
    table_remove(&worker->subscriptions, view_make(subscription->key, subscription->key_bytes));
    list_remove(&subscription->of_interest);
    list_remove(&subscription->of_session);
    list_remove(&subscription->waiting);
    session_drop_progress(subscription);
    if (list_is_empty(&interest->subscriptions)) {
        table_remove(&worker->interests, view_of(interest->conversation));
        free(interest);
    }
    free(subscription);
}

/* What was handed out and not confirmed is remembered: the device may hold it. Nobody waits for
 * that; where the owner's mailbox is full, or the server stops, it is not known. */
static void session_leave_word(struct worker *worker, const struct subscription *subscription)
{
    const struct session *session = subscription->session;
    const char *conversation = subscription->interest->conversation;
    if (subscription->handed_last == 0 || worker->is_draining)
        return;
    struct mail_handed *handed = memory_new(sizeof(*handed));
    snprintf(handed->conversation, sizeof(handed->conversation), "%s", conversation);
    handed->origin = ORIGIN_DEFAULT;
    handed->first = subscription->handed_first;
    handed->last = subscription->handed_last;
    snprintf(handed->device.user, sizeof(handed->device.user), "%s", session->user);
    snprintf(handed->device.device, sizeof(handed->device.device), "%s", session->device);
    struct mail mail = {.kind = MAIL_HANDED, .handed = handed};
    if (!shell_post(worker->shell, worker_of(worker, view_of(conversation)), mail))
        mail_discard(&mail);
}

void session_unsubscribe(struct worker *worker, struct session *session, struct view conversation)
{
    struct subscription *subscription = session_find_subscription(worker, session, conversation);
    if (subscription == NULL || subscription->is_gone)
        return;
    subscription->is_gone = true;
    session->subscription_count--;
    list_remove(&subscription->waiting);
    session_drop_progress(subscription);
    session_forget_notices(session, subscription->interest);
}

void session_greet(struct worker *worker, struct session *session, struct blob *welcome)
{
    session->welcome = welcome;
    session->is_greeted = true;
    worker_touch(worker, session);
}

static void session_drop_frames(struct session *session)
{
    lane_fini(&session->urgent);
    lane_fini(&session->page);
    lane_fini(&session->normal);
    session->pushes = 0;
    session->push_bytes = 0;
    session->is_behind = false;
}

void session_answer(struct worker *worker, struct session *session, struct blob *frame)
{
    if (session->normal.count >= session->pushes + LIMIT_SESSION_REPLIES_MAX ||
        session->normal.bytes >= session->push_bytes + LIMIT_SESSION_REPLY_BYTES_MAX) {
        blob_release(frame);
        if (!session->is_closing) {
            session_refuse(worker, session, 0, REFUSAL_CODE(SLOW_READER),
                           "answers wait for this connection; read them before asking more", true);
        }
        return;
    }
    lane_push(&session->normal, (struct lane_item){.kind = LANE_ANSWER, .frame = frame});
    worker_touch(worker, session);
}

void session_refuse(struct worker *worker, struct session *session, uint64_t request,
                    Unsay__V1__ErrorCode code, const char *detail, bool closing)
{
    if (closing) {
        session_turn_away(worker, session, request, code, detail, 0);
        return;
    }
    stats_add(&worker->stats, STAT_requests_refused, 1);
    session_answer(worker, session, refusal_frame(request, code, detail, false, 0));
}

void session_turn_away(struct worker *worker, struct session *session, uint64_t request,
                       Unsay__V1__ErrorCode code, const char *detail, uint32_t retry_after_ms)
{
    struct blob *frame = refusal_frame(request, code, detail, true, retry_after_ms);
    stats_add(&worker->stats, STAT_requests_refused, 1);
    if (!session->is_greeted) /* nothing but the refusal may leave */
        session_drop_frames(session);
    session->is_closing = true;
    lane_push(&session->urgent, (struct lane_item){.kind = LANE_ANSWER, .frame = frame});
    worker_touch(worker, session);
    shell_close(session->link);
}

void session_fall_behind(struct worker *worker, struct session *session)
{
    stats_add(&worker->stats, STAT_pushes_dropped, lane_drop_pushes(&session->normal));
    session->pushes = 0;
    session->push_bytes = 0;
    session->is_behind = true;
    worker_touch(worker, session);
}

void session_push(struct worker *worker, struct subscription *subscription, struct blob *frame,
                  uint32_t origin, uint64_t seq)
{
    struct session *session = subscription->session;
    if (session->is_closing || subscription->is_gone)
        return;
    if (session->is_behind || session->pushes >= LIMIT_SESSION_PUSHES_MAX ||
        session->push_bytes + frame->size > LIMIT_SESSION_PUSH_BYTES_MAX) {
        session_fall_behind(worker, session);
        stats_add(&worker->stats, STAT_pushes_dropped, 1);
        return;
    }
    struct lane_item item = {.kind = LANE_EVENT,
                             .origin = origin,
                             .frame = blob_hold(frame),
                             .seq = seq,
                             .conversation_hash = subscription->interest->hash,
                             .subscription = subscription};
    lane_push(&session->normal, item);
    session->pushes++;
    session->push_bytes += frame->size;
    worker_touch(worker, session);
    stats_add(&worker->stats, STAT_pushes_queued, 1);

    if (list_is_empty(&subscription->waiting)) {
        subscription->acknowledged = seq - 1;
        subscription->attempts = 0;
        subscription->due_ms = worker->now.steady_ms + session_backoff.first_ms;
        list_push_back(&worker->waiting, &subscription->waiting);
    }
    if (seq > subscription->pushed)
        subscription->pushed = seq;
}

void session_notify(struct worker *worker, struct subscription *subscription, struct blob *frame,
                    uint32_t origin, uint64_t seq)
{
    struct session *session = subscription->session;
    if (session->is_closing || subscription->is_gone)
        return;
    if (session->urgent.count >= LIMIT_SESSION_NOTICES_MAX) { /* stalled: it will sync */
        session_fall_behind(worker, session);
        return;
    }
    lane_push(&session->urgent, (struct lane_item){.kind = LANE_ANSWER, .frame = blob_hold(frame)});
    worker_touch(worker, session);
    stats_add(&worker->stats, STAT_notices_queued, 1);

    if (session->notice_count >= LIMIT_SESSION_NOTICES_MAX)
        session_drop_notice(session, LIST_ITEM(session->notices.next, struct notice, of_session));
    struct notice *notice = memory_new(sizeof(*notice));
    notice->interest = subscription->interest;
    notice->frame = blob_hold(frame);
    notice->origin = origin;
    notice->seq = seq;
    notice->due_ms = worker->now.steady_ms + session_backoff.first_ms;
    list_push_back(&session->notices, &notice->of_session);
    if (session->notice_count++ == 0)
        list_push_back(&worker->noticed, &session->noticed);
}

void session_tell_progress(struct worker *worker, struct subscription *subscription,
                           struct blob *frame)
{
    struct session *session = subscription->session;
    if (session->is_closing || subscription->is_gone)
        return;
    if (subscription->progress == NULL) {
        subscription->progress = blob_hold(frame);
        list_push_back(&session->progress, &subscription->of_progress);
    } else {
        struct blob *older = subscription->progress;
        subscription->progress = progress_merge_frames(older, frame, session->user);
        blob_release(older);
        stats_add(&worker->stats, STAT_progress_merged, 1);
    }
    stats_add(&worker->stats, STAT_progress_queued, 1);
    worker_touch(worker, session);
}

struct blob *session_next_progress(struct session *session)
{
    struct list *node = list_pop_front(&session->progress);
    if (node == NULL)
        return NULL;
    struct subscription *subscription = LIST_ITEM(node, struct subscription, of_progress);
    struct blob *frame = subscription->progress;
    subscription->progress = NULL;
    return frame;
}

void session_handed(struct subscription *subscription, uint64_t seq)
{
    if (subscription->handed_first == 0 || seq < subscription->handed_first)
        subscription->handed_first = seq;
    if (seq > subscription->handed_last)
        subscription->handed_last = seq;
}

bool session_may_hold(const struct subscription *subscription, uint64_t seq)
{
    return seq >= subscription->handed_first && seq <= subscription->handed_last;
}

void session_acknowledged(struct worker *worker, struct session *session, struct view conversation,
                          uint64_t stored)
{
    struct subscription *subscription = session_find_subscription(worker, session, conversation);
    if (subscription == NULL || list_is_empty(&subscription->waiting))
        return;
    if (stored > subscription->acknowledged) {
        subscription->acknowledged = stored;
        subscription->attempts = 0;
        subscription->due_ms = worker->now.steady_ms + session_backoff.first_ms;
    }
    if (subscription->acknowledged >= subscription->pushed)
        list_remove(&subscription->waiting);
}

void session_confirmed(struct worker *worker, struct session *session, struct view conversation,
                       uint64_t stored)
{
    struct subscription *subscription = session_find_subscription(worker, session, conversation);
    if (subscription == NULL)
        return;
    if (stored >= subscription->handed_last)
        subscription->handed_first = subscription->handed_last = 0;
    else if (stored >= subscription->handed_first)
        subscription->handed_first = stored + 1;
}

void session_acknowledged_notice(struct worker *worker, struct session *session,
                                 struct view conversation, uint32_t origin, uint64_t seq)
{
    struct subscription *subscription = session_find_subscription(worker, session, conversation);
    if (subscription == NULL)
        return;
    for (struct list *node = session->notices.next; node != &session->notices; node = node->next) {
        struct notice *notice = LIST_ITEM(node, struct notice, of_session);
        if (notice->interest == subscription->interest && notice->origin == origin &&
            notice->seq == seq) {
            session_drop_notice(session, notice);
            return;
        }
    }
}

void session_repeat_push(struct worker *worker, struct subscription *subscription)
{
    struct session *session = subscription->session;
    if (worker->now.steady_ms < subscription->due_ms)
        return;
    if (session_has_frames(session)) { /* the connection is slow, not deaf */
        subscription->due_ms = worker->now.steady_ms + session_backoff.first_ms;
        return;
    }
    if (subscription->attempts >= LIMIT_PUSH_REPEATS_MAX) {
        list_remove(&subscription->waiting);
        return;
    }
    struct store_event events[LIMIT_PUSH_REPEAT_EVENTS_MAX];
    struct store_range range = {
        .conversation = view_of(subscription->interest->conversation),
        .origin = ORIGIN_DEFAULT,
        .after = subscription->acknowledged,
        .before = subscription->pushed + 1,
        .limit = LIMIT_PUSH_REPEAT_EVENTS_MAX,
        .bytes_max = LIMIT_PAGE_BYTES_MAX,
    };
    size_t count = 0;
    bool more;
    arena_reset(&worker->scratch);
    if (store_read_events(worker->store, &range, &worker->scratch, events, &count, &more) !=
        STATUS_OK)
        count = 0;
    for (size_t i = 0; i < count; i++) {
        struct blob *frame = frame_around_event(FRAME_EVENT, 0, events[i].bytes);
        session_push(worker, subscription, frame, ORIGIN_DEFAULT, events[i].seq);
        blob_release(frame);
    }
    stats_add(&worker->stats, STAT_pushes_repeated, count);
    subscription->attempts++;
    subscription->due_ms =
        worker->now.steady_ms +
        backoff_jittered_ms(session_backoff, subscription->attempts, &worker->prng);
}

void session_repeat_notices(struct worker *worker, struct session *session)
{
    struct list *next;
    bool is_slow = session_has_frames(session);
    for (struct list *node = session->notices.next; node != &session->notices; node = next) {
        struct notice *notice = LIST_ITEM(node, struct notice, of_session);
        next = node->next;
        if (worker->now.steady_ms < notice->due_ms)
            continue;
        if (is_slow) {
            notice->due_ms = worker->now.steady_ms + session_backoff.first_ms;
            continue;
        }
        if (notice->attempts >= LIMIT_PUSH_REPEATS_MAX) {
            session_drop_notice(session, notice);
            continue;
        }
        notice->attempts++;
        notice->due_ms = worker->now.steady_ms +
                         backoff_jittered_ms(session_backoff, notice->attempts, &worker->prng);
        lane_push(&session->urgent,
                  (struct lane_item){.kind = LANE_ANSWER, .frame = blob_hold(notice->frame)});
        worker_touch(worker, session);
        stats_add(&worker->stats, STAT_notices_repeated, 1);
    }
}

void session_free(struct worker *worker, struct session *session)
{
    session_drop_frames(session);
    while (!list_is_empty(&session->notices))
        session_drop_notice(session, LIST_ITEM(session->notices.next, struct notice, of_session));
    while (!list_is_empty(&session->subscriptions)) {
        struct subscription *subscription =
            LIST_ITEM(session->subscriptions.next, struct subscription, of_session);
        session_leave_word(worker, subscription);
        session_end_subscription(worker, subscription);
    }
    list_remove(&session->dirty);
    list_remove(&session->noticed);
    list_remove(&session->arriving);
    blob_release(session->welcome);
    free(session);
}
