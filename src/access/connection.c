#include "access/connection_internal.h"

#include "access/endpoint.h"
#include "access/peer.h"
#include "base/memory.h"
#include "core/frame.h"

#include <assert.h>
#include <stdlib.h>

enum {
    CONNECTION_READ_BYTES = 64 * 1024,
    CONNECTION_LINGER_MS = 5000, /* for the last frames of a closing connection */
    CONNECTION_STALL_MS = 60000  /* without the socket taking a byte */
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

static void connection_free(uv_handle_t *handle)
{
    struct connection *connection = handle->data;
    list_remove(&connection->all);
    transport_free(connection->transport);
    connection_forget_unsent(connection);
    free(connection->address);
    free(connection);
}

void connection_close_now(struct connection *connection)
{
    struct connection_counts *counts = connection->owner->counts;
    if (connection->is_closed)
        return;
    connection->is_closed = true;
    connection->is_closing = true;
    atomic_fetch_sub(&counts->open, 1);
    if (connection->session == NULL) {
        atomic_fetch_sub(&counts->unauthenticated, 1);
    } else {
        atomic_fetch_sub(&counts->signed_in[connection_transport(connection)], 1);
        peer_closed(connection->owner->peer, connection->session);
    }
    connection->session = NULL;
    uv_close((uv_handle_t *)&connection->tcp, connection_free);
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
