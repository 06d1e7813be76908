/* The client against a small model of the server, at random from a seed: pushes, pages, notices,
 * duplicates, losses, refusals, cut connections and restarts of the client from what it had stored.
 * Whatever happens, per conversation every event is stored once and in order, nothing is shown
 * before it is stored, cursors only grow, each outgoing message is resolved once, the server's log
 * has them in the order of sending, and a receipt comes for every recall, when no body that was
 * taken back is left. Each of the ways to follow. */

#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/client.h"
#include "core/frame.h"
#include "core/refusal.h"

enum {
    CONVERSATIONS = 3,
    LOG_MAX = 4096,
    OUTGOING_MAX = 2048,
    WIRE_MAX = 16384,
    STEPS = 6000,
    SEEDS = 20
};

struct log_entry {
    unsigned message;       /* of ours: its number; 0: of somebody else */
    uint64_t recall_target; /* a recall: the seq it takes back */
    bool is_recalled;
};

struct model_log {
    struct log_entry entries[LOG_MAX]; /* by seq; 0 is unused */
    uint64_t head;
    uint64_t stored; /* as the client acknowledged */
    /* the client's database */
    uint64_t database_stored;
    uint64_t shown;
    bool is_body_stored[LOG_MAX];
    unsigned applied[LOG_MAX]; /* by the recall's seq, since the last restart */
};

enum outgoing_state { OUTGOING_UNKNOWN, OUTGOING_SENDING, OUTGOING_ACCEPTED, OUTGOING_FAILED };

struct world {
    struct prng prng;
    uint64_t now_ms;
    uint64_t wake_ms;
    Unsay__V1__Follow follow;
    size_t receipt_count;
    struct client_core *core;
    struct arena arena;
    bool is_connected;
    bool is_quiet; /* the server neither loses nor refuses any more */
    struct model_log logs[CONVERSATIONS];
    enum outgoing_state outgoing[OUTGOING_MAX];
    bool is_in_log[OUTGOING_MAX];
    uint64_t outgoing_count;     /* numbers 1... */
    struct blob *wire[WIRE_MAX]; /* to the client, in order */
    size_t wire_first;
    size_t wire_end;
    size_t stored_count;
};

static const char *const names[CONVERSATIONS] = {"a", "b", "c"};

static bool chance(struct world *world, unsigned percent)
{
    return prng_below(&world->prng, 100) < percent;
}

static size_t log_index(const char *name)
{
    assert_true(name[0] >= 'a' && name[0] < 'a' + CONVERSATIONS && name[1] == 0);
    return (size_t)(name[0] - 'a');
}

/* ---- The server ---- */

static void wire_put(struct world *world, uint64_t request, Unsay__V1__ServerFrame__BodyCase body,
                     void *message)
{
    wire_server_frame frame = UNSAY__V1__SERVER_FRAME__INIT;
    frame.request = request;
    frame.body_case = body;
    frame.welcome = message;
    if (!world->is_connected || world->wire_end == WIRE_MAX)
        return;
    world->wire[world->wire_end++] = frame_from_server(&frame);
}

static void wire_clear(struct world *world)
{
    while (world->wire_first < world->wire_end)
        blob_release(world->wire[world->wire_first++]);
    world->wire_first = world->wire_end = 0;
}

static void server_event(struct world *world, uint64_t request,
                         Unsay__V1__ServerFrame__BodyCase body, size_t index, uint64_t seq)
{
    const struct log_entry *entry = &world->logs[index].entries[seq];
    struct uuid id = {{(uint8_t)index, (uint8_t)(seq >> 8), (uint8_t)seq}};
    wire_event event;
    unsay__v1__event__init(&event);
    event.conversation = string_of(names[index]);
    event.origin = 1;
    event.seq = seq;
    wire_message message;
    unsay__v1__message__init(&message);
    wire_recall recall;
    unsay__v1__recall__init(&recall);
    if (entry->recall_target != 0) {
        recall.target_origin = 1;
        recall.target_seq = entry->recall_target;
        recall.target_message_id = bytes_of(uuid_view(&id));
        event.kind_case = EVENT_KIND(RECALL);
        event.recall = &recall;
    } else {
        message.message_id = bytes_of(uuid_view(&id));
        message.state =
            entry->is_recalled ? WIRE(MESSAGE_STATE, RECALLED) : WIRE(MESSAGE_STATE, NORMAL);
        if (!entry->is_recalled)
            message.body = bytes_of(view_of("secret"));
        event.kind_case = EVENT_KIND(MESSAGE);
        event.message = &message;
    }
    wire_put(world, request, body, &event);
}

