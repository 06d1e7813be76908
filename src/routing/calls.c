#include "routing/calls.h"

#include "base/memory.h"
#include "core/frame.h"
#include "core/refusal.h"
#include "routing/requests.h"
#include "routing/worker.h"

void calls_take(struct worker *worker, const struct mail_call *call)
{
    struct arrival arrival = {.user = call->user,
                              .device = call->device,
                              .authority = call->authority,
                              .address = call->address};
    struct arena arena; /* not the worker's: whoever answers uses that */
    arena_init(&arena);
    const wire_client_frame *frame =
        frame_decode_client(view_make(call->payload, call->payload_bytes), &arena);
    struct session *session = session_new(&arrival);
    session->id = ++worker->last_session;
    session->link = call->link;
    session->is_call = true;
    session->is_greeted = true;
    session->hello = frame == NULL ? 0 : frame->request;
    session->authority = call->authority;
    session->expires_ms = UINT64_MAX;
    session->opened_ns = worker->now.steady_ns;
    table_put(&worker->sessions, view_make(&session->id, sizeof(session->id)), session);
    stats_add(&worker->stats, STAT_calls, 1);
    if (frame == NULL) {
        session_refuse(worker, session, 0, REFUSAL_CODE(MALFORMED), "", false);
    } else if (worker->is_draining) {
        session_refuse(worker, session, frame->request, REFUSAL_CODE(SHUTTING_DOWN), "", false);
    } else {
        arena_reset(&worker->scratch);
        requests_take(worker, session, frame, view_make(call->payload, call->payload_bytes));
    }
    arena_fini(&arena);
}

void calls_flush(struct worker *worker, struct session *session)
{
    struct blob *frame;
    while ((frame = worker_next_frame(worker, session)) != NULL) {
        bool is_last = !frame_is_event(frame_payload(blob_view(frame)));
        shell_answer_call(session->link, frame, is_last);
        if (!is_last)
            continue;
        table_remove(&worker->sessions, view_make(&session->id, sizeof(session->id)));
        session_free(worker, session);
        return;
    }
}

void calls_tick(struct worker *worker, struct session *session)
{
    uint64_t age_ns = worker->now.steady_ns - session->opened_ns;
    if (!session->is_closing && age_ns / 1000000 >= LIMIT_CALL_MS)
        session_refuse(worker, session, session->hello, REFUSAL_CODE(OVERLOADED), "", true);
}
