/* How the fake server answers each request. */
#include "fake_server_internal.h"

#include "core/receipt.h"
#include "events.h"

#include <assert.h>
#include <sodium.h>

void put_frame(struct fake_server *server, uint64_t request, wire_server_frame *frame)
{
    frame->request = request;
    put_blob(server, frame_from_server(frame));
}

void put_error(struct fake_server *server, uint64_t request, Unsay__V1__ErrorCode code)
{
    wire_error error = UNSAY__V1__ERROR__INIT;
    error.code = code;
    wire_server_frame frame = UNSAY__V1__SERVER_FRAME__INIT;
    frame.body_case = SERVER_FRAME(ERROR);
    frame.error = &error;
    put_frame(server, request, &frame);
}

static void answer_hello(struct fake_server *server, uint64_t request, const wire_hello *hello)
{
    server->follow = (uint32_t)hello->follow;
    assert(hello->device_key.len == sizeof(server->key));
    memcpy(server->key, hello->device_key.data, sizeof(server->key));
    if (server->refuses_token) {
        put_error(server, request, WIRE(ERROR_CODE, TOKEN_EXPIRED));
        return;
    }
    wire_welcome welcome = UNSAY__V1__WELCOME__INIT;
    welcome.version = 1;
    welcome.user = string_of("alice");
    welcome.device = string_of("phone");
    welcome.heartbeat_interval_ms = 30000;
    struct uuid store = {{[UUID_BYTES - 1] = server->store}};
    if (server->store != 0)
        welcome.store = bytes_of(uuid_view(&store));
    wire_server_frame frame = UNSAY__V1__SERVER_FRAME__INIT;
    frame.body_case = SERVER_FRAME(WELCOME);
    frame.welcome = &welcome;
    put_frame(server, request, &frame);
}

static void answer_list(struct fake_server *server, uint64_t request)
{
    wire_head head = UNSAY__V1__HEAD__INIT;
    head.origin = ORIGIN_DEFAULT;
    head.seq = server->event_count;
    head.begin = server->begin;
    wire_head *heads[] = {&head};
    wire_conversation_entry entry = UNSAY__V1__CONVERSATION_ENTRY__INIT;
    entry.conversation = string_of("g:1");
    entry.type = WIRE(CONVERSATION_TYPE, GROUP);
    entry.name = string_of("the group");
    entry.role = WIRE(ROLE, MEMBER);
    entry.listing = server->listing.version == 0 ? NULL : &server->listing;
    entry.n_heads = 1;
    entry.heads = heads;
    wire_conversation_entry *entries[] = {&entry};
    wire_conversation_page page = UNSAY__V1__CONVERSATION_PAGE__INIT;
    page.n_conversations = 1;
    page.conversations = entries;
    wire_server_frame frame = UNSAY__V1__SERVER_FRAME__INIT;
    frame.body_case = SERVER_FRAME(CONVERSATIONS);
    frame.conversations = &page;
    put_frame(server, request, &frame);
}

static void answer_read(struct fake_server *server, uint64_t request, const wire_read *read)
{
    uint64_t before = read->before == 0 ? server->event_count + 1 : read->before;
    uint32_t limit = read->limit == 0 ? 200 : read->limit;
    uint64_t first = read->after + 1;
    wire_page_end end = UNSAY__V1__PAGE_END__INIT;
    if (read->newest && server->hidden_first != 0 && before == server->hidden_last + 1)
        before = server->hidden_first;
    if (read->newest && server->hidden_first != 0 && before > server->hidden_last) {
        first = first > server->hidden_last ? first : server->hidden_last + 1;
        end.more = read->after + 1 < server->hidden_first;
    }
    if (read->newest && before > first + limit) {
        first = before - limit;
        end.more = true;
    }
    for (uint64_t seq = first; seq < before && seq <= server->event_count; seq++) {
        if (end.count == limit) {
            end.more = true;
            break;
        }
        end.next = seq;
        if (read->recalls_only && !server->events[seq - 1].is_recall)
            continue;
        put_event(server, FRAME_EVENT, request, seq);
        end.count++;
    }
    if (read->newest && server->recall_amidst != 0)
        recall_message(server, server->recall_amidst, false);
    server->recall_amidst = read->newest ? 0 : server->recall_amidst;
    end.conversation = read->conversation;
    end.origin = ORIGIN_DEFAULT;
    end.head = server->event_count;
    wire_server_frame frame = UNSAY__V1__SERVER_FRAME__INIT;
    frame.body_case = SERVER_FRAME(PAGE_END);
    frame.page_end = &end;
    put_frame(server, request, &frame);
}

