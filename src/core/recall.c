#include "core/recall.h"

#include "base/limits.h"
#include "base/utf8.h"
#include "core/frame.h"
#include "core/hlc.h"
#include "core/ids.h"
#include "core/message_state.h"

#include <assert.h>

static bool recall_target_is_valid(const wire_target *target)
{
    return target->seq != 0 ? target->message_id.len == 0 || target->message_id.len == UUID_BYTES
                            : target->message_id.len == UUID_BYTES;
}

refusal_code recall_check(const wire_recall_request *request, const char **detail)
{
    *detail = "";
    if (!id_is_conversation(view_of(request->conversation))) {
        *detail = "conversation: 1 to 64 of [A-Za-z0-9._:@-]";
        return REFUSAL_CODE(INVALID_ID);
    }
    if (request->request_id.len == 0 || request->request_id.len > LIMIT_REQUEST_ID_BYTES_MAX) {
        *detail = "request_id: 1 to 64 bytes";
        return REFUSAL_CODE(INVALID_ID);
    }
    if (request->n_targets == 0 || request->n_targets > LIMIT_RECALL_TARGETS_MAX) {
        *detail = "targets: 1 to 100";
        return REFUSAL_CODE(FIELD_INVALID);
    }
    if (strlen(request->reason) > LIMIT_REASON_BYTES_MAX ||
        !utf8_is_valid(view_of(request->reason))) {
        *detail = "reason: at most 256 bytes of UTF-8";
        return REFUSAL_CODE(FIELD_INVALID);
    }
    if (request->extension.len > LIMIT_EXTENSION_BYTES_MAX) {
        *detail = "extension: at most 1024 bytes";
        return REFUSAL_CODE(FIELD_INVALID);
    }
    for (size_t i = 0; i < request->n_targets; i++) {
        if (!recall_target_is_valid(request->targets[i])) {
            *detail = "targets: each needs a seq or a message_id of 16 bytes";
            return REFUSAL_CODE(FIELD_INVALID);
        }
    }
    return REFUSAL_NONE;
}

uint64_t recall_apply(struct conversation *conversation, const wire_recall_request *request,
                      const struct author *author, const wire_event *message, uint64_t now_ms,
                      struct effects *effects)
{
    const wire_message *body = message->message;
    assert(message_state_may_step(body->state, WIRE(MESSAGE_STATE, RECALLED)));

    wire_recall recall = UNSAY__V1__RECALL__INIT;
    recall.target_origin = message->origin;
    recall.target_seq = message->seq;
    recall.target_message_id = body->message_id;
    recall.target_sender = body->sender;
    recall.request_id = request->request_id;
    recall.operator_ = string_of(author->user);
    recall.device = string_of(author->device);
    recall.reason = request->reason;
    recall.extension = request->extension;
    recall.content_type = body->content_type;
    wire_event event = UNSAY__V1__EVENT__INIT;
    event.kind_case = EVENT_KIND(RECALL);
    event.recall = &recall;
    struct publication *publication = conversation_append(conversation, &event, now_ms, effects);

    wire_tombstone tombstone = UNSAY__V1__TOMBSTONE__INIT;
    tombstone.operator_ = string_of(author->user);
    tombstone.time = event.time;
    tombstone.recall_origin = event.origin;
    tombstone.recall_seq = event.seq;
    wire_message emptied = *body;
    emptied.body = (ProtobufCBinaryData){0, NULL};
    emptied.state = WIRE(MESSAGE_STATE, RECALLED);
    emptied.tombstone = &tombstone;
    wire_event replacement = *message;
    replacement.message = &emptied;

    struct change *change = effects_change(effects, CHANGE_EVENT, conversation);
    change->origin = message->origin;
    change->seq = message->seq;
    change->bytes = event_encode(&replacement, effects->arena);
    publication->target_seq = message->seq;
    publication->tombstone = change->bytes;
    return event.time;
}

static void recall_refuse(wire_target_outcome *outcome, refusal_code refusal)
{
    outcome->outcome = WIRE(RECALL_OUTCOME, REFUSED);
    outcome->refusal = refusal;
}

