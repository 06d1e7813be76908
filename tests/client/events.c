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

void make_quote(struct arena *arena, wire_event *event, uint64_t seq)
{
    wire_reference *quote = arena_alloc(arena, sizeof(*quote));
    unsay__v1__reference__init(quote);
    quote->origin = ORIGIN_DEFAULT;
    quote->seq = seq;
    event->message->quote = quote;
}

void make_mention(struct arena *arena, wire_event *event, const char *user)
{
    char **mentions = arena_alloc(arena, sizeof(char *));
    mentions[0] = arena_text(arena, view_of(user));
    event->message->n_mentions = 1;
    event->message->mentions = mentions;
}

void make_source(struct arena *arena, wire_event *event, const char *conversation, uint64_t seq)
{
    wire_source *source = arena_alloc(arena, sizeof(*source));
    unsay__v1__source__init(source);
    source->conversation = arena_text(arena, view_of(conversation));
    source->origin = ORIGIN_DEFAULT;
    source->seq = seq;
    event->message->forwarded_from = source;
}

wire_event *make_membership(struct arena *arena, const char *conversation, uint64_t seq,
                            const char *user, Unsay__V1__Role role)
{
    wire_event *event = make_event(arena, conversation, seq);
    wire_member *member = arena_alloc(arena, sizeof(*member));
    wire_member **members = arena_alloc(arena, sizeof(wire_member *));
    wire_membership *membership = arena_alloc(arena, sizeof(*membership));
    unsay__v1__member__init(member);
    member->user = string_of(user);
    member->role = role;
    members[0] = member;
    unsay__v1__membership__init(membership);
    membership->actor = string_of("bob");
    membership->n_members = 1;
    membership->members = members;
    event->kind_case = EVENT_KIND(MEMBERSHIP);
    event->membership = membership;
    return event;
}

wire_event *make_pin(struct arena *arena, const char *conversation, uint64_t seq,
                     uint64_t target_seq)
{
    wire_event *event = make_event(arena, conversation, seq);
    wire_reference *target = arena_alloc(arena, sizeof(*target));
    wire_pin *pin = arena_alloc(arena, sizeof(*pin));
    unsay__v1__reference__init(target);
    target->seq = target_seq;
    unsay__v1__pin__init(pin);
    pin->actor = string_of("bob");
    pin->target = target;
    pin->is_pinned = true;
    event->kind_case = EVENT_KIND(PIN);
    event->pin = pin;
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
