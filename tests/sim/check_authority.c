/* P6: only the author takes a message back, and only within the window by the server's clock. */
#include "checks.h"

#include "core/hlc.h"

static const char promise[] = "P6 authority";

void check_authority_committed(struct world *world, const wire_event *event,
                               const struct message *target, uint64_t decided_ms)
{
    const wire_recall *recall = event->recall;
    const struct asked *asked = history_find_asked(&world->history, bytes_view(recall->request_id));
    const struct device *author = &world->devices[target->device];
    if (asked == NULL || strcmp(recall->operator_, author->user_name) != 0 ||
        asked->user != author->user)
        world_break(world, promise, "a message of %s was taken back in the name of %s",
                    author->user_name, recall->operator_);
    uint64_t sent_ms = hlc_ms(target->time);
    if (decided_ms > sent_ms && decided_ms - sent_ms > SIM_RECALL_WINDOW_MS)
        world_break(world, promise, "%s was taken back %llu ms after it was sent", target->canary,
                    (unsigned long long)(decided_ms - sent_ms));
}