static void answer_send(struct fake_server *server, uint64_t request, const wire_send *send)
{
    server->sends_seen++;
    server->last_after = (struct uuid){{0}};
    if (send->after.len == UUID_BYTES)
        memcpy(server->last_after.bytes, send->after.data, UUID_BYTES);
    if (server->sends == FAKE_IGNORES)
        return;
    if (server->sends == FAKE_REFUSES) {
        put_error(server, request, WIRE(ERROR_CODE, NOT_A_MEMBER));
        return;
    }
    uint64_t seq = find_message(server, send->message_id);
    bool is_new = seq == 0;
    if (is_new) {
        struct fake_event *event = add_event(server);
        memcpy(event->message_id, send->message_id.data, 16);
        event->is_own = true;
        snprintf(event->body, sizeof(event->body), "%.*s", (int)send->body.len,
                 (const char *)send->body.data);
        seq = server->event_count;
    }
    wire_accepted accepted = UNSAY__V1__ACCEPTED__INIT;
    accepted.conversation = send->conversation;
    accepted.origin = ORIGIN_DEFAULT;
    accepted.seq = seq;
    accepted.time = (UINT64_C(1700000000000) + seq) << 16;
    accepted.message_id = send->message_id;
    accepted.state = WIRE(MESSAGE_STATE, NORMAL);
    wire_server_frame frame = UNSAY__V1__SERVER_FRAME__INIT;
    frame.body_case = SERVER_FRAME(ACCEPTED);
    frame.accepted = &accepted;
    if (!server->loses_answers)
        put_frame(server, request, &frame);
    if (is_new)
        put_event(server, FRAME_EVENT, 0, seq);
}

static void answer_recall(struct fake_server *server, uint64_t request,
                          const wire_recall_request *recall)
{
    server->recalls_seen++;
    snprintf(server->last_request_id, sizeof(server->last_request_id), "%.*s",
             (int)recall->request_id.len, (const char *)recall->request_id.data);
    if (server->others == FAKE_IGNORES)
        return;
    if (server->others == FAKE_REFUSES) {
        put_error(server, request, WIRE(ERROR_CODE, NOT_A_MEMBER));
        return;
    }
    wire_target target = UNSAY__V1__TARGET__INIT;
    wire_target_outcome outcome = UNSAY__V1__TARGET_OUTCOME__INIT;
    uint64_t seq = recall->targets[0]->seq != 0
                       ? recall->targets[0]->seq
                       : find_message(server, recall->targets[0]->message_id);
    target.origin = ORIGIN_DEFAULT;
    target.seq = seq;
    target.message_id = recall->targets[0]->message_id;
    outcome.target = &target;
    if (seq == 0) {
        outcome.outcome = WIRE(RECALL_OUTCOME, PENDING);
    } else if (seq > server->event_count) {
        outcome.outcome = WIRE(RECALL_OUTCOME, REFUSED);
        outcome.refusal = WIRE(ERROR_CODE, UNKNOWN_MESSAGE);
    } else if (server->events[seq - 1].is_recalled) {
        outcome.outcome = WIRE(RECALL_OUTCOME, ALREADY_RECALLED);
    } else {
        outcome.outcome = WIRE(RECALL_OUTCOME, RECALLED);
        outcome.time = UINT64_C(1700000000999) << 16;
        recall_message(server, seq, true);
        outcome.recall_seq = server->event_count;
    }
    wire_device_name name = UNSAY__V1__DEVICE_NAME__INIT;
    name.user = string_of("bob");
    name.device = string_of("tablet");
    wire_device_name *names[] = {&name};
    wire_reach reach = UNSAY__V1__REACH__INIT;
    reach.devices = 3;
    reach.applied = 2;
    reach.n_missing = 1;
    reach.missing = names;
    wire_target_outcome *outcomes[] = {&outcome};
    Unsay__V1__RecallResult result = UNSAY__V1__RECALL_RESULT__INIT;
    result.conversation = recall->conversation;
    result.request_id = recall->request_id;
    result.n_outcomes = 1;
    result.outcomes = outcomes;
    if (recall->wait != WIRE(RECALL_WAIT, COMMITTED))
        result.reach = &reach;
    wire_server_frame frame = UNSAY__V1__SERVER_FRAME__INIT;
    frame.body_case = SERVER_FRAME(RECALL);
    frame.recall = &result;
    put_frame(server, request, &frame);
}

