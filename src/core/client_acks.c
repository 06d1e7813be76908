#include "core/client_acks.h"

#include "core/backoff.h"
#include "core/client_core.h"

void client_acks_init(struct client_acks *acks)
{
    *acks = (struct client_acks){.due_ms = CLIENT_NEVER, .repeat_ms = CLIENT_NEVER};
    list_init(&acks->fresh);
    list_init(&acks->sent);
}

static void client_acks_schedule(struct client_core *core)
{
    if (core->acks.due_ms == CLIENT_NEVER)
        core->acks.due_ms = core->now_ms + core->config.ack_delay_ms;
}

static bool client_acks_is_confirmed(const struct client_conversation *conversation)
{
    return conversation->confirmed_stored >= conversation->stored &&
           conversation->confirmed_displayed >= conversation->displayed;
}

void client_acks_add(struct client_core *core, struct client_conversation *conversation)
{
    if (client_acks_is_confirmed(conversation))
        return;
    list_remove(&conversation->ack_node);
    list_push_back(&core->acks.fresh, &conversation->ack_node);
    core->acks.repeats = 0;
    client_acks_schedule(core);
}

void client_acks_repeat(struct client_core *core, struct client_conversation *conversation)
{
    conversation->confirmed_stored = 0;
    client_acks_add(core, conversation);
}

void client_acks_add_notice(struct client_core *core, struct client_conversation *conversation,
                            uint64_t seq)
{
    struct client_acks *acks = &core->acks;
    if (acks->notice_count == LIMIT_SESSION_NOTICES_MAX) {
        acks->notice_first = (acks->notice_first + 1) % LIMIT_SESSION_NOTICES_MAX;
        acks->notice_count--;
    }
    size_t at = (acks->notice_first + acks->notice_count++) % LIMIT_SESSION_NOTICES_MAX;
    acks->notices[at] = (struct client_notice){conversation, seq};
    client_acks_schedule(core);
}

void client_acks_confirmed(struct client_core *core, const wire_ack_confirmed *confirmed)
{
    for (size_t i = 0; i < confirmed->n_cursors; i++) {
        const wire_cursor *cursor = confirmed->cursors[i];
        struct client_conversation *conversation = client_conversations_find(
            &core->conversations, view_of(cursor->conversation), cursor->origin);
        if (conversation == NULL)
            continue;
        if (cursor->stored > conversation->confirmed_stored)
            conversation->confirmed_stored = cursor->stored;
        if (cursor->displayed > conversation->confirmed_displayed)
            conversation->confirmed_displayed = cursor->displayed;
        if (client_acks_is_confirmed(conversation))
            list_remove(&conversation->ack_node);
    }
}

/* Moves all of `from` behind those of `to`. */
static void client_acks_move(struct list *from, struct list *to)
{
    for (struct list *node; (node = list_pop_front(from)) != NULL;)
        list_push_back(to, node);
}

void client_acks_resume(struct client_core *core)
{
    struct client_acks *acks = &core->acks;
    client_acks_move(&acks->sent, &acks->fresh);
    acks->due_ms = acks->repeat_ms = CLIENT_NEVER;
    acks->repeats = 0;
    if (!list_is_empty(&acks->fresh) || acks->notice_count > 0)
        client_acks_schedule(core);
}

static bool client_acks_has_receipt(const struct client_core *core,
                                    const struct client_conversation *conversation)
{
    return core->config.device_key.size != 0 && !uuid_is_zero(&core->store) &&
           conversation->recalled > conversation->confirmed_stored &&
           conversation->recalled <= conversation->stored;
}

static wire_receipt *client_acks_receipt(struct client_core *core,
                                         const struct client_conversation *conversation)
{
    wire_receipt *receipt = arena_alloc(&core->effects.arena, sizeof(*receipt));
    unsay__v1__receipt__init(receipt);
    receipt->stored = conversation->stored;
    return receipt;
}

static void client_acks_put_cursors(struct client_core *core, struct list *from, struct list *taken,
                                    wire_ack *ack)
{
    while (ack->n_cursors < LIMIT_ACK_ENTRIES_MAX && !list_is_empty(from)) {
        struct list *node = list_pop_front(from);
        struct client_conversation *conversation =
            LIST_ITEM(node, struct client_conversation, ack_node);
        list_push_back(taken, node);
        wire_cursor *cursor = arena_alloc(&core->effects.arena, sizeof(*cursor));
        unsay__v1__cursor__init(cursor);
        cursor->conversation = client_conversation_name(conversation);
        cursor->origin = conversation->origin;
        cursor->stored = conversation->stored;
        cursor->displayed = conversation->displayed;
        if (client_acks_has_receipt(core, conversation))
            cursor->receipt = client_acks_receipt(core, conversation);
        ack->cursors[ack->n_cursors++] = cursor;
    }
}

