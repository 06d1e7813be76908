#include "client/request.h"

#include "base/memory.h"
#include "client/answer.h"
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

/* `answer` is NULL after an error. */
static void request_call_history(const struct request *request, const struct unsay_error *error,
                                 const struct client_effect *answer, struct arena *arena)
{
    if (request->callback.history == NULL)
        return;
    if (answer == NULL) {
        request->callback.history(request->context, error, NULL, 0, false);
        return;
    }
    struct unsay_event *events = arena_alloc(arena, (answer->event_count + 1) * sizeof(*events));
    size_t count = 0;
    for (size_t i = 0; i < answer->event_count; i++) {
        event_from_wire(answer->events[i], arena, &events[count]);
        count += events[count].kind != 0;
    }
    request->callback.history(request->context, error, events, count,
                              answer->answer->page_end->more != 0);
}

/* Whether `frame` is what a request of this kind is answered with. */
static bool request_is_answer(enum request_kind kind, const wire_server_frame *frame)
{
    if (frame == NULL)
        return false;
    switch (kind) {
#define REQUEST(kind, name, frame_name, field) \
    case REQUEST_##kind:                       \
        return frame->body_case == SERVER_FRAME(frame_name);
#include "client/request.def"
#undef REQUEST
    case REQUEST_OPENED:
        return frame->body_case == SERVER_FRAME(OPENED);
    case REQUEST_HISTORY:
    case REQUEST_OLDER:
        return frame->body_case == SERVER_FRAME(PAGE_END);
    case REQUEST_REPEATED:
        break;
    }
    return true;
}

/* `frame` fits the request; NULL after an error, as `answer`. */
static void request_call(const struct request *request, const struct unsay_error *error,
                         const wire_server_frame *frame, const struct client_effect *answer,
                         struct arena *arena)
{
    switch (request->kind) {
#define REQUEST(kind, name, frame_name, field)                                                 \
    case REQUEST_##kind:                                                                       \
        if (request->callback.name != NULL)                                                    \
            request->callback.name(request->context, error,                                    \
                                   frame == NULL ? NULL : answer_##name(frame->field, arena)); \
        break;
#include "client/request.def"
#undef REQUEST
    case REQUEST_OPENED:
        if (request->callback.opened != NULL)
            request->callback.opened(request->context, error,
                                     frame == NULL ? "" : frame->opened->conversation,
                                     frame != NULL && frame->opened->created != 0);
        break;
    case REQUEST_HISTORY:
    case REQUEST_OLDER:
        request_call_history(request, error, answer, arena);
        break;
    case REQUEST_REPEATED:
        break;
    }
}

void request_fail(const struct request *request, struct unsay_error error)
{
    request_call(request, &error, NULL, NULL, NULL);
}

void request_answer(const struct request *request, const struct client_effect *answer,
                    struct arena *arena)
{
    struct unsay_error error = error_from_effect(answer);
    if (error.result != UNSAY_OK)
        request_fail(request, error);
    else if (!request_is_answer(request->kind, answer->answer))
        request_fail(request, error_make(UNSAY_UNREACHABLE,
                                         "The server's answer does not fit the request; update "
                                         "libunsay or the server."));
    else
        request_call(request, &error, answer->answer, answer, arena);
}
