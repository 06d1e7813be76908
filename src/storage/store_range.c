#include "storage/keys.h"
#include "storage/rows.h"
#include "storage/store_kv.h"

/* Every scan stays inside the keys of its own range, so neighbours cost nothing. */
static enum status store_scan(struct store *store, enum kv_space space,
                              const struct key_range *keys, bool is_descending, kv_visit *visit,
                              void *context)
{
    struct kv *kv = store_kv(store);
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
    scan->status = row_decode_bytes(value, &event->bytes);
    if (!key_read_seq(&scan->keys, key, &event->seq))
        scan->status = STATUS_CORRUPT;
    if (scan->status != STATUS_OK)
        return false;
    event->bytes = arena_copy(scan->arena, event->bytes);
    scan->bytes += event->bytes.size;
    scan->count++;
    return true;
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
    enum status status =
        store_scan(store, KV_EVENTS, &scan.keys, range->newest, event_visit, &scan);
    if (status == STATUS_OK)
        status = scan.status;
    if (status != STATUS_OK)
        return status;
    if (range->newest)
        events_reverse(events, scan.count);
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
    scan->status = key_read_uuid(&scan->keys, key, scan->id) ? STATUS_OK : STATUS_CORRUPT;
    return false;
}

enum status store_get_last_message_id(struct store *store, struct view conversation,
                                      struct view user, struct uuid *id)
{
    struct id_scan scan = {.id = id, .status = STATUS_NOT_FOUND};
    if (!key_range_of_message_ids(&scan.keys, conversation, user))
        return STATUS_NOT_FOUND;
    enum status status = store_scan(store, KV_MESSAGE_IDS, &scan.keys, true, id_visit, &scan);
    return status == STATUS_OK ? scan.status : status;
}

struct member_scan {
    struct key_range keys;
    size_t limit;
    struct arena *arena;
    struct view owner; /* the conversation or the user whose list it is */
    bool is_by_user;
    struct store_membership *memberships;
    size_t count;
    enum status status;
};

static bool member_visit(void *context, struct view key, struct view value)
{
    struct member_scan *scan = context;
    struct view id;
    if (scan->count == scan->limit)
        return false;
    struct store_membership *membership = &scan->memberships[scan->count];
    scan->status = row_decode_member(value, &membership->row);
    if (!key_read_id(&scan->keys, key, &id))
        scan->status = STATUS_CORRUPT;
    if (scan->status != STATUS_OK)
        return false;
    id = arena_copy(scan->arena, id);
    membership->conversation = scan->is_by_user ? id : scan->owner;
    membership->user = scan->is_by_user ? scan->owner : id;
    scan->count++;
    return scan->count < scan->limit;
}

static enum status store_list(struct store *store, struct member_scan *scan, size_t *count)
{
    scan->owner = arena_copy(scan->arena, scan->owner);
    enum status status = store_scan(store, KV_REST, &scan->keys, false, member_visit, scan);
    if (status == STATUS_OK)
        status = scan->status;
    *count = status == STATUS_OK ? scan->count : 0;
    return status;
}

enum status store_list_members(struct store *store, struct view conversation, struct view after,
                               size_t limit, struct arena *arena, struct store_membership *members,
                               size_t *count)
{
    struct member_scan scan = {
        .limit = limit, .arena = arena, .owner = conversation, .memberships = members};
    *count = 0;
    if (!key_range_of_members(&scan.keys, conversation, after))
        return STATUS_OK;
    return store_list(store, &scan, count);
}

enum status store_list_conversations(struct store *store, struct view user, struct view after,
                                     size_t limit, struct arena *arena,
                                     struct store_membership *memberships, size_t *count)
{
    struct member_scan scan = {.limit = limit,
                               .arena = arena,
                               .owner = user,
                               .is_by_user = true,
                               .memberships = memberships};
    *count = 0;
    if (!key_range_of_memberships(&scan.keys, user, after))
        return STATUS_OK;
    return store_list(store, &scan, count);
}
