/* P5: no late exposure. Every body carries a canary. Once a worker has published a recall it hands
 * out no frame with the canary; once anybody was told of the recall, no worker does. In the end no
 * value of the store and no device holds it. */
#include "checks.h"

#include "storage/store_memory.h"

static const char promise[] = "P5 no late exposure";

void check_exposure_committed(struct world *world, struct view event)
{
    size_t at = 0;
    for (const struct message *message;
         (message = history_find_canary(&world->history, event, &at)) != NULL;) {
        if (message->has_pending)
            world_break(world, promise, "the body of %s is stored, and its recall came before it",
                        message->canary);
    }
}

void check_exposure_handed(struct world *world, const struct link *link, struct view frame)
{
    size_t at = 0;
    for (const struct message *message;
         (message = history_find_canary(&world->history, frame, &at)) != NULL;) {
        if (message->is_unspeakable || message->has_pending ||
            (message->unspeakable_at & 1U << link->worker) != 0)
            world_break(world, promise, "worker %u hands out the body of %s to %s", link->worker,
                        message->canary, world->devices[link->device].name);
    }
}

static void check_exposure_bytes(struct world *world, const struct device *device,
                                 const uint8_t *bytes, size_t size)
{
    size_t at = 0;
    for (const struct message *message;
         (message = history_find_canary(&world->history, view_make(bytes, size), &at)) != NULL;) {
        if (message->is_recalled)
            world_break(world, promise, "%s still holds the body of %s", device->name,
                        message->canary);
    }
}

static void check_exposure_device(struct world *world, const struct device *device)
{
    const struct database *database = &device->database;
    for (uint32_t i = 0; i < database->conversation_count; i++) {
        const struct kept_conversation *kept = &database->conversations[i];
        for (uint64_t at = 0; at < kept->count; at++)
            check_exposure_bytes(world, device, kept->events[at].bytes, kept->events[at].size);
    }
    for (uint32_t i = 0; i < database->send_count; i++) {
        const struct kept_send *send = &database->sends[i];
        if (send->body != NULL)
            check_exposure_bytes(world, device, send->body, send->body_bytes);
    }
    if (database->leak != NULL)
        check_exposure_bytes(world, device, database->leak, database->leak_bytes);
}

void check_exposure_end(struct world *world)
{
    size_t normal = 0;
    for (uint32_t i = 0; i < world->history.message_count; i++)
        normal += world->history.messages[i].seq != 0 && !world->history.messages[i].is_recalled;
    /* Each normal message is one value with a canary; what is more is a body too many. */
    size_t bodies = store_memory_count(world->server.store, view_of("<<<"));
    if (bodies != normal)
        world_break(world, promise, "the store holds %zu bodies of %zu messages", bodies, normal);
    for (size_t i = 0; i < world->device_count; i++)
        check_exposure_device(world, &world->devices[i]);
}
