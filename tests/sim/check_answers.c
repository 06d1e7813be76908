/* Idempotence: the same send has the same place and time, the same recall the same outcomes. */
#include "checks.h"

#include "base/memory.h"

static const char promise[] = "idempotence";

static void check_accepted(struct world *world, const wire_accepted *accepted)
{
    struct message *message =
        history_find_message(&world->history, bytes_view(accepted->message_id));
    if (message == NULL)
        return;
    if (message->accepted_time != 0 && message->accepted_time != accepted->time)
        world_break(world, promise, "message %s was accepted twice with different times",
                    message->canary);
    message->accepted_time = accepted->time;
}

void check_answers(struct world *world, const struct link *link, const wire_server_frame *frame)
{
    if (frame->body_case == SERVER_FRAME(ACCEPTED))
        check_accepted(world, frame->accepted);
    if (frame->body_case != SERVER_FRAME(RECALL) || frame->request == 0)
        return; /* news tell of what became of an answer */
    struct asked *asked =
        history_find_asked(&world->history, bytes_view(frame->recall->request_id));
    if (asked == NULL || asked->user != world->devices[link->device].user) {
        world_break(world, promise, "an answer to a recall that %s did not ask for",
                    world->devices[link->device].user_name);
        return;
    }
    wire_recall_result result = *frame->recall;
    result.reach = NULL; /* who has applied it by now is told anew */
    size_t size = unsay__v1__recall_result__get_packed_size(&result);
    uint8_t *bytes = memory_new(size);
    unsay__v1__recall_result__pack(&result, bytes);
    if (asked->answer.size == 0) {
        asked->answer = view_make(bytes, size);
        return;
    }
    if (!view_equal(asked->answer, view_make(bytes, size)))
        world_break(world, promise, "request %.*s has two answers",
                    VIEW_PRINT(bytes_view(frame->recall->request_id)));
    free(bytes);
}
