/* What is told to a session as it happens: live pushes and recall notices, which are repeated until
 * they are acknowledged, and how far members have come, which is not. */
#include "routing/session_internal.h"

#include "base/memory.h"
#include "core/backoff.h"
#include "core/frame.h"
#include "routing/progress.h"
#include "routing/wave.h"
#include "routing/worker.h"

#include <stdlib.h>

static const struct backoff session_backoff = {.first_ms = 1000, .max_ms = 32000};

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

static void session_drop_notice(struct worker *worker, struct session *session,
                                struct notice *notice)
{
    list_remove(&notice->of_session);
    session->notice_count--;
    if (session->notice_count == 0)
        list_remove(&session->noticed);
    blob_release(notice->frame);
    wave_release(notice->wave, &worker->stats);
    free(notice);
}

void session_abandon_notice(struct worker *worker, struct session *session, struct notice *notice)
{
    stats_add(&worker->stats, STAT_notices_abandoned, 1);
    session_drop_notice(worker, session, notice);
}

void session_forget_notices(struct worker *worker, struct session *session,
                            const struct interest *interest)
{
    struct list *next;
    for (struct list *node = session->notices.next; node != &session->notices; node = next) {
        struct notice *notice = LIST_ITEM(node, struct notice, of_session);
        next = node->next;
        if (notice->interest == interest)
            session_abandon_notice(worker, session, notice);
    }
}

void session_notify(struct worker *worker, struct subscription *subscription, struct blob *frame,
                    uint32_t origin, uint64_t seq, struct wave *wave, uint64_t committed_ns)
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
        session_abandon_notice(worker, session,
                               LIST_ITEM(session->notices.next, struct notice, of_session));
    struct notice *notice = memory_new(sizeof(*notice));
    notice->interest = subscription->interest;
    notice->frame = blob_hold(frame);
    notice->wave = wave == NULL ? NULL : wave_hold(wave, committed_ns);
    notice->origin = origin;
    notice->seq = seq;
    notice->due_ms = worker->now.steady_ms + session_backoff.first_ms;
    list_push_back(&session->notices, &notice->of_session);
    if (session->notice_count++ == 0)
        list_push_back(&worker->noticed, &session->noticed);
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
            stats_add(&worker->stats, STAT_notices_acknowledged, 1);
            if (notice->wave != NULL)
                wave_arrive(notice->wave, worker->now.steady_ns);
            session_drop_notice(worker, session, notice);
            return;
        }
    }
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
            session_abandon_notice(worker, session, notice);
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

void session_drop_progress(struct subscription *subscription)
{
    list_remove(&subscription->of_progress);
    blob_release(subscription->progress);
    subscription->progress = NULL;
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
