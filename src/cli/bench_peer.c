#include "cli/bench_peer.h"

#include "core/frame.h"

#include <assert.h>
#include <netinet/in.h>
#include <sys/socket.h>

static void peer_end(struct peer *peer, const char *why)
{
    if (peer->is_ended)
        return;
    peer->is_ended = true;
    list_remove(&peer->dirty);
    peer->loop->on_end(peer, why);
}

static void peer_touch(struct peer *peer)
{
    if (!peer->is_ended && !peer->is_writing && list_is_empty(&peer->dirty) &&
        buffer_size(&peer->out) > 0)
        list_push_back(&peer->loop->dirty, &peer->dirty);
}

static void peer_on_written(uv_write_t *request, int result)
{
    struct peer *peer = request->data;
    peer->is_writing = false;
    buffer_consume(&peer->writing, buffer_size(&peer->writing));
    if (result < 0)
        peer_end(peer, uv_strerror(result));
    else
        peer_touch(peer);
}

static void peer_flush(struct peer *peer)
{
    struct view rest = buffer_view(&peer->out);
    uv_stream_t *stream = (uv_stream_t *)&peer->tcp;
    uv_buf_t bytes = uv_buf_init((char *)(uintptr_t)rest.data, (unsigned)rest.size);
    int result = uv_try_write(stream, &bytes, 1);
    if (result > 0)
        buffer_consume(&peer->out, (size_t)result);
    if (result < 0 && result != UV_EAGAIN) {
        peer_end(peer, uv_strerror(result));
        return;
    }
    rest = buffer_view(&peer->out);
    if (rest.size == 0)
        return;
    struct buffer empty = peer->writing;
    peer->writing = peer->out;
    peer->out = empty;
    bytes = uv_buf_init((char *)(uintptr_t)rest.data, (unsigned)rest.size);
    peer->write.data = peer;
    result = uv_write(&peer->write, stream, &bytes, 1, peer_on_written);
    if (result < 0)
        peer_end(peer, uv_strerror(result));
    else
        peer->is_writing = true;
}

static void peer_loop_flush(uv_prepare_t *prepare)
{
    struct peer_loop *loop = prepare->data;
    struct list *node;
    while ((node = list_pop_front(&loop->dirty)) != NULL)
        peer_flush(LIST_ITEM(node, struct peer, dirty));
}

void peer_loop_init(struct peer_loop *loop)
{
    int result = uv_loop_init(&loop->uv);
    assert(result == 0);
    uv_prepare_init(&loop->uv, &loop->flush);
    loop->flush.data = loop;
    uv_prepare_start(&loop->flush, peer_loop_flush);
    uv_unref((uv_handle_t *)&loop->flush);
    list_init(&loop->dirty);
    arena_init(&loop->arena);
    peer_loop_now(loop);
}

void peer_loop_fini(struct peer_loop *loop)
{
    uv_close((uv_handle_t *)&loop->flush, NULL);
    uv_run(&loop->uv, UV_RUN_DEFAULT);
    int result = uv_loop_close(&loop->uv);
    assert(result == 0);
    (void)result;
    arena_fini(&loop->arena);
}

void peer_loop_now(struct peer_loop *loop)
{
    loop->now_ns = uv_hrtime();
}

void peer_init(struct peer *peer, struct peer_loop *loop, struct transport *transport)
{
    *peer = (struct peer){.loop = loop, .transport = transport};
    buffer_init(&peer->out);
    buffer_init(&peer->writing);
    list_init(&peer->dirty);
}

void peer_fini(struct peer *peer)
{
    transport_free(peer->transport);
    buffer_fini(&peer->out);
    buffer_fini(&peer->writing);
}

static void peer_become_ready(struct peer *peer)
{
    if (peer->is_ready || peer->is_ended || !transport_is_ready(peer->transport))
        return;
    peer->is_ready = true;
    peer->loop->on_ready(peer);
}

static bool peer_on_frame(void *context, struct view frame)
{
    struct peer *peer = context;
    peer_become_ready(peer);
    if (!peer->is_ended)
        peer->loop->on_frame(peer, frame);
    return !peer->is_ended;
}

