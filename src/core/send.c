#include "core/send.h"

#include "base/limits.h"
#include "core/frame.h"
#include "core/ids.h"
#include "core/recall.h"

#include <assert.h>

refusal_code send_check(const wire_send *send, const char **detail)
{
    if (!id_is_conversation(view_of(send->conversation))) {
        *detail = "conversation: 1 to 64 of [A-Za-z0-9._:@-]";
        return REFUSAL_CODE(INVALID_ID);
    }
    if (send->message_id.len != UUID_BYTES) {
        *detail = "message_id: 16 bytes";
        return REFUSAL_CODE(INVALID_ID);
    }
    if (send->after.len != 0 && send->after.len != UUID_BYTES) {
        *detail = "after: empty or 16 bytes";
        return REFUSAL_CODE(INVALID_ID);
    }
    struct uuid id;
    memcpy(id.bytes, send->message_id.data, UUID_BYTES);
    if (uuid_is_zero(&id)) {
        *detail = "message_id: must not be zero";
        return REFUSAL_CODE(INVALID_ID);
    }
    if (send->content_type < WIRE(CONTENT_TYPE, TEXT) ||
        send->content_type > WIRE(CONTENT_TYPE, CUSTOM)) {
        *detail = "content_type: 1 to 7";
        return REFUSAL_CODE(FIELD_INVALID);
    }
    if (send->body.len > LIMIT_BODY_BYTES_MAX) {
        *detail = "body: at most 65536 bytes";
        return REFUSAL_CODE(BODY_TOO_LARGE);
    }
    *detail = "";
    return REFUSAL_NONE;
}

bool send_id_is_fresh(const struct member *member, const struct uuid *id)
{
    return uuid_compare(id, &member->last_message_id) > 0;
}

bool send_follows_last(const struct member *member, const wire_send *send)
{
    return send->after.len == 0 ||
           (member->last_is_in_log &&
            memcmp(send->after.data, member->last_message_id.bytes, UUID_BYTES) == 0);
}

/* The recall that waited for this message, judged now that the message is here. */
static bool send_meets_recall(struct conversation *conversation, const struct send_facts *facts,
                              const struct member *member, const wire_event *message,
                              const struct policy *policy, struct effects *effects)
{
    struct publication *published = effects->last;
    struct change *stored = effects->changes.last;
    struct policy_case facts_of_case = {
        .operator_user = view_of(facts->author->user),
        .operator_role = member->row.role,
        .target_sender = view_of(message->message->sender),
        .target_time_ms = facts->now_ms,
        .now_ms = facts->now_ms,
    };
    if (policy_judge(policy, &facts_of_case) != REFUSAL_NONE)
        return false;

    ProtobufCAllocator allocator;
    arena_allocator(effects->arena, &allocator);
    wire_recall_request *request = unsay__v1__recall_request__unpack(
        &allocator, facts->known->pending.size, facts->known->pending.data);
    struct author author = {
        facts->author->user,
        (const char *)arena_copy(effects->arena, facts->known->pending_device).data};
    if (request == NULL)
        return false;
    recall_apply(conversation, request, &author, message, facts->now_ms, effects);

    /* Neither the store nor any connection ever gets the body. */
    stored->bytes = effects->last->tombstone;
    blob_release(published->frame);
    published->frame = frame_around_event(FRAME_EVENT, 0, effects->last->tombstone);
    return true;
}

refusal_code send_decide(struct conversation *conversation, struct member *member,
                         const wire_send *send, const struct send_facts *facts,
                         const struct policy *policy, struct effects *effects,
                         wire_accepted *answer)
{
    if (!member->is_member)
        return REFUSAL_CODE(NOT_A_MEMBER);
    if (!facts->after_is_known)
        return REFUSAL_CODE(OUT_OF_ORDER);
    assert(facts->known == NULL || facts->known->seq == 0);

    wire_event event = UNSAY__V1__EVENT__INIT;
    wire_message message = UNSAY__V1__MESSAGE__INIT;
    message.message_id = send->message_id;
    message.sender = string_of(facts->author->user);
    message.device = string_of(facts->author->device);
    message.content_type = send->content_type;
    message.body = send->body;
    message.state = WIRE(MESSAGE_STATE, NORMAL);
    event.kind_case = EVENT_KIND(MESSAGE);
    event.message = &message;
    conversation_append(conversation, &event, facts->now_ms, effects);

    bool is_recalled = facts->known != NULL &&
                       send_meets_recall(conversation, facts, member, &event, policy, effects);

    struct change *id_change = effects_change(effects, CHANGE_MESSAGE_ID, conversation);
    id_change->user = arena_copy(effects->arena, view_of(facts->author->user));
    memcpy(id_change->id.bytes, send->message_id.data, UUID_BYTES);
    id_change->message_id.origin = event.origin;
    id_change->message_id.seq = event.seq;
    if (send_id_is_fresh(member, &id_change->id)) {
        member->last_message_id = id_change->id;
        member->last_is_in_log = true;
    }

    if (facts->known != NULL) {
        if (member->row.pending_recalls > 0)
            member->row.pending_recalls--;
        struct change *change = effects_change(effects, CHANGE_MEMBER, conversation);
        change->user = id_change->user;
        change->member = member->row;
    }

    answer->conversation = string_of(conversation->id);
    answer->origin = event.origin;
    answer->seq = event.seq;
    answer->time = event.time;
    answer->message_id = send->message_id;
    answer->state = is_recalled ? WIRE(MESSAGE_STATE, RECALLED) : WIRE(MESSAGE_STATE, NORMAL);
    return REFUSAL_NONE;
}

void send_repeat(const wire_event *event, wire_accepted *answer)
{
    answer->conversation = event->conversation;
    answer->origin = event->origin;
    answer->seq = event->seq;
    answer->time = event->time;
    answer->message_id = event->message->message_id;
    answer->state = event->message->state;
}
