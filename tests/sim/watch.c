#include "watch.h"

#include "base/memory.h"
#include "checks.h"
#include "core/frame.h"
#include "ledger.h"
#include "policies.h"
#include "questions.h"

void watch_decided(struct world *world, unsigned index, const struct group *group)
{
    struct shell *shell = &world->server.shells[index];
    if (group == NULL)
        return;
    if (group->number != shell->seen_group)
        shell->seen = NULL;
    const struct change *at =
        shell->seen == NULL ? group->effects.changes.first : shell->seen->next;
    for (; at != NULL; at = at->next) {
        if (at->kind == CHANGE_EVENT)
            world_tell(world, "worker %u decides %.*s:%llu", index, VIEW_PRINT(at->conversation),
                       (unsigned long long)at->seq);
        else if (at->kind == CHANGE_AUDIT)
            check_authority_decided(world, index, at->bytes);
    }
    shell->seen_group = group->number;
    shell->seen = group->effects.changes.last;
}

void watch_signed_in(struct world *world, struct link *link, const char *user)
{
    struct store_membership memberships[LINK_PROMISED_MAX];
    struct arena arena;
    size_t count = 0;
    arena_init(&arena);
    if (store_list_conversations(world->server.store, view_of(user), view_make(NULL, 0),
                                 LINK_PROMISED_MAX, &arena, memberships, &count) != STATUS_OK)
        count = 0;
    link->promised_count = 0;
    for (size_t i = 0; i < count; i++) {
        struct view id = memberships[i].conversation;
        struct view bytes;
        uint64_t head;
        if (!row_is_member(&memberships[i].row) ||
            store_get_last_event(world->server.store, id, ORIGIN_DEFAULT, &arena, &head, &bytes) !=
                STATUS_OK)
            continue;
        uint32_t at = link->promised_count++;
        snprintf(link->promised[at].conversation, sizeof(link->promised[at].conversation), "%.*s",
                 VIEW_PRINT(id));
        link->promised[at].head = head;
    }
    arena_fini(&arena);
}

void watch_live(struct world *world, struct device *device)
{
    const struct link *link = device->link;
    for (uint32_t i = 0; link != NULL && i < link->promised_count; i++) {
        const struct kept_conversation *kept =
            database_find(&device->database, view_of(link->promised[i].conversation));
        uint64_t stored = kept == NULL ? 0 : kept->stored;
        struct member_row member = {.role = WIRE(ROLE, UNSPECIFIED)};
        /* One that was left meanwhile is not in the list. */
        if (stored < link->promised[i].head &&
            store_get_member(world->server.store, view_of(link->promised[i].conversation),
                             view_of(device->user_name), &member) == STATUS_OK &&
            row_is_member(&member))
            world_break(world, "P1 nothing accepted is lost",
                        "%s is live, and has %s up to %llu of %llu", device->name,
                        link->promised[i].conversation, (unsigned long long)stored,
                        (unsigned long long)link->promised[i].head);
    }
}

/* The device may hold the event from now on. */
static void watch_handed_event(struct world *world, const struct link *link,
                               const wire_event *event)
{
    struct log *log = history_log(&world->history, view_of(event->conversation));
    struct reached *reached = &log->reached[link->device];
    if (reached->handed_first == 0 || event->seq < reached->handed_first)
        reached->handed_first = event->seq;
    if (event->seq > reached->handed_last)
        reached->handed_last = event->seq;
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
    logged->time = event->time;
    if (event->kind_case == EVENT_KIND(MESSAGE)) {
        message = history_find_message(history, bytes_view(event->message->message_id));
        logged->state = event->message->state;
    } else if (event->kind_case == EVENT_KIND(RECALL)) {
        message = history_find_message(history, bytes_view(event->recall->target_message_id));
        logged->target_seq = event->recall->target_seq;
    }
    if (message != NULL)
        logged->message = (uint32_t)(message - history->messages);
    if (event->kind_case == EVENT_KIND(MESSAGE) || event->kind_case == EVENT_KIND(RECALL))
        world_tell(world, "committed: %s:%llu %s message %u", log->id,
                   (unsigned long long)change->seq,
                   event->kind_case == EVENT_KIND(RECALL) ? "takes back" : "is", logged->message);
    else
        world_tell(world, "committed: %s:%llu", log->id, (unsigned long long)change->seq);
    check_order_committed(world, log, change->seq);
    check_final_committed(world, log, change->seq, &before, logged);
    check_exposure_committed(world, event, change->bytes);
    if (change->seq > log->head) {
        check_groups_committed(world, log, event);
        ledger_take_event(world, log, event);
        log->head = change->seq;
    }
    if (change->dossier.size > 0)
        ledger_take_dossier(world, log, change->seq, change->dossier);
    if (message == NULL)
        return;
    if (event->kind_case == EVENT_KIND(RECALL)) {
        ledger_take_recall(world, log, event, message);
        check_authority_committed(world, event, message);
        return;
    }
    check_double_committed(world, message, change->seq);
    check_forward_committed(world, message);
    message->seq = change->seq;
    message->time = event->time;
    message->is_recalled |= event->message->state != WIRE(MESSAGE_STATE, NORMAL);
}

