#include "decided.h"

#include "core/frame.h"
#include "core/hlc.h"

#include <assert.h>

void decided_init(struct decided *decided)
{
    *decided = (struct decided){
        .conversation = {.id = "c", .origin = 1, .head = 4, .last_time = 9},
        .member = {.is_member = true, .row = {.role = WIRE(ROLE, MEMBER)}},
        .author = {.user = "ann", .device = "phone", .address = "192.0.2.1:7"},
    };
    arena_init(&decided->arena);
    effects_init(&decided->effects, &decided->arena);
}

void decided_fini(struct decided *decided)
{
    effects_fini(&decided->effects);
    arena_fini(&decided->arena);
}

struct uuid decided_id(uint8_t number)
{
    return (struct uuid){{1, [15] = number}};
}

wire_event *decided_message(struct decided *decided)
{
    static struct uuid id;
    static char zoe[] = "zoe";
    static char *mentions[] = {zoe};
    struct arena *arena = &decided->arena;
    wire_event *event = arena_alloc(arena, sizeof(*event));
    wire_message *message = arena_alloc(arena, sizeof(*message));
    wire_reference *quote = arena_alloc(arena, sizeof(*quote));
    wire_source *source = arena_alloc(arena, sizeof(*source));
    unsay__v1__event__init(event);
    unsay__v1__message__init(message);
    unsay__v1__reference__init(quote);
    unsay__v1__source__init(source);
    id = decided_id(1);
    quote->origin = 1;
    quote->seq = 1;
    source->conversation = string_of("elsewhere");
    source->origin = 1;
    source->seq = 1;
    message->message_id = bytes_of(uuid_view(&id));
    message->sender = string_of("ann");
    message->device = string_of("phone");
    message->content_type = WIRE(CONTENT_TYPE, IMAGE);
    message->body = bytes_of(view_of("secret"));
    message->state = WIRE(MESSAGE_STATE, NORMAL);
    message->quote = quote;
    message->forwarded_from = source;
    message->mentions = mentions;
    message->n_mentions = 1;
    event->conversation = string_of("c");
    event->origin = 1;
    event->seq = 2;
    event->time = hlc_next(0, NOW_MS);
    event->kind_case = EVENT_KIND(MESSAGE);
    event->message = message;
    return event;
}

size_t decided_publications(const struct decided *decided)
{
    size_t count = 0;
    for (const struct publication *item = decided->effects.first; item != NULL; item = item->next)
        count++;
    return count;
}

static bool decided_contains(struct view bytes, const char *text)
{
    return bytes.size > 0 && memmem(bytes.data, bytes.size, text, strlen(text)) != NULL;
}

bool decided_lacks(const struct decided *decided, const char *text)
{
    const struct change *change = decided->effects.changes.first;
    for (; change != NULL; change = change->next) {
        if (decided_contains(change->bytes, text) || decided_contains(change->dossier, text) ||
            (change->kind == CHANGE_MESSAGE_ID &&
             decided_contains(change->message_id.pending, text)))
            return false;
    }
    for (const struct publication *item = decided->effects.first; item != NULL; item = item->next) {
        if (decided_contains(blob_view(item->frame), text) ||
            decided_contains(item->tombstone, text))
            return false;
    }
    return true;
}

const struct change *decided_change(const struct decided *decided, enum change_kind kind)
{
    const struct change *found = NULL;
    const struct change *change = decided->effects.changes.first;
    for (; change != NULL; change = change->next)
        found = change->kind == kind ? change : found;
    return found;
}

size_t decided_count(const struct decided *decided, enum change_kind kind)
{
    size_t count = 0;
    const struct change *change = decided->effects.changes.first;
    for (; change != NULL; change = change->next)
        count += change->kind == kind;
    return count;
}

const wire_audit_entry *decided_audit(struct decided *decided)
{
    ProtobufCAllocator allocator;
    assert(decided_count(decided, CHANGE_AUDIT) == 1 && decided->effects.audits == 1);
    struct view bytes = decided_change(decided, CHANGE_AUDIT)->bytes;
    arena_allocator(&decided->arena, &allocator);
    const wire_audit_entry *entry =
        unsay__v1__audit_entry__unpack(&allocator, bytes.size, bytes.data);
    assert(entry != NULL);
    return entry;
}
