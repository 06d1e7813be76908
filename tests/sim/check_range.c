/* Taking back all messages of a user in a range of time: when the job says that it is done, each of
 * them that was there when it was asked for is gone, or was refused on record. */
#include "checks.h"

#include "core/hlc.h"

static const char promise[] = "range";

static bool range_was_refused(const struct history *history, uint32_t asked, uint32_t message)
{
    for (uint32_t i = 0; i < history->attempt_count; i++) {
        const struct attempt *attempt = &history->attempts[i];
        if (attempt->asked == asked && attempt->message == message &&
            attempt->outcome == WIRE(RECALL_OUTCOME, REFUSED))
            return true;
    }
    return false;
}

static void range_check_message(struct world *world, const struct asked *asked,
                                uint32_t message_index)
{
    const struct history *history = &world->history;
    const struct message *message = &history->messages[message_index];
    uint64_t sent_ms = hlc_ms(message->time);
    if (message->seq == 0 || message->seq > asked->range_head || message->is_recalled ||
        message->user != asked->range_user || sent_ms < asked->range_from_ms ||
        (asked->range_until_ms != 0 && sent_ms >= asked->range_until_ms) ||
        strcmp(message->conversation, asked->conversation) != 0)
        return;
    uint32_t index = (uint32_t)(asked - history->asked);
    if (!range_was_refused(history, index, message_index))
        world_break(world, promise, "job j%u is done, and %s is still there", index,
                    message->canary);
}

void check_range_end(struct world *world)
{
    const struct history *history = &world->history;
    for (uint32_t i = 0; i < history->asked_count; i++) {
        const struct asked *asked = &history->asked[i];
        if (asked->range_head != 0 && !asked->is_done)
            world_break(world, promise, "job j%u never ends", i);
        for (uint32_t at = 0; at < history->message_count && asked->range_head != 0; at++)
            range_check_message(world, asked, at);
    }
}
