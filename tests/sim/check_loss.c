/* P1: what was accepted is in the store from then on, and at the end on every member's device. */
#include "checks.h"

#include "core/frame.h"

static const char promise[] = "P1 nothing accepted is lost";

void check_loss_answered(struct world *world, const wire_server_frame *frame)
{
    if (frame->body_case == SERVER_FRAME(ACCEPTED)) {
        const wire_accepted *accepted = frame->accepted;
        struct message *message =
            history_find_message(&world->history, bytes_view(accepted->message_id));
        if (message == NULL || message->seq != accepted->seq)
            world_break(world, promise, "accepted as %s:%llu, and the store does not have it",
                        accepted->conversation, (unsigned long long)accepted->seq);
    } else if (frame->body_case == SERVER_FRAME(RECALL)) {
        for (size_t i = 0; i < frame->recall->n_outcomes; i++) {
            const wire_target_outcome *outcome = frame->recall->outcomes[i];
            const struct message *message =
                history_find_message(&world->history, bytes_view(outcome->target->message_id));
            if (outcome->outcome == WIRE(RECALL_OUTCOME, RECALLED) &&
                (message == NULL || !message->is_recalled))
                world_break(world, promise, "a recall in %s was confirmed and is not in the store",
                            frame->recall->conversation);
        }
    }
}

static void check_loss_visit(struct world *world, const struct log *log, uint64_t seq,
                             const wire_event *event, void *context)
{
    uint64_t *found = context;
    if (event->kind_case != EVENT_KIND(MESSAGE))
        return;
    const struct message *message =
        history_find_message(&world->history, bytes_view(event->message->message_id));
    if (message != NULL && message->seq == seq && strcmp(message->conversation, log->id) == 0)
        (*found)++;
}

void check_loss_end(struct world *world)
{
    uint64_t found = 0;
    uint64_t expected = 0;
    check_store(world, check_loss_visit, &found);
    for (uint32_t i = 0; i < world->history.message_count; i++) {
        const struct message *message = &world->history.messages[i];
        expected += message->seq != 0;
        if (message->has_pending && message->seq != 0 && !message->is_recalled)
            world_break(world, promise,
                        "message %u arrived after its recall and was not taken back", i);
    }
    if (found != expected)
        world_break(world, promise, "%llu messages were committed, the store holds %llu",
                    (unsigned long long)expected, (unsigned long long)found);
}
