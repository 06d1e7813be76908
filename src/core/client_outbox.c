#include "core/client_outbox.h"

#include "base/memory.h"
#include "core/backoff.h"
#include "core/client_outbox_internal.h"
#include "core/frame.h"

#include <stdlib.h>

static const char client_gave_up[] =
    "The server did not confirm the message in time; check the connection and send it again.";

void client_outbox_init(struct client_outbox *outbox)
{
    *outbox = (struct client_outbox){.load = CLIENT_LOAD_ASKED, .tick_ms = CLIENT_NEVER};
    list_init(&outbox->window);
    table_init(&outbox->lanes);
    client_flight_init(&outbox->flight);
}

static size_t client_entry_cost(const struct client_entry *entry)
{
    return entry->body_bytes + entry->detail_bytes + CLIENT_FLIGHT_FRAME;
}

static void client_entry_set_in_flight(struct client_outbox *outbox, struct client_entry *entry,
                                       bool is_in_flight)
{
    if (entry->is_in_flight == is_in_flight)
        return;
    entry->is_in_flight = is_in_flight;
    if (is_in_flight) {
        outbox->in_flight++;
        outbox->flight.bytes += client_entry_cost(entry);
    } else {
        outbox->in_flight--;
        outbox->flight.bytes -= client_entry_cost(entry);
    }
}

/* Out of the window; the lane goes with its last entry. */
static void client_entry_free(struct client_outbox *outbox, struct client_entry *entry)
{
    struct client_lane *lane = entry->lane;
    client_entry_set_in_flight(outbox, entry, false);
    list_remove(&entry->window_node);
    list_remove(&entry->lane_node);
    outbox->slots[entry->slot] = NULL;
    outbox->count--;
    if (list_is_empty(&lane->entries)) {
        table_remove(&outbox->lanes, client_lane_id(lane));
        free(lane);
    }
    free(entry->body);
    free(entry->detail);
    free(entry);
}

void client_outbox_fini(struct client_outbox *outbox)
{
    while (!list_is_empty(&outbox->window))
        client_entry_free(outbox, LIST_ITEM(outbox->window.next, struct client_entry, window_node));
    table_fini(&outbox->lanes);
}

static struct client_entry *client_lane_at(struct client_lane *lane, struct list *node)
{
    return node == &lane->entries ? NULL : LIST_ITEM(node, struct client_entry, lane_node);
}

static struct uuid client_entry_predecessor(const struct client_entry *entry)
{
    const struct client_entry *before = client_lane_at(entry->lane, entry->lane_node.previous);
    while (before != NULL && before->is_retry)
        before = client_lane_at(entry->lane, before->lane_node.previous);
    return before == NULL ? (struct uuid){{0}} : before->message_id;
}

static struct backoff client_outbox_backoff(const struct client_core *core)
{
    return (struct backoff){core->config.send_retry_first_ms, core->config.send_retry_max_ms};
}

void client_outbox_wake(struct client_outbox *outbox, uint64_t at_ms)
{
    outbox->tick_ms = client_earlier(outbox->tick_ms, at_ms);
}

/* In the effects' arena; the entry's is valid. */
static const wire_send *client_entry_detail(struct client_core *core,
                                            const struct client_entry *entry)
{
    ProtobufCAllocator allocator;
    arena_allocator(&core->effects.arena, &allocator);
    return unsay__v1__send__unpack(&allocator, entry->detail_bytes, entry->detail);
}

static void client_entry_transmit(struct client_core *core, struct client_entry *entry)
{
    entry->request = client_request_number(core, CLIENT_REQUEST_SEND, entry->slot);
    entry->after = client_entry_predecessor(entry);
    entry->due_ms = core->now_ms +
                    backoff_jittered_ms(client_outbox_backoff(core), entry->attempts, &core->prng);
    if (!entry->is_begun)
        entry->since_ms = core->now_ms;
    entry->is_begun = true;
    client_entry_set_in_flight(&core->outbox, entry, true);
    client_outbox_wake(&core->outbox, entry->due_ms);

    wire_send send = *client_entry_detail(core, entry);
    send.conversation = entry->lane->id;
    send.message_id = bytes_of(uuid_view(&entry->message_id));
    send.content_type = entry->content_type;
    send.body = bytes_of(view_make(entry->body, entry->body_bytes));
    if (!uuid_is_zero(&entry->after))
        send.after = bytes_of(uuid_view(&entry->after));
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    frame.request = entry->request;
    frame.body_case = CLIENT_FRAME(SEND);
    frame.send = &send;
    client_transmit(core, &frame);
}

