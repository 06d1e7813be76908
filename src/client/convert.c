#include "client/convert.h"

#include "core/refusal.h"

#include <assert.h>

static const char *text_or_empty(const char *text)
{
    return text == NULL ? "" : text;
}

/* Event.time: 48 bits of milliseconds, 16 bits of counter. */
static uint64_t time_to_ms(uint64_t time)
{
    return time >> 16;
}

static void id_copy(uint8_t to[UUID_BYTES], ProtobufCBinaryData bytes)
{
    if (bytes.len == UUID_BYTES)
        memcpy(to, bytes.data, UUID_BYTES);
}

static enum unsay_message_state state_from_wire(Unsay__V1__MessageState state)
{
    if (state == WIRE(MESSAGE_STATE, NORMAL))
        return UNSAY_MESSAGE_NORMAL;
    return state == WIRE(MESSAGE_STATE, ERASED) ? UNSAY_MESSAGE_ERASED : UNSAY_MESSAGE_RECALLED;
}

static void message_from_wire(const wire_message *message, struct unsay_event *event)
{
    event->kind = UNSAY_EVENT_MESSAGE;
    id_copy(event->message_id, message->message_id);
    event->sender = text_or_empty(message->sender);
    event->device = text_or_empty(message->device);
    event->content_type = (enum unsay_content_type)message->content_type;
    event->state = state_from_wire(message->state);
    if (event->state == UNSAY_MESSAGE_NORMAL) {
        event->body =
            message->body.len == 0 ? (const uint8_t *)"" : (const uint8_t *)message->body.data;
        event->body_bytes = message->body.len;
    }
    if (message->tombstone != NULL) {
        event->operator_user = text_or_empty(message->tombstone->operator_);
        event->recall_time_ms = time_to_ms(message->tombstone->time);
    }
}

static void recall_from_wire(const wire_recall *recall, struct unsay_event *event)
{
    event->kind = UNSAY_EVENT_RECALL;
    id_copy(event->message_id, recall->target_message_id);
    event->sender = text_or_empty(recall->target_sender);
    event->content_type = (enum unsay_content_type)recall->content_type;
    event->state = UNSAY_MESSAGE_RECALLED;
    event->target_origin = recall->target_origin;
    event->target_seq = recall->target_seq;
    event->operator_user = text_or_empty(recall->operator_);
    event->reason = text_or_empty(recall->reason);
    event->recall_time_ms = event->time_ms;
}

void event_from_wire(const wire_event *wire, struct unsay_event *event)
{
    *event = (struct unsay_event){
        .conversation = text_or_empty(wire->conversation),
        .origin = wire->origin,
        .seq = wire->seq,
        .time_ms = time_to_ms(wire->time),
        .sender = "",
        .device = "",
        .operator_user = "",
        .reason = "",
    };
    if (wire->kind_case == EVENT_KIND(MESSAGE)) {
        message_from_wire(wire->message, event);
    } else if (wire->kind_case == EVENT_KIND(RECALL)) {
        recall_from_wire(wire->recall, event);
    } else if (wire->kind_case == EVENT_KIND(CREATION)) {
        event->kind = UNSAY_EVENT_CREATION;
        event->sender = text_or_empty(wire->creation->creator);
    }
}

struct unsay_error error_make(enum unsay_result result, const char *text)
{
    return (struct unsay_error){result, "", text};
}

struct unsay_error error_from_effect(const struct client_effect *effect)
{
    const char *text = text_or_empty(effect->text);
    if (effect->refusal != REFUSAL_NONE)
        return (struct unsay_error){UNSAY_REFUSED, refusal_name(effect->refusal),
                                    *text == 0 ? refusal_text(effect->refusal) : text};
    if (effect->is_timeout && *text == 0)
        text = "No answer came in time; try again when the connection is back.";
    return error_make(*text == 0 ? UNSAY_OK : UNSAY_UNREACHABLE, text);
}

enum unsay_connection connection_from_link(enum client_link link)
{
    switch (link) {
    case CLIENT_LINK_DOWN:
    case CLIENT_LINK_CONNECTING:
        return UNSAY_CONNECTION_CONNECTING;
    case CLIENT_LINK_SYNCING:
        return UNSAY_CONNECTION_SYNCING;
    case CLIENT_LINK_LIVE:
        return UNSAY_CONNECTION_ONLINE;
    case CLIENT_LINK_OFFLINE:
        return UNSAY_CONNECTION_OFFLINE;
    case CLIENT_LINK_REJECTED:
        return UNSAY_CONNECTION_REJECTED;
    }
    assert(false);
    return UNSAY_CONNECTION_STOPPED;
}

static enum unsay_outcome outcome_from_wire(Unsay__V1__RecallOutcome outcome)
{
    if (outcome == WIRE(RECALL_OUTCOME, RECALLED))
        return UNSAY_OUTCOME_RECALLED;
    if (outcome == WIRE(RECALL_OUTCOME, ALREADY_RECALLED))
        return UNSAY_OUTCOME_ALREADY_RECALLED;
    return outcome == WIRE(RECALL_OUTCOME, PENDING) ? UNSAY_OUTCOME_PENDING : UNSAY_OUTCOME_REFUSED;
}

struct unsay_target_outcome *outcomes_from_wire(const Unsay__V1__RecallResult *result,
                                                struct arena *arena)
{
    struct unsay_target_outcome *outcomes =
        arena_zero(arena, (result->n_outcomes + 1) * sizeof(*outcomes));
    for (size_t i = 0; i < result->n_outcomes; i++) {
        const wire_target_outcome *wire = result->outcomes[i];
        struct unsay_target_outcome *outcome = &outcomes[i];
        outcome->outcome = outcome_from_wire(wire->outcome);
        bool is_refused = outcome->outcome == UNSAY_OUTCOME_REFUSED;
        outcome->refusal = is_refused ? refusal_name(wire->refusal) : "";
        outcome->refusal_text = is_refused ? refusal_text(wire->refusal) : "";
        outcome->time_ms = time_to_ms(wire->time);
        if (wire->target != NULL) {
            outcome->target.origin = wire->target->origin;
            outcome->target.seq = wire->target->seq;
            id_copy(outcome->target.message_id, wire->target->message_id);
        }
    }
    return outcomes;
}
