#include "client/link.h"

#include "base/memory.h"

#include <assert.h>
#include <sodium.h>

enum {
    LINK_CONNECT_TIMEOUT_MS = 10000,
    LINK_ADDRESSES_MAX = 8, /* that a name may have; the rest is not tried */
    LINK_READ_BYTES = 65536,
    LINK_UNSENT_BYTES_MAX = 64 << 20, /* the outbox's window, twice over, is below it */
    WEBSOCKET_CLOSE_NORMAL = 1000,
};

/* One socket: a link tries a name's addresses one after the other. */
struct socket {
    uv_tcp_t tcp;
    uv_connect_t connect;
    struct link *link;
};

struct link {
    uv_loop_t *uv;
    const struct address *address;
    const struct link_handler *handler;
    void *context;
    struct transport *transport;
    uv_getaddrinfo_t resolve;
    struct addrinfo *addresses;
    struct addrinfo *next;
    unsigned attempts; /* addresses that may still be tried */
    uint64_t attempt_timeout_ms;
    uv_timer_t timer;
    struct socket *socket; /* NULL between two attempts */
    int last_error;
    struct buffer out;
    unsigned holders; /* handles and requests that libuv still knows */
    bool is_resolving;
    bool is_up;
    bool is_down;
    bool is_closed;
    uint8_t input[LINK_READ_BYTES];
};

static void link_let_go(struct link *link)
{
    if (--link->holders > 0)
        return;
    transport_free(link->transport);
    if (link->addresses != NULL)
        uv_freeaddrinfo(link->addresses);
    buffer_fini(&link->out);
    free(link);
}

static void link_fail(struct link *link, const char *what, const char *why)
{
    if (link->is_down || link->is_closed)
        return;
    link->is_down = true;
    uv_timer_stop(&link->timer);
    char reason[512];
    snprintf(reason, sizeof(reason), "%s %s:%s: %s.", what, link->address->host,
             link->address->port, why);
    link->handler->on_down(link->context, reason);
}

static void link_lost(struct link *link, const char *why)
{
    link_fail(link, link->is_up ? "The connection was lost to" : "Cannot connect to", why);
}

static void link_become_up(struct link *link)
{
    if (link->is_up || !transport_is_ready(link->transport))
        return;
    link->is_up = true;
    uv_timer_stop(&link->timer);
    link->handler->on_up(link->context);
}

static void link_on_timer_closed(uv_handle_t *handle)
{
    link_let_go(handle->data);
}

static void link_on_socket_closed(uv_handle_t *handle)
{
    struct socket *socket = handle->data;
    link_let_go(socket->link);
    free(socket);
}

static void link_close_socket(struct link *link)
{
    if (link->socket == NULL)
        return;
    uv_close((uv_handle_t *)&link->socket->tcp, link_on_socket_closed);
    link->socket = NULL;
}

/* ---- Writing ---- */

struct write {
    uv_write_t request;
    struct link *link;
    uint8_t bytes[];
};

static void link_on_written(uv_write_t *request, int result)
{
    struct write *write = request->data;
    struct link *link = write->link;
    free(write);
    if (result < 0 && result != UV_ECANCELED)
        link_lost(link, uv_strerror(result));
    link_let_go(link);
}

void link_flush(struct link *link)
{
    struct view rest = buffer_view(&link->out);
    if (rest.size == 0 || link->is_down || link->socket == NULL)
        return;
    uv_stream_t *stream = (uv_stream_t *)&link->socket->tcp;
    size_t queued = uv_stream_get_write_queue_size(stream);
    if (queued == 0) {
        uv_buf_t buffer = uv_buf_init((char *)(uintptr_t)rest.data, (unsigned)rest.size);
        int written = uv_try_write(stream, &buffer, 1);
        if (written < 0 && written != UV_EAGAIN) {
            link_lost(link, uv_strerror(written));
            return;
        }
        buffer_consume(&link->out, written > 0 ? (size_t)written : 0);
        rest = buffer_view(&link->out);
    }
    if (rest.size == 0)
        return;
    if (queued + rest.size > LINK_UNSENT_BYTES_MAX) {
        link_lost(link, "the server does not read");
        return;
    }
    struct write *write = memory_new(sizeof(*write) + rest.size);
    write->request.data = write;
    write->link = link;
    memcpy(write->bytes, rest.data, rest.size);
    uv_buf_t buffer = uv_buf_init((char *)write->bytes, (unsigned)rest.size);
    buffer_consume(&link->out, rest.size);
    link->holders++;
    int result = uv_write(&write->request, stream, &buffer, 1, link_on_written);
    if (result < 0) {
        free(write);
        link->holders--;
        link_lost(link, uv_strerror(result));
    }
}

void link_send(struct link *link, struct view frame)
{
    if (link->is_down || !link->is_up)
        return;
    if (transport_send(link->transport, frame, &link->out) != STATUS_OK)
        link_lost(link, "the frame could not be sent");
}

/* ---- Reading ---- */

static void link_on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    (void)suggested;
    struct socket *socket = handle->data;
    *buffer = uv_buf_init((char *)socket->link->input, LINK_READ_BYTES);
}

static bool link_on_frame(void *context, struct view frame)
{
    struct link *link = context;
    link_become_up(link);
    if (link->is_down || link->is_closed)
        return false;
    link->handler->on_frame(link->context, frame);
    return true;
}

