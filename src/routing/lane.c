#include "routing/lane.h"

#include "base/arena.h"
#include "base/memory.h"
#include "core/frame.h"

#include <stdlib.h>

enum { LANE_FIRST_CAPACITY = 8 };

void lane_init(struct lane *lane)
{
    *lane = (struct lane){NULL, 0, 0, 0, 0};
}

/* A frame is far smaller than 4 GiB, and so is what sessions let wait. */
static uint32_t lane_item_bytes(const struct lane_item *item)
{
    return item->frame == NULL ? 0 : (uint32_t)item->frame->size;
}

void lane_fini(struct lane *lane)
{
    struct lane_item item;
    while (lane_pop(lane, &item)) {
        blob_release(item.frame);
        free(item.reading);
    }
    free(lane->items);
    lane_init(lane);
}

static struct lane_item *lane_at(const struct lane *lane, uint32_t index)
{
    return &lane->items[(lane->start + index) & (lane->capacity - 1)];
}

static void lane_grow(struct lane *lane)
{
    uint32_t capacity = lane->capacity == 0 ? LANE_FIRST_CAPACITY : lane->capacity * 2;
    struct lane_item *items = memory_new_array(capacity, sizeof(*items));
    for (uint32_t i = 0; i < lane->count; i++)
        items[i] = *lane_at(lane, i);
    free(lane->items);
    lane->items = items;
    lane->capacity = capacity;
    lane->start = 0;
}

void lane_push(struct lane *lane, struct lane_item item)
{
    if (lane->count == lane->capacity)
        lane_grow(lane);
    *lane_at(lane, lane->count) = item;
    lane->count++;
    lane->bytes += lane_item_bytes(&item);
}

bool lane_pop(struct lane *lane, struct lane_item *item)
{
    if (lane->count == 0)
        return false;
    *item = *lane_at(lane, 0);
    lane->start = (lane->start + 1) & (lane->capacity - 1);
    lane->count--;
    lane->bytes -= lane_item_bytes(item);
    return true;
}

size_t lane_drop_pushes(struct lane *lane)
{
    uint32_t kept = 0;
    size_t dropped = 0;
    for (uint32_t i = 0; i < lane->count; i++) {
        struct lane_item *item = lane_at(lane, i);
        if (item->kind == LANE_EVENT && item->request == 0) {
            lane->bytes -= lane_item_bytes(item);
            blob_release(item->frame);
            dropped++;
        } else {
            *lane_at(lane, kept++) = *item;
        }
    }
    lane->count = kept;
    return dropped;
}

/* The hash has spoken; the event itself has the last word. */
static bool lane_item_is_of(const struct lane_item *item, const char *conversation)
{
    struct arena arena;
    arena_init(&arena);
    wire_server_frame *frame = frame_decode_server(frame_payload(blob_view(item->frame)), &arena);
    bool is_of = frame != NULL && frame->body_case == SERVER_FRAME(EVENT) &&
                 strcmp(frame->event->conversation, conversation) == 0;
    arena_fini(&arena);
    return is_of;
}

size_t lane_replace(struct lane *lane, const char *conversation, uint64_t conversation_hash,
                    uint32_t origin, uint64_t seq, struct view tombstone)
{
    size_t replaced = 0;
    for (uint32_t i = 0; i < lane->count; i++) {
        struct lane_item *item = lane_at(lane, i);
        if (item->kind != LANE_EVENT || item->seq != seq || item->origin != origin ||
            item->conversation_hash != conversation_hash || !lane_item_is_of(item, conversation))
            continue;
        lane->bytes -= lane_item_bytes(item);
        blob_release(item->frame);
        item->frame = frame_around_event(FRAME_EVENT, item->request, tombstone);
        lane->bytes += lane_item_bytes(item);
        replaced++;
    }
    return replaced;
}

void lane_note(struct lane *lane, struct subscription *subscription)
{
    for (uint32_t i = 0; i < lane->count; i++) {
        struct lane_item *item = lane_at(lane, i);
        if (item->kind == LANE_EVENT)
            item->subscription = subscription;
    }
}

void lane_forget(struct lane *lane, const struct subscription *subscription)
{
    for (uint32_t i = 0; i < lane->count; i++) {
        struct lane_item *item = lane_at(lane, i);
        if (item->subscription == subscription)
            item->subscription = NULL;
    }
}

void lane_shrink(struct lane *lane)
{
    if (lane->count == 0)
        lane_fini(lane);
}
