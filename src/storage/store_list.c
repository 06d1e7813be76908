#include "storage/rows.h"
#include "storage/store_kv.h"

static bool listing_visit(void *context, struct view key, struct view value)
{
    struct listing *listing = context;
    if (listing->count == listing->limit)
        return false;
    key = arena_copy(listing->arena, key);
    listing->status =
        listing->take(listing, key_rest(key, listing->keys), arena_copy(listing->arena, value));
    if (listing->status != STATUS_OK)
        return false;
    listing->count++;
    return listing->count < listing->limit;
}

enum status store_list(struct store *store, enum kv_space space, const struct key_range *keys,
                       bool is_descending, struct listing *listing, size_t *count)
{
    *count = 0;
    listing->keys = keys;
    enum status status = store_scan(store, space, keys, is_descending, listing_visit, listing);
    if (status == STATUS_OK)
        status = listing->status;
    if (status == STATUS_OK)
        *count = listing->count;
    return status;
}

/* The last part of a key: an id and nothing more. */
static bool key_take_last_id(struct view rest, struct view *id)
{
    return key_take_id(&rest, id) && rest.size == 0;
}

static enum status take_member(struct listing *listing, struct view rest, struct view value)
{
    struct store_membership *member = (struct store_membership *)listing->entries + listing->count;
    if (!key_take_last_id(rest, &member->user))
        return STATUS_CORRUPT;
    return row_decode_member(value, &member->row);
}

enum status store_list_members(struct store *store, struct view conversation, struct view after,
                               size_t limit, struct arena *arena, struct store_membership *members,
                               size_t *count)
{
    struct listing listing = {
        .arena = arena, .entries = members, .limit = limit, .take = take_member};
    struct key_range range;
    *count = 0;
    if (!key_range_of_members(&range, conversation, after))
        return STATUS_OK;
    enum status status = store_list(store, KV_REST, &range, false, &listing, count);
    conversation = arena_copy(arena, conversation);
    for (size_t i = 0; i < *count; i++)
        members[i].conversation = conversation;
    return status;
}

static enum status take_membership(struct listing *listing, struct view rest, struct view value)
{
    struct store_membership *found = (struct store_membership *)listing->entries + listing->count;
    if (!key_take_last_id(rest, &found->conversation))
        return STATUS_CORRUPT;
    return row_decode_member(value, &found->row);
}

enum status store_list_conversations(struct store *store, struct view user, struct view after,
                                     size_t limit, struct arena *arena,
                                     struct store_membership *memberships, size_t *count)
{
    struct listing listing = {
        .arena = arena, .entries = memberships, .limit = limit, .take = take_membership};
    struct key_range range;
    *count = 0;
    if (!key_range_of_memberships(&range, user, after))
        return STATUS_OK;
    enum status status = store_list(store, KV_REST, &range, false, &listing, count);
    user = arena_copy(arena, user);
    for (size_t i = 0; i < *count; i++)
        memberships[i].user = user;
    return status;
}

static enum status take_cursor(struct listing *listing, struct view rest, struct view value)
{
    struct store_cursor *cursor = (struct store_cursor *)listing->entries + listing->count;
    if (!key_take_id(&rest, &cursor->user) || !key_take_last_id(rest, &cursor->device))
        return STATUS_CORRUPT;
    return row_decode_cursor(value, &cursor->row);
}

enum status store_list_cursors(struct store *store, struct view conversation, uint32_t origin,
                               struct view after_user, struct view after_device, size_t limit,
                               struct arena *arena, struct store_cursor *cursors, size_t *count)
{
    struct listing listing = {
        .arena = arena, .entries = cursors, .limit = limit, .take = take_cursor};
    struct key_range range;
    *count = 0;
    if (!key_range_of_cursors(&range, conversation, origin, after_user, after_device))
        return STATUS_OK;
    return store_list(store, KV_REST, &range, false, &listing, count);
}

static enum status take_device(struct listing *listing, struct view rest, struct view value)
{
    struct store_device *device = (struct store_device *)listing->entries + listing->count;
    if (!key_take_last_id(rest, &device->device))
        return STATUS_CORRUPT;
    return row_decode_device(value, &device->row);
}

enum status store_list_devices(struct store *store, struct view user, struct view after,
                               size_t limit, struct arena *arena, struct store_device *devices,
                               size_t *count)
{
    struct listing listing = {
        .arena = arena, .entries = devices, .limit = limit, .take = take_device};
    struct key_range range;
    *count = 0;
    if (!key_range_of_devices(&range, user, after))
        return STATUS_OK;
    return store_list(store, KV_REST, &range, false, &listing, count);
}

