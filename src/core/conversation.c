#include "core/conversation.h"

#include "core/encode.h"
#include "core/frame.h"
#include "core/hlc.h"

void effects_init(struct effects *effects, struct arena *arena)
{
    *effects = (struct effects){.arena = arena};
}

void effects_fini(struct effects *effects)
{
    for (struct publication *item = effects->first; item != NULL; item = item->next)
        blob_release(item->frame);
    effects->first = effects->last = NULL;
}

struct change *effects_change(struct effects *effects, enum change_kind kind,
                              const struct conversation *conversation)
{
    struct change *change = arena_zero(effects->arena, sizeof(*change));
    change->kind = kind;
    change->conversation = view_of(conversation->id);
    change_list_add(&effects->changes, change);
    return change;
}

struct conversation_row *effects_change_row(struct effects *effects,
                                            const struct conversation *conversation,
                                            const struct conversation_row *row)
{
    struct change *change = effects_change(effects, CHANGE_CONVERSATION, conversation);
    change->conversation_row = *row;
    change->conversation_row.name = arena_copy(effects->arena, row->name);
    change->conversation_row.description = arena_copy(effects->arena, row->description);
    change->conversation_row.creator = arena_copy(effects->arena, row->creator);
    for (size_t i = 0; i < 2; i++)
        change->conversation_row.peers[i] = arena_copy(effects->arena, row->peers[i]);
    return &change->conversation_row;
}

void effects_audit(struct effects *effects, const wire_audit_entry *entry)
{
    struct change *change = arena_zero(effects->arena, sizeof(*change));
    change->kind = CHANGE_AUDIT;
    change->bytes = encode(&entry->base, effects->arena);
    change_list_add(&effects->changes, change);
    effects->audits++;
}

void effects_outbox(struct effects *effects, const wire_event *event, wire_outbox_entry *entry)
{
    if (!effects->has_outbox)
        return;
    entry->conversation = event->conversation;
    entry->origin = event->origin;
    entry->seq = event->seq;
    entry->time = event->time;
    struct change *change = arena_zero(effects->arena, sizeof(*change));
    size_t size = unsay__v1__outbox_entry__get_packed_size(entry);
    uint8_t *bytes = arena_alloc(effects->arena, size);
    unsay__v1__outbox_entry__pack(entry, bytes);
    change->kind = CHANGE_OUTBOX;
    change->bytes = view_make(bytes, size);
    change_list_add(&effects->changes, change);
    effects->outgoing++;
}

static void effects_publish(struct effects *effects, struct publication *publication)
{
    if (effects->last == NULL)
        effects->first = publication;
    else
        effects->last->next = publication;
    effects->last = publication;
}

void effects_tell(struct effects *effects, const char *user, struct blob *frame)
{
    struct publication *publication = arena_zero(effects->arena, sizeof(*publication));
    publication->frame = frame;
    publication->only_user = (const char *)arena_copy(effects->arena, view_of(user)).data;
    publication->conversation = "";
    effects_publish(effects, publication);
}

/* The list of conversations goes by the last message, and finds it without a walk back over what
 * follows: it is the last event, or this row tells. */
static void conversation_note_message(const struct conversation *conversation,
                                      struct effects *effects)
{
    struct change *change = effects_change(effects, CHANGE_LAST_MESSAGE, conversation);
    change->origin = conversation->origin;
    change->last_message =
        (struct last_message_row){.seq = conversation->head, .time = conversation->last_time};
}

struct publication *effects_progress(struct effects *effects, const char *conversation,
                                     uint32_t origin, struct blob *frame)
{
    struct publication *publication = arena_zero(effects->arena, sizeof(*publication));
    publication->frame = frame;
    publication->conversation =
        (const char *)arena_copy(effects->arena, view_of(conversation)).data;
    publication->origin = origin;
    publication->is_progress = true;
    effects_publish(effects, publication);
    return publication;
}

struct publication *conversation_append(struct conversation *conversation, wire_event *event,
                                        uint64_t now_ms, struct effects *effects)
{
    bool is_message = event->kind_case == EVENT_KIND(MESSAGE);
    if (conversation->ends_in_message && !is_message)
        conversation_note_message(conversation, effects);
    conversation->ends_in_message = is_message;
    conversation->head++;
    conversation->last_time = hlc_next(conversation->last_time, now_ms);
    event->conversation = string_of(conversation->id);
    event->origin = conversation->origin;
    event->seq = conversation->head;
    event->time = conversation->last_time;

    struct publication *publication = arena_zero(effects->arena, sizeof(*publication));
    struct view bytes;
    bool is_recall = event->kind_case == EVENT_KIND(RECALL);
    publication->frame = frame_from_event(is_recall ? FRAME_NOTICE : FRAME_EVENT, event, &bytes);
    publication->conversation =
        (const char *)arena_copy(effects->arena, view_of(conversation->id)).data;
    publication->origin = event->origin;
    publication->seq = event->seq;
    publication->message_time = is_message ? event->time : 0;
    publication->is_recall = is_recall;
    effects_publish(effects, publication);

    struct change *change = effects_change(effects, CHANGE_EVENT, conversation);
    change->origin = event->origin;
    change->seq = event->seq;
    change->bytes = bytes;
    effects->changes.bytes += bytes.size;
    return publication;
}