static void client_acks_put_notices(struct client_core *core, wire_ack *ack)
{
    struct client_acks *acks = &core->acks;
    while (ack->n_notices < LIMIT_ACK_ENTRIES_MAX && acks->notice_count > 0) {
        struct client_notice *from = &acks->notices[acks->notice_first];
        wire_notice_ack *notice = arena_alloc(&core->effects.arena, sizeof(*notice));
        unsay__v1__notice_ack__init(notice);
        notice->conversation = client_conversation_name(from->conversation);
        notice->origin = from->conversation->origin;
        notice->seq = from->seq;
        ack->notices[ack->n_notices++] = notice;
        acks->notice_first = (acks->notice_first + 1) % LIMIT_SESSION_NOTICES_MAX;
        acks->notice_count--;
    }
}

/* What fits into one Ack, the fresh ones first; with `is_repeating` also what was sent before. */
static wire_ack *client_acks_fill(struct client_core *core, bool is_repeating)
{
    struct client_acks *acks = &core->acks;
    struct arena *arena = &core->effects.arena;
    struct list taken;
    list_init(&taken);
    wire_ack *ack = arena_alloc(arena, sizeof(*ack));
    unsay__v1__ack__init(ack);
    ack->cursors = arena_alloc(arena, LIMIT_ACK_ENTRIES_MAX * sizeof(*ack->cursors));
    ack->notices = arena_alloc(arena, LIMIT_ACK_ENTRIES_MAX * sizeof(*ack->notices));
    client_acks_put_cursors(core, &acks->fresh, &taken, ack);
    if (is_repeating)
        client_acks_put_cursors(core, &acks->sent, &taken, ack);
    client_acks_move(&taken, &acks->sent);
    client_acks_put_notices(core, ack);
    return ack;
}

static bool client_ack_has_receipt(const wire_ack *ack)
{
    for (size_t i = 0; i < ack->n_cursors; i++) {
        if (ack->cursors[i]->receipt != NULL)
            return true;
    }
    return false;
}

/* Transmits the frame around `ack`, through the shell's hand if there is something to sign. */
static void client_acks_transmit(struct client_core *core, wire_client_frame *frame, wire_ack *ack)
{
    frame->request = client_request_number(core, CLIENT_REQUEST_CONTROL, 0);
    if (!client_ack_has_receipt(ack)) {
        client_transmit(core, frame);
        return;
    }
    struct client_effect *sign = client_effects_add(&core->effects, CLIENT_SIGN);
    sign->draft = frame;
    sign->ack = ack;
    sign->store = core->store;
}

static wire_client_frame *client_acks_frame(struct client_core *core)
{
    wire_client_frame *frame = arena_alloc(&core->effects.arena, sizeof(*frame));
    unsay__v1__client_frame__init(frame);
    return frame;
}

void client_acks_beat(struct client_core *core)
{
    wire_ack *ack = client_acks_fill(core, true);
    wire_heartbeat *heartbeat = arena_alloc(&core->effects.arena, sizeof(*heartbeat));
    unsay__v1__heartbeat__init(heartbeat);
    if (ack->n_cursors > 0 || ack->n_notices > 0)
        heartbeat->ack = ack;
    wire_client_frame *frame = client_acks_frame(core);
    frame->body_case = CLIENT_FRAME(HEARTBEAT);
    frame->heartbeat = heartbeat;
    client_acks_transmit(core, frame, ack);
}

/* Heartbeats may be minutes apart: what is not confirmed by then comes again before. */
static void client_acks_repeat_sent(struct client_core *core)
{
    struct client_acks *acks = &core->acks;
    acks->repeat_ms = CLIENT_NEVER;
    if (list_is_empty(&acks->sent) || !client_connection_is_ready(&core->connection))
        return;
    client_acks_move(&acks->sent, &acks->fresh);
    client_acks_flush(core);
}

/* Something was sent that is to be confirmed. */
static void client_acks_expect(struct client_core *core)
{
    struct client_acks *acks = &core->acks;
    uint32_t interval_ms = client_heartbeat_interval_ms(&core->connection.heartbeat);
    struct backoff backoff = {LIMIT_HEARTBEAT_INTERVAL_MS, UINT32_MAX};
    uint32_t delay_ms = backoff_delay_ms(backoff, acks->repeats++);
    acks->repeat_ms = !list_is_empty(&acks->sent) && delay_ms < interval_ms
                          ? core->now_ms + delay_ms
                          : CLIENT_NEVER;
}

void client_acks_tick(struct client_core *core)
{
    if (core->now_ms >= core->acks.repeat_ms)
        client_acks_repeat_sent(core);
    if (core->now_ms >= core->acks.due_ms)
        client_acks_flush(core);
}

void client_acks_flush(struct client_core *core)
{
    struct client_acks *acks = &core->acks;
    acks->due_ms = CLIENT_NEVER;
    if (!client_connection_is_ready(&core->connection))
        return;
    while (!list_is_empty(&acks->fresh) || acks->notice_count > 0) {
        wire_client_frame *frame = client_acks_frame(core);
        frame->body_case = CLIENT_FRAME(ACK);
        frame->ack = client_acks_fill(core, false);
        client_acks_transmit(core, frame, frame->ack);
    }
    client_acks_expect(core);
}

uint64_t client_acks_wake_ms(const struct client_acks *acks)
{
    return client_earlier(acks->due_ms, acks->repeat_ms);
}
