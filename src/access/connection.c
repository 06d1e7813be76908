#include "access/connection.h"

#include "access/endpoint.h"
#include "access/hello.h"
#include "access/peer.h"
#include "access/ticket.h"
#include "base/bucket.h"
#include "base/memory.h"
#include "core/frame.h"
#include "core/heartbeat.h"
#include "core/refusal.h"

#include <assert.h>
#include <stdlib.h>

enum {
    CONNECTION_READ_BYTES = 64 * 1024,
    CONNECTION_WRITE_BYTES = 16 * 1024, /* gathered before a write, so little is beyond recall */
    CONNECTION_BACKLOG_BYTES_MAX = 64 * 1024, /* pongs and warnings behind a blocked write */
    CONNECTION_LINGER_MS = 5000,              /* for the last frames of a closing connection */
    CONNECTION_STALL_MS = 60000               /* without the socket taking a byte */
};

/* What the socket did not take at once; there only while a write is under way. */
struct connection_unsent {
    uv_write_t write;
    struct connection *connection;
    struct buffer pending; /* being written */
    struct buffer backlog; /* written after it */
    uint64_t since_ms;
};

/* Thousands are idle: what only some need is not in here. */
struct connection {
    uv_tcp_t tcp;
    struct connections *owner;
    struct list all;
    struct transport *transport;
    void *session;                    /* NULL until signed in */
    struct connection_unsent *unsent; /* NULL: nothing is */
    struct bucket rate;
    uint64_t accepted_ms;
    uint64_t heard_ms;
    uint64_t closing_ms;
    uint32_t heartbeat_ms; /* silent for twice as long, it is closed */
    uint32_t owed;   /* frames that were taken ahead of the rate: one read may hold thousands */
    bool is_paused;  /* reads wait until they are paid */
    bool is_warned;  /* was told about its rate */
    bool is_closing; /* nothing more is read */
    bool has_said_farewell;
    bool is_closed;
    char *address; /* of the client, until it has signed in */
};

void connections_init(struct connections *connections, uv_loop_t *loop, void *peer,
                      const struct connection_settings *settings, struct connection_counts *counts)
{
    *connections =
        (struct connections){.loop = loop, .peer = peer, .settings = settings, .counts = counts};
    list_init(&connections->all);
    arena_init(&connections->scratch);
    buffer_init(&connections->output);
    connections->input = memory_new(CONNECTION_READ_BYTES);
    admission_init(&connections->admission, settings->sign_ins_per_second, uv_now(loop));
}

void connections_fini(struct connections *connections)
{
    assert(list_is_empty(&connections->all));
    arena_fini(&connections->scratch);
    buffer_fini(&connections->output);
    free(connections->input);
}

static void connection_forget_unsent(struct connection *connection)
{
    if (connection->unsent == NULL)
        return;
    buffer_fini(&connection->unsent->pending);
    buffer_fini(&connection->unsent->backlog);
    free(connection->unsent);
    connection->unsent = NULL;
}

static void connection_free(uv_handle_t *handle)
{
    struct connection *connection = handle->data;
    list_remove(&connection->all);
    transport_free(connection->transport);
    connection_forget_unsent(connection);
    free(connection->address);
    free(connection);
}

static void connection_close_now(struct connection *connection)
{
    struct connection_counts *counts = connection->owner->counts;
    if (connection->is_closed)
        return;
    connection->is_closed = true;
    connection->is_closing = true;
    atomic_fetch_sub(&counts->open, 1);
    if (connection->session == NULL)
        atomic_fetch_sub(&counts->unauthenticated, 1);
    else
        peer_closed(connection->owner->peer, connection->session);
    connection->session = NULL;
    uv_close((uv_handle_t *)&connection->tcp, connection_free);
}

static void connection_on_written(uv_write_t *write, int status);

