#include "routing/recent.h"

#include "base/memory.h"

#include <stdlib.h>

void recent_init(struct recent *recent)
{
    recent->slots = memory_new_array(RECENT_SLOTS, sizeof(*recent->slots));
}

void recent_fini(struct recent *recent)
{
    free(recent->slots);
}

static struct recent_slot *recent_slot(const struct recent *recent, uint64_t conversation_hash,
                                       uint64_t seq)
{
    uint64_t mixed = (conversation_hash ^ seq) * UINT64_C(0x9e3779b97f4a7c15);
    return &recent->slots[(mixed >> 32) % RECENT_SLOTS];
}

void recent_put(struct recent *recent, uint64_t conversation_hash, uint64_t seq, struct view event)
{
    struct recent_slot *slot = recent_slot(recent, conversation_hash, seq);
    slot->seq = 0;
    if (event.size > RECENT_EVENT_BYTES_MAX)
        return;
    slot->conversation_hash = conversation_hash;
    slot->seq = seq;
    slot->size = (uint32_t)event.size;
    memcpy(slot->event, event.data, event.size);
}

static bool recent_is(const struct recent_slot *slot, uint64_t conversation_hash, uint64_t seq)
{
    return slot->seq == seq && slot->conversation_hash == conversation_hash;
}

struct view recent_get(const struct recent *recent, uint64_t conversation_hash, uint64_t seq)
{
    const struct recent_slot *slot = recent_slot(recent, conversation_hash, seq);
    return recent_is(slot, conversation_hash, seq) ? view_make(slot->event, slot->size)
                                                   : view_make(NULL, 0);
}

void recent_forget(struct recent *recent, uint64_t conversation_hash, uint64_t seq)
{
    struct recent_slot *slot = recent_slot(recent, conversation_hash, seq);
    if (recent_is(slot, conversation_hash, seq))
        slot->seq = 0;
}

void recent_clear(struct recent *recent)
{
    for (size_t i = 0; i < RECENT_SLOTS; i++)
        recent->slots[i].seq = 0;
}
