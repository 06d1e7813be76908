#include "watch.h"

#include "base/memory.h"
#include "checks.h"
#include "core/frame.h"
#include "core/hlc.h"

void watch_decided(struct world *world, unsigned index)
{
    struct shell *shell = &world->server.shells[index];
    const struct group *group = shell->worker.owner.open;
    if (group == NULL)
        return;
    if (group->number != shell->seen_group)
        shell->seen = NULL;
    const struct publication *at = shell->seen == NULL ? group->effects.first : shell->seen->next;
    for (; at != NULL; at = at->next) {
        struct log *log = history_log(&world->history, view_of(at->conversation));
        log_at(log, at->seq)->decided_ms = shell->worker.now.wall_ms;
        world_tell(world, "worker %u decides %s:%llu%s", index, at->conversation,
                   (unsigned long long)at->seq, at->is_recall ? ", a recall" : "");
    }
    shell->seen_group = group->number;
    shell->seen = group->effects.last;
}

static void watch_committed_event(struct world *world, const struct change *change,
                                  const wire_event *event)
{
    struct history *history = &world->history;
    struct log *log = history_log(history, change->conversation);
    struct logged *logged = log_at(log, change->seq);
    struct logged before = *logged;
    struct message *message = NULL;
    logged->kind = event->kind_case;
    if (event->kind_case == EVENT_KIND(MESSAGE)) {
        message = history_find_message(history, bytes_view(event->message->message_id));
        logged->state = event->message->state;
    } else if (event->kind_case == EVENT_KIND(RECALL)) {
        message = history_find_message(history, bytes_view(event->recall->target_message_id));
    }
    if (message != NULL)
        logged->message = (uint32_t)(message - history->messages);
    world_tell(world, "committed: %s:%llu %s message %u", log->id, (unsigned long long)change->seq,
               event->kind_case == EVENT_KIND(RECALL) ? "takes back" : "is", logged->message);
    check_order_committed(world, log, change->seq);
    check_final_committed(world, log, change->seq, &before, logged);
    check_exposure_committed(world, change->bytes);
    if (change->seq > log->head)
        log->head = change->seq;
    if (message == NULL)
        return;
    if (event->kind_case == EVENT_KIND(RECALL)) {
        history->recalls++;
        check_authority_committed(world, event, message, logged->decided_ms);
        return;
    }
    check_double_committed(world, message, change->seq);
    message->seq = change->seq;
    message->time = event->time;
    message->is_recalled |= event->message->state != WIRE(MESSAGE_STATE, NORMAL);
}

void watch_committed(struct world *world, const struct change_list *changes)
{
    struct arena arena;
    arena_init(&arena);
    for (const struct change *at = changes->first; at != NULL; at = at->next) {
        if (at->kind == CHANGE_EVENT) {
            watch_committed_event(world, at, event_decode(at->bytes, &arena));
        } else if (at->kind == CHANGE_MESSAGE_ID && at->message_id.seq == 0) {
            struct message *message = history_find_message(&world->history, uuid_view(&at->id));
            if (message != NULL &&
                view_equal(view_of(world->devices[message->device].user_name), at->user) &&
                view_equal(view_of(message->conversation), at->conversation))
                message->has_pending = true;
        }
    }
    arena_fini(&arena);
}

void watch_published(struct world *world, unsigned worker, const struct group *group)
{
    const struct publication *at = group->effects.first;
    for (; at != NULL; at = at->next) {
        if (!at->is_recall)
            continue;
        struct log *log = history_log(&world->history, view_of(at->conversation));
        uint32_t index = log_at(log, at->target_seq)->message;
        world->history.messages[index].unspeakable_at |= 1U << worker;
    }
}

void watch_restarted(struct world *world)
{
    for (uint32_t i = 0; i < world->history.message_count; i++) {
        struct message *message = &world->history.messages[i];
        message->is_unspeakable |= message->is_recalled;
    }
}

/* Whoever hears this may rely on no connection handing out the body any more. */
static void watch_told_of_recalls(struct world *world, const wire_server_frame *frame)
{
    struct history *history = &world->history;
    struct message *message;
    if (frame->body_case == SERVER_FRAME(ACCEPTED)) {
        message = history_find_message(history, bytes_view(frame->accepted->message_id));
        if (message != NULL && frame->accepted->state == WIRE(MESSAGE_STATE, RECALLED))
            message->is_unspeakable = true;
    } else if (frame->body_case == SERVER_FRAME(RECALL)) {
        for (size_t i = 0; i < frame->recall->n_outcomes; i++) {
            const wire_target_outcome *outcome = frame->recall->outcomes[i];
            message = history_find_message(history, bytes_view(outcome->target->message_id));
            if (message != NULL && (outcome->outcome == WIRE(RECALL_OUTCOME, RECALLED) ||
                                    outcome->outcome == WIRE(RECALL_OUTCOME, ALREADY_RECALLED)))
                message->is_unspeakable = true;
        }
    }
}

static const char *watch_frame_name(const wire_server_frame *frame)
{
    const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field(
        &unsay__v1__server_frame__descriptor, (unsigned)frame->body_case);
    return field == NULL ? "nothing" : field->name;
}

void watch_handed(struct world *world, const struct link *link, struct view frame)
{
    struct arena arena;
    arena_init(&arena);
    const wire_server_frame *decoded = frame_decode_server(frame_payload(frame), &arena);
    world_mix(world, frame.size << 8 | decoded->body_case);
    if (world->is_traced && decoded->body_case == SERVER_FRAME(EVENT))
        world_tell(world, "worker %u to %s: event %s:%llu", link->worker,
                   world->devices[link->device].name, decoded->event->conversation,
                   (unsigned long long)decoded->event->seq);
    else if (world->is_traced && decoded->body_case == SERVER_FRAME(ERROR))
        world_tell(world, "worker %u to %s: error %d, %s", link->worker,
                   world->devices[link->device].name, decoded->error->code, decoded->error->detail);
    else if (world->is_traced)
        world_tell(world, "worker %u to %s: %s", link->worker, world->devices[link->device].name,
                   watch_frame_name(decoded));
    check_exposure_handed(world, link, frame);
    check_loss_answered(world, decoded);
    check_answers(world, link, decoded);
    watch_told_of_recalls(world, decoded);
    arena_fini(&arena);
}

void watch_session(struct world *world, const struct session *session)
{
    check_limits(world, session);
}

void watch_storing(struct world *world, const struct device *device,
                   const struct kept_conversation *kept, const wire_event *event)
{
    world_tell(world, "%s stores %s:%llu", device->name, kept->id, (unsigned long long)event->seq);
    check_order_storing(world, device, kept, event);
}

void watch_cursor(struct world *world, const struct device *device,
                  const struct kept_conversation *kept)
{
    check_order_cursor(world, device, kept);
}

void watch_shown(struct world *world, const struct device *device,
                 const struct kept_conversation *kept, const wire_event *event)
{
    if (kept == NULL || event->seq > kept->count) {
        world_break(world, "P2 doubled", "%s shows an event that it has not stored", device->name);
        return;
    }
    struct kept_event *shown = &kept->events[event->seq - 1];
    check_double_shown(world, device, shown, event->seq);
    shown->is_shown = true;
}

void watch_end(struct world *world)
{
    char lacking[256];
    check_loss_end(world);
    check_double_end(world);
    check_order_end(world);
    check_final_end(world);
    check_exposure_end(world);
    if (!check_convergence(world, lacking, sizeof(lacking)))
        world_break(world, "P7 convergence", "%s", lacking);
    check_convergence_end(world);
}
