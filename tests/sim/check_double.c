/* P2: one message per sender's id, and each event is shown once per device. */
#include "checks.h"

static const char promise[] = "P2 nothing is doubled";

void check_double_committed(struct world *world, const struct message *message, uint64_t seq)
{
    if (message->seq != 0 && message->seq != seq)
        world_break(world, promise, "message %s is in %s as %llu and as %llu", message->canary,
                    message->conversation, (unsigned long long)message->seq,
                    (unsigned long long)seq);
}

void check_double_shown(struct world *world, const struct device *device,
                        const struct kept_event *event, uint64_t seq)
{
    if (event->is_shown)
        world_break(world, promise, "%s shows event %llu again", device->name,
                    (unsigned long long)seq);
}

static void check_double_visit(struct world *world, const struct log *log, uint64_t seq,
                               const wire_event *event, void *context)
{
    uint8_t *seen = context;
    if (event->kind_case != EVENT_KIND(MESSAGE))
        return;
    const struct message *message =
        history_find_message(&world->history, bytes_view(event->message->message_id));
    if (message == NULL)
        return;
    if (seen[message - world->history.messages]++ > 0)
        world_break(world, promise, "the store has message %s again as %s:%llu", message->canary,
                    log->id, (unsigned long long)seq);
}

void check_double_end(struct world *world)
{
    uint8_t *seen = calloc(world->history.message_count + 1, 1);
    check_store(world, check_double_visit, seen);
    free(seen);
}