static void peer_on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    (void)suggested;
    struct peer *peer = handle->data;
    *buffer = uv_buf_init((char *)peer->loop->input, PEER_READ_BYTES);
}

static void peer_on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer)
{
    struct peer *peer = stream->data;
    struct failure failure = {STATUS_OK, ""};
    if (peer->is_ended || size == 0)
        return;
    if (size < 0) {
        peer_end(peer, size == UV_EOF ? "the other side closed it" : uv_strerror((int)size));
        return;
    }
    peer_loop_now(peer->loop);
    arena_reset(&peer->loop->arena);
    enum status status = transport_receive(peer->transport, view_make(buffer->base, (size_t)size),
                                           peer_on_frame, peer, &peer->out, &failure);
    if (status != STATUS_OK)
        peer_end(peer, failure.text[0] == 0 ? status_text(status) : failure.text);
    else
        peer_become_ready(peer);
    peer_touch(peer);
}

static void peer_start(struct peer *peer)
{
    uv_tcp_nodelay(&peer->tcp, 1);
    int result = uv_read_start((uv_stream_t *)&peer->tcp, peer_on_alloc, peer_on_read);
    if (result < 0) {
        peer_end(peer, uv_strerror(result));
    } else if (transport_start(peer->transport, &peer->out) != STATUS_OK) {
        peer_end(peer, "the handshake could not be begun");
    } else {
        peer_become_ready(peer);
        peer_touch(peer);
    }
}

static void peer_open(struct peer *peer, int family)
{
    int result = uv_tcp_init_ex(&peer->loop->uv, &peer->tcp, (unsigned)family);
    assert(result == 0);
    (void)result;
    peer->tcp.data = peer;
    peer->is_open = true;
}

static void peer_on_connected(uv_connect_t *request, int result)
{
    struct peer *peer = request->data;
    if (result < 0)
        peer_end(peer, uv_strerror(result));
    else if (!peer->is_ended)
        peer_start(peer);
}

/* The port is chosen when it connects: only then is it known which ones are free. */
static int peer_bind(struct peer *peer, const struct sockaddr *from)
{
    uv_os_fd_t fd;
    int one = 1;
    int result = uv_fileno((uv_handle_t *)&peer->tcp, &fd);
    if (result == 0)
        setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one));
    return result == 0 ? uv_tcp_bind(&peer->tcp, from, 0) : result;
}

void peer_connect(struct peer *peer, const struct sockaddr *address)
{
    peer_connect_from(peer, address, NULL);
}

void peer_connect_from(struct peer *peer, const struct sockaddr *address,
                       const struct sockaddr *from)
{
    peer_open(peer, from == NULL ? AF_UNSPEC : from->sa_family);
    peer->connect.data = peer;
    int result = from == NULL ? 0 : peer_bind(peer, from);
    if (result == 0)
        result = uv_tcp_connect(&peer->connect, &peer->tcp, address, peer_on_connected);
    if (result < 0)
        peer_end(peer, uv_strerror(result));
}

void peer_accept(struct peer *peer, uv_stream_t *listener)
{
    peer_open(peer, AF_UNSPEC);
    int result = uv_accept(listener, (uv_stream_t *)&peer->tcp);
    if (result < 0)
        peer_end(peer, uv_strerror(result));
    else
        peer_start(peer);
}

void peer_close(struct peer *peer)
{
    peer->is_ended = true;
    list_remove(&peer->dirty);
    if (peer->is_open && !uv_is_closing((uv_handle_t *)&peer->tcp))
        uv_close((uv_handle_t *)&peer->tcp, NULL);
}

static void peer_send(struct peer *peer, struct blob *frame)
{
    if (!peer->is_ended) {
        if (buffer_size(&peer->out) > PEER_UNSENT_BYTES_MAX)
            peer_end(peer, "the other side does not read");
        else if (transport_send(peer->transport, blob_view(frame), &peer->out) != STATUS_OK)
            peer_end(peer, "a frame could not be sent");
        else
            peer_touch(peer);
    }
    blob_release(frame);
}

void peer_send_client(struct peer *peer, const wire_client_frame *frame)
{
    peer_send(peer, frame_from_client(frame));
}

void peer_send_server(struct peer *peer, const wire_server_frame *frame)
{
    peer_send(peer, frame_from_server(frame));
}