/* As an event of its own, in the arena. */
static wire_event *server_make(struct world *world, size_t index, uint64_t seq)
{
    size_t before = world->wire_end;
    server_event(world, 0, SERVER_FRAME(EVENT), index, seq);
    assert_int_equal(world->wire_end, before + 1);
    struct blob *blob = world->wire[--world->wire_end];
    wire_event *event = frame_decode_server(frame_payload(blob_view(blob)), &world->arena)->event;
    blob_release(blob);
    return event;
}

static void server_notice(struct world *world, size_t index, uint64_t seq)
{
    wire_refresh refresh;
    wire_replace replace = UNSAY__V1__REPLACE__INIT;
    if (!world->is_connected || world->wire_end == WIRE_MAX)
        return;
    unsay__v1__refresh__init(&refresh);
    if (world->follow == WIRE(FOLLOW, PATCH)) {
        server_event(world, 0, SERVER_FRAME(NOTICE), index, seq);
    } else if (world->follow == WIRE(FOLLOW, REFRESH)) {
        refresh.conversation = string_of(names[index]);
        refresh.origin = 1;
        refresh.seq = seq;
        wire_put(world, 0, SERVER_FRAME(REFRESH), &refresh);
    } else {
        replace.recall = server_make(world, index, seq);
        replace.tombstone =
            server_make(world, index, world->logs[index].entries[seq].recall_target);
        wire_put(world, 0, SERVER_FRAME(REPLACE), &replace);
    }
}

/* Appends, and pushes it, mostly. */
static void server_append(struct world *world, size_t index, struct log_entry entry)
{
    struct model_log *log = &world->logs[index];
    if (log->head + 1 == LOG_MAX)
        return;
    uint64_t seq = ++log->head;
    log->entries[seq] = entry;
    if (world->is_quiet || chance(world, 80))
        server_event(world, 0, SERVER_FRAME(EVENT), index, seq);
    if (chance(world, 5))
        server_event(world, 0, SERVER_FRAME(EVENT), index, seq);
}

/* Takes a message back; the notice may overtake what is on the wire, bodies included. */
static void server_recall(struct world *world, size_t index)
{
    struct model_log *log = &world->logs[index];
    uint64_t target = 1 + prng_below(&world->prng, log->head);
    if (log->head == 0 || log->head + 1 == LOG_MAX || log->entries[target].recall_target != 0 ||
        log->entries[target].is_recalled)
        return;
    log->entries[target].is_recalled = true;
    log->entries[++log->head].recall_target = target;
    size_t before = world->wire_end;
    server_notice(world, index, log->head);
    if (world->wire_end > before && chance(world, 70)) {
        struct blob *notice = world->wire[before];
        memmove(&world->wire[world->wire_first + 1], &world->wire[world->wire_first],
                (before - world->wire_first) * sizeof(notice));
        world->wire[world->wire_first] = notice;
    }
    if (chance(world, 50))
        server_event(world, 0, SERVER_FRAME(EVENT), index, log->head);
}

static void server_error(struct world *world, uint64_t request, refusal_code code)
{
    wire_error error;
    unsay__v1__error__init(&error);
    error.code = code;
    error.retry_after_ms = (uint32_t)prng_below(&world->prng, 2000);
    wire_put(world, request, SERVER_FRAME(ERROR), &error);
}

