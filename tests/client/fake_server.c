#include "fake_server.h"

#include "access/transport.h"
#include "base/buffer.h"
#include "core/frame.h"
#include "events.h"

#include <arpa/inet.h>
#include <assert.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static void put_bytes(struct fake_server *server, struct view bytes)
{
    while (bytes.size > 0 && server->connection >= 0) {
        ssize_t sent = send(server->connection, bytes.data, bytes.size, MSG_NOSIGNAL);
        if (sent <= 0)
            return;
        bytes = view_make(bytes.data + sent, bytes.size - (size_t)sent);
    }
}

/* Takes over the blob. */
static void put_blob(struct fake_server *server, struct blob *blob)
{
    struct buffer out;
    buffer_init(&out);
    if (server->connection >= 0 && transport_is_ready(server->transport) &&
        transport_send(server->transport, blob_view(blob), &out) == STATUS_OK)
        put_bytes(server, buffer_view(&out));
    buffer_fini(&out);
    blob_release(blob);
}

static void put_frame(struct fake_server *server, uint64_t request, wire_server_frame *frame)
{
    frame->request = request;
    put_blob(server, frame_from_server(frame));
}

static void put_error(struct fake_server *server, uint64_t request, Unsay__V1__ErrorCode code)
{
    wire_error error = UNSAY__V1__ERROR__INIT;
    error.code = code;
    wire_server_frame frame = UNSAY__V1__SERVER_FRAME__INIT;
    frame.body_case = SERVER_FRAME(ERROR);
    frame.error = &error;
    put_frame(server, request, &frame);
}

static wire_event *event_at(struct fake_server *server, struct arena *arena, uint64_t seq)
{
    const struct fake_event *event = &server->events[seq - 1];
    if (event->is_recall) {
        wire_event *wire = make_recall(arena, "g:1", seq, event->target_seq);
        const struct fake_event *target = &server->events[event->target_seq - 1];
        wire->recall->target_message_id = bytes_of(view_make(target->message_id, 16));
        if (target->is_own)
            wire->recall->target_sender = string_of("alice");
        return wire;
    }
    wire_event *wire = event->is_recalled ? make_tombstone(arena, "g:1", seq)
                                          : make_message(arena, "g:1", seq, event->body);
    wire->message->message_id = bytes_of(view_make(event->message_id, 16));
    if (event->is_own)
        wire->message->sender = string_of("alice");
    return wire;
}

static void put_event(struct fake_server *server, enum frame_event_kind kind, uint64_t request,
                      uint64_t seq)
{
    struct arena arena;
    arena_init(&arena);
    struct view bytes = event_encode(event_at(server, &arena, seq), &arena);
    put_blob(server, frame_around_event(kind, request, bytes));
    arena_fini(&arena);
}

static struct fake_event *add_event(struct fake_server *server)
{
    assert(server->event_count < FAKE_EVENTS_MAX);
    return &server->events[server->event_count++];
}

static uint64_t find_message(const struct fake_server *server, ProtobufCBinaryData id)
{
    for (size_t i = 0; i < server->event_count; i++) {
        const struct fake_event *event = &server->events[i];
        if (!event->is_recall && id.len == 16 && memcmp(event->message_id, id.data, 16) == 0)
            return i + 1;
    }
    return 0;
}

static void recall_message(struct fake_server *server, uint64_t seq)
{
    server->events[seq - 1].is_recalled = true;
    struct fake_event *event = add_event(server);
    event->is_recall = true;
    event->target_seq = seq;
    put_event(server, FRAME_NOTICE, 0, server->event_count);
    put_event(server, FRAME_EVENT, 0, server->event_count);
}

/* ---- Answers ---- */

static void answer_hello(struct fake_server *server, uint64_t request)
{
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
    wire_head *heads[] = {&head};
    wire_conversation_entry entry = UNSAY__V1__CONVERSATION_ENTRY__INIT;
    entry.conversation = string_of("g:1");
    entry.type = WIRE(CONVERSATION_TYPE, GROUP);
    entry.name = string_of("the group");
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
    wire_page_end end = UNSAY__V1__PAGE_END__INIT;
    for (uint64_t seq = read->after + 1; seq < before && seq <= server->event_count; seq++) {
        if (end.count == limit) {
            end.more = true;
            break;
        }
        put_event(server, FRAME_EVENT, request, seq);
        end.count++;
    }
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
        recall_message(server, seq);
    }
    wire_target_outcome *outcomes[] = {&outcome};
    Unsay__V1__RecallResult result = UNSAY__V1__RECALL_RESULT__INIT;
    result.conversation = recall->conversation;
    result.request_id = recall->request_id;
    result.n_outcomes = 1;
    result.outcomes = outcomes;
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

