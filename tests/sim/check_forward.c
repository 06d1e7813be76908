/* P5: nobody forwards what was taken back; where the policy says so a forward goes with its source.
 * And pins, which go with their message. */
#include "checks.h"

#include "storage/store.h"

static const char promise[] = "P5 no late exposure";

void check_forward_handed_out(struct world *world, const struct log *source, uint64_t seq)
{
    if (seq <= source->head && source->events[seq].recall_seq != 0)
        world_break(world, promise, "%s:%llu was taken back, and is handed out to be forwarded",
                    source->id, (unsigned long long)seq);
}

void check_forward_committed(struct world *world, const struct message *message)
{
    if (message->source != 0 && !message->is_handed_out)
        world_break(world, promise, "%s is a forward, and its source never let it go",
                    message->canary);
}

void check_forward_end(struct world *world)
{
    const struct history *history = &world->history;
    for (uint32_t i = 0; i < history->recall_count; i++) {
        const struct taken_back *recall = &history->recalls[i];
        bool is_due = recall->takes_forwards && !recall->is_troubled;
        for (uint32_t at = 0; at < history->message_count && is_due; at++) {
            const struct message *forward = &history->messages[at];
            if (forward->source == recall->message + 1 && forward->seq != 0 &&
                !forward->is_recalled)
                world_break(world, promise, "%s was taken back, and not %s, which forwards it",
                            history->messages[recall->message].canary, forward->canary);
        }
    }
}

void check_pins_end(struct world *world)
{
    struct store_pin pins[LIMIT_PINS_MAX];
    struct arena arena;
    arena_init(&arena);
    for (uint32_t i = 0; i < world->history.log_count; i++) {
        const struct log *log = &world->history.logs[i];
        size_t count = 0;
        if (store_list_pins(world->server.store, view_of(log->id), ORIGIN_DEFAULT, LIMIT_PINS_MAX,
                            &arena, pins, &count) != STATUS_OK)
            count = 0;
        for (size_t at = 0; at < count; at++) {
            if (pins[at].seq > log->head || log->events[pins[at].seq].recall_seq != 0)
                world_break(world, "pins", "%s:%llu was taken back, and is pinned", log->id,
                            (unsigned long long)pins[at].seq);
        }
    }
    arena_fini(&arena);
}
