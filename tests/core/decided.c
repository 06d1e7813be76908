#include "decided.h"

void decided_init(struct decided *decided)
{
    *decided = (struct decided){
        .conversation = {.id = "c", .origin = 1, .head = 4, .last_time = 9},
        .member = {.is_member = true, .row = {.role = WIRE(ROLE, MEMBER)}},
        .author = {"ann", "phone"},
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
        if (decided_contains(change->bytes, text) ||
            decided_contains(change->message_id.pending, text))
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