static void server_send(struct world *world, uint64_t request, const wire_send *send)
{
    size_t index = log_index(send->conversation);
    unsigned number = (unsigned)send->message_id.data[14] << 8 | send->message_id.data[15];
    unsigned after =
        send->after.len == 0 ? 0 : (unsigned)send->after.data[14] << 8 | send->after.data[15];
    assert_true(number <= world->outgoing_count && after < number);
    if (!world->is_quiet && chance(world, 5)) {
        server_error(world, request, REFUSAL_CODE(OVERLOADED));
        return;
    }
    if (number % 37 == 0) {
        server_error(world, request, REFUSAL_CODE(FIELD_INVALID));
        return;
    }
    if (after != 0 && !world->is_in_log[after]) {
        server_error(world, request, REFUSAL_CODE(OUT_OF_ORDER));
        return;
    }
    struct model_log *log = &world->logs[index];
    uint64_t seq = 1;
    while (seq <= log->head && log->entries[seq].message != number)
        seq++;
    if (seq > log->head) {
        if (log->head + 1 == LOG_MAX)
            return;
        world->is_in_log[number] = true;
        server_append(world, index, (struct log_entry){.message = number});
    }
    if (!world->is_quiet && chance(world, 3))
        return;
    wire_accepted accepted;
    unsay__v1__accepted__init(&accepted);
    accepted.conversation = send->conversation;
    accepted.message_id = send->message_id;
    accepted.origin = 1;
    accepted.seq = seq;
    wire_put(world, request, SERVER_FRAME(ACCEPTED), &accepted);
}

static void server_read(struct world *world, uint64_t request, const wire_read *read)
{
    size_t index = log_index(read->conversation);
    struct model_log *log = &world->logs[index];
    uint64_t seq = read->after + 1;
    uint64_t page = 1 + prng_below(&world->prng, 20);
    for (; seq <= log->head && seq <= read->after + page; seq++)
        server_event(world, request, SERVER_FRAME(EVENT), index, seq);
    wire_page_end end;
    unsay__v1__page_end__init(&end);
    end.conversation = read->conversation;
    end.origin = 1;
    end.head = log->head;
    end.more = seq <= log->head;
    if (world->is_quiet || chance(world, 98))
        wire_put(world, request, SERVER_FRAME(PAGE_END), &end);
}

static void server_list(struct world *world, uint64_t request)
{
    wire_conversation_entry entries[CONVERSATIONS];
    wire_conversation_entry *entry_list[CONVERSATIONS];
    wire_head heads[CONVERSATIONS];
    wire_head *head_list[CONVERSATIONS];
    for (size_t i = 0; i < CONVERSATIONS; i++) {
        unsay__v1__head__init(&heads[i]);
        heads[i].origin = 1;
        heads[i].seq = world->logs[i].head;
        heads[i].stored = world->logs[i].stored;
        head_list[i] = &heads[i];
        unsay__v1__conversation_entry__init(&entries[i]);
        entries[i].conversation = string_of(names[i]);
        entries[i].n_heads = 1;
        entries[i].heads = &head_list[i];
        entry_list[i] = &entries[i];
    }
    wire_conversation_page page = UNSAY__V1__CONVERSATION_PAGE__INIT;
    page.n_conversations = CONVERSATIONS;
    page.conversations = entry_list;
    wire_put(world, request, SERVER_FRAME(CONVERSATIONS), &page);
}

static uint64_t log_last_recall(const struct model_log *log, uint64_t seq)
{
    while (seq > 0 && log->entries[seq].recall_target == 0)
        seq--;
    return seq;
}

/* No body is left of what the recalls up to `stored` took back; and where the server did not know
 * of one, there is a receipt. */
static void server_check_receipt(struct world *world, const struct model_log *log,
                                 const wire_cursor *cursor)
{
    const wire_receipt *receipt = cursor->receipt;
    assert_true(receipt != NULL || log_last_recall(log, cursor->stored) <= log->stored);
    if (receipt == NULL)
        return;
    assert_true(receipt->stored == cursor->stored);
    for (uint64_t seq = 1; seq <= receipt->stored; seq++)
        assert_false(log->entries[seq].recall_target != 0 &&
                     log->is_body_stored[log->entries[seq].recall_target]);
    world->receipt_count++;
}

static void server_check_notices(const struct world *world, const wire_ack *ack)
{
    for (size_t i = 0; ack != NULL && i < ack->n_notices; i++) {
        const struct model_log *log = &world->logs[log_index(ack->notices[i]->conversation)];
        uint64_t target = log->entries[ack->notices[i]->seq].recall_target;
        assert_true(target != 0 && !log->is_body_stored[target]);
    }
}

