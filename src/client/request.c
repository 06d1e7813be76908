#include "client/request.h"

#include "base/memory.h"
#include "client/convert.h"

struct request *request_new(enum request_kind kind, struct blob *frame, uint64_t timeout_ms,
                            void *context)
{
    struct request *request = memory_new(sizeof(*request));
    list_init(&request->node);
    request->kind = kind;
    request->frame = frame;
    request->timeout_ms = timeout_ms;
    request->context = context;
    return request;
}

void request_free(struct request *request)
{
    if (request == NULL)
        return;
    blob_release(request->frame);
    free(request);
}

void request_fail(const struct request *request, struct unsay_error error)
{
    switch (request->kind) {
    case REQUEST_RECALL:
        if (request->callback.recall != NULL)
            request->callback.recall(request->context, &error, NULL, 0);
        break;
    case REQUEST_OPENED:
        if (request->callback.opened != NULL)
            request->callback.opened(request->context, &error, "", false);
        break;
    case REQUEST_HISTORY:
        if (request->callback.history != NULL)
            request->callback.history(request->context, &error, NULL, 0, false);
        break;
    case REQUEST_REPEATED:
        break;
    }
}

static void request_answer_recall(const struct request *request,
                                  const Unsay__V1__RecallResult *result, struct arena *arena)
{
    struct unsay_error ok = error_make(UNSAY_OK, "");
    if (request->callback.recall != NULL)
        request->callback.recall(request->context, &ok, outcomes_from_wire(result, arena),
                                 result->n_outcomes);
}

static void request_answer_opened(const struct request *request, const wire_opened *opened)
{
    struct unsay_error ok = error_make(UNSAY_OK, "");
    if (request->callback.opened != NULL)
        request->callback.opened(request->context, &ok, opened->conversation, opened->created != 0);
}

static void request_answer_history(const struct request *request,
                                   const struct client_effect *answer, struct arena *arena)
{
    if (request->callback.history == NULL)
        return;
    struct unsay_error ok = error_make(UNSAY_OK, "");
    struct unsay_event *events = arena_alloc(arena, (answer->event_count + 1) * sizeof(*events));
    size_t count = 0;
    for (size_t i = 0; i < answer->event_count; i++) {
        event_from_wire(answer->events[i], &events[count]);
        count += events[count].kind != 0;
    }
    request->callback.history(request->context, &ok, events, count,
                              answer->answer->page_end->more != 0);
}

void request_answer(const struct request *request, const struct client_effect *answer,
                    struct arena *arena)
{
    struct unsay_error error = error_from_effect(answer);
    const wire_server_frame *frame = answer->answer;
    if (error.result != UNSAY_OK)
        request_fail(request, error);
    else if (frame != NULL && frame->body_case == SERVER_FRAME(RECALL) &&
             request->kind == REQUEST_RECALL)
        request_answer_recall(request, frame->recall, arena);
    else if (frame != NULL && frame->body_case == SERVER_FRAME(OPENED) &&
             request->kind == REQUEST_OPENED)
        request_answer_opened(request, frame->opened);
    else if (frame != NULL && frame->body_case == SERVER_FRAME(PAGE_END) &&
             request->kind == REQUEST_HISTORY)
        request_answer_history(request, answer, arena);
    else
        request_fail(request, error_make(UNSAY_UNREACHABLE,
                                         "The server's answer does not fit the request; update "
                                         "libunsay or the server."));
}
