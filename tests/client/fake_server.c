#include "fake_server_internal.h"

#include "access/transport.h"
#include "base/buffer.h"
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

void put_blob(struct fake_server *server, struct blob *blob)
{
    struct buffer out;
    buffer_init(&out);
    if (server->connection >= 0 && transport_is_ready(server->transport) &&
        transport_send(server->transport, blob_view(blob), &out) == STATUS_OK)
        put_bytes(server, buffer_view(&out));
    buffer_fini(&out);
    blob_release(blob);
}

wire_event *event_at(struct fake_server *server, struct arena *arena, uint64_t seq)
{
    const struct fake_event *event = &server->events[seq - 1];
    if (event->is_recall) {
        wire_event *wire = make_recall(arena, "g:1", seq, event->target_seq);
        const struct fake_event *target = &server->events[event->target_seq - 1];
        wire->recall->target_message_id = bytes_of(view_make(target->message_id, 16));
        if (target->is_own)
            wire->recall->target_sender = string_of("alice");
        if (event->is_own) {
            wire->recall->operator_ = string_of("alice");
            wire->recall->device = string_of("phone");
        }
        return wire;
    }
    if (event->raw != NULL) {
        wire_event *wire = event_decode(blob_view(event->raw), arena);
        wire->seq = seq;
        return wire;
    }
    wire_event *wire = event->is_recalled ? make_tombstone(arena, "g:1", seq)
                                          : make_message(arena, "g:1", seq, event->body);
    wire->message->message_id = bytes_of(view_make(event->message_id, 16));
    if (event->is_own)
        wire->message->sender = string_of("alice");
    if (!event->is_recalled && event->quote_seq != 0)
        make_quote(arena, wire, event->quote_seq);
    if (!event->is_recalled && event->mention[0] != 0)
        make_mention(arena, wire, event->mention);
    return wire;
}

void put_event(struct fake_server *server, enum frame_event_kind kind, uint64_t request,
               uint64_t seq)
{
    struct arena arena;
    arena_init(&arena);
    struct view bytes = event_encode(event_at(server, &arena, seq), &arena);
    put_blob(server, frame_around_event(kind, request, bytes));
    arena_fini(&arena);
}

struct fake_event *add_event(struct fake_server *server)
{
    assert(server->event_count < FAKE_EVENTS_MAX);
    return &server->events[server->event_count++];
}

uint64_t find_message(const struct fake_server *server, ProtobufCBinaryData id)
{
    for (size_t i = 0; i < server->event_count; i++) {
        const struct fake_event *event = &server->events[i];
        if (!event->is_recall && id.len == 16 && memcmp(event->message_id, id.data, 16) == 0)
            return i + 1;
    }
    return 0;
}

/* As the client wants to be told. */
static void put_notice(struct fake_server *server, uint64_t seq)
{
    struct arena arena;
    wire_server_frame frame = UNSAY__V1__SERVER_FRAME__INIT;
    wire_refresh refresh = UNSAY__V1__REFRESH__INIT;
    wire_replace replace = UNSAY__V1__REPLACE__INIT;
    arena_init(&arena);
    if (server->follow == WIRE(FOLLOW, PATCH)) {
        put_event(server, FRAME_NOTICE, 0, seq);
    } else if (server->follow == WIRE(FOLLOW, REFRESH)) {
        refresh.conversation = string_of("g:1");
        refresh.origin = ORIGIN_DEFAULT;
        refresh.seq = seq;
        frame.body_case = SERVER_FRAME(REFRESH);
        frame.refresh = &refresh;
        put_frame(server, 0, &frame);
    } else {
        replace.recall = event_at(server, &arena, seq);
        replace.tombstone = event_at(server, &arena, server->events[seq - 1].target_seq);
        frame.body_case = SERVER_FRAME(REPLACE);
        frame.replace = &replace;
        put_frame(server, 0, &frame);
    }
    arena_fini(&arena);
}

void recall_message(struct fake_server *server, uint64_t seq, bool is_own)
{
    server->events[seq - 1].is_recalled = true;
    struct fake_event *event = add_event(server);
    event->is_recall = true;
    event->is_own = is_own;
    event->target_seq = seq;
    put_notice(server, server->event_count);
    put_event(server, FRAME_EVENT, 0, server->event_count);
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
    uint8_t input[65536];
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
    blob_release(server->last);
    for (size_t i = 0; i < server->event_count; i++)
        blob_release(server->events[i].raw);
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

void fake_server_say_to(struct fake_server *server, const char *body, uint64_t quote_seq,
                        const char *mention)
{
    pthread_mutex_lock(&server->lock);
    add_message(server, body);
    struct fake_event *event = &server->events[server->event_count - 1];
    event->quote_seq = quote_seq;
    snprintf(event->mention, sizeof(event->mention), "%s", mention);
    put_event(server, FRAME_EVENT, 0, server->event_count);
    pthread_mutex_unlock(&server->lock);
}

void fake_server_append(struct fake_server *server, const wire_event *event)
{
    struct arena arena;
    arena_init(&arena);
    struct view bytes = event_encode(event, &arena);
    pthread_mutex_lock(&server->lock);
    struct fake_event *fake = add_event(server);
    fake->raw = blob_new(bytes.size);
    memcpy(fake->raw->bytes, bytes.data, bytes.size);
    put_event(server, FRAME_EVENT, 0, server->event_count);
    pthread_mutex_unlock(&server->lock);
    arena_fini(&arena);
}

void fake_server_invite(struct fake_server *server, Unsay__V1__Role role)
{
    wire_conversation_entry entry = UNSAY__V1__CONVERSATION_ENTRY__INIT;
    wire_server_frame frame = UNSAY__V1__SERVER_FRAME__INIT;
    entry.conversation = string_of("g:2");
    entry.type = WIRE(CONVERSATION_TYPE, CHANNEL);
    entry.name = string_of("news");
    entry.role = role;
    entry.peer = string_of("bob");
    frame.body_case = SERVER_FRAME(INVITATION);
    frame.invitation = &entry;
    pthread_mutex_lock(&server->lock);
    put_frame(server, 0, &frame);
    pthread_mutex_unlock(&server->lock);
}

void put_listing(struct fake_server *server, uint64_t request)
{
    wire_server_frame frame = UNSAY__V1__SERVER_FRAME__INIT;
    frame.body_case = SERVER_FRAME(LISTING);
    frame.listing = &server->listing;
    put_frame(server, request, &frame);
}

void fake_server_set_listing(struct fake_server *server, uint64_t version, uint64_t pinned_ms,
                             Unsay__V1__Hiding hiding)
{
    pthread_mutex_lock(&server->lock);
    unsay__v1__listing__init(&server->listing);
    server->listing.conversation = string_of("g:1");
    server->listing.version = version;
    server->listing.pinned_ms = pinned_ms;
    server->listing.hiding = hiding;
    put_listing(server, 0);
    pthread_mutex_unlock(&server->lock);
}

const wire_client_frame *fake_server_last(struct fake_server *server, struct arena *arena)
{
    pthread_mutex_lock(&server->lock);
    const wire_client_frame *frame =
        frame_decode_client(frame_payload(blob_view(server->last)), arena);
    pthread_mutex_unlock(&server->lock);
    return frame;
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
    recall_message(server, server->event_count, false);
    pthread_cond_broadcast(&server->changed);
    pthread_mutex_unlock(&server->lock);
}

void fake_server_recall(struct fake_server *server, uint64_t seq)
{
    pthread_mutex_lock(&server->lock);
    recall_message(server, seq, false);
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
