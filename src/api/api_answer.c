/* From what a worker said to an HTTP answer. */
#include "api/api_internal.h"

#include "api/json_write.h"
#include "core/frame.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void api_reply_problem(struct api_call *call)
{
    char seconds[16];
    char *text = problem_print(&call->problem, call->request_id);
    if (call->problem.retry_after_ms > 0) {
        snprintf(seconds, sizeof(seconds), "%u",
                 (unsigned)((call->problem.retry_after_ms + 999) / 1000));
        http_add_header(call->exchange, "Retry-After", seconds);
    }
    http_reply(call->exchange, call->problem.code, "application/problem+json",
               view_of(text == NULL ? "" : text));
    free(text);
}

static void api_reply_json(struct api_call *call, unsigned code, json_t *object)
{
    char *text = object == NULL ? NULL : json_dumps(object, JSON_COMPACT);
    json_decref(object);
    if (text == NULL) {
        problem_set(&call->problem, 500, "no_memory", "The answer could not be made.");
        api_reply_problem(call);
        return;
    }
    http_reply(call->exchange, code, "application/json", view_of(text));
    free(text);
}

/* Where a page of the log goes on, in the direction in which it was read. */
static void api_add_next(const struct api_call *call, const wire_page_end *end, json_t *events,
                         json_t *object)
{
    const wire_read *read = (const wire_read *)(const void *)call->message;
    size_t count = json_array_size(events);
    if (!end->more)
        return;
    if (end->next != 0) {
        json_object_set_new(object, "after", json_integer((json_int_t)end->next));
    } else if (count > 0) {
        const json_t *edge = json_array_get(events, read->newest ? 0 : count - 1);
        json_object_set(object, read->newest ? "before" : "after", json_object_get(edge, "seq"));
    }
}

static json_t *api_page(const struct api_call *call, const wire_page_end *end, json_t *events)
{
    json_t *object = json_pack("{s:s,s:I,s:b}", "conversation", end->conversation, "head",
                               (json_int_t)end->head, "more", (int)end->more);
    json_t *next = json_object();
    api_add_next(call, end, events, next);
    if (end->more)
        json_object_set(object, "next", next);
    json_decref(next);
    json_object_set(object, "events", events);
    return object;
}

static const ProtobufCMessage *api_body_of(const wire_server_frame *frame)
{
    const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field(
        &unsay__v1__server_frame__descriptor, (unsigned)frame->body_case);
    if (field == NULL || field->type != PROTOBUF_C_TYPE_MESSAGE)
        return NULL;
    return *(ProtobufCMessage *const *)(const void *)((const char *)frame + field->offset);
}

static void api_reply_last(struct api_call *call, const wire_server_frame *last, json_t *events)
{
    const ProtobufCMessage *body = last == NULL ? NULL : api_body_of(last);
    if (body == NULL) {
        problem_set(&call->problem, 500, "malformed", "A worker's answer could not be read.");
        api_reply_problem(call);
    } else if (last->body_case == SERVER_FRAME(ERROR)) {
        problem_from_error(&call->problem, last->error);
        api_reply_problem(call);
    } else if (last->body_case == SERVER_FRAME(PAGE_END)) {
        api_reply_json(call, 200, api_page(call, last->page_end, events));
    } else {
        bool is_created = last->body_case == SERVER_FRAME(OPENED) && last->opened->created;
        api_reply_json(call, is_created ? 201 : 200, json_from_message(body));
    }
}

void api_reply_frames(struct api_call *call)
{
    json_t *events = json_array();
    const wire_server_frame *last = NULL;
    for (size_t i = 0; i < call->frame_count; i++) {
        last = frame_decode_server(frame_payload(blob_view(call->frames[i])), &call->arena);
        if (last != NULL && last->body_case == SERVER_FRAME(EVENT))
            json_array_append_new(events, json_from_message(&last->event->base));
    }
    api_reply_last(call, last, events);
    json_decref(events);
}