void watch_committed(struct world *world, const struct change_list *changes)
{
    struct arena arena;
    arena_init(&arena);
    for (const struct change *at = changes->first; at != NULL; at = at->next) {
        if (at->kind == CHANGE_EVENT)
            watch_committed_event(world, at, event_decode(at->bytes, &arena));
        else
            ledger_take(world, at);
    }
    arena_fini(&arena);
}

void watch_published(struct world *world, unsigned worker, const struct group *group)
{
    const struct publication *at = group->effects.first;
    if (group->policy != NULL) {
        world->server.shells[worker].policy =
            sim_policy_index(view_make(group->policy->version, POLICY_VERSION_BYTES));
        world_tell(world, "worker %u: policy %u", worker, world->server.shells[worker].policy);
    }
    for (; at != NULL; at = at->next) {
        if (!at->is_recall)
            continue;
        struct log *log = history_log(&world->history, view_of(at->conversation));
        uint32_t index = log_at(log, at->target_seq)->message;
        world->history.messages[index].unspeakable_at |= 1U << worker;
    }
}

/* What the server had yet to do about recent recalls, and what it knew of devices that had gone,
 * may be lost. */
static void watch_trouble(struct world *world, uint64_t at_ms)
{
    world->history.trouble_ms = at_ms;
    for (uint32_t i = 0; i < world->history.recall_count; i++) {
        struct taken_back *recall = &world->history.recalls[i];
        recall->is_troubled |= at_ms - recall->committed_ms < TROUBLE_MS;
    }
    for (uint32_t i = 0; i < world->history.message_count; i++)
        world->history.messages[i].handed_since = 0;
}

void watch_failed(struct world *world)
{
    watch_trouble(world, world->now_ms);
}

void watch_restarted(struct world *world)
{
    watch_trouble(world, world->server.died_ms);
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
    if (decoded->body_case == SERVER_FRAME(EVENT) &&
        decoded->event->kind_case != EVENT_KIND(HIDDEN))
        watch_handed_event(world, link, decoded->event);
    check_exposure_handed(world, link, decoded, frame);
    check_departed_handed(world, link, decoded);
    check_listing_handed(world, link, decoded);
    check_levels_handed(world, link, decoded);
    check_loss_answered(world, decoded);
    check_audit_answered(world, link, decoded);
    check_reach_answered(world, decoded);
    check_answers(world, link, decoded);
    check_absence_told(world, link, decoded);
    if (world->settled_since_ms != 0)
        questions_answered(world, link, decoded);
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

void watch_skipping(struct world *world, const struct device *device,
                    const struct kept_conversation *kept, uint64_t after, uint64_t seq)
{
    world_tell(world, "%s skips %s after %llu to %llu", device->name, kept->id,
               (unsigned long long)after, (unsigned long long)seq);
    check_absence_skipping(world, device, kept, after, seq);
}

void watch_fetched(struct world *world, const struct device *device,
                   const struct kept_conversation *kept, const wire_event *event)
{
    world_tell(world, "%s fetches %s:%llu", device->name, event->conversation,
               (unsigned long long)event->seq);
    check_absence_fetched(world, device, kept, event);
}

void watch_cursor(struct world *world, struct device *device, const struct kept_conversation *kept)
{
    check_absence_cursor(world, device, kept);
    check_order_cursor(world, device, kept);
}

void watch_place(struct world *world, const struct device *device,
                 const struct kept_conversation *kept, unsigned user,
                 const struct kept_place *before)
{
    check_levels_placed(world, device, kept, user, before);
}

void watch_shown(struct world *world, const struct device *device,
                 const struct kept_conversation *kept, const wire_event *event)
{
    if (kept == NULL || event->seq > kept->count || kept->events[event->seq - 1].bytes == NULL) {
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
    check_audit_end(world);
    check_outbox_end(world);
    check_forward_end(world);
    check_pins_end(world);
    check_range_end(world);
    if (!check_convergence(world, lacking, sizeof(lacking)))
        world_break(world, "P7 convergence", "%s", lacking);
    check_convergence_end(world);
    check_lists_end(world);
}
