#include "client_model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/frame.h"
#include "core/refusal.h"

const char *const conversation_names[CONVERSATIONS] = {"a", "b", "c"};

bool chance(struct world *world, unsigned percent)
{
    return prng_below(&world->prng, 100) < percent;
}

size_t log_index(const char *name)
{
    assert_true(name[0] >= 'a' && name[0] < 'a' + CONVERSATIONS && name[1] == 0);
    return (size_t)(name[0] - 'a');
}

uint64_t log_last_recall(const struct model_log *log, uint64_t seq)
{
    while (seq > 0 && log->entries[seq].recall_target == 0)
        seq--;
    return seq;
}

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

void wire_clear(struct world *world)
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
    event.conversation = string_of(conversation_names[index]);
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
        refresh.conversation = string_of(conversation_names[index]);
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

void server_append(struct world *world, size_t index, struct log_entry entry)
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

void server_recall(struct world *world, size_t index)
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
        entries[i].conversation = string_of(conversation_names[i]);
        entries[i].n_heads = 1;
        entries[i].heads = &head_list[i];
        entry_list[i] = &entries[i];
    }
    wire_conversation_page page = UNSAY__V1__CONVERSATION_PAGE__INIT;
    page.n_conversations = CONVERSATIONS;
    page.conversations = entry_list;
    wire_put(world, request, SERVER_FRAME(CONVERSATIONS), &page);
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

void server_behind(struct world *world)
{
    wire_behind behind = UNSAY__V1__BEHIND__INIT;
    wire_put(world, 0, SERVER_FRAME(BEHIND), &behind);
}

void server_receive(struct world *world, const wire_client_frame *frame)
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