static void answer_ack(struct fake_server *server, uint64_t request, const wire_ack *ack)
{
    for (size_t i = 0; ack != NULL && i < ack->n_cursors; i++) {
        if (ack->cursors[i]->stored > server->acked)
            server->acked = ack->cursors[i]->stored;
        if (ack->cursors[i]->displayed > server->displayed)
            server->displayed = ack->cursors[i]->displayed;
    }
    wire_ack_confirmed confirmed = UNSAY__V1__ACK_CONFIRMED__INIT;
    confirmed.n_cursors = ack == NULL ? 0 : ack->n_cursors;
    confirmed.cursors = ack == NULL ? NULL : ack->cursors;
    wire_server_frame frame = UNSAY__V1__SERVER_FRAME__INIT;
    frame.body_case = SERVER_FRAME(ACK);
    frame.ack = &confirmed;
    put_frame(server, request, &frame);
}

static void answer(struct fake_server *server, const wire_client_frame *frame)
{
    uint64_t request = frame->request;
    if (frame->body_case == CLIENT_FRAME(HELLO))
        answer_hello(server, request);
    else if (frame->body_case == CLIENT_FRAME(LIST_CONVERSATIONS))
        answer_list(server, request);
    else if (frame->body_case == CLIENT_FRAME(READ) &&
             strcmp(frame->read->conversation, "g:1") == 0)
        answer_read(server, request, frame->read);
    else if (frame->body_case == CLIENT_FRAME(SEND))
        answer_send(server, request, frame->send);
    else if (frame->body_case == CLIENT_FRAME(RECALL))
        answer_recall(server, request, frame->recall);
    else if (frame->body_case == CLIENT_FRAME(ACK))
        answer_ack(server, request, frame->ack);
    else if (frame->body_case == CLIENT_FRAME(OPEN_CONVERSATION))
        answer_opened(server, request, "d:alice:bob");
    else if (frame->body_case == CLIENT_FRAME(CREATE_CONVERSATION))
        answer_opened(server, request, "g:created");
    else if (frame->body_case == CLIENT_FRAME(GOODBYE))
        server->goodbyes_seen++;
}

/* ---- The thread ---- */

static bool take_frame(void *context, struct view frame)
{
    struct arena arena;
    arena_init(&arena);
    const wire_client_frame *decoded = frame_decode_client(frame_payload(frame), &arena);
    assert(decoded != NULL);
    answer(context, decoded);
    arena_fini(&arena);
    return true;
}

static void serve(struct fake_server *server, int connection)
{
    static uint8_t input[65536];
    struct buffer out;
    buffer_init(&out);
    enum status status = STATUS_OK;
    while (status == STATUS_OK) {
        ssize_t size = recv(connection, input, sizeof(input), 0);
        if (size <= 0)
            break;
        pthread_mutex_lock(&server->lock);
        status = transport_receive(server->transport, view_make(input, (size_t)size), take_frame,
                                   server, &out, NULL);
        put_bytes(server, buffer_view(&out));
        buffer_consume(&out, buffer_size(&out));
        pthread_cond_broadcast(&server->changed);
        pthread_mutex_unlock(&server->lock);
    }
    buffer_fini(&out);
}

static void *server_main(void *context)
{
    struct fake_server *server = context;
    for (;;) {
        int connection = accept(server->listener, NULL, NULL);
        if (connection < 0)
            return NULL;
        pthread_mutex_lock(&server->lock);
        bool is_stopping = server->is_stopping;
        server->connection = is_stopping ? -1 : connection;
        server->connections++;
        server->transport = transport_new_server(NULL);
        pthread_cond_broadcast(&server->changed);
        pthread_mutex_unlock(&server->lock);
        if (!is_stopping)
            serve(server, connection);
        pthread_mutex_lock(&server->lock);
        server->connection = -1;
        transport_free(server->transport);
        close(connection);
        pthread_cond_broadcast(&server->changed);
        pthread_mutex_unlock(&server->lock);
        if (is_stopping)
            return NULL;
    }
}

void fake_server_start(struct fake_server *server)
{
    memset(server, 0, sizeof(*server));
    pthread_mutex_init(&server->lock, NULL);
    pthread_cond_init(&server->changed, NULL);
    server->connection = -1;
    server->listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int result = bind(server->listener, (const struct sockaddr *)&address, size);
    assert(result == 0);
    result = listen(server->listener, 8);
    assert(result == 0);
    result = getsockname(server->listener, (struct sockaddr *)&address, &size);
    assert(result == 0);
    server->port = ntohs(address.sin_port);
    result = pthread_create(&server->thread, NULL, server_main, server);
    assert(result == 0);
}

