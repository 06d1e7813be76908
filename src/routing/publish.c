#include "routing/publish.h"

#include "core/frame.h"
#include "core/refusal.h"
#include "core/visibility.h"
#include "routing/listing.h"
#include "routing/notice.h"
#include "routing/policies.h"
#include "routing/progress.h"
#include "routing/report.h"
#include "routing/wave.h"
#include "routing/worker.h"

#include <assert.h>

/* The user's sessions follow the conversation, or do not from this event on (`since` 0). */
static void publish_member(struct worker *worker, const struct publication *publication,
                           const char *user, uint64_t since)
{
    struct user_sessions *sessions = table_get(&worker->users, view_of(user));
    struct view conversation = view_of(publication->conversation);
    if (sessions == NULL)
        return;
    struct list *node = sessions->sessions.next;
    for (; node != &sessions->sessions; node = node->next) {
        struct session *session = LIST_ITEM(node, struct session, of_user);
        if (since != 0)
            session_subscribe(worker, session, conversation, since);
        else
            session_unsubscribe(worker, session, conversation);
    }
}

/* News for one user, which stand in no log. */
static void publish_news(struct worker *worker, const struct publication *publication)
{
    struct user_sessions *sessions = table_get(&worker->users, view_of(publication->only_user));
    if (sessions == NULL)
        return;
    struct list *node = sessions->sessions.next;
    for (; node != &sessions->sessions; node = node->next) {
        struct session *session = LIST_ITEM(node, struct session, of_user);
        if (!session->is_closing)
            session_answer(worker, session, blob_hold(publication->frame));
    }
}

static void publish_progress(struct worker *worker, const struct publication *publication,
                             struct subscription *subscription)
{
    const struct session *session = subscription->session;
    bool is_known = publication->from_user != NULL &&
                    strcmp(session->device, publication->from_device) == 0 &&
                    strcmp(session->user, publication->from_user) == 0;
    if (!is_known)
        session_tell_progress(worker, subscription, publication->frame);
}

/* Of a commit that failed nothing is told: who would have heard it asks again. */
static void publish_progress_of(struct worker *worker, const struct publication *publication,
                                bool is_committed)
{
    struct view conversation = view_of(publication->conversation);
    if (publication->only_user == NULL) {
        struct interest *interest = table_get(&worker->interests, conversation);
        struct list *none = interest == NULL ? NULL : &interest->subscriptions;
        for (struct list *node = none == NULL ? NULL : none->next; node != none;
             node = node->next) {
            struct subscription *subscription = LIST_ITEM(node, struct subscription, of_interest);
            if (is_committed)
                publish_progress(worker, publication, subscription);
            else
                session_fall_behind(worker, subscription->session);
        }
        return;
    }
    struct user_sessions *sessions = table_get(&worker->users, view_of(publication->only_user));
    if (sessions == NULL)
        return;
    struct list *node = sessions->sessions.next;
    for (; node != &sessions->sessions; node = node->next) {
        struct session *session = LIST_ITEM(node, struct session, of_user);
        struct subscription *subscription =
            session_find_subscription(worker, session, conversation);
        if (subscription != NULL && is_committed)
            publish_progress(worker, publication, subscription);
        else if (subscription != NULL)
            session_fall_behind(worker, session);
    }
}

/* What waits for a connection must not hold the body any more. */
static void publish_replace(struct worker *worker, struct session *session,
                            const struct interest *interest, const struct publication *publication)
{
    size_t before = session->normal.bytes;
    size_t replaced =
        lane_replace(&session->normal, publication->conversation, interest->hash,
                     publication->origin, publication->target_seq, publication->tombstone);
    session->push_bytes += session->normal.bytes - before;
    replaced += lane_replace(&session->page, publication->conversation, interest->hash,
                             publication->origin, publication->target_seq, publication->tombstone);
    stats_add(&worker->stats, STAT_pushes_replaced, replaced);
}

static void publish_recall(struct worker *worker, const struct group *group,
                           const struct publication *publication, struct interest *interest,
                           struct wave *wave)
{
    struct notice_forms forms;
    struct report report = {.mail = NULL};
    if (publication->tells_who)
        report_online(worker, group, publication, interest);
    if (interest == NULL)
        return;
    notice_forms_init(&forms, publication);
    uint64_t committed_ns = group->committed_ns == 0 ? worker->now.steady_ns : group->committed_ns;
    struct list *node = interest->subscriptions.next;
    for (; node != &interest->subscriptions; node = node->next) {
        struct subscription *subscription = LIST_ITEM(node, struct subscription, of_interest);
        struct session *session = subscription->session;
        if (session_may_hold(subscription, publication->target_seq))
            report_pushed(&report, worker, group, publication, session);
        publish_replace(worker, session, interest, publication);
        /* Whoever may not see the message is not shown what is left of it. */
        Unsay__V1__Follow follow = session->follow;
        if (follow == WIRE(FOLLOW, REPLACE) && publication->target_seq < subscription->since)
            follow = WIRE(FOLLOW, PATCH);
        if (publication->seq >= subscription->since) /* see publish_push */
            session_notify(worker, subscription, notice_form(&forms, follow), publication->origin,
                           publication->seq, wave, committed_ns);
    }
    report_finish(&report, worker, group);
    notice_forms_fini(&forms);
}

