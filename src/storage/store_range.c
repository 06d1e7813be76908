#include "storage/keys.h"
#include "storage/rows.h"
#include "storage/store_kv.h"

enum status store_scan(struct store *store, enum kv_space space, const struct key_range *keys,
                       bool is_descending, kv_visit *visit, void *context)
{
    struct kv *kv = store->kv;
    struct kv_range range = {
        .space = space,
        .lower = key_view(&keys->lower),
        .upper = key_view(&keys->upper),
        .is_descending = is_descending,
    };
    if (view_compare(range.lower, range.upper) >= 0)
        return STATUS_OK;
    return kv->operations->scan(kv, &range, visit, context);
}

struct event_scan {
    struct key_range keys;
    const struct store_range *range;
    struct arena *arena;
    struct store_event *events;
    size_t count;
    size_t bytes;
    size_t marked; /* events before this one are done */
    bool has_more;
    enum status status;
};

static bool event_visit(void *context, struct view key, struct view value)
{
    struct event_scan *scan = context;
    if (scan->count == scan->range->limit || scan->bytes > scan->range->bytes_max) {
        scan->has_more = true;
        return false;
    }
    struct store_event *event = &scan->events[scan->count];
    struct event_row row;
    struct view rest = key_rest(key, &scan->keys);
    scan->status = row_decode_event(value, &row);
    if (!key_take_seq(&rest, &event->seq) || rest.size > 0)
        scan->status = STATUS_CORRUPT;
    if (scan->status != STATUS_OK)
        return false;
    event->bytes = arena_copy(scan->arena, row.bytes);
    scan->bytes += event->bytes.size;
    scan->count++;
    return true;
}

/* Marks take the place of their events. Both ascend. */
static bool mark_visit(void *context, struct view key, struct view value)
{
    struct event_scan *scan = context;
    struct view rest = key_rest(key, &scan->keys);
    struct event_row row;
    uint64_t seq;
    scan->status = row_decode_event(value, &row);
    if (!key_take_seq(&rest, &seq) || rest.size > 0)
        scan->status = STATUS_CORRUPT;
    if (scan->status != STATUS_OK)
        return false;
    while (scan->marked < scan->count && scan->events[scan->marked].seq < seq)
        scan->marked++;
    if (scan->marked < scan->count && scan->events[scan->marked].seq == seq)
        scan->events[scan->marked].bytes = arena_copy(scan->arena, row.bytes);
    return scan->marked < scan->count;
}

static enum status events_mark(struct store *store, struct event_scan *scan)
{
    const struct store_range *range = scan->range;
    if (scan->count == 0)
        return STATUS_OK;
    uint64_t last = scan->events[scan->count - 1].seq;
    if (!key_range_of_events(&scan->keys, range->conversation, range->origin,
                             scan->events[0].seq - 1, last == UINT64_MAX ? 0 : last + 1))
        return STATUS_OK;
    return store_scan(store, KV_MARKS, &scan->keys, false, mark_visit, scan);
}

static void events_reverse(struct store_event *events, size_t count)
{
    for (size_t i = 0; i < count / 2; i++) {
        struct store_event event = events[i];
        events[i] = events[count - 1 - i];
        events[count - 1 - i] = event;
    }
}

enum status store_read_events(struct store *store, const struct store_range *range,
                              struct arena *arena, struct store_event *events, size_t *count,
                              bool *more)
{
    struct event_scan scan = {.range = range, .arena = arena, .events = events};
    *count = 0;
    *more = false;
    if (!key_range_of_events(&scan.keys, range->conversation, range->origin, range->after,
                             range->before))
        return STATUS_OK;
    /* Marks are read last, so that a page which shows a recall never shows what it took back. */
    pthread_rwlock_rdlock(&store->marking);
    enum status status =
        store_scan(store, KV_EVENTS, &scan.keys, range->newest, event_visit, &scan);
    if (range->newest)
        events_reverse(events, scan.count);
    if (status == STATUS_OK && scan.status == STATUS_OK)
        status = events_mark(store, &scan);
    pthread_rwlock_unlock(&store->marking);
    if (status == STATUS_OK)
        status = scan.status;
    if (status != STATUS_OK)
        return status;
    *count = scan.count;
    *more = scan.has_more;
    return STATUS_OK;
}

enum status store_get_last_event(struct store *store, struct view conversation, uint32_t origin,
                                 struct arena *arena, uint64_t *seq, struct view *bytes)
{
    struct store_range range = {.conversation = conversation,
                                .origin = origin,
                                .limit = 1,
                                .bytes_max = SIZE_MAX,
                                .newest = true};
    struct store_event event;
    size_t count;
    bool more;
    enum status status = store_read_events(store, &range, arena, &event, &count, &more);
    if (status != STATUS_OK)
        return status;
    if (count == 0)
        return STATUS_NOT_FOUND;
    *seq = event.seq;
    *bytes = event.bytes;
    return STATUS_OK;
}

struct id_scan {
    struct key_range keys;
    struct uuid *id;
    enum status status;
};

static bool id_visit(void *context, struct view key, struct view value)
{
    struct id_scan *scan = context;
    (void)value;
    struct view rest = key_rest(key, &scan->keys);
    bool is_whole = key_take_uuid(&rest, scan->id) && rest.size == 0;
    scan->status = is_whole ? STATUS_OK : STATUS_CORRUPT;
    return false;
}

enum status store_get_last_message_id(struct store *store, struct view conversation,
                                      struct view user, struct uuid *id)
{
    struct id_scan scan = {.id = id, .status = STATUS_NOT_FOUND};
    if (!key_range_of_message_ids(&scan.keys, conversation, user, NULL))
        return STATUS_NOT_FOUND;
    enum status status = store_scan(store, KV_MESSAGE_IDS, &scan.keys, true, id_visit, &scan);
    return status == STATUS_OK ? scan.status : status;
}
