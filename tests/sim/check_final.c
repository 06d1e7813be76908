/* P4: what is in a log stays what it is, but for a message's state, which only moves forward; in
 * the store with every commit, and on every device in the end. */
#include "checks.h"

#include "core/frame.h"
#include "core/message_state.h"

static const char promise[] = "P4 a recall is final";

void check_final_committed(struct world *world, const struct log *log, uint64_t seq,
                           const struct logged *before, const struct logged *after)
{
    if (seq > log->head)
        return;
    bool is_same = before->kind == after->kind && before->message == after->message;
    if (!is_same || (before->kind == EVENT_KIND(MESSAGE) && before->state != after->state &&
                     !message_state_may_step(before->state, after->state)))
        world_break(world, promise, "%s:%llu was %s and becomes %s", log->id,
                    (unsigned long long)seq, message_state_name(before->state),
                    message_state_name(after->state));
}

/* A message is normal exactly when no recall in the log names it. */
struct final {
    uint8_t *recalled; /* by message */
    uint8_t *normal;
};

static void check_final_visit(struct world *world, const struct log *log, uint64_t seq,
                              const wire_event *event, void *context)
{
    const struct final *final = context;
    const struct message *messages = world->history.messages;
    const struct message *message = NULL;
    (void)log;
    (void)seq;
    if (event->kind_case == EVENT_KIND(MESSAGE))
        message = history_find_message(&world->history, bytes_view(event->message->message_id));
    else if (event->kind_case == EVENT_KIND(RECALL))
        message =
            history_find_message(&world->history, bytes_view(event->recall->target_message_id));
    if (message == NULL)
        return;
    if (event->kind_case == EVENT_KIND(RECALL))
        final->recalled[message - messages]++;
    else if (event->message->state == WIRE(MESSAGE_STATE, NORMAL))
        final->normal[message - messages]++;
}

void check_final_end(struct world *world)
{
    uint32_t count = world->history.message_count;
    struct final final = {calloc(count + 1, 1), calloc(count + 1, 1)};
    check_store(world, check_final_visit, &final);
    for (uint32_t i = 0; i < count; i++) {
        if (final.recalled[i] > 1)
            world_break(world, promise, "message %u was taken back %u times", i, final.recalled[i]);
        if (final.recalled[i] > 0 && final.normal[i] > 0)
            world_break(world, promise, "message %u was taken back and is normal", i);
    }
    free(final.recalled);
    free(final.normal);
}
