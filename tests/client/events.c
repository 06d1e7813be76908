#include "events.h"

#include "base/uuid.h"

static uint64_t hlc_at(uint64_t seq)
{
    return (UINT64_C(1700000000000) + seq) << 16;
}

static wire_event *make_event(struct arena *arena, const char *conversation, uint64_t seq)
{
    wire_event *event = arena_alloc(arena, sizeof(*event));
    unsay__v1__event__init(event);
    event->conversation = string_of(conversation);
    event->origin = ORIGIN_DEFAULT;
    event->seq = seq;
    event->time = hlc_at(seq);
    return event;
}

struct view message_id_of(struct arena *arena, uint64_t seq)
{
    struct uuid id = {{1, 2, 3}};
    for (int i = 0; i < 8; i++)
        id.bytes[15 - i] = (uint8_t)(seq >> (8 * i));
    return arena_copy(arena, uuid_view(&id));
}

wire_event *make_message(struct arena *arena, const char *conversation, uint64_t seq,
                         const char *body)
{
    wire_event *event = make_event(arena, conversation, seq);
    wire_message *message = arena_alloc(arena, sizeof(*message));
    unsay__v1__message__init(message);
    message->message_id = bytes_of(message_id_of(arena, seq));
    message->sender = string_of("bob");
    message->device = string_of("laptop");
    message->content_type = WIRE(CONTENT_TYPE, TEXT);
    message->state = WIRE(MESSAGE_STATE, NORMAL);
    message->body = bytes_of(view_of(body));
    event->kind_case = EVENT_KIND(MESSAGE);
    event->message = message;
    return event;
}

wire_event *make_recall(struct arena *arena, const char *conversation, uint64_t seq,
                        uint64_t target_seq)
{
    wire_event *event = make_event(arena, conversation, seq);
    wire_recall *recall = arena_alloc(arena, sizeof(*recall));
    unsay__v1__recall__init(recall);
    recall->target_origin = ORIGIN_DEFAULT;
    recall->target_seq = target_seq;
    recall->target_message_id = bytes_of(message_id_of(arena, target_seq));
    recall->target_sender = string_of("bob");
    recall->operator_ = string_of("bob");
    recall->reason = string_of("typo");
    recall->content_type = WIRE(CONTENT_TYPE, TEXT);
    event->kind_case = EVENT_KIND(RECALL);
    event->recall = recall;
    return event;
}

wire_event *make_tombstone(struct arena *arena, const char *conversation, uint64_t seq)
{
    wire_event *event = make_message(arena, conversation, seq, "");
    event->message->state = WIRE(MESSAGE_STATE, RECALLED);
    wire_tombstone *tombstone = arena_alloc(arena, sizeof(*tombstone));
    unsay__v1__tombstone__init(tombstone);
    tombstone->operator_ = string_of("bob");
    tombstone->time = hlc_at(seq + 1);
    event->message->tombstone = tombstone;
    return event;
}