/* Hands `pending` to the loop. */
static void connection_write_pending(struct connection *connection)
{
    struct connection_unsent *unsent = connection->unsent;
    struct view bytes = buffer_view(&unsent->pending);
    uv_buf_t buf = uv_buf_init((char *)(uintptr_t)bytes.data, (unsigned)bytes.size);
    unsent->since_ms = uv_now(connection->owner->loop);
    if (uv_write(&unsent->write, (uv_stream_t *)&connection->tcp, &buf, 1, connection_on_written) !=
        0) {
        connection_forget_unsent(connection);
        connection_close_now(connection);
    }
}

static void connection_on_written(uv_write_t *write, int status)
{
    struct connection *connection = ((struct connection_unsent *)write->data)->connection;
    struct connection_unsent *unsent = connection->unsent;
    if (connection->is_closed || status < 0) {
        connection_forget_unsent(connection);
        connection_close_now(connection);
        return;
    }
    peer_begin_turn(connection->owner->peer);
    buffer_fini(&unsent->pending);
    unsent->pending = unsent->backlog;
    buffer_init(&unsent->backlog);
    if (buffer_size(&unsent->pending) > 0) {
        connection_write_pending(connection);
    } else {
        connection_forget_unsent(connection);
        connection_flush(connection);
    }
}

/* Writes owner->output; what the socket does not take now waits, and what comes meanwhile (pongs,
 * warnings) behind it. */
static void connection_write(struct connection *connection)
{
    struct buffer *output = &connection->owner->output;
    struct view bytes = buffer_view(output);
    if (bytes.size == 0)
        return;
    if (connection->unsent != NULL) {
        struct buffer *backlog = &connection->unsent->backlog;
        buffer_append(backlog, bytes.data, bytes.size);
        buffer_consume(output, bytes.size);
        if (buffer_size(backlog) > CONNECTION_BACKLOG_BYTES_MAX)
            connection_close_now(connection);
        return;
    }
    uv_buf_t buf = uv_buf_init((char *)(uintptr_t)bytes.data, (unsigned)bytes.size);
    int written = uv_try_write((uv_stream_t *)&connection->tcp, &buf, 1);
    if (written < 0 && written != UV_EAGAIN) {
        buffer_consume(output, bytes.size);
        connection_close_now(connection);
        return;
    }
    buffer_consume(output, written < 0 ? 0 : (size_t)written);
    bytes = buffer_view(output);
    if (bytes.size == 0)
        return;
    struct connection_unsent *unsent = memory_new(sizeof(*unsent));
    unsent->connection = connection;
    unsent->write.data = unsent;
    buffer_init(&unsent->pending);
    buffer_init(&unsent->backlog);
    buffer_append(&unsent->pending, bytes.data, bytes.size);
    buffer_consume(output, bytes.size);
    connection->unsent = unsent;
    connection_write_pending(connection);
}

/* Gathers frames of the peer into the output; true when the peer has no more. */
static bool connection_gather(struct connection *connection)
{
    struct connections *owner = connection->owner;
    while (buffer_size(&owner->output) < CONNECTION_WRITE_BYTES) {
        struct blob *frame =
            connection->session == NULL ? NULL : peer_next_frame(owner->peer, connection->session);
        if (frame == NULL)
            return true;
        enum status status =
            transport_send(connection->transport, blob_view(frame), &owner->output);
        blob_release(frame);
        if (status != STATUS_OK) {
            connection_close_now(connection);
            return true;
        }
    }
    return false;
}

void connection_flush(struct connection *connection)
{
    bool is_empty = false;
    while (!is_empty && connection->unsent == NULL && !connection->is_closed) {
        is_empty = connection_gather(connection);
        if (is_empty && connection->is_closing && !connection->is_closed &&
            !connection->has_said_farewell) {
            connection->has_said_farewell = true;
            transport_close(connection->transport, 1000, &connection->owner->output);
        }
        if (connection->is_closed)
            buffer_consume(&connection->owner->output, buffer_size(&connection->owner->output));
        else
            connection_write(connection);
    }
    if (is_empty && connection->is_closing && connection->unsent == NULL)
        connection_close_now(connection);
}

