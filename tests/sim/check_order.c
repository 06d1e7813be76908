/* P3: logs without gaps, devices that hold a prefix of them, and each device's messages in the
 * order of its sending. */
#include "checks.h"

static const char promise[] = "P3 order";

void check_order_committed(struct world *world, const struct log *log, uint64_t seq)
{
    if (seq > log->head + 1)
        world_break(world, promise, "%s: %llu is committed after %llu", log->id,
                    (unsigned long long)seq, (unsigned long long)log->head);
}

/* Whether the device may go on behind `seq`: what it lacks up to there is not for its user. */
bool check_order_skips(struct world *world, const struct device *device,
                       const struct kept_conversation *kept, uint64_t seq)
{
    const struct log *log = history_find_log(&world->history, view_of(kept->id));
    if (seq <= kept->count || log == NULL || seq > log->head)
        return false;
    for (uint64_t at = kept->count + 1; at <= seq; at++) {
        if (log_sees(log, device->user, at, log->head))
            return false;
    }
    return true;
}

void check_order_storing(struct world *world, const struct device *device,
                         const struct kept_conversation *kept, const wire_event *event)
{
    if (event->seq != kept->count + 1 && !check_order_skips(world, device, kept, event->seq - 1))
        world_break(world, promise, "%s stores %s:%llu after %llu", device->name, kept->id,
                    (unsigned long long)event->seq, (unsigned long long)kept->count);
}

void check_order_cursor(struct world *world, const struct device *device,
                        const struct kept_conversation *kept)
{
    if (kept->stored != kept->count || kept->displayed > kept->stored)
        world_break(world, promise, "%s: cursor of %s at %llu/%llu, %llu events are stored",
                    device->name, kept->id, (unsigned long long)kept->stored,
                    (unsigned long long)kept->displayed, (unsigned long long)kept->count);
}

struct order {
    uint64_t seqs[LOGS_MAX];
    uint64_t numbers[LOGS_MAX][DEVICES_MAX]; /* of the latest message of each device */
    uint64_t times[LOGS_MAX];
};

static void check_order_visit(struct world *world, const struct log *log, uint64_t seq,
                              const wire_event *event, void *context)
{
    struct order *order = context;
    size_t index = (size_t)(log - world->history.logs);
    if (seq != order->seqs[index] + 1 || event->seq != seq || event->time <= order->times[index])
        world_break(world, promise, "the store's %s goes from %llu to %llu", log->id,
                    (unsigned long long)order->seqs[index], (unsigned long long)seq);
    order->seqs[index] = seq;
    order->times[index] = event->time;
    if (event->kind_case != EVENT_KIND(MESSAGE))
        return;
    const struct message *message =
        history_find_message(&world->history, bytes_view(event->message->message_id));
    if (message == NULL || message->was_given_up)
        return;
    uint64_t *number = &order->numbers[index][message->device];
    if (message->number < *number)
        world_break(world, promise, "%s:%llu was sent before an earlier one of %s", log->id,
                    (unsigned long long)seq, world->devices[message->device].name);
    *number = message->number;
}

void check_order_end(struct world *world)
{
    struct order order = {.seqs = {0}};
    check_store(world, check_order_visit, &order);
    for (uint32_t i = 0; i < world->history.log_count; i++) {
        if (order.seqs[i] != world->history.logs[i].head)
            world_break(world, promise, "the store's %s ends at %llu of %llu",
                        world->history.logs[i].id, (unsigned long long)order.seqs[i],
                        (unsigned long long)world->history.logs[i].head);
    }
}