/* Whoever signed in when a joining was durable, and not yet published here, follows from there on:
 * what was committed before and comes now may be hidden from them, and is in the log for whom it is
 * not. */
static void publish_push(struct worker *worker, const struct publication *publication,
                         struct subscription *subscription)
{
    if (publication->seq >= subscription->since)
        session_push(worker, subscription, publication->frame, publication->origin,
                     publication->seq);
}

/* `wave` is the recall's, if it is one. */
static void publish_event(struct worker *worker, const struct group *group,
                          const struct publication *publication, struct wave *wave)
{
    /* New members who are connected follow the conversation from this event on; those who are gone
     * get it as their last. */
    for (size_t i = 0; i < publication->new_member_count; i++)
        publish_member(worker, publication, publication->new_members[i],
                       publication->new_members_from[i]);
    struct interest *interest = table_get(&worker->interests, view_of(publication->conversation));
    if (publication->is_recall) {
        publish_recall(worker, group, publication, interest, wave);
    } else if (interest != NULL) {
        listing_note_message(interest, publication);
        struct list *node = interest->subscriptions.next;
        for (; node != &interest->subscriptions; node = node->next)
            publish_push(worker, publication, LIST_ITEM(node, struct subscription, of_interest));
    }
    for (size_t i = 0; i < publication->gone_member_count; i++)
        publish_member(worker, publication, publication->gone_members[i], 0);
    if (publication->new_member_count + publication->gone_member_count > 0)
        progress_tell_whole(worker, publication);
}

/* The store does not tell what this session may have and may not: the device comes back and syncs.
 * Nothing that waits is sent any more, since it may hold a body that was taken back. */
static void publish_give_up(struct worker *worker, struct session *session)
{
    if (session->is_closing)
        return;
    lane_fini(&session->page);
    lane_fini(&session->normal);
    session_refuse(worker, session, 0, REFUSAL_CODE(STORAGE_UNAVAILABLE), "", true);
}

/* One who came or went, if that was written. */
static void publish_doubtful_member(struct worker *worker, const struct publication *publication,
                                    const char *user)
{
    struct user_sessions *sessions = table_get(&worker->users, view_of(user));
    struct member_row row;
    if (sessions == NULL)
        return;
    enum status status =
        store_get_member(worker->store, view_of(publication->conversation), view_of(user), &row);
    if (status == STATUS_OK)
        publish_member(worker, publication, user, row_is_member(&row) ? visibility_since(&row) : 0);
    if (status == STATUS_OK || status == STATUS_NOT_FOUND)
        return;
    struct list *node = sessions->sessions.next;
    for (; node != &sessions->sessions; node = node->next)
        publish_give_up(worker, LIST_ITEM(node, struct session, of_user));
}

/* By this very recall: one that was not written leaves its seq to another. */
static bool publish_is_recalled(struct worker *worker, struct view bytes, uint64_t recall_seq)
{
    const wire_event *event = event_decode(bytes, &worker->scratch);
    return event != NULL && event->kind_case == EVENT_KIND(MESSAGE) &&
           event->message->tombstone != NULL && event->message->tombstone->recall_seq == recall_seq;
}

/* An event of a group that failed, and was written all the same or not: whoever it would have
 * reached looks into the store, and pages that wait are brought up to date with it. */
static void publish_doubtful(struct worker *worker, const struct group *group,
                             const struct publication *publication)
{
    struct event_key target = {view_of(publication->conversation), publication->origin,
                               publication->target_seq};
    struct view bytes = {NULL, 0};
    enum status status = STATUS_NOT_FOUND;
    for (size_t i = 0; i < publication->new_member_count; i++)
        publish_doubtful_member(worker, publication, publication->new_members[i]);
    for (size_t i = 0; i < publication->gone_member_count; i++)
        publish_doubtful_member(worker, publication, publication->gone_members[i]);
    struct interest *interest = table_get(&worker->interests, target.conversation);
    if (interest == NULL)
        return;
    interest->knows_last_message = false;
    arena_reset(&worker->scratch);
    if (publication->is_recall)
        status = store_get_event(worker->store, target, &worker->scratch, &bytes);
    bool is_written = status == STATUS_OK && publish_is_recalled(worker, bytes, publication->seq);
    struct report report = {.mail = NULL};
    struct list *node = interest->subscriptions.next;
    for (; node != &interest->subscriptions; node = node->next) {
        const struct subscription *subscription = LIST_ITEM(node, struct subscription, of_interest);
        struct session *session = subscription->session;
        if (is_written && session_may_hold(subscription, publication->target_seq))
            report_pushed(&report, worker, group, publication, session);
        session_fall_behind(worker, session);
        if (status == STATUS_OK)
            lane_replace(&session->page, publication->conversation, interest->hash, target.origin,
                         target.seq, bytes);
        else if (status != STATUS_NOT_FOUND)
            publish_give_up(worker, session);
    }
    report_finish(&report, worker, group);
}