void client_outbox_pump(struct client_core *core)
{
    struct client_outbox *outbox = &core->outbox;
    if (!client_connection_is_ready(&core->connection) || outbox->in_flight == outbox->count)
        return;
    for (struct list *node = outbox->window.next; node != &outbox->window; node = node->next) {
        struct client_entry *entry = LIST_ITEM(node, struct client_entry, window_node);
        const struct client_entry *paused = entry->lane->paused;
        if (entry->is_in_flight || (paused != NULL && entry->number >= paused->number))
            continue;
        if (!client_flight_has_room(&outbox->flight, client_entry_cost(entry)))
            break;
        client_entry_transmit(core, entry);
    }
}

/* The pause is over: everything from where it began goes out, in order. */
static void client_lane_resume(struct client_core *core, struct client_lane *lane)
{
    struct client_entry *entry = lane->paused;
    lane->paused = NULL;
    for (; entry != NULL; entry = client_lane_at(lane, entry->lane_node.next))
        client_entry_set_in_flight(&core->outbox, entry, false);
    client_outbox_pump(core);
}

/* The entry leaves the window; what waited for it goes out. */
static void client_entry_resolve(struct client_core *core, struct client_entry *entry)
{
    struct client_lane *lane = entry->lane;
    struct client_entry *next = client_lane_at(lane, entry->lane_node.next);
    bool is_awaited = lane->paused != NULL &&
                      (lane->paused == entry || (lane->paused == next && lane->is_out_of_order));
    client_entry_free(&core->outbox, entry);
    core->outbox.answered_ms = core->now_ms;
    if (next != NULL && next->is_in_flight)
        client_outbox_wake(&core->outbox, next->due_ms);
    if (is_awaited && next != NULL) {
        lane->paused = next;
        client_lane_resume(core, lane);
    } else {
        client_outbox_pump(core);
    }
    client_outbox_want(core);
}

void client_outbox_fail(struct client_core *core, struct view conversation, struct uuid message_id,
                        refusal_code refusal, const char *detail)
{
    const char *text = refusal == REFUSAL_NONE ? client_gave_up : refusal_text(refusal);
    if (*detail != 0)
        text = detail;
    conversation = arena_copy(&core->effects.arena, conversation);
    struct client_effect *store = client_effects_add(&core->effects, CLIENT_STORE_FAILED);
    struct client_effect *show = client_effects_add(&core->effects, CLIENT_SHOW_SEND);
    store->conversation = show->conversation = conversation;
    store->message_id = show->message_id = message_id;
    store->refusal = show->refusal = refusal;
    store->text = show->text = text;
    store->send_state = show->send_state = CLIENT_SEND_FAILED;
}

static void client_entry_fail(struct client_core *core, struct client_entry *entry,
                              refusal_code refusal, const char *detail)
{
    client_outbox_fail(core, client_lane_id(entry->lane), entry->message_id, refusal, detail);
    client_entry_resolve(core, entry);
}

void client_outbox_forget(struct client_core *core)
{
    struct list *window = &core->outbox.window;
    for (struct list *node = window->next, *next; node != window; node = next) {
        next = node->next;
        struct client_entry *entry = LIST_ITEM(node, struct client_entry, window_node);
        const wire_send *detail = client_entry_detail(core, entry);
        if (detail->quote != NULL || detail->forward != NULL)
            client_entry_fail(core, entry, REFUSAL_CODE(UNKNOWN_MESSAGE), "");
    }
}

void client_outbox_resume(struct client_core *core)
{
    struct list *window = &core->outbox.window;
    for (struct list *node = window->next; node != window; node = node->next) {
        struct client_entry *entry = LIST_ITEM(node, struct client_entry, window_node);
        entry->attempts = 0;
    }
    client_flight_init(&core->outbox.flight);
    client_outbox_pump(core);
}

void client_outbox_stop(struct client_core *core)
{
    struct list *window = &core->outbox.window;
    for (struct list *node = window->next; node != window; node = node->next) {
        struct client_entry *entry = LIST_ITEM(node, struct client_entry, window_node);
        client_entry_set_in_flight(&core->outbox, entry, false);
        entry->lane->paused = NULL;
    }
}

static bool client_entry_accepted(struct client_core *core, struct client_entry *entry,
                                  const wire_accepted *accepted)
{
    if (!view_equal(bytes_view(accepted->message_id), uuid_view(&entry->message_id)) ||
        !view_equal(view_of(accepted->conversation), client_lane_id(entry->lane)) ||
        accepted->origin == 0 || accepted->seq == 0)
        return false;
    struct view conversation = arena_copy(&core->effects.arena, client_lane_id(entry->lane));
    struct client_effect *store = client_effects_add(&core->effects, CLIENT_STORE_ACCEPTED);
    struct client_effect *show = client_effects_add(&core->effects, CLIENT_SHOW_SEND);
    store->conversation = show->conversation = conversation;
    store->message_id = show->message_id = entry->message_id;
    store->send_state = show->send_state = CLIENT_SEND_ACCEPTED;
    store->origin = show->origin = accepted->origin;
    store->seq = show->seq = accepted->seq;
    store->time = show->time = accepted->time;
    store->is_recalled = show->is_recalled = accepted->state == WIRE(MESSAGE_STATE, RECALLED) ||
                                             accepted->state == WIRE(MESSAGE_STATE, ERASED);
    client_flight_answered(&core->outbox.flight, client_entry_cost(entry));
    client_entry_resolve(core, entry);
    return true;
}