void connection_close_after_flush(struct connection *connection)
{
    if (connection->is_closing)
        return;
    connection->is_closing = true;
    connection->closing_ms = uv_now(connection->owner->loop);
    uv_read_stop((uv_stream_t *)&connection->tcp);
}

/* A frame of the connection's own, past the peer; takes over the hold. */
static void connection_say(struct connection *connection, struct blob *frame)
{
    enum status status =
        transport_send(connection->transport, blob_view(frame), &connection->owner->output);
    blob_release(frame);
    if (status != STATUS_OK)
        connection_close_now(connection);
}

/* An error for one that has no session to queue it in; then the connection closes. */
static void connection_refuse_until(struct connection *connection, uint64_t request,
                                    refusal_code code, const char *detail, uint32_t retry_after_ms)
{
    if (connection->is_closing)
        return;
    if (transport_is_ready(connection->transport))
        connection_say(connection, refusal_frame(request, code, detail, true, retry_after_ms));
    connection_close_after_flush(connection);
}

static void connection_refuse(struct connection *connection, uint64_t request, refusal_code code,
                              const char *detail)
{
    connection_refuse_until(connection, request, code, detail, 0);
}

/* False: it was told to come back. */
static bool connection_is_admitted(struct connection *connection, uint64_t request)
{
    struct connections *owner = connection->owner;
    uint64_t now_ms = uv_now(owner->loop);
    refusal_code refusal = REFUSAL_CODE(TOO_MANY_CONNECTIONS);
    const char *detail = "";
    uint32_t pause_ms;
    if (atomic_load(&owner->counts->open) > owner->settings->connections_max) {
        pause_ms = admission_postpone(&owner->admission, now_ms);
    } else {
        refusal = REFUSAL_CODE(OVERLOADED);
        detail = "hello: many clients sign in now; come back when retry_after_ms is over";
        pause_ms = admission_ask(&owner->admission, now_ms);
    }
    if (pause_ms == 0)
        return true;
    atomic_fetch_add(&owner->counts->postponed, 1);
    connection_refuse_until(connection, request, refusal, detail, pause_ms);
    return false;
}

/* Who it is, by ticket or else by token; `login` 0 for the latter. */
static refusal_code connection_identify(const struct connection_settings *settings,
                                        const wire_hello *hello, uint64_t now_ms,
                                        struct ticket *ticket, const char **reason)
{
    enum identity_verdict verdict;
    *reason = "ticket: this server knows none; sign in with the token";
    if (hello->ticket.len > 0) {
        if (settings->ticket_key == NULL)
            return REFUSAL_CODE(TICKET_INVALID);
        verdict = ticket_open(settings->ticket_key, &settings->store, bytes_view(hello->ticket),
                              now_ms, ticket, reason);
        if (verdict == IDENTITY_EXPIRED)
            return REFUSAL_CODE(TICKET_EXPIRED);
        return verdict == IDENTITY_VALID ? REFUSAL_NONE : REFUSAL_CODE(TICKET_INVALID);
    }
    ticket->login = 0;
    verdict =
        identity_verify(settings->keys, view_of(hello->token), now_ms, &ticket->identity, reason);
    if (verdict == IDENTITY_EXPIRED)
        return REFUSAL_CODE(TOKEN_EXPIRED);
    return verdict == IDENTITY_VALID ? REFUSAL_NONE : REFUSAL_CODE(TOKEN_INVALID);
}

