#include "client/convert.h"

#include "core/frame.h"
#include "core/refusal.h"

#include <assert.h>

static const char *text_or_empty(const char *text)
{
    return text == NULL ? "" : text;
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

const struct unsay_member *members_from_wire(wire_member *const *wires, size_t count,
                                             struct arena *arena)
{
    struct unsay_member *members = arena_alloc(arena, (count + 1) * sizeof(*members));
    for (size_t i = 0; i < count; i++)
        members[i] =
            (struct unsay_member){text_or_empty(wires[i]->user), (enum unsay_role)wires[i]->role,
                                  wires[i]->muted_until_ms};
    return members;
}

const struct unsay_settings *settings_from_wire(const wire_settings *wire, struct arena *arena)
{
    if (wire == NULL)
        return NULL;
    struct unsay_settings *settings = arena_zero(arena, sizeof(*settings));
    *settings = (struct unsay_settings){
        .name = text_or_empty(wire->name),
        .description = text_or_empty(wire->description),
        .is_read_only = wire->read_only != 0,
        .joining = (enum unsay_joining)wire->join,
        .past = (enum unsay_past)wire->history,
        .past_last = wire->history_last,
        .is_dissolved = wire->dissolved != 0,
    };
    return settings;
}

static void event_add_members(wire_member *const *wires, size_t count, struct arena *arena,
                              struct unsay_event *event)
{
    event->members = members_from_wire(wires, count, arena);
    event->member_count = count;
}

static void message_add_detail(const wire_message *message, struct unsay_event *event)
{
    if (message->quote != NULL) {
        event->quote_origin = origin_or_default(message->quote->origin);
        event->quote_seq = message->quote->seq;
    }
    const wire_source *source = message->forwarded_from;
    if (source != NULL)
        event->forwarded_from = (struct unsay_source){
            text_or_empty(source->conversation), origin_or_default(source->origin), source->seq};
    event->mentions = (const char *const *)message->mentions;
    event->mention_count = message->n_mentions;
}

void detail_add(const wire_event *wire, struct arena *arena, struct unsay_event *event)
{
    if (wire->kind_case == EVENT_KIND(MESSAGE)) {
        if (event->state == UNSAY_MESSAGE_NORMAL)
            message_add_detail(wire->message, event);
    } else if (wire->kind_case == EVENT_KIND(RECALL)) {
        event->extension = wire->recall->extension.data;
        event->extension_bytes = wire->recall->extension.len;
    } else if (wire->kind_case == EVENT_KIND(CREATION)) {
        event_add_members(wire->creation->members, wire->creation->n_members, arena, event);
    } else if (wire->kind_case == EVENT_KIND(MEMBERSHIP)) {
        event_add_members(wire->membership->members, wire->membership->n_members, arena, event);
        event->is_muting = wire->membership->mutes != 0;
    } else if (wire->kind_case == EVENT_KIND(PIN)) {
        event->is_pinned = wire->pin->is_pinned != 0;
    } else if (wire->kind_case == EVENT_KIND(SETTINGS)) {
        event->settings = settings_from_wire(wire->settings->settings, arena);
        event->settings_fields = wire->settings->fields;
    }
}

struct view detail_from_wire(const wire_event *wire, struct arena *arena)
{
    wire_event detail = UNSAY__V1__EVENT__INIT;
    wire_message message = UNSAY__V1__MESSAGE__INIT;
    wire_recall recall = UNSAY__V1__RECALL__INIT;
    wire_creation creation = UNSAY__V1__CREATION__INIT;
    detail.kind_case = wire->kind_case;
    if (wire->kind_case == EVENT_KIND(MESSAGE)) {
        if (wire->message->state != WIRE(MESSAGE_STATE, NORMAL) ||
            (wire->message->quote == NULL && wire->message->forwarded_from == NULL &&
             wire->message->n_mentions == 0))
            return view_make(NULL, 0);
        message.quote = wire->message->quote;
        message.forwarded_from = wire->message->forwarded_from;
        message.n_mentions = wire->message->n_mentions;
        message.mentions = wire->message->mentions;
        detail.message = &message;
    } else if (wire->kind_case == EVENT_KIND(RECALL)) {
        if (wire->recall->extension.len == 0)
            return view_make(NULL, 0);
        recall.extension = wire->recall->extension;
        detail.recall = &recall;
    } else if (wire->kind_case == EVENT_KIND(CREATION)) {
        creation.n_members = wire->creation->n_members;
        creation.members = wire->creation->members;
        detail.creation = &creation;
    } else if (wire->kind_case == EVENT_KIND(MEMBERSHIP)) {
        detail.membership = wire->membership;
    } else if (wire->kind_case == EVENT_KIND(PIN)) {
        detail.pin = wire->pin;
    } else if (wire->kind_case == EVENT_KIND(SETTINGS)) {
        detail.settings = wire->settings;
    } else {
        return view_make(NULL, 0);
    }
    return event_encode(&detail, arena);
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
        event->actor = (enum unsay_actor)message->tombstone->actor;
        event->is_vanished = message->tombstone->vanished != 0;
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
    event->actor = (enum unsay_actor)recall->actor;
    event->is_vanished = recall->vanished != 0;
    event->recall_time_ms = event->time_ms;
}

static void pin_from_wire(const wire_pin *pin, struct unsay_event *event)
{
    event->kind = UNSAY_EVENT_PIN;
    event->sender = text_or_empty(pin->actor);
    if (pin->target != NULL) {
        event->target_origin = origin_or_default(pin->target->origin);
        event->target_seq = pin->target->seq;
    }
}

void event_from_wire(const wire_event *wire, struct arena *arena, struct unsay_event *event)
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
        .forwarded_from = {.conversation = ""},
    };
    if (wire->kind_case == EVENT_KIND(MESSAGE)) {
        message_from_wire(wire->message, event);
    } else if (wire->kind_case == EVENT_KIND(RECALL)) {
        recall_from_wire(wire->recall, event);
    } else if (wire->kind_case == EVENT_KIND(CREATION)) {
        event->kind = UNSAY_EVENT_CREATION;
        event->sender = text_or_empty(wire->creation->creator);
    } else if (wire->kind_case == EVENT_KIND(MEMBERSHIP)) {
        event->kind = UNSAY_EVENT_MEMBERSHIP;
        event->sender = text_or_empty(wire->membership->actor);
    } else if (wire->kind_case == EVENT_KIND(PIN)) {
        pin_from_wire(wire->pin, event);
    } else if (wire->kind_case == EVENT_KIND(SETTINGS)) {
        event->kind = UNSAY_EVENT_SETTINGS;
        event->sender = text_or_empty(wire->settings->actor);
    }
    detail_add(wire, arena, event);
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