/* News of a group that failed, and may have been written all the same: the user's devices list
 * their conversations again. */
static void publish_doubtful_news(struct worker *worker, const struct publication *publication)
{
    struct user_sessions *sessions = table_get(&worker->users, view_of(publication->only_user));
    if (sessions == NULL)
        return;
    struct list *node = sessions->sessions.next;
    for (; node != &sessions->sessions; node = node->next)
        session_fall_behind(worker, LIST_ITEM(node, struct session, of_user));
}

/* Cursors are durable. */
static void publish_confirm(struct worker *worker, struct session *session,
                            const struct blob *frame)
{
    arena_reset(&worker->scratch);
    const wire_server_frame *decoded =
        frame_decode_server(frame_payload(blob_view(frame)), &worker->scratch);
    for (size_t i = 0; i < decoded->ack->n_cursors; i++)
        session_confirmed(worker, session, view_of(decoded->ack->cursors[i]->conversation),
                          decoded->ack->cursors[i]->stored);
}

static void publish_give_answers(struct worker *worker, const struct group *group)
{
    for (const struct answer *answer = group->first_answer; answer != NULL; answer = answer->next) {
        if (answer->worker != worker->index)
            continue;
        struct session *session = worker_find_session(worker, answer->session);
        if (session == NULL || session->is_closing)
            continue;
        if (answer->is_confirmation && group->failure == REFUSAL_NONE)
            publish_confirm(worker, session, answer->frame);
        session_answer(worker, session,
                       group->failure == REFUSAL_NONE
                           ? blob_hold(answer->frame)
                           : refusal_frame(answer->request, group->failure, "", false, 0));
    }
}

/* True for the worker that finishes the group's phase. */
static bool publish_is_last(struct group *group)
{
    return atomic_fetch_sub_explicit(&group->waiting, 1, memory_order_acq_rel) == 1;
}

static void publish_free(struct worker *worker, struct group *group)
{
    group_release_waves(group, &worker->stats);
    group_free(group);
}

/* Every worker has published: the last of them gives its own answers and tells those that hold
 * more. */
static void publish_release_answers(struct worker *worker, struct group *group)
{
    uint64_t others = group->answering & ~(UINT64_C(1) << worker->index);
    publish_give_answers(worker, group);
    if (others == 0) {
        publish_free(worker, group);
        return;
    }
    atomic_store_explicit(&group->waiting, (unsigned)__builtin_popcountll(others),
                          memory_order_release);
    for (unsigned i = 0; i < worker->count; i++) { /* the last of them frees the group */
        if ((others >> i & 1) == 0)
            continue;
        bool posted =
            shell_post(worker->shell, i, (struct mail){.kind = MAIL_ANSWERS, .group = group});
        assert(posted);
        (void)posted;
    }
}

void publish_group(struct worker *worker, struct group *group)
{
    bool is_committed = group->failure == REFUSAL_NONE;
    bool must_wait = is_committed && group->tells_recall && worker->count > 1;

    const struct publication *publication = group->effects.first;
    size_t recalls = 0;
    for (; publication != NULL; publication = publication->next) {
        struct wave *wave = NULL;
        if (publication->is_recall && recalls < group->wave_count)
            wave = group->waves[recalls++];
        if (publication->is_progress)
            publish_progress_of(worker, publication, is_committed);
        else if (publication->only_user != NULL && is_committed)
            publish_news(worker, publication);
        else if (publication->only_user == NULL && is_committed)
            publish_event(worker, group, publication, wave);
        else if (publication->only_user == NULL)
            publish_doubtful(worker, group, publication);
        else
            publish_doubtful_news(worker, publication);
    }
    worker->published[group->worker] = group->number;
    policies_adopt(worker, group);
    if (!must_wait)
        publish_give_answers(worker, group);
    if (group->worker == worker->index) {
        owner_committed(worker, group);
        worker_greet_arrivals(worker, group);
    }
    if (!publish_is_last(group))
        return;
    policies_retire(worker, group);
    if (must_wait)
        publish_release_answers(worker, group);
    else
        publish_free(worker, group);
}

void publish_answers(struct worker *worker, struct group *group)
{
    publish_give_answers(worker, group);
    if (publish_is_last(group))
        publish_free(worker, group);
}