static void server_ack(struct world *world, const wire_ack *ack)
{
    server_check_notices(world, ack);
    for (size_t i = 0; ack != NULL && i < ack->n_cursors; i++) {
        const wire_cursor *cursor = ack->cursors[i];
        struct model_log *log = &world->logs[log_index(cursor->conversation)];
        assert_true(cursor->stored <= log->database_stored); /* stored before acknowledged */
        server_check_receipt(world, log, cursor);
        if (cursor->stored > log->stored)
            log->stored = cursor->stored;
    }
    wire_ack_confirmed confirmed = UNSAY__V1__ACK_CONFIRMED__INIT;
    if (ack == NULL || (!world->is_quiet && chance(world, 20)))
        return;
    confirmed.n_cursors = ack->n_cursors;
    confirmed.cursors = ack->cursors;
    wire_put(world, 0, SERVER_FRAME(ACK), &confirmed);
}

static void server_behind(struct world *world)
{
    wire_behind behind = UNSAY__V1__BEHIND__INIT;
    wire_put(world, 0, SERVER_FRAME(BEHIND), &behind);
}

static void server_receive(struct world *world, const wire_client_frame *frame)
{
    if (frame->body_case == CLIENT_FRAME(HELLO)) {
        wire_welcome welcome;
        unsay__v1__welcome__init(&welcome);
        welcome.version = 1;
        welcome.heartbeat_interval_ms = 5000;
        struct uuid store = {{9}};
        welcome.store = bytes_of(uuid_view(&store));
        assert_int_equal(frame->hello->follow, world->follow);
        wire_put(world, frame->request, SERVER_FRAME(WELCOME), &welcome);
    } else if (frame->body_case == CLIENT_FRAME(LIST_CONVERSATIONS)) {
        server_list(world, frame->request);
    } else if (frame->body_case == CLIENT_FRAME(READ)) {
        server_read(world, frame->request, frame->read);
    } else if (frame->body_case == CLIENT_FRAME(SEND)) {
        server_send(world, frame->request, frame->send);
    } else if (frame->body_case == CLIENT_FRAME(ACK)) {
        server_ack(world, frame->ack);
    } else if (frame->body_case == CLIENT_FRAME(HEARTBEAT)) {
        wire_heartbeat_reply reply = UNSAY__V1__HEARTBEAT_REPLY__INIT;
        wire_put(world, frame->request, SERVER_FRAME(HEARTBEAT), &reply);
        server_ack(world, frame->heartbeat->ack);
    }
}

/* ---- The shell, whose database is in the world ---- */

static void shell_store_event(struct world *world, const struct client_effect *effect)
{
    struct model_log *log = &world->logs[log_index(effect->event->conversation)];
    wire_event *event = event_decode(effect->event_bytes, &world->arena);
    assert_true(event->seq == log->database_stored + 1);
    assert_true(event->seq <= log->head);
    log->database_stored++;
    world->stored_count++;
    bool is_recall = event->kind_case == EVENT_KIND(RECALL);
    assert_int_equal(is_recall, log->entries[event->seq].recall_target != 0);
    log->is_body_stored[event->seq] = !is_recall && event->message->body.len > 0;
    if (is_recall)
        assert_false(log->is_body_stored[event->recall->target_seq] &&
                     log->applied[event->seq] > 0); /* applied and yet there */
}

static void shell_store(struct world *world, const struct client_effect *effect)
{
    size_t number = (size_t)effect->message_id.bytes[14] << 8 | effect->message_id.bytes[15];
    if (effect->kind == CLIENT_STORE_EVENT) {
        shell_store_event(world, effect);
    } else if (effect->kind == CLIENT_STORE_RECALL) {
        struct model_log *log = &world->logs[log_index(effect->event->conversation)];
        assert_int_equal(log->applied[effect->event->seq]++, 0);
        log->is_body_stored[effect->event->recall->target_seq] = false;
    } else if (effect->kind == CLIENT_STORE_CURSOR) {
        const struct model_log *log = &world->logs[effect->cursor.conversation.data[0] - 'a'];
        assert_true(effect->cursor.stored == log->database_stored);
        assert_true(effect->cursor.recalled == log_last_recall(log, effect->cursor.stored));
    } else if (effect->kind == CLIENT_STORE_ACCEPTED || effect->kind == CLIENT_STORE_FAILED) {
        bool is_accepted = effect->kind == CLIENT_STORE_ACCEPTED;
        assert_int_equal(world->outgoing[number], OUTGOING_SENDING);
        assert_true(!is_accepted || world->is_in_log[number]);
        world->outgoing[number] = is_accepted ? OUTGOING_ACCEPTED : OUTGOING_FAILED;
    }
}

