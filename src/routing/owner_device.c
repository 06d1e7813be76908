#include "routing/owner_device.h"

#include "core/contest.h"
#include "routing/worker.h"

#include <assert.h>

static bool device_has_key(const struct device_row *row, struct view key)
{
    for (uint32_t i = 0; i < row->key_count; i++) {
        if (view_equal(view_make(row->keys[i].key, DEVICE_KEY_BYTES), key))
            return true;
    }
    return key.size == 0;
}

bool device_add_key(struct device_row *row, struct view key, uint64_t now_ms)
{
    assert(key.size == DEVICE_KEY_BYTES);
    if (device_has_key(row, key))
        return false;
    if (row->key_count == DEVICE_KEYS_MAX)
        memmove(row->keys, row->keys + 1, --row->key_count * sizeof(row->keys[0]));
    row->keys[row->key_count].since_ms = now_ms;
    memcpy(row->keys[row->key_count].key, key.data, DEVICE_KEY_BYTES);
    row->key_count++;
    return true;
}

static void owner_put_device(struct worker *worker, const struct change *key,
                             const struct device_row *row)
{
    struct group *group = owner_group(worker);
    struct arena *arena = &group->arena;
    struct change *change = arena_zero(arena, sizeof(*change));
    struct device_row *kept = arena_alloc(arena, sizeof(*kept));
    *kept = *row;
    change->kind = CHANGE_DEVICE;
    change->user = arena_copy(arena, key->user);
    change->device = arena_copy(arena, key->device);
    change->device_row = kept;
    change_list_add(&group->effects.changes, change);
    group->requests++;
}

/* What nobody waits for leaves half of the group to the others. */
static bool owner_has_room(struct worker *worker, bool is_awaited)
{
    const struct group *group = owner_group(worker);
    unsigned part = is_awaited ? 1 : 2;
    return group->requests < LIMIT_GROUP_REQUESTS_MAX / part &&
           group->effects.changes.bytes < LIMIT_GROUP_BYTES_MAX / part;
}

enum device_verdict owner_device(struct worker *worker, struct session *session, struct view key,
                                 bool has_ticket, uint32_t *pause_ms)
{
    struct change probe = {
        .kind = CHANGE_DEVICE, .user = view_of(session->user), .device = view_of(session->device)};
    struct device_row row = {.since_ms = worker->now.wall_ms};
    enum status status = store_get_device(worker->store, probe.user, probe.device, &row);
    if (status != STATUS_OK && status != STATUS_NOT_FOUND)
        return DEVICE_UNREADABLE;
    bool is_durable = status == STATUS_OK && device_has_key(&row, key);
    const struct change *uncommitted = owner_find(&worker->owner, &probe);
    if (uncommitted != NULL)
        row = *uncommitted->device_row;

    if (has_ticket && row.login != session->login)
        return DEVICE_OUTDATED;
    *pause_ms = has_ticket ? 0 : contest_pause_ms(&row, worker->now.wall_ms);
    if (*pause_ms > 0)
        return DEVICE_CONTESTED;
    if (has_ticket && is_durable)
        return DEVICE_KNOWN;
    bool is_written = owner_has_room(worker, !is_durable);
    if (is_written) {
        row.login = session->login;
        if (!device_has_key(&row, key))
            device_add_key(&row, key, worker->now.wall_ms);
        owner_put_device(worker, &probe, &row);
    } else {
        session->login = 0;
    }
    if (is_durable)
        return DEVICE_KNOWN;
    return is_written ? DEVICE_WRITTEN : DEVICE_OVERLOADED;
}

void owner_contest(struct worker *worker, const struct mail_replaced *replaced)
{
    struct change probe = {.kind = CHANGE_DEVICE,
                           .user = view_of(replaced->user),
                           .device = view_of(replaced->device)};
    struct device_row row;
    const struct change *uncommitted = owner_find(&worker->owner, &probe);
    if (uncommitted != NULL)
        row = *uncommitted->device_row;
    else if (store_get_device(worker->store, probe.user, probe.device, &row) != STATUS_OK)
        return;
    if (!owner_has_room(worker, false))
        return;
    contest_count(&row, worker->now.wall_ms);
    if (row.login == replaced->replaced) /* the two signed in at the same time, and it came last */
        row.login = replaced->login;
    if (row.login != 0)
        owner_put_device(worker, &probe, &row);
}