static void connection_sign_in(struct connection *connection, const wire_client_frame *frame,
                               uint64_t now_ms)
{
    struct connections *owner = connection->owner;
    if (frame->body_case != CLIENT_FRAME(HELLO)) {
        connection_refuse(connection, frame->request, REFUSAL_CODE(HELLO_EXPECTED), "");
        return;
    }
    if (!connection_is_admitted(connection, frame->request))
        return;
    const char *reason;
    refusal_code refusal = hello_check(frame->hello, &reason);
    if (refusal != REFUSAL_NONE) {
        connection_refuse(connection, frame->request, refusal, reason);
        return;
    }
    struct ticket ticket;
    refusal = connection_identify(owner->settings, frame->hello, now_ms, &ticket, &reason);
    if (refusal != REFUSAL_NONE) {
        connection_refuse(connection, frame->request, refusal, reason);
        return;
    }
    atomic_fetch_sub(&owner->counts->unauthenticated, 1);
    connection->heartbeat_ms =
        heartbeat_granted_ms(frame->hello->heartbeat_ms, owner->settings->heartbeat_interval_ms,
                             owner->settings->heartbeat_max_ms);
    struct peer_arrival arrival = {.identity = &ticket.identity,
                                   .hello = frame->hello,
                                   .address = connection->address,
                                   .request = frame->request,
                                   .login = ticket.login,
                                   .heartbeat_ms = connection->heartbeat_ms};
    connection->session = peer_signed_in(owner->peer, connection, &arrival);
    free(connection->address);
    connection->address = NULL;
}

static bool connection_on_frame(void *context, struct view bytes)
{
    struct connection *connection = context;
    struct connections *owner = connection->owner;
    uint64_t now_ms = peer_begin_turn(owner->peer);
    if (connection->is_closing)
        return false;
    arena_reset(&owner->scratch);
    wire_client_frame *frame = frame_decode_client(frame_payload(bytes), &owner->scratch);
    if (frame == NULL)
        connection_refuse(connection, 0, REFUSAL_CODE(MALFORMED),
                          "frame: not a ClientFrame of unsay.v1");
    else if (connection->session == NULL)
        connection_sign_in(connection, frame, now_ms);
    else
        peer_frame(owner->peer, connection->session, frame, frame_payload(bytes));
    if (!bucket_take(&connection->rate, uv_now(owner->loop)))
        connection->owed++;
    return !connection->is_closing;
}

/* The transport gave up: an error to the client where one can still be understood. */
static void connection_fail(struct connection *connection, enum status status,
                            const struct failure *failure)
{
    if (status == STATUS_TOO_LARGE)
        connection_refuse(connection, 0, REFUSAL_CODE(FRAME_TOO_LARGE),
                          "frame: at most 131072 bytes");
    else if (status == STATUS_MALFORMED)
        connection_refuse(connection, 0, REFUSAL_CODE(MALFORMED), failure->text);
    else
        connection_close_after_flush(connection);
}

/* Writes what transport or refusals left in the output, and closes what has nothing else to say. */
static void connection_settle(struct connection *connection)
{
    struct buffer *output = &connection->owner->output;
    if (connection->is_closed)
        buffer_consume(output, buffer_size(output));
    else
        connection_write(connection);
    if (connection->is_closing && !connection->is_closed)
        connection_flush(connection);
}

static void connection_on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    const struct connection *connection = handle->data;
    (void)suggested;
    *buf = uv_buf_init(connection->owner->input, CONNECTION_READ_BYTES);
}

static void connection_on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buf)
{
    struct connection *connection = stream->data;
    struct connections *owner = connection->owner;
    struct failure failure = {STATUS_OK, ""};
    if (size == 0 || connection->is_closing)
        return;
    peer_begin_turn(owner->peer);
    if (size < 0) {
        connection_close_now(connection);
        return;
    }
    connection->heard_ms = uv_now(owner->loop);
    enum status status =
        transport_receive(connection->transport, view_make(buf->base, (size_t)size),
                          connection_on_frame, connection, &owner->output, &failure);
    if (status != STATUS_OK && !connection->is_closing)
        connection_fail(connection, status, &failure);
    if (connection->owed > 0 && !connection->is_closing) {
        connection->is_paused = true;
        uv_read_stop(stream);
        if (!connection->is_warned && connection->session != NULL)
            connection_say(connection,
                           refusal_frame(0, REFUSAL_CODE(RATE_LIMITED), "", false, 1000));
        connection->is_warned = true;
    }
    connection_settle(connection);
}

