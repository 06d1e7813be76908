#include "core/client_outbox.h"

#include "base/memory.h"
#include "core/backoff.h"
#include "core/client_core.h"
#include "core/frame.h"
#include "core/ids.h"

#include <stdlib.h>

static const char client_gave_up[] =
    "The server did not confirm the message in time; check the connection and send it again.";

void client_outbox_init(struct client_outbox *outbox)
{
    *outbox = (struct client_outbox){.load = CLIENT_LOAD_ASKED, .tick_ms = CLIENT_NEVER};
    list_init(&outbox->window);
    table_init(&outbox->lanes);
}

static struct view client_lane_id(const struct client_lane *lane)
{
    return view_make(lane->id, lane->id_bytes);
}

/* Out of the window; the lane goes with its last entry. */
static void client_entry_free(struct client_outbox *outbox, struct client_entry *entry)
{
    struct client_lane *lane = entry->lane;
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

static void client_outbox_wake(struct client_outbox *outbox, uint64_t at_ms)
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

static bool client_detail_is_valid(struct client_core *core, struct view detail)
{
    ProtobufCAllocator allocator;
    arena_allocator(&core->effects.arena, &allocator);
    return unsay__v1__send__unpack(&allocator, detail.size, detail.data) != NULL;
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
    entry->is_in_flight = true;
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

/* The pause is over: everything from where it began goes out, in order. */
static void client_lane_resume(struct client_core *core, struct client_lane *lane)
{
    struct client_entry *entry = lane->paused;
    lane->paused = NULL;
    for (; entry != NULL; entry = client_lane_at(lane, entry->lane_node.next))
        client_entry_transmit(core, entry);
}

static void client_outbox_want(struct client_core *core)
{
    struct client_outbox *outbox = &core->outbox;
    if (!outbox->has_more || outbox->load != CLIENT_LOAD_NONE ||
        outbox->count > LIMIT_OUTBOX_WINDOW / 2)
        return;
    outbox->has_more = false;
    client_outbox_start(core);
}

void client_outbox_start(struct client_core *core)
{
    struct client_outbox *outbox = &core->outbox;
    outbox->load = CLIENT_LOAD_ASKED;
    struct client_effect *load = client_effects_add(&core->effects, CLIENT_LOAD_OUTBOX);
    load->after = outbox->last_number;
    load->count = (uint32_t)(LIMIT_OUTBOX_WINDOW - outbox->count);
}

void client_outbox_taken(struct client_outbox *outbox)
{
    if (outbox->load == CLIENT_LOAD_ASKED)
        outbox->load = CLIENT_LOAD_TAKEN;
}

/* The entry leaves the window; what waited for it goes out. */
static void client_entry_resolve(struct client_core *core, struct client_entry *entry)
{
    struct client_lane *lane = entry->lane;
    struct client_entry *next = client_lane_at(lane, entry->lane_node.next);
    bool is_awaited = lane->paused != NULL &&
                      (lane->paused == entry || (lane->paused == next && lane->is_out_of_order));
    client_entry_free(&core->outbox, entry);
    if (is_awaited && next != NULL) {
        lane->paused = next;
        client_lane_resume(core, lane);
    }
    client_outbox_want(core);
}

/* `detail` is the server's, and may be empty. */
static void client_outbox_fail(struct client_core *core, struct view conversation,
                               struct uuid message_id, refusal_code refusal, const char *detail)
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

static struct client_lane *client_outbox_lane(struct client_outbox *outbox, struct view id)
{
    struct client_lane *lane = table_get(&outbox->lanes, id);
    if (lane != NULL)
        return lane;
    lane = memory_new(sizeof(*lane));
    list_init(&lane->entries);
    memcpy(lane->id, id.data, id.size);
    lane->id_bytes = id.size;
    table_put(&outbox->lanes, client_lane_id(lane), lane);
    return lane;
}

static struct client_entry *client_outbox_add(struct client_core *core,
                                              const struct client_outgoing *outgoing)
{
    struct client_outbox *outbox = &core->outbox;
    while (outbox->slots[outbox->next_slot] != NULL)
        outbox->next_slot = (outbox->next_slot + 1) % LIMIT_OUTBOX_WINDOW;
    struct client_entry *entry = memory_new(sizeof(*entry));
    entry->slot = outbox->next_slot;
    entry->first_request = client_request_number(core, CLIENT_REQUEST_SEND, entry->slot);
    entry->lane = client_outbox_lane(outbox, outgoing->conversation);
    entry->number = outgoing->number;
    entry->message_id = outgoing->message_id;
    entry->content_type = outgoing->content_type;
    entry->is_retry = outgoing->is_retry;
    entry->body = memory_copy(outgoing->body.data, outgoing->body.size);
    entry->body_bytes = outgoing->body.size;
    entry->detail = memory_copy(outgoing->detail.data, outgoing->detail.size);
    entry->detail_bytes = outgoing->detail.size;
    entry->since_ms = core->now_ms;
    list_push_back(&outbox->window, &entry->window_node);
    list_push_back(&entry->lane->entries, &entry->lane_node);
    outbox->slots[entry->slot] = entry;
    outbox->count++;
    client_outbox_wake(outbox, entry->since_ms + core->config.send_give_up_ms);
    return entry;
}

/* What the database may hold and the server need not be asked about. */
static refusal_code client_outgoing_refusal(struct client_core *core,
                                            const struct client_outgoing *outgoing)
{
    if (!id_is_conversation(outgoing->conversation))
        return REFUSAL_CODE(INVALID_ID);
    if (outgoing->body.size > LIMIT_BODY_BYTES_MAX)
        return REFUSAL_CODE(BODY_TOO_LARGE);
    if (outgoing->is_stale)
        return REFUSAL_CODE(UNKNOWN_MESSAGE);
    return client_detail_is_valid(core, outgoing->detail) ? REFUSAL_NONE
                                                          : REFUSAL_CODE(FIELD_INVALID);
}

bool client_outbox_offer(struct client_core *core, const struct client_outgoing *outgoing)
{
    struct client_outbox *outbox = &core->outbox;
    if (outbox->load == CLIENT_LOAD_ASKED || outgoing->number <= outbox->last_number)
        return false;
    if (outbox->has_more || outbox->count == LIMIT_OUTBOX_WINDOW) {
        outbox->has_more = true;
        return false;
    }
    outbox->last_number = outgoing->number;
    refusal_code refusal = client_outgoing_refusal(core, outgoing);
    if (refusal != REFUSAL_NONE) {
        client_outbox_fail(core, outgoing->conversation, outgoing->message_id, refusal, "");
        return true;
    }
    struct client_entry *entry = client_outbox_add(core, outgoing);
    if (client_connection_is_ready(&core->connection) && entry->lane->paused == NULL)
        client_entry_transmit(core, entry);
    return true;
}

void client_outbox_loaded(struct client_core *core, bool more)
{
    core->outbox.load = CLIENT_LOAD_NONE;
    core->outbox.has_more = core->outbox.has_more || more;
    client_outbox_want(core);
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
        client_entry_transmit(core, entry);
    }
}

void client_outbox_stop(struct client_core *core)
{
    struct list *window = &core->outbox.window;
    for (struct list *node = window->next; node != window; node = node->next) {
        struct client_entry *entry = LIST_ITEM(node, struct client_entry, window_node);
        entry->is_in_flight = false;
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
    lane->resume_ms = client_error_retry_ms(core, error, delay_ms);
    client_outbox_wake(&core->outbox, lane->resume_ms);
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

static void client_entry_tick(struct client_core *core, struct client_entry *entry)
{
    struct client_lane *lane = entry->lane;
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
    } else if (lane->paused == NULL || entry->number < lane->paused->number) {
        if (core->now_ms >= entry->due_ms) {
            entry->attempts++;
            client_entry_transmit(core, entry);
        } else {
            client_outbox_wake(&core->outbox, entry->due_ms);
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
    size_t count = 0;
    for (size_t i = 0; i < LIMIT_OUTBOX_WINDOW; i++)
        count += outbox->slots[i] != NULL && outbox->slots[i]->is_in_flight;
    return count;
}