/* Refused for now: the lane pauses here, unless it does already. */
static void client_entry_pause(struct client_core *core, struct client_entry *entry,
                               const wire_error *error)
{
    struct client_lane *lane = entry->lane;
    if (lane->paused != NULL && entry->number >= lane->paused->number)
        return;
    struct uuid predecessor = client_entry_predecessor(entry);
    lane->paused = entry;
    lane->is_out_of_order = error->code == REFUSAL_CODE(OUT_OF_ORDER);
    if (lane->is_out_of_order && uuid_compare(&predecessor, &entry->after) != 0) {
        client_lane_resume(core, lane); /* it named one that is resolved meanwhile */
        return;
    }
    uint32_t delay_ms =
        backoff_jittered_ms(client_outbox_backoff(core), entry->attempts++, &core->prng);
    entry->refusal = error->code;
    for (; entry != NULL; entry = client_lane_at(lane, entry->lane_node.next))
        client_entry_set_in_flight(&core->outbox, entry, false);
    lane->resume_ms = client_error_retry_ms(core, error, delay_ms);
    client_outbox_wake(&core->outbox, lane->resume_ms);
    client_outbox_pump(core);
}

bool client_outbox_answer(struct client_core *core, const wire_server_frame *frame)
{
    uint32_t slot = client_request_slot(frame->request);
    struct client_entry *entry = slot < LIMIT_OUTBOX_WINDOW ? core->outbox.slots[slot] : NULL;
    if (entry == NULL || frame->request <= entry->first_request || frame->request > entry->request)
        return true;
    if (frame->body_case == SERVER_FRAME(ACCEPTED))
        return client_entry_accepted(core, entry, frame->accepted);
    if (frame->body_case != SERVER_FRAME(ERROR))
        return false;
    if (!client_error_is_retryable(frame->error))
        client_entry_fail(core, entry, frame->error->code, frame->error->detail);
    else if (frame->request == entry->request)
        client_entry_pause(core, entry, frame->error);
    return true;
}

/* Of those that are in flight in its lane. */
static bool client_entry_is_oldest(const struct client_entry *entry)
{
    const struct client_entry *before = client_lane_at(entry->lane, entry->lane_node.previous);
    return entry->is_in_flight && (before == NULL || !before->is_in_flight);
}

static void client_entry_tick(struct client_core *core, struct client_entry *entry)
{
    struct client_outbox *outbox = &core->outbox;
    struct client_lane *lane = entry->lane;
    /* What waits for its turn, while others get theirs, has not been tried yet. */
    if (!entry->is_begun && entry->since_ms < outbox->answered_ms)
        entry->since_ms = outbox->answered_ms;
    uint64_t give_up_ms = entry->since_ms + core->config.send_give_up_ms;
    if (core->now_ms >= give_up_ms) {
        client_entry_fail(core, entry, entry->refusal, "");
        return;
    }
    client_outbox_wake(&core->outbox, give_up_ms);
    if (!client_connection_is_ready(&core->connection))
        return;
    if (lane->paused == entry && core->now_ms >= lane->resume_ms) {
        client_lane_resume(core, lane);
    } else if (lane->paused == entry) {
        client_outbox_wake(&core->outbox, lane->resume_ms);
    } else if (client_entry_is_oldest(entry) &&
               (lane->paused == NULL || entry->number < lane->paused->number)) {
        if (core->now_ms >= entry->due_ms) {
            entry->attempts++;
            client_flight_repeated(&outbox->flight);
            client_entry_transmit(core, entry);
        } else {
            client_outbox_wake(outbox, entry->due_ms);
        }
    }
}

void client_outbox_tick(struct client_core *core)
{
    struct client_outbox *outbox = &core->outbox;
    if (core->now_ms < outbox->tick_ms)
        return;
    outbox->tick_ms = CLIENT_NEVER;
    for (struct list *node = outbox->window.next, *next; node != &outbox->window; node = next) {
        next = node->next;
        client_entry_tick(core, LIST_ITEM(node, struct client_entry, window_node));
    }
}

uint64_t client_outbox_wake_ms(const struct client_outbox *outbox)
{
    return outbox->tick_ms;
}

size_t client_outbox_in_flight(const struct client_outbox *outbox)
{
    return outbox->in_flight;
}
