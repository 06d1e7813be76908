/* What a connection writes: what the peer has for it, as fast as the socket takes it, and frames
 * of its own. */
#include "access/connection_internal.h"

#include "access/peer.h"
#include "base/memory.h"

#include <stdlib.h>

enum {
    CONNECTION_WRITE_BYTES = 16 * 1024, /* gathered before a write, so little is beyond recall */
    CONNECTION_BACKLOG_BYTES_MAX = 64 * 1024 /* pongs and warnings behind a blocked write */
};

void connection_forget_unsent(struct connection *connection)
{
    if (connection->unsent == NULL)
        return;
    buffer_fini(&connection->unsent->pending);
    buffer_fini(&connection->unsent->backlog);
    free(connection->unsent);
    connection->unsent = NULL;
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

void connection_write(struct connection *connection)
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

void connection_say(struct connection *connection, struct blob *frame)
{
    enum status status =
        transport_send(connection->transport, blob_view(frame), &connection->owner->output);
    blob_release(frame);
    if (status != STATUS_OK)
        connection_close_now(connection);
}

void connection_refuse_until(struct connection *connection, uint64_t request, refusal_code code,
                             const char *detail, uint32_t retry_after_ms)
{
    if (connection->is_closing)
        return;
    if (transport_is_ready(connection->transport))
        connection_say(connection, refusal_frame(request, code, detail, true, retry_after_ms));
    connection_close_after_flush(connection);
}

void connection_refuse(struct connection *connection, uint64_t request, refusal_code code,
                       const char *detail)
{
    connection_refuse_until(connection, request, code, detail, 0);
}