/* Asked for at once: a client that has gone by the time of its Hello is on record all the same. */
static void connection_read_address(struct connection *connection)
{
    struct sockaddr_storage address = {0};
    char text[ENDPOINT_BYTES_MAX + 1] = "";
    int size = sizeof(address);
    if (uv_tcp_getpeername(&connection->tcp, (struct sockaddr *)&address, &size) == 0)
        endpoint_print((const struct sockaddr *)&address, text);
    connection->address = memory_copy(text, strlen(text));
}

void connections_add(struct connections *connections, int socket)
{
    struct connection_counts *counts = connections->counts;
    struct connection *connection = memory_new(sizeof(*connection));
    uint64_t now_ms = uv_now(connections->loop);
    connection->owner = connections;
    connection->transport = transport_new_server(connections->settings->tls);
    connection->accepted_ms = connection->heard_ms = now_ms;
    connection->heartbeat_ms = connections->settings->heartbeat_interval_ms;
    bucket_init(&connection->rate, connections->settings->requests_per_second,
                connections->settings->requests_per_second * 2, now_ms);
    list_push_back(&connections->all, &connection->all);
    atomic_fetch_add(&counts->open, 1);
    atomic_fetch_add(&counts->unauthenticated, 1);

    uv_tcp_init(connections->loop, &connection->tcp);
    connection->tcp.data = connection;
    if (uv_tcp_open(&connection->tcp, socket) != 0 ||
        uv_read_start((uv_stream_t *)&connection->tcp, connection_on_alloc, connection_on_read) !=
            0) {
        connection_close_now(connection);
        return;
    }
    connection_read_address(connection);
    uv_tcp_nodelay(&connection->tcp, 1);
}

static void connection_tick(struct connection *connection, uint64_t now_ms)
{
    if (connection->is_closed)
        return;
    if (connection->is_closing) {
        if (now_ms - connection->closing_ms > CONNECTION_LINGER_MS)
            connection_close_now(connection);
        return;
    }
    while (connection->owed > 0 && bucket_take(&connection->rate, now_ms))
        connection->owed--;
    if (connection->is_paused && connection->owed == 0) {
        connection->is_paused = false;
        uv_read_start((uv_stream_t *)&connection->tcp, connection_on_alloc, connection_on_read);
    }
    if (connection->session == NULL && now_ms - connection->accepted_ms > LIMIT_HELLO_TIMEOUT_MS)
        connection_refuse(connection, 0, REFUSAL_CODE(HELLO_TIMEOUT),
                          "hello: due within 10 seconds");
    else if (now_ms - connection->heard_ms > 2 * (uint64_t)connection->heartbeat_ms &&
             !connection->is_paused)
        connection_refuse(connection, 0, REFUSAL_CODE(SILENT), "");
    else if (connection->unsent != NULL &&
             now_ms - connection->unsent->since_ms > CONNECTION_STALL_MS)
        connection_close_now(connection);
    connection_settle(connection);
}

void connections_tick(struct connections *connections, uint64_t now_ms)
{
    struct list *next;
    for (struct list *node = connections->all.next; node != &connections->all; node = next) {
        next = node->next;
        connection_tick(LIST_ITEM(node, struct connection, all), now_ms);
    }
}

void connections_close_all(struct connections *connections)
{
    struct list *next;
    for (struct list *node = connections->all.next; node != &connections->all; node = next) {
        next = node->next;
        connection_close_now(LIST_ITEM(node, struct connection, all));
    }
}
