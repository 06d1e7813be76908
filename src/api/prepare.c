#include "api/prepare.h"

#include "base/uuid.h"

#include <errno.h>
#include <stdlib.h>

bool api_prepare_nothing(struct api_call *call)
{
    (void)call;
    return true;
}

/* An id of our own for what the caller did not name: the same when the request is repeated. The
 * time in its front is 1970, so that it never stands before one that a device makes. */
static ProtobufCBinaryData prepare_uuid(struct api_call *call)
{
    struct uuid id = uuid_v7(0, call->identity);
    return bytes_of(arena_copy(&call->arena, uuid_view(&id)));
}

static ProtobufCBinaryData prepare_request_id(struct api_call *call)
{
    static const char digits[] = "0123456789abcdef";
    char *text = arena_zero(&call->arena, 33);
    for (unsigned i = 0; i < 16; i++) {
        text[2 * i] = digits[call->identity[i] >> 4];
        text[2 * i + 1] = digits[call->identity[i] & 15];
    }
    return bytes_of(view_of(text));
}

bool api_prepare_creation(struct api_call *call)
{
    wire_create_conversation *creation = (wire_create_conversation *)(void *)call->message;
    if (creation->creation_id.len == 0)
        creation->creation_id = prepare_uuid(call);
    if (creation->type == WIRE(CONVERSATION_TYPE, UNSPECIFIED))
        creation->type = WIRE(CONVERSATION_TYPE, GROUP);
    return true;
}

bool api_prepare_send(struct api_call *call)
{
    wire_send *send = (wire_send *)(void *)call->message;
    if (send->message_id.len == 0)
        send->message_id = prepare_uuid(call);
    if (send->content_type == WIRE(CONTENT_TYPE, UNSPECIFIED) && send->forward == NULL)
        send->content_type = WIRE(CONTENT_TYPE, TEXT);
    return true;
}

bool api_prepare_recall(struct api_call *call)
{
    wire_recall_request *recall = (wire_recall_request *)(void *)call->message;
    if (recall->request_id.len == 0)
        recall->request_id = prepare_request_id(call);
    return true;
}

bool api_prepare_range(struct api_call *call)
{
    wire_recall_range *range = (wire_recall_range *)(void *)call->message;
    if (range->request_id.len == 0)
        range->request_id = prepare_request_id(call);
    return true;
}

bool api_prepare_settings(struct api_call *call)
{
    wire_change_settings *change = (wire_change_settings *)(void *)call->message;
    struct json_wrong wrong = {"", ""};
    change->settings =
        (wire_settings *)(void *)json_empty_message(&unsay__v1__settings__descriptor, &call->arena);
    if (json_to_message(call->body, &change->settings->base, &change->fields, &call->arena, &wrong))
        return true;
    problem_set(&call->problem, 422, "field_invalid", "%s", wrong.text);
    snprintf(call->problem.pointer, sizeof(call->problem.pointer), "%s", wrong.pointer);
    return false;
}

bool api_prepare_removal(struct api_call *call)
{
    wire_change_members *change = (wire_change_members *)(void *)call->message;
    wire_member *member =
        (wire_member *)(void *)json_empty_message(&unsay__v1__member__descriptor, &call->arena);
    member->user = arena_text(&call->arena, view_of(api_parameter(call, "user")));
    change->members = arena_zero(&call->arena, sizeof(*change->members));
    change->members[0] = member;
    change->n_members = 1;
    return true;
}

bool api_prepare_pin(struct api_call *call)
{
    wire_change_pin *change = (wire_change_pin *)(void *)call->message;
    const char *text = api_parameter(call, "seq");
    char *end = NULL;
    errno = 0;
    unsigned long long seq = strtoull(text, &end, 10);
    if (*text < '1' || *text > '9' || *end != 0 || errno != 0) {
        problem_set(&call->problem, 422, "field_invalid", "must be a whole number of 1 or more");
        snprintf(call->problem.pointer, sizeof(call->problem.pointer), "/seq");
        return false;
    }
    change->target = (wire_reference *)(void *)json_empty_message(&unsay__v1__reference__descriptor,
                                                                  &call->arena);
    change->target->seq = seq;
    change->is_pinned = strcmp(call->match.route->method, "PUT") == 0;
    return true;
}

/* A page goes on behind a device, which has two names. */
bool api_prepare_exposure(struct api_call *call)
{
    wire_read_exposure *read = (wire_read_exposure *)(void *)call->message;
    const char *user = http_query(call->exchange, "after_user");
    const char *device = http_query(call->exchange, "after_device");
    if (user == NULL)
        return true;
    read->after = (wire_device_name *)(void *)json_empty_message(
        &unsay__v1__device_name__descriptor, &call->arena);
    read->after->user = arena_text(&call->arena, view_of(user));
    read->after->device = arena_text(&call->arena, view_of(device == NULL ? "" : device));
    return true;
}

bool api_prepare_policies(struct api_call *call)
{
    ((wire_policy_request *)(void *)call->message)->action = WIRE(POLICY_ACTION, LIST);
    return true;
}

bool api_prepare_reload(struct api_call *call)
{
    ((wire_policy_request *)(void *)call->message)->action = WIRE(POLICY_ACTION, RELOAD);
    return true;
}
