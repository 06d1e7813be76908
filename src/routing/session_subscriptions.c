/* What a session follows, and what its device may hold of it. */
#include "routing/session_internal.h"

#include "base/memory.h"
#include "routing/worker.h"

#include <stdlib.h>

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

void session_unsubscribe(struct worker *worker, struct session *session, struct view conversation)
{
    struct subscription *subscription = session_find_subscription(worker, session, conversation);
    if (subscription == NULL || subscription->is_gone)
        return;
    subscription->is_gone = true;
    session->subscription_count--;
    list_remove(&subscription->waiting);
    session_drop_progress(subscription);
    session_forget_notices(worker, session, subscription->interest);
}

void session_leave_word(struct worker *worker, const struct subscription *subscription)
{
    const struct session *session = subscription->session;
    const char *conversation = subscription->interest->conversation;
    if (subscription->handed_last == 0 || worker->is_draining || session->is_call)
        return;
    struct mail_handed *handed = memory_new(sizeof(*handed));
    snprintf(handed->conversation, sizeof(handed->conversation), "%s", conversation);
    handed->origin = ORIGIN_DEFAULT;
    handed->first = subscription->handed_first;
    handed->last = subscription->handed_last;
    handed->published = worker->published[worker_of(worker, view_of(conversation))];
    snprintf(handed->device.user, sizeof(handed->device.user), "%s", session->user);
    snprintf(handed->device.device, sizeof(handed->device.device), "%s", session->device);
    struct mail mail = {.kind = MAIL_HANDED, .handed = handed};
    if (!shell_post(worker->shell, worker_of(worker, view_of(conversation)), mail))
        mail_discard(&mail);
}

void session_end_subscription(struct worker *worker, struct subscription *subscription)
{
    struct interest *interest = subscription->interest;
    struct session *session = subscription->session;
    session_forget_notices(worker, session, interest);
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
