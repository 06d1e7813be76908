#include "core/forward.h"

#include "base/limits.h"
#include "core/visibility.h"

refusal_code forward_judge(const struct forward_facts *facts, const char **detail)
{
    *detail = "";
    if (!facts->member->is_member)
        return REFUSAL_CODE(NOT_A_MEMBER);
    if (facts->event == NULL || !visibility_allows(&facts->member->row, facts->event->seq))
        return REFUSAL_CODE(UNKNOWN_MESSAGE);
    if (facts->event->kind_case != EVENT_KIND(MESSAGE))
        return REFUSAL_CODE(NOT_A_MESSAGE);
    if (facts->event->message->state != WIRE(MESSAGE_STATE, NORMAL))
        return REFUSAL_CODE(RECALLED);
    if (facts->forward_count >= LIMIT_FORWARDS_MAX) {
        *detail = "forward: this message was forwarded 1000 times already";
        return REFUSAL_CODE(NOT_PERMITTED);
    }
    if (facts->depth >= LIMIT_FORWARD_DEPTH_MAX) {
        *detail = "forward: this message has come through 16 forwards already";
        return REFUSAL_CODE(NOT_PERMITTED);
    }
    return REFUSAL_NONE;
}

void forward_note(const struct conversation *conversation, const struct author *author,
                  const wire_send *send, struct effects *effects)
{
    struct change *change = effects_change(effects, CHANGE_FORWARD, conversation);
    change->origin = conversation->origin;
    change->seq = send->forward->seq;
    change->user = arena_copy(effects->arena, view_of(author->user));
    memcpy(change->id.bytes, send->message_id.data, UUID_BYTES);
    change->forward = (struct forward_row){
        .conversation = arena_copy(effects->arena, view_of(send->conversation)),
        .user = change->user,
        .message_id = change->id,
    };
}

wire_send forward_fill(const wire_send *send, const wire_event *event, wire_source *source)
{
    wire_send filled = *send;
    unsay__v1__source__init(source);
    source->conversation = event->conversation;
    source->origin = event->origin;
    source->seq = event->seq;
    filled.forward = source;
    filled.content_type = event->message->content_type;
    filled.body = event->message->body;
    return filled;
}
