#include "routing/attempts.h"

#include "core/frame.h"
#include "core/ids.h"
#include "routing/worker.h"

/* Of the largest entries no more fit into a frame; the page says that there are others. */
enum { ATTEMPTS_PER_FRAME = 180 };

static const char *attempts_check(const wire_list_recalls *query)
{
    if (query->limit > LIMIT_PAGE_EVENTS_MAX)
        return "list_recalls: limit: 0 to 200";
    if (query->operator_[0] != 0 && !id_is_user(view_of(query->operator_)))
        return "list_recalls: operator: 1 to 64 of [A-Za-z0-9._@-]";
    if (query->conversation[0] != 0 && !id_is_conversation(view_of(query->conversation)))
        return "list_recalls: conversation: 1 to 64 of [A-Za-z0-9._:@-]";
    if (strlen(query->reason) > LIMIT_REASON_BYTES_MAX)
        return "list_recalls: reason: at most 256 bytes";
    return NULL;
}

void attempts_list(struct worker *worker, struct session *session, uint64_t request,
                   const wire_list_recalls *query)
{
    const char *wrong = attempts_check(query);
    if (wrong != NULL) {
        session_refuse(worker, session, request, REFUSAL_CODE(FIELD_INVALID), wrong, false);
        return;
    }
    wire_list_recalls permitted = *query;
    if (session->authority == WIRE(ACTOR, UNSPECIFIED)) {
        if (query->operator_[0] != 0 && strcmp(query->operator_, session->user) != 0) {
            session_refuse(worker, session, request, REFUSAL_CODE(NOT_PERMITTED),
                           "list_recalls: others' attempts are for system and compliance", false);
            return;
        }
        permitted.operator_ = string_of(session->user);
    }
    if (permitted.limit == 0 || permitted.limit > ATTEMPTS_PER_FRAME)
        permitted.limit = ATTEMPTS_PER_FRAME;
    wire_recall_page page = UNSAY__V1__RECALL_PAGE__INIT;
    if (shell_list_attempts(worker->shell, &permitted, &worker->scratch, &page) != STATUS_OK) {
        session_refuse(worker, session, request, REFUSAL_CODE(STORAGE_UNAVAILABLE), "", false);
        return;
    }
    wire_server_frame frame = UNSAY__V1__SERVER_FRAME__INIT;
    frame.request = request;
    frame.body_case = SERVER_FRAME(RECALLS);
    frame.recalls = &page;
    session_answer(worker, session, frame_from_server(&frame));
}