static void link_on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer)
{
    struct socket *socket = stream->data;
    struct link *link = socket->link;
    if (link->is_down || size == 0)
        return;
    if (size < 0) {
        link_lost(link, size == UV_EOF ? "the server closed it" : uv_strerror((int)size));
        return;
    }
    struct failure failure = {STATUS_OK, ""};
    enum status status = transport_receive(link->transport, view_make(buffer->base, (size_t)size),
                                           link_on_frame, link, &link->out, &failure);
    if (status == STATUS_OK)
        link_become_up(link);
    link_flush(link);
    if (status == STATUS_CLOSED)
        link_lost(link, "the server closed it");
    else if (status != STATUS_OK)
        link_lost(link, failure.text[0] == 0 ? status_text(status) : failure.text);
}

/* ---- Connecting ---- */

static void link_try_next(struct link *link);

static void link_on_timeout(uv_timer_t *timer)
{
    struct link *link = timer->data;
    link->last_error = UV_ETIMEDOUT;
    if (link->socket != NULL && uv_is_readable((uv_stream_t *)&link->socket->tcp)) {
        link_lost(link, "the handshake takes too long");
        return;
    }
    link_close_socket(link);
    link_try_next(link);
}

static void link_on_connected(uv_connect_t *request, int result)
{
    struct socket *socket = request->data;
    struct link *link = socket->link;
    if (link->socket != socket)
        return;
    if (result < 0) {
        link->last_error = result;
        link_close_socket(link);
        link_try_next(link);
        return;
    }
    uv_tcp_nodelay(&socket->tcp, 1);
    if (transport_start(link->transport, &link->out) != STATUS_OK) {
        link_lost(link, "the handshake could not be begun");
        return;
    }
    result = uv_read_start((uv_stream_t *)&socket->tcp, link_on_alloc, link_on_read);
    assert(result == 0);
    uv_timer_start(&link->timer, link_on_timeout, LINK_CONNECT_TIMEOUT_MS, 0);
    link_flush(link);
    if (!link->is_down)
        link_become_up(link);
}

static int link_try(struct link *link, const struct addrinfo *address)
{
    struct socket *socket = memory_new(sizeof(*socket));
    int result = uv_tcp_init(link->uv, &socket->tcp);
    if (result < 0) {
        free(socket);
        return result;
    }
    socket->link = link;
    socket->tcp.data = socket;
    socket->connect.data = socket;
    link->socket = socket;
    link->holders++;
    result = uv_tcp_connect(&socket->connect, &socket->tcp, address->ai_addr, link_on_connected);
    if (result < 0)
        link_close_socket(link);
    return result;
}

static void link_try_next(struct link *link)
{
    while (link->next != NULL && link->attempts-- > 0) {
        const struct addrinfo *address = link->next;
        link->next = address->ai_next;
        int result = link_try(link, address);
        if (result == 0) {
            uv_timer_start(&link->timer, link_on_timeout, link->attempt_timeout_ms, 0);
            return;
        }
        link->last_error = result;
    }
    link_lost(link, uv_strerror(link->last_error));
}

static void link_on_resolved(uv_getaddrinfo_t *request, int result, struct addrinfo *addresses)
{
    struct link *link = request->data;
    link->is_resolving = false;
    link->addresses = addresses;
    if (!link->is_closed && result < 0) {
        link_lost(link, uv_strerror(result));
    } else if (!link->is_closed) {
        link->next = addresses;
        for (struct addrinfo *at = addresses; at != NULL; at = at->ai_next)
            link->attempts += link->attempts < LINK_ADDRESSES_MAX;
        link->attempt_timeout_ms =
            LINK_CONNECT_TIMEOUT_MS / (link->attempts == 0 ? 1 : link->attempts);
        link->last_error = UV_EAI_NONAME;
        link_try_next(link);
    }
    link_let_go(link);
}

struct link *link_open(uv_loop_t *uv, const struct address *address, struct transport_tls *tls,
                       const struct link_handler *handler, void *context)
{
    struct link *link = memory_new(sizeof(*link));
    link->uv = uv;
    link->address = address;
    link->handler = handler;
    link->context = context;
    buffer_init(&link->out);
    uint8_t random[16];
    randombytes_buf(random, sizeof(random));
    struct transport_target target = {address->host, address->path, address->is_websocket,
                                      address->is_tls};
    link->transport = transport_new_client(&target, tls, random);
    uv_timer_init(uv, &link->timer);
    link->timer.data = link;
    link->holders = 1;

    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    link->resolve.data = link;
    int result =
        uv_getaddrinfo(uv, &link->resolve, link_on_resolved, address->host, address->port, &hints);
    link->is_resolving = result == 0;
    if (link->is_resolving)
        link->holders++;
    else
        link_lost(link, uv_strerror(result));
    return link;
}

void link_close(struct link *link)
{
    if (link == NULL)
        return;
    if (link->is_up && !link->is_down) {
        transport_close(link->transport, WEBSOCKET_CLOSE_NORMAL, &link->out);
        link->is_closed = true; /* no handler from here on */
        link_flush(link);
    }
    link->is_closed = true;
    link_close_socket(link);
    if (link->is_resolving)
        uv_cancel((uv_req_t *)&link->resolve);
    uv_close((uv_handle_t *)&link->timer, link_on_timer_closed);
}