static bool shell_offer(struct world *world, uint64_t number)
{
    struct client_outgoing outgoing = {
        .number = number,
        .conversation = view_of(names[number % CONVERSATIONS]),
        .message_id = {{[0] = 1, [14] = (uint8_t)(number >> 8), [15] = (uint8_t)number}},
        .content_type = WIRE(CONTENT_TYPE, TEXT),
        .body = view_of("hello"),
    };
    return client_core_offer(world->core, world->now_ms, &outgoing);
}

static void shell_load(struct world *world, uint64_t after, uint32_t count)
{
    bool more = false;
    for (uint64_t number = after + 1; number <= world->outgoing_count; number++) {
        if (world->outgoing[number] != OUTGOING_SENDING)
            continue;
        more = count == 0;
        if (more)
            break;
        assert_true(shell_offer(world, number));
        count--;
    }
    client_core_outbox_loaded(world->core, world->now_ms, more);
}

static void shell_disconnect(struct world *world)
{
    world->is_connected = false;
    wire_clear(world);
}

static void shell_perform(struct world *world)
{
    const struct client_effect *effect = client_core_take(world->core);
    bool is_load = false;
    bool is_connect = false;
    uint64_t after = 0;
    uint32_t count = 0;
    for (; effect != NULL; effect = effect->next) {
        if (effect->kind <= CLIENT_STORE_FAILED) {
            shell_store(world, effect);
        } else if (effect->kind == CLIENT_SHOW_EVENT) {
            struct model_log *log = &world->logs[log_index(effect->event->conversation)];
            assert_true(effect->event->seq == log->shown + 1);
            log->shown++;
            assert_true(log->shown <= log->database_stored);
        } else if (effect->kind == CLIENT_TRANSMIT) {
            assert_true(world->is_connected);
            wire_client_frame *frame =
                frame_decode_client(frame_payload(blob_view(effect->frame)), &world->arena);
            server_receive(world, frame);
        } else if (effect->kind == CLIENT_SIGN) {
            assert_true(world->is_connected);
            server_receive(world, effect->draft);
        } else if (effect->kind == CLIENT_DISCONNECT) {
            shell_disconnect(world);
            is_connect = false;
        } else if (effect->kind == CLIENT_CONNECT) {
            is_connect = true;
        } else if (effect->kind == CLIENT_WAKE_AT) {
            world->wake_ms = effect->at_ms;
        } else if (effect->kind == CLIENT_LOAD_OUTBOX) {
            is_load = true;
            after = effect->after;
            count = effect->count;
        }
    }
    arena_reset(&world->arena);
    if (is_load)
        shell_load(world, after, count);
    if (is_connect && (world->is_quiet || chance(world, 80))) {
        world->is_connected = true;
        client_core_link_up(world->core, world->now_ms);
    } else if (is_connect) {
        client_core_link_down(world->core, world->now_ms, "refused");
    }
    if (is_load || is_connect)
        shell_perform(world);
}

/* The process starts anew from the database. */
static void shell_restart(struct world *world)
{
    client_core_free(world->core);
    shell_disconnect(world);
    struct client_config config;
    client_config_default(&config);
    config.token = "token";
    config.name = "test/1";
    config.seed = prng_next(&world->prng);
    config.reconnect_failures_max = 1000000;
    config.send_give_up_ms = 1000000000;
    config.follow = world->follow;
    config.device_key = view_make("0123456789abcdef0123456789abcdef", 32);
    world->core = client_core_new(&config);
    world->wake_ms = 0;
    for (size_t i = 0; i < CONVERSATIONS; i++) {
        struct model_log *log = &world->logs[i];
        log->shown = log->database_stored;
        memset(log->applied, 0, sizeof(log->applied));
        struct client_cursor cursor = {view_of(names[i]), 1, log->database_stored, 0,
                                       log_last_recall(log, log->database_stored)};
        client_core_load_cursor(world->core, &cursor);
    }
    client_core_start(world->core, world->now_ms);
    shell_perform(world);
}

/* ---- Steps ---- */

static void step_deliver(struct world *world, size_t count)
{
    for (; count > 0 && world->wire_first < world->wire_end; count--) {
        struct blob *blob = world->wire[world->wire_first++];
        client_core_frame(world->core, world->now_ms, blob_view(blob));
        blob_release(blob);
        if (world->wire_first == world->wire_end)
            world->wire_first = world->wire_end = 0;
        if (chance(world, 50))
            shell_perform(world);
    }
    shell_perform(world);
}

