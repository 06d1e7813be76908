/* All events of the store, whoever's: for those who check it as a whole. */
#include "storage/rows.h"
#include "storage/store_kv.h"

struct walk {
    struct arena *arena;
    struct store_logged *events;
    struct view *keys; /* of the events, as they are in the map */
    size_t limit;
    size_t count;
    size_t marked; /* events before this one are done */
    enum status status;
};

static bool walk_take_key(struct view key, struct event_key *event)
{
    uint8_t origin[4];
    struct view rest = key;
    if (!key_take_id(&rest, &event->conversation) || rest.size < sizeof(origin))
        return false;
    memcpy(origin, rest.data, sizeof(origin));
    event->origin = (uint32_t)origin[0] << 24 | (uint32_t)origin[1] << 16 |
                    (uint32_t)origin[2] << 8 | origin[3];
    rest = view_make(rest.data + sizeof(origin), rest.size - sizeof(origin));
    return key_take_seq(&rest, &event->seq) && rest.size == 0;
}

static bool walk_event(void *context, struct view key, struct view value)
{
    struct walk *walk = context;
    struct event_row row;
    if (walk->count == walk->limit)
        return false;
    struct store_logged *event = &walk->events[walk->count];
    walk->keys[walk->count] = arena_copy(walk->arena, key);
    walk->status = row_decode_event(value, &row);
    if (!walk_take_key(walk->keys[walk->count], &event->key))
        walk->status = STATUS_CORRUPT;
    if (walk->status != STATUS_OK)
        return false;
    event->bytes = arena_copy(walk->arena, row.bytes);
    walk->count++;
    return walk->count < walk->limit;
}

/* Marks take the place of their events. Both ascend. */
static bool walk_mark(void *context, struct view key, struct view value)
{
    struct walk *walk = context;
    struct event_row row;
    walk->status = row_decode_event(value, &row);
    if (walk->status != STATUS_OK)
        return false;
    while (walk->marked < walk->count && view_compare(walk->keys[walk->marked], key) < 0)
        walk->marked++;
    if (walk->marked < walk->count && view_equal(walk->keys[walk->marked], key))
        walk->events[walk->marked].bytes = arena_copy(walk->arena, row.bytes);
    return walk->marked < walk->count;
}

static enum status walk_marks(struct store *store, struct walk *walk)
{
    struct key_range range;
    if (walk->count == 0)
        return STATUS_OK;
    key_range_of_all_events(&range, &walk->events[walk->count - 1].key);
    range.upper = range.lower; /* the least key behind the last event */
    if (!key_of_event(&range.lower, walk->events[0].key))
        return STATUS_CORRUPT;
    return store_scan(store, KV_MARKS, &range, false, walk_mark, walk);
}

enum status store_list_events(struct store *store, const struct event_key *after, size_t limit,
                              struct arena *arena, struct store_logged *events, size_t *count)
{
    struct walk walk = {.arena = arena, .events = events, .limit = limit};
    struct key_range range;
    walk.keys = arena_alloc(arena, limit * sizeof(*walk.keys));
    key_range_of_all_events(&range, after);
    *count = 0;
    /* As in store_read_events: marks are read last, and none is dropped in between. */
    pthread_rwlock_rdlock(&store->marking);
    enum status status = store_scan(store, KV_EVENTS, &range, false, walk_event, &walk);
    if (status == STATUS_OK)
        status = walk.status;
    if (status == STATUS_OK)
        status = walk_marks(store, &walk);
    pthread_rwlock_unlock(&store->marking);
    if (status == STATUS_OK)
        status = walk.status;
    if (status == STATUS_OK)
        *count = walk.count;
    return status;
}