static enum status take_message_id(struct listing *listing, struct view rest, struct view value)
{
    struct store_message_id *found = (struct store_message_id *)listing->entries + listing->count;
    if (!key_take_uuid(&rest, &found->id) || rest.size > 0)
        return STATUS_CORRUPT;
    return row_decode_message_id(value, &found->row);
}

enum status store_list_message_ids(struct store *store, struct view conversation, struct view user,
                                   const struct uuid *after, size_t limit, struct arena *arena,
                                   struct store_message_id *ids, size_t *count)
{
    struct listing listing = {
        .arena = arena, .entries = ids, .limit = limit, .take = take_message_id};
    struct key_range range;
    *count = 0;
    if (!key_range_of_message_ids(&range, conversation, user, after))
        return STATUS_OK;
    return store_list(store, KV_MESSAGE_IDS, &range, false, &listing, count);
}

static enum status take_pin(struct listing *listing, struct view rest, struct view value)
{
    struct store_pin *pin = (struct store_pin *)listing->entries + listing->count;
    if (!key_take_seq(&rest, &pin->seq) || rest.size > 0)
        return STATUS_CORRUPT;
    return row_decode_pin(value, &pin->row);
}

enum status store_list_pins(struct store *store, struct view conversation, uint32_t origin,
                            size_t limit, struct arena *arena, struct store_pin *pins,
                            size_t *count)
{
    struct listing listing = {.arena = arena, .entries = pins, .limit = limit, .take = take_pin};
    struct key_range range;
    *count = 0;
    if (!key_range_of_pins(&range, conversation, origin))
        return STATUS_OK;
    return store_list(store, KV_REST, &range, false, &listing, count);
}

static enum status take_forward(struct listing *listing, struct view rest, struct view value)
{
    struct forward_row *forward = (struct forward_row *)listing->entries + listing->count;
    struct view nothing;
    if (!key_take_id(&rest, &forward->conversation) || !key_take_id(&rest, &forward->user) ||
        !key_take_uuid(&rest, &forward->message_id) || rest.size > 0)
        return STATUS_CORRUPT;
    return row_decode_bytes(value, &nothing);
}

enum status store_list_forwards(struct store *store, struct event_key source, size_t limit,
                                struct arena *arena, struct forward_row *forwards, size_t *count)
{
    struct listing listing = {
        .arena = arena, .entries = forwards, .limit = limit, .take = take_forward};
    struct key_range range;
    *count = 0;
    if (!key_range_of_forwards(&range, source))
        return STATUS_OK;
    return store_list(store, KV_REST, &range, false, &listing, count);
}

static enum status take_job(struct listing *listing, struct view rest, struct view value)
{
    struct store_job *job = (struct store_job *)listing->entries + listing->count;
    if (!key_take_id(&rest, &job->conversation) || !key_take_id(&rest, &job->user) ||
        rest.size == 0)
        return STATUS_CORRUPT;
    job->request_id = rest;
    return row_decode_bytes(value, &job->bytes);
}

enum status store_list_jobs(struct store *store, const struct store_job *after, size_t limit,
                            struct arena *arena, struct store_job *jobs, size_t *count)
{
    static const struct store_job start;
    struct listing listing = {.arena = arena, .entries = jobs, .limit = limit, .take = take_job};
    struct key_range range;
    if (after == NULL)
        after = &start;
    key_range_of_jobs(&range, after->conversation, after->user, after->request_id);
    return store_list(store, KV_REST, &range, false, &listing, count);
}

static enum status take_approval(struct listing *listing, struct view rest, struct view value)
{
    struct store_approval *approval = (struct store_approval *)listing->entries + listing->count;
    if (!key_take_last_id(rest, &approval->user))
        return STATUS_CORRUPT;
    return row_decode_bytes(value, &approval->bytes);
}

enum status store_list_approvals(struct store *store, struct event_key target, size_t limit,
                                 struct arena *arena, struct store_approval *approvals,
                                 size_t *count)
{
    struct listing listing = {
        .arena = arena, .entries = approvals, .limit = limit, .take = take_approval};
    struct key_range range;
    *count = 0;
    if (!key_range_of_approvals(&range, target))
        return STATUS_OK;
    return store_list(store, KV_REST, &range, false, &listing, count);
}
