/* P5: no late exposure. Every body carries the canary of the message that was written; a forward
 * carries that of its source, in a message of its own. Once a worker has published a recall it
 * hands out no frame with the message's body; once anybody was told of the recall, no worker does.
 * No frame but a message, and what is asked for as evidence, holds a body at all. In the end no
 * value of the store and no device holds it. */
#include "checks.h"

#include "core/frame.h"
#include "storage/store_memory.h"

static const char promise[] = "P5 no late exposure";

static size_t exposure_count(struct history *history, struct view bytes)
{
    size_t count = 0;
    for (size_t at = 0; history_find_canary(history, bytes, &at) != NULL;)
        count++;
    return count;
}

/* The message that the event is, when it has a body; that must be its own, or its source's. */
static struct message *exposure_carrier(struct world *world, const wire_event *event)
{
    struct history *history = &world->history;
    size_t at = 0;
    if (event->kind_case != EVENT_KIND(MESSAGE) || event->message->body.len == 0)
        return NULL;
    const struct message *body =
        history_find_canary(history, bytes_view(event->message->body), &at);
    struct message *carrier = history_find_message(history, bytes_view(event->message->message_id));
    if (carrier == NULL || (body != NULL && body != history_root(history, carrier)))
        world_break(world, promise, "%s:%llu holds the body of another message",
                    event->conversation, (unsigned long long)event->seq);
    return carrier;
}

void check_exposure_committed(struct world *world, const wire_event *event, struct view bytes)
{
    const struct message *carrier = exposure_carrier(world, event);
    if (carrier == NULL && exposure_count(&world->history, bytes) > 0)
        world_break(world, promise, "%s:%llu is no message, and holds a body", event->conversation,
                    (unsigned long long)event->seq);
    if (carrier != NULL && carrier->has_pending)
        world_break(world, promise, "the body of %s is stored, and its recall came before it",
                    carrier->canary);
}

/* An event in a frame: how many bodies it accounts for. */
static size_t exposure_handed(struct world *world, const struct link *link, const wire_event *event)
{
    const struct message *carrier = event == NULL ? NULL : exposure_carrier(world, event);
    struct message *message =
        event == NULL || event->kind_case != EVENT_KIND(MESSAGE)
            ? NULL
            : history_find_message(&world->history, bytes_view(event->message->message_id));
    if (message != NULL)
        message->handed_since |= UINT32_C(1) << link->device;
    if (carrier == NULL)
        return 0;
    if (carrier->is_unspeakable || carrier->has_pending ||
        (carrier->unspeakable_at & 1U << link->worker) != 0)
        world_break(world, promise, "worker %u hands out the body of %s to %s", link->worker,
                    carrier->canary, world->devices[link->device].name);
    return exposure_count(&world->history, bytes_view(event->message->body));
}

void check_exposure_handed(struct world *world, const struct link *link,
                           const wire_server_frame *frame, struct view bytes)
{
    size_t expected = 0;
    if (frame->body_case == SERVER_FRAME(EVENT))
        expected = exposure_handed(world, link, frame->event);
    else if (frame->body_case == SERVER_FRAME(REPLACE))
        expected = exposure_handed(world, link, frame->replace->tombstone);
    else if (frame->body_case == SERVER_FRAME(EVIDENCE))
        expected = exposure_count(&world->history, bytes_view(frame->evidence->body));
    for (size_t i = 0; frame->body_case == SERVER_FRAME(CONVERSATIONS) &&
                       i < frame->conversations->n_conversations;
         i++)
        expected += exposure_handed(world, link, frame->conversations->conversations[i]->preview);
    if (exposure_count(&world->history, bytes) != expected)
        world_break(world, promise, "a body stands in a frame outside of its message");
}

/* ---- In the end ---- */

/* True when the recall of the message has reached this user's part of the log: not when they had
 * left by then. */
static bool exposure_is_due(struct world *world, const struct device *device,
                            const struct message *message)
{
    uint64_t since;
    const struct log *log = history_find_log(&world->history, view_of(message->conversation));
    return log != NULL && message->is_recalled &&
           log_role(log, device->user, log->head, &since) != WIRE(ROLE, UNSPECIFIED);
}

static void exposure_check_kept(struct world *world, const struct device *device,
                                const struct kept_event *kept, struct arena *arena)
{
    if (kept->bytes == NULL)
        return;
    const wire_event *event = event_decode(view_make(kept->bytes, kept->size), arena);
    const struct message *carrier = exposure_carrier(world, event);
    if (carrier != NULL && exposure_is_due(world, device, carrier))
        world_break(world, promise, "%s still holds the body of %s", device->name, carrier->canary);
}

static void exposure_check_bytes(struct world *world, const struct device *device,
                                 const struct message *message, struct view bytes)
{
    size_t at = 0;
    if (exposure_is_due(world, device, message) &&
        history_find_canary(&world->history, bytes, &at) != NULL)
        world_break(world, promise, "%s still holds the body of %s", device->name, message->canary);
}

static void exposure_check_device(struct world *world, const struct device *device)
{
    const struct database *database = &device->database;
    struct arena arena;
    arena_init(&arena);
    for (uint32_t i = 0; i < database->conversation_count; i++) {
        const struct kept_conversation *kept = &database->conversations[i];
        for (uint64_t at = 0; at < kept->count; at++) {
            arena_reset(&arena);
            exposure_check_kept(world, device, &kept->events[at], &arena);
        }
    }
    for (uint32_t i = 0; i < database->send_count; i++) {
        const struct kept_send *send = &database->sends[i];
        if (send->body != NULL)
            exposure_check_bytes(world, device, &world->history.messages[send->message],
                                 view_make(send->body, send->body_bytes));
    }
    if (database->leak != NULL) {
        struct kept_event leak = {database->leak, database->leak_bytes, false};
        exposure_check_kept(world, device, &leak, &arena);
    }
    arena_fini(&arena);
}

void check_exposure_end(struct world *world)
{
    size_t normal = 0;
    for (uint32_t i = 0; i < world->history.message_count; i++)
        normal += world->history.messages[i].seq != 0 && !world->history.messages[i].is_recalled;
    /* Each normal message is one value with a canary; what is more is a body too many. What is
     * encrypted may hold a few bytes of it by chance. */
    size_t bodies = store_memory_count(world->server.store, view_of("<<<0000"));
    if (bodies != normal)
        world_break(world, promise, "the store holds %zu bodies of %zu messages", bodies, normal);
    for (size_t i = 0; i < world->device_count; i++)
        exposure_check_device(world, &world->devices[i]);
}