/* The message is not here: remember the recall until it is. */
static void recall_wait(struct conversation *conversation, struct member *member,
                        const wire_recall_request *request, const wire_target *target,
                        const struct recall_facts *facts, struct effects *effects,
                        wire_target_outcome *outcome)
{
    outcome->outcome = WIRE(RECALL_OUTCOME, PENDING);
    if (facts->row != NULL)
        return; /* another recall waits already: one is enough */
    if (member->row.pending_recalls >= LIMIT_RECALL_PENDING_MAX) {
        recall_refuse(outcome, REFUSAL_CODE(TOO_MANY_PENDING));
        return;
    }

    wire_recall_request waiting = *request;
    waiting.n_targets = 0;
    waiting.targets = NULL;
    size_t size = unsay__v1__recall_request__get_packed_size(&waiting);
    uint8_t *bytes = arena_alloc(effects->arena, size);
    unsay__v1__recall_request__pack(&waiting, bytes);

    struct change *id_change = effects_change(effects, CHANGE_MESSAGE_ID, conversation);
    id_change->user = arena_copy(effects->arena, view_of(facts->author->user));
    memcpy(id_change->id.bytes, target->message_id.data, UUID_BYTES);
    id_change->message_id.pending = view_make(bytes, size);
    id_change->message_id.pending_device =
        arena_copy(effects->arena, view_of(facts->author->device));
    if (uuid_compare(&id_change->id, &member->last_message_id) > 0) {
        member->last_message_id = id_change->id;
        member->last_is_in_log = false;
    }

    member->row.pending_recalls++;
    struct change *member_change = effects_change(effects, CHANGE_MEMBER, conversation);
    member_change->user = id_change->user;
    member_change->member = member->row;
}

/* True when the message was taken back by this very request. */
static bool recall_is_repetition(const wire_recall_request *request,
                                 const struct recall_facts *facts)
{
    if (facts->earlier == NULL || facts->earlier->kind_case != EVENT_KIND(RECALL))
        return false;
    const wire_recall *earlier = facts->earlier->recall;
    return strcmp(earlier->operator_, facts->author->user) == 0 &&
           view_equal(bytes_view(earlier->request_id), bytes_view(request->request_id));
}

void recall_decide(struct conversation *conversation, struct member *member,
                   const wire_recall_request *request, const wire_target *target,
                   const struct recall_facts *facts, const struct policy *policy,
                   struct effects *effects, wire_target_outcome *outcome)
{
    *outcome->target = *target;
    if (outcome->target->origin == 0)
        outcome->target->origin = conversation->origin;
    if (!member->is_member) {
        recall_refuse(outcome, REFUSAL_CODE(NOT_A_MEMBER));
        return;
    }
    if (facts->event == NULL) {
        if (target->seq != 0)
            recall_refuse(outcome, REFUSAL_CODE(UNKNOWN_MESSAGE));
        else
            recall_wait(conversation, member, request, target, facts, effects, outcome);
        return;
    }
    if (facts->event->kind_case != EVENT_KIND(MESSAGE)) {
        recall_refuse(outcome, REFUSAL_CODE(NOT_A_MESSAGE));
        return;
    }

    const wire_message *message = facts->event->message;
    if (target->message_id.len != 0 &&
        !view_equal(bytes_view(target->message_id), bytes_view(message->message_id))) {
        recall_refuse(outcome, REFUSAL_CODE(UNKNOWN_MESSAGE)); /* seq and id contradict */
        return;
    }
    outcome->target->origin = facts->event->origin;
    outcome->target->seq = facts->event->seq;
    outcome->target->message_id = message->message_id;
    if (message->state != WIRE(MESSAGE_STATE, NORMAL)) {
        outcome->outcome = recall_is_repetition(request, facts)
                               ? WIRE(RECALL_OUTCOME, RECALLED)
                               : WIRE(RECALL_OUTCOME, ALREADY_RECALLED);
        outcome->time = message->tombstone == NULL ? 0 : message->tombstone->time;
        return;
    }
    struct policy_case facts_of_case = {
        .operator_user = view_of(facts->author->user),
        .operator_role = member->row.role,
        .target_sender = view_of(message->sender),
        .target_time_ms = hlc_ms(facts->event->time),
        .now_ms = facts->now_ms,
    };
    refusal_code refusal = policy_judge(policy, &facts_of_case);
    if (refusal != REFUSAL_NONE) {
        recall_refuse(outcome, refusal);
        return;
    }
    outcome->outcome = WIRE(RECALL_OUTCOME, RECALLED);
    outcome->time =
        recall_apply(conversation, request, facts->author, facts->event, facts->now_ms, effects);
}
