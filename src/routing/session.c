#include "routing/session_internal.h"

#include "base/memory.h"
#include "core/refusal.h"
#include "routing/worker.h"

#include <stdlib.h>

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
    list_init(&session->of_user);
    list_init(&session->dirty);
    list_init(&session->noticed);
    list_init(&session->arriving);
    list_init(&session->subscriptions);
    list_init(&session->notices);
    list_init(&session->progress);
    return session;
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
    if (!session->is_call) /* a call ends with its answer */
        shell_close(session->link);
}

void session_free(struct worker *worker, struct session *session)
{
    session_drop_frames(session);
    while (!list_is_empty(&session->notices))
        session_abandon_notice(worker, session,
                               LIST_ITEM(session->notices.next, struct notice, of_session));
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
