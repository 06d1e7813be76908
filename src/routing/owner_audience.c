/* Loading a conversation's audience: what the store has, and what is decided but not yet committed.
 */
#include "base/table.h"
#include "routing/worker.h"

void owner_forget_audience(struct owner *owner, struct owned_conversation *owned)
{
    owner->device_count -= owned->audience.reach.device_count;
    audience_fini(&owned->audience);
}

/* An audience can always be loaded again. */
void owner_evict_audiences(struct owner *owner, const struct owned_conversation *spared)
{
    struct list *node = owner->used.next;
    for (; node != &owner->used && owner->device_count > LIMIT_DEVICE_CACHE_MAX;
         node = node->next) {
        struct owned_conversation *owned = LIST_ITEM(node, struct owned_conversation, used);
        if (owned != spared)
            owner_forget_audience(owner, owned);
    }
}

static enum status owner_read_cursors(struct worker *worker, struct owned_conversation *owned)
{
    struct view none = {NULL, 0};
    size_t limit = LIMIT_REACH_DEVICES_MAX + 1;
    struct store_cursor *cursors = arena_alloc(&worker->scratch, limit * sizeof(*cursors));
    size_t count;
    enum status status =
        store_list_cursors(worker->store, view_of(owned->id), owned->conversation.origin, none,
                           none, limit, &worker->scratch, cursors, &count);
    if (status != STATUS_OK)
        return status;
    for (size_t i = 0; i < count; i++) {
        struct audience_device *device =
            audience_add(&owned->audience, arena_text(&worker->scratch, cursors[i].user),
                         arena_text(&worker->scratch, cursors[i].device), false);
        if (device == NULL)
            break;
        device->cursor = cursors[i].row;
    }
    return STATUS_OK;
}

static enum status owner_read_members(struct worker *worker, const struct owned_conversation *owned,
                                      struct table *members)
{
    struct view none = {NULL, 0};
    size_t limit = LIMIT_REACH_DEVICES_MAX + 1;
    struct store_membership *rows = arena_alloc(&worker->scratch, limit * sizeof(*rows));
    size_t count;
    enum status status = store_list_members(worker->store, view_of(owned->id), none, limit,
                                            &worker->scratch, rows, &count);
    for (size_t i = 0; status == STATUS_OK && i < count; i++)
        table_put(members, rows[i].user, &rows[i]);
    return status;
}

/* What a group has decided and the store does not have yet. */
static void owner_absorb(const struct group *group, struct owned_conversation *owned,
                         struct table *members, struct arena *arena)
{
    const struct change *change = group == NULL ? NULL : group->effects.changes.first;
    for (; change != NULL; change = change->next) {
        if (!view_equal(change->conversation, view_of(owned->id)))
            continue;
        if (change->kind == CHANGE_MEMBER) {
            struct store_membership *row = arena_alloc(arena, sizeof(*row));
            *row = (struct store_membership){.user = change->user, .row = change->member};
            table_put(members, change->user, row);
        } else if (change->kind == CHANGE_CURSOR) {
            struct audience_device *device =
                audience_add(&owned->audience, arena_text(arena, change->user),
                             arena_text(arena, change->device), false);
            if (device != NULL)
                device->cursor = *change->cursor;
        }
    }
}

/* Those from whom a part of the log is hidden. */
static void owner_hide_parts(struct worker *worker, struct owned_conversation *owned,
                             const struct table *members)
{
    size_t at = 0;
    for (const struct store_membership *each; (each = table_next(members, &at)) != NULL;) {
        if (each->row.hidden_count > 0)
            audience_hide(&owned->audience, arena_text(&worker->scratch, each->user), &each->row);
    }
}

static enum status owner_load_audience(struct worker *worker, struct owned_conversation *owned)
{
    struct owner *owner = &worker->owner;
    struct audience *audience = &owned->audience;
    struct table members;
    table_init(&members);
    enum status status = owner_read_cursors(worker, owned);
    if (status == STATUS_OK)
        status = owner_read_members(worker, owned, &members);
    if (status == STATUS_OK) {
        owner_absorb(owner->in_flight, owned, &members, &worker->scratch);
        owner_absorb(owner->open, owned, &members, &worker->scratch);
    }
    if (members.count > LIMIT_REACH_DEVICES_MAX)
        audience_become_large(audience);
    for (size_t i = 0; i < audience->reach.device_count; i++) {
        const struct store_membership *member =
            table_get(&members, view_of(audience->owned[i]->user));
        audience->devices[i].is_member = member != NULL && row_is_member(&member->row);
    }
    size_t at = 0;
    for (const struct store_membership *each; (each = table_next(&members, &at)) != NULL;)
        audience->reach.member_count += row_is_member(&each->row);
    if (status == STATUS_OK && !audience->reach.is_large)
        owner_hide_parts(worker, owned, &members);
    table_fini(&members);
    audience->is_loaded = status == STATUS_OK;
    if (status != STATUS_OK)
        audience_fini(audience);
    owner->device_count += audience->reach.device_count;
    return status;
}

const struct reach_audience *owner_audience(struct worker *worker, struct owned_conversation *owned)
{
    if (!owned->audience.is_loaded) {
        if (owner_load_audience(worker, owned) != STATUS_OK)
            return NULL;
        owner_evict_audiences(&worker->owner, owned);
    }
    return &owned->audience.reach;
}
