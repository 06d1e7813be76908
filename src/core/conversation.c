#include "core/conversation.h"

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

struct publication *conversation_append(struct conversation *conversation, wire_event *event,
                                        uint64_t now_ms, struct effects *effects)
{
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
    publication->is_recall = is_recall;
    if (effects->last == NULL)
        effects->first = publication;
    else
        effects->last->next = publication;
    effects->last = publication;

    struct change *change = effects_change(effects, CHANGE_EVENT, conversation);
    change->origin = event->origin;
    change->seq = event->seq;
    change->bytes = bytes;
    effects->changes.bytes += bytes.size;
    return publication;
}