static void answer_opened(struct fake_server *server, uint64_t request, const char *conversation)
{
    wire_opened opened = UNSAY__V1__OPENED__INIT;
    opened.conversation = string_of(conversation);
    opened.created = true;
    wire_server_frame frame = UNSAY__V1__SERVER_FRAME__INIT;
    frame.body_case = SERVER_FRAME(OPENED);
    frame.opened = &opened;
    if (server->others == FAKE_ANSWERS)
        put_frame(server, request, &frame);
}

/* As a server would, from what it knows itself. */
static void check_receipt(struct fake_server *server, const wire_cursor *cursor)
{
    char text[RECEIPT_TEXT_BYTES_MAX];
    struct receipt receipt = {
        .store = {{[UUID_BYTES - 1] = server->store}},
        .conversation = cursor->conversation,
        .origin = cursor->origin,
        .user = "alice",
        .device = "phone",
        .stored = cursor->receipt->stored,
        .time_ms = cursor->receipt->time_ms,
    };
    struct view signed_text = receipt_text(&receipt, text);
    assert(cursor->receipt->signature.len == crypto_sign_BYTES);
    int result = crypto_sign_verify_detached(cursor->receipt->signature.data, signed_text.data,
                                             signed_text.size, server->key);
    assert(result == 0);
    server->receipt_at = cursor->receipt->stored;
    server->receipts++;
}

static void answer_ack(struct fake_server *server, uint64_t request, const wire_ack *ack)
{
    for (size_t i = 0; ack != NULL && i < ack->n_cursors; i++) {
        if (ack->cursors[i]->stored > server->acked)
            server->acked = ack->cursors[i]->stored;
        if (ack->cursors[i]->displayed > server->displayed)
            server->displayed = ack->cursors[i]->displayed;
        if (ack->cursors[i]->receipt != NULL)
            check_receipt(server, ack->cursors[i]);
    }
    wire_ack_confirmed confirmed = UNSAY__V1__ACK_CONFIRMED__INIT;
    confirmed.n_cursors = ack == NULL ? 0 : ack->n_cursors;
    confirmed.cursors = ack == NULL ? NULL : ack->cursors;
    wire_server_frame frame = UNSAY__V1__SERVER_FRAME__INIT;
    frame.body_case = SERVER_FRAME(ACK);
    frame.ack = &confirmed;
    put_frame(server, request, &frame);
}

static void keep_last(struct fake_server *server, const wire_client_frame *frame)
{
    blob_release(server->last);
    server->last = frame_from_client(frame);
}

/* Sends and recalls: a test may want to see what came. */
static void answer_kept(struct fake_server *server, const wire_client_frame *frame)
{
    keep_last(server, frame);
    if (frame->body_case == CLIENT_FRAME(SEND))
        answer_send(server, frame->request, frame->send);
    else
        answer_recall(server, frame->request, frame->recall);
}

void answer(struct fake_server *server, const wire_client_frame *frame)
{
    uint64_t request = frame->request;
    if (frame->body_case == CLIENT_FRAME(HELLO)) {
        answer_hello(server, request, frame->hello);
    } else if (frame->body_case == CLIENT_FRAME(LIST_CONVERSATIONS)) {
        answer_list(server, request);
    } else if (frame->body_case == CLIENT_FRAME(READ) &&
               strcmp(frame->read->conversation, "g:1") == 0) {
        answer_read(server, request, frame->read);
    } else if (frame->body_case == CLIENT_FRAME(SEND) || frame->body_case == CLIENT_FRAME(RECALL)) {
        answer_kept(server, frame);
    } else if (frame->body_case == CLIENT_FRAME(ACK)) {
        answer_ack(server, request, frame->ack);
    } else if (frame->body_case == CLIENT_FRAME(OPEN_CONVERSATION)) {
        answer_opened(server, request, "d:alice:bob");
    } else if (frame->body_case == CLIENT_FRAME(CREATE_CONVERSATION)) {
        answer_opened(server, request, "g:created");
    } else if (frame->body_case == CLIENT_FRAME(GOODBYE)) {
        server->goodbyes_seen++;
    } else if (!answer_levels(server, frame) && frame->body_case != CLIENT_FRAME(HEARTBEAT)) {
        keep_last(server, frame);
        answer_other(server, frame);
    }
}
