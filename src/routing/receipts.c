#include "routing/receipts.h"

#include "core/frame.h"
#include "core/ids.h"
#include "core/visibility.h"
#include "routing/progress_walk.h"
#include "routing/worker.h"

struct receipts_question {
    struct worker *worker;
    const struct session *session;
    const wire_read_receipts *query;
    uint32_t limit;
    const wire_message *message;
    bool is_small;
    wire_receipts *answer;
};

/* The author, while a member; owners and admins; system and compliance. */
static refusal_code receipts_may_ask(const struct receipts_question *question)
{
    const struct session *session = question->session;
    struct member_row row;
    if (session->authority != WIRE(ACTOR, UNSPECIFIED))
        return REFUSAL_NONE;
    enum status status =
        store_get_member(question->worker->store, view_of(question->query->conversation),
                         view_of(session->user), &row);
    if (status != STATUS_OK && status != STATUS_NOT_FOUND)
        return REFUSAL_CODE(STORAGE_UNAVAILABLE);
    if (status == STATUS_NOT_FOUND || !row_is_member(&row))
        return REFUSAL_CODE(NOT_A_MEMBER);
    if (!visibility_allows(&row, question->query->seq))
        return REFUSAL_CODE(UNKNOWN_MESSAGE);
    bool may = row.role == WIRE(ROLE, OWNER) || row.role == WIRE(ROLE, ADMIN) ||
               (question->message != NULL && strcmp(question->message->sender, session->user) == 0);
    return may ? REFUSAL_NONE : REFUSAL_CODE(NOT_PERMITTED);
}

static refusal_code receipts_find(struct receipts_question *question)
{
    struct worker *worker = question->worker;
    const wire_read_receipts *query = question->query;
    struct event_key key = {view_of(query->conversation), ORIGIN_DEFAULT, query->seq};
    struct conversation_row row;
    struct view bytes;
    enum status status =
        store_get_conversation(worker->store, key.conversation, &worker->scratch, &row);
    if (status == STATUS_NOT_FOUND)
        return REFUSAL_CODE(UNKNOWN_CONVERSATION);
    if (status != STATUS_OK)
        return REFUSAL_CODE(STORAGE_UNAVAILABLE);
    question->is_small = progress_is_small(&worker->settings.progress, row.type, row.member_count);
    enum status found = store_get_event(worker->store, key, &worker->scratch, &bytes);
    const wire_event *event = found == STATUS_OK ? event_decode(bytes, &worker->scratch) : NULL;
    if (event != NULL && event->kind_case == EVENT_KIND(MESSAGE))
        question->message = event->message;
    refusal_code refusal = receipts_may_ask(question);
    if (refusal != REFUSAL_NONE)
        return refusal;
    if (found != STATUS_OK)
        return found == STATUS_NOT_FOUND ? REFUSAL_CODE(UNKNOWN_MESSAGE)
                                         : REFUSAL_CODE(STORAGE_UNAVAILABLE);
    return question->message == NULL ? REFUSAL_CODE(NOT_A_MESSAGE) : REFUSAL_NONE;
}

static void receipts_list(const struct receipts_question *question,
                          const struct progress_place *place)
{
    wire_member_progress *member =
        arena_alloc(&question->worker->scratch, sizeof(wire_member_progress));
    unsay__v1__member_progress__init(member);
    member->user = string_of(place->user);
    member->stored = place->stored;
    member->displayed = place->shared;
    member->joined = place->joined;
    question->answer->members[question->answer->n_members++] = member;
}

static refusal_code receipts_count(const struct receipts_question *question)
{
    struct worker *worker = question->worker;
    const wire_read_receipts *query = question->query;
    wire_receipts *answer = question->answer;
    struct progress_walk walk;
    struct progress_place place;
    progress_walk_init(&walk, worker->store, &worker->settings.progress,
                       view_of(query->conversation), view_of(query->after), LIMIT_RECEIPT_ROWS_MAX,
                       &worker->scratch);
    answer->members =
        arena_alloc(&worker->scratch, question->limit * sizeof(wire_member_progress *));
    for (;;) {
        struct view passed = walk.passed;
        if (progress_walk_next(&walk, &place) != STATUS_OK)
            return REFUSAL_CODE(STORAGE_UNAVAILABLE);
        if (place.user == NULL && !walk.is_cut)
            return REFUSAL_NONE;
        if (place.user == NULL || answer->n_members == question->limit) {
            answer->next = arena_text(&worker->scratch, place.user == NULL ? walk.passed : passed);
            return REFUSAL_NONE;
        }
        if (progress_count(&place, question->message->sender, query->seq, answer) &&
            question->is_small)
            receipts_list(question, &place);
    }
}

void receipts_read(struct worker *worker, struct session *session, uint64_t request,
                   const wire_read_receipts *query)
{
    wire_receipts answer = UNSAY__V1__RECEIPTS__INIT;
    struct receipts_question question = {
        .worker = worker,
        .session = session,
        .query = query,
        .limit = query->limit == 0 ? LIMIT_PAGE_EVENTS_MAX : query->limit,
        .answer = &answer,
    };
    if (!id_is_conversation(view_of(query->conversation)) || query->origin > ORIGIN_DEFAULT ||
        query->seq == 0 || query->limit > LIMIT_PAGE_EVENTS_MAX ||
        strlen(query->after) > LIMIT_USER_ID_BYTES_MAX) {
        session_refuse(worker, session, request, REFUSAL_CODE(FIELD_INVALID),
                       "receipts: a conversation's id, origin 1, a seq, and a limit of 0 to 200",
                       false);
        return;
    }
    refusal_code refusal = receipts_find(&question);
    if (refusal == REFUSAL_NONE)
        refusal = receipts_count(&question);
    if (refusal != REFUSAL_NONE) {
        session_refuse(worker, session, request, refusal, "", false);
        return;
    }
    answer.conversation = query->conversation;
    answer.origin = ORIGIN_DEFAULT;
    answer.seq = query->seq;
    wire_server_frame frame = UNSAY__V1__SERVER_FRAME__INIT;
    frame.request = request;
    frame.body_case = SERVER_FRAME(RECEIPTS);
    frame.receipts = &answer;
    session_answer(worker, session, frame_from_server(&frame));
}
