/* P7: in the end every device holds what the store holds, nothing waits to be sent or answered, and
 * the server knows how far every device is. */
#include "checks.h"

#include "storage/store.h"

static const char promise[] = "P7 convergence";

static bool check_is_member(struct world *world, const struct device *device, const struct log *log)
{
    struct member_row row;
    return store_get_member(world->server.store, view_of(log->id), view_of(device->user_name),
                            &row) == STATUS_OK &&
           row_is_member(&row);
}

static bool check_log_converged(struct world *world, struct device *device, const struct log *log,
                                char *lacking, size_t size)
{
    struct cursor_row cursor = {.receipt_seq = 0};
    const struct kept_conversation *kept = database_find(&device->database, view_of(log->id));
    uint64_t count = kept == NULL ? 0 : kept->count;
    if (log->head == 0 || !check_is_member(world, device, log))
        return true;
    if (count != log->head) {
        snprintf(lacking, size, "%s holds %llu events of %s, the store %llu", device->name,
                 (unsigned long long)count, log->id, (unsigned long long)log->head);
        return false;
    }
    if (store_get_cursor(world->server.store, view_of(device->user_name), view_of(device->name),
                         view_of(log->id), ORIGIN_DEFAULT, &cursor) != STATUS_OK ||
        trail_seq(&cursor.stored) != log->head || trail_seq(&cursor.displayed) != kept->displayed) {
        snprintf(lacking, size, "the server has %s in %s at %llu/%llu, it is at %llu/%llu",
                 device->name, log->id, (unsigned long long)trail_seq(&cursor.stored),
                 (unsigned long long)trail_seq(&cursor.displayed), (unsigned long long)kept->stored,
                 (unsigned long long)kept->displayed);
        return false;
    }
    return check_levels_converged(world, device, log, lacking, size);
}

static bool check_device_converged(struct world *world, struct device *device, char *lacking,
                                   size_t size)
{
    const struct database *database = &device->database;
    if (device->core == NULL || client_core_link(device->core) != CLIENT_LINK_LIVE) {
        snprintf(lacking, size, "%s is not connected", device->name);
        return false;
    }
    if (database->recall_count > 0) {
        snprintf(lacking, size, "%s waits for the answer to a recall", device->name);
        return false;
    }
    for (uint32_t i = 0; i < database->send_count; i++) {
        if (database->sends[i].state == KEPT_SENDING) {
            snprintf(lacking, size, "%s still sends message %u", device->name,
                     database->sends[i].message);
            return false;
        }
    }
    for (uint32_t i = 0; i < world->history.log_count; i++) {
        if (!check_log_converged(world, device, &world->history.logs[i], lacking, size))
            return false;
    }
    return true;
}

bool check_convergence(struct world *world, char *lacking, size_t size)
{
    if (!server_is_idle(world)) {
        snprintf(lacking, size, "the server is not idle");
        return false;
    }
    for (size_t i = 0; i < world->device_count; i++) {
        if (!check_device_converged(world, &world->devices[i], lacking, size))
            return false;
    }
    return true;
}

static void check_convergence_log(struct world *world, struct device *device, const struct log *log)
{
    const struct kept_conversation *kept = database_find(&device->database, view_of(log->id));
    struct arena arena;
    if (kept == NULL || !check_is_member(world, device, log))
        return;
    arena_init(&arena);
    for (uint64_t at = 0; at < kept->count; at++) {
        if (kept->events[at].bytes == NULL)
            continue;
        struct event_key key = {view_of(log->id), ORIGIN_DEFAULT, at + 1};
        struct view bytes = {NULL, 0};
        arena_reset(&arena);
        if (store_get_event(world->server.store, key, &arena, &bytes) != STATUS_OK ||
            !view_equal(bytes, view_make(kept->events[at].bytes, kept->events[at].size)))
            world_break(world, promise, "%s and the store differ in %s:%llu", device->name, log->id,
                        (unsigned long long)at + 1);
    }
    arena_fini(&arena);
}

void check_convergence_end(struct world *world)
{
    for (size_t i = 0; i < world->device_count; i++) {
        for (uint32_t at = 0; at < world->history.log_count; at++)
            check_convergence_log(world, &world->devices[i], &world->history.logs[at]);
    }
}