static void step_pass(struct world *world, uint64_t ms)
{
    uint64_t until_ms = world->now_ms + ms;
    while (world->wake_ms != 0 && world->wake_ms <= until_ms) {
        world->now_ms = world->wake_ms > world->now_ms ? world->wake_ms : world->now_ms;
        world->wake_ms = 0;
        client_core_tick(world->core, world->now_ms);
        shell_perform(world);
        step_deliver(world, prng_below(&world->prng, 4));
    }
    world->now_ms = until_ms;
}

static void step(struct world *world)
{
    size_t index = prng_below(&world->prng, CONVERSATIONS);
    unsigned what = (unsigned)prng_below(&world->prng, 1000);
    if (what < 300) {
        step_deliver(world, 1 + prng_below(&world->prng, 20));
    } else if (what < 500) {
        step_pass(world, prng_below(&world->prng, 500));
    } else if (what < 700) {
        server_append(world, index, (struct log_entry){.message = 0});
    } else if (what < 800) {
        server_recall(world, index);
    } else if (what < 970 && world->outgoing_count + 1 < OUTGOING_MAX) {
        uint64_t number = ++world->outgoing_count;
        world->outgoing[number] = OUTGOING_SENDING;
        shell_offer(world, number);
        shell_perform(world);
    } else if (what < 980) {
        step_pass(world, prng_below(&world->prng, 20000));
    } else if (what < 990) {
        shell_disconnect(world);
        client_core_link_down(world->core, world->now_ms, "cut");
        shell_perform(world);
    } else if (what < 995) {
        server_behind(world);
    } else if (what < 998) {
        client_core_network_changed(world->core, world->now_ms);
        shell_perform(world);
    } else {
        shell_restart(world);
    }
}

static bool world_is_settled(const struct world *world)
{
    for (size_t i = 0; i < CONVERSATIONS; i++) {
        const struct model_log *log = &world->logs[i];
        if (log->database_stored != log->head || log->stored != log->head)
            return false;
    }
    for (uint64_t number = 1; number <= world->outgoing_count; number++) {
        if (world->outgoing[number] == OUTGOING_SENDING)
            return false;
    }
    return client_core_link(world->core) == CLIENT_LINK_LIVE;
}

static void world_check(const struct world *world)
{
    size_t event_count = 0;
    for (size_t i = 0; i < CONVERSATIONS; i++) {
        const struct model_log *log = &world->logs[i];
        unsigned last = 0;
        event_count += log->head;
        assert_true(log->shown == log->head);
        for (uint64_t seq = 1; seq <= log->head; seq++) {
            assert_false(log->is_body_stored[seq] && log->entries[seq].is_recalled);
            if (log->entries[seq].message == 0)
                continue;
            assert_true(log->entries[seq].message > last); /* in the order of sending */
            last = log->entries[seq].message;
        }
    }
    assert_int_equal(world->stored_count, event_count);
    for (uint64_t number = 1; number <= world->outgoing_count; number++)
        assert_int_equal(world->outgoing[number],
                         number % 37 == 0 ? OUTGOING_FAILED : OUTGOING_ACCEPTED);
}

static void world_run(struct world *world, uint64_t seed)
{
    memset(world, 0, sizeof(*world));
    world->prng.state = seed;
    world->now_ms = 1000;
    world->follow = (Unsay__V1__Follow)(seed % 3);
    arena_init(&world->arena);
    shell_restart(world);
    for (int i = 0; i < STEPS; i++)
        step(world);
    world->is_quiet = true;
    server_behind(world); /* of the pushes that were lost */
    for (int i = 0; i < 100000 && !world_is_settled(world); i++) {
        step_deliver(world, SIZE_MAX);
        step_pass(world, 100);
    }
    if (!world_is_settled(world))
        fail_msg("seed %llu: the client did not catch up", (unsigned long long)seed);
    world_check(world);
    assert_true(world->receipt_count > 0);
    client_core_free(world->core);
    wire_clear(world);
    arena_fini(&world->arena);
}

static void test_client_keeps_its_promises_from_any_seed(void **state)
{
    (void)state;
    static struct world world;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        print_message("seed %llu\n", (unsigned long long)seed);
        world_run(&world, seed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_client_keeps_its_promises_from_any_seed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