void fake_server_drop(struct fake_server *server)
{
    pthread_mutex_lock(&server->lock);
    if (server->connection >= 0)
        shutdown(server->connection, SHUT_RDWR);
    pthread_mutex_unlock(&server->lock);
}

void fake_server_stop(struct fake_server *server)
{
    pthread_mutex_lock(&server->lock);
    server->is_stopping = true;
    pthread_mutex_unlock(&server->lock);
    shutdown(server->listener, SHUT_RDWR);
    fake_server_drop(server);
    pthread_join(server->thread, NULL);
    close(server->listener);
    pthread_cond_destroy(&server->changed);
    pthread_mutex_destroy(&server->lock);
}

void fake_server_set(struct fake_server *server, enum fake_manner sends, enum fake_manner others)
{
    pthread_mutex_lock(&server->lock);
    server->sends = sends;
    server->others = others;
    pthread_mutex_unlock(&server->lock);
}

void fake_server_begin_anew(struct fake_server *server, uint8_t store)
{
    pthread_mutex_lock(&server->lock);
    memset(server->events, 0, sizeof(server->events));
    server->event_count = 0;
    server->acked = 0;
    server->store = store;
    pthread_mutex_unlock(&server->lock);
    fake_server_drop(server);
}

static void add_message(struct fake_server *server, const char *body)
{
    struct fake_event *event = add_event(server);
    snprintf(event->body, sizeof(event->body), "%s", body);
    event->message_id[0] = 0xff;
    event->message_id[14] = (uint8_t)(server->event_count >> 8);
    event->message_id[15] = (uint8_t)server->event_count;
}

uint64_t fake_server_say(struct fake_server *server, const char *body)
{
    pthread_mutex_lock(&server->lock);
    add_message(server, body);
    uint64_t seq = server->event_count;
    put_event(server, FRAME_EVENT, 0, seq);
    pthread_mutex_unlock(&server->lock);
    return seq;
}

void fake_server_say_as(struct fake_server *server, const uint8_t id[16], const char *body)
{
    pthread_mutex_lock(&server->lock);
    add_message(server, body);
    struct fake_event *event = &server->events[server->event_count - 1];
    memcpy(event->message_id, id, sizeof(event->message_id));
    event->is_own = true;
    put_event(server, FRAME_EVENT, 0, server->event_count);
    pthread_mutex_unlock(&server->lock);
}

void fake_server_say_many(struct fake_server *server, size_t count)
{
    pthread_mutex_lock(&server->lock);
    for (size_t i = 0; i < count; i++) {
        add_message(server, "one of many");
        put_event(server, FRAME_EVENT, 0, server->event_count);
    }
    pthread_cond_broadcast(&server->changed);
    pthread_mutex_unlock(&server->lock);
}

void fake_server_say_and_recall(struct fake_server *server, const char *body)
{
    pthread_mutex_lock(&server->lock);
    add_message(server, body);
    put_event(server, FRAME_EVENT, 0, server->event_count);
    recall_message(server, server->event_count);
    pthread_cond_broadcast(&server->changed);
    pthread_mutex_unlock(&server->lock);
}

void fake_server_recall(struct fake_server *server, uint64_t seq)
{
    pthread_mutex_lock(&server->lock);
    recall_message(server, seq);
    pthread_mutex_unlock(&server->lock);
}

static struct timespec deadline(void)
{
    struct timespec at;
    clock_gettime(CLOCK_REALTIME, &at);
    at.tv_sec += 20;
    return at;
}

void fake_server_wait(struct fake_server *server, const size_t *counter, size_t value)
{
    struct timespec at = deadline();
    pthread_mutex_lock(&server->lock);
    int result = 0;
    while (*counter < value && result == 0)
        result = pthread_cond_timedwait(&server->changed, &server->lock, &at);
    size_t reached = *counter;
    pthread_mutex_unlock(&server->lock);
    assert(reached >= value);
}

void fake_server_wait_seq(struct fake_server *server, const uint64_t *seq, uint64_t value)
{
    struct timespec at = deadline();
    pthread_mutex_lock(&server->lock);
    int result = 0;
    while (*seq < value && result == 0)
        result = pthread_cond_timedwait(&server->changed, &server->lock, &at);
    uint64_t reached = *seq;
    pthread_mutex_unlock(&server->lock);
    assert(reached >= value);
}
