#include "access/transport.h"

#include "access/transport_tls.h"
#include "access/transport_upgrade.h"
#include "access/transport_websocket.h"
#include "base/limits.h"
#include "base/memory.h"
#include "core/frame.h"

#include <assert.h>
#include <sodium.h>

enum {
    FIRST_BYTE_RAW = 0x00,
    FIRST_BYTE_TLS = 0x16,
    FIRST_BYTE_HTTP = 'G',
    PLAIN_BYTES = 16384 /* the most that a TLS record holds */
};

enum transport_kind {
    TRANSPORT_UNKNOWN,
    TRANSPORT_RAW,
    TRANSPORT_UPGRADE, /* of a WebSocket: HTTP is being spoken */
    TRANSPORT_WEBSOCKET
};

/* As named when the transport was made, at the client only. */
struct transport_aim {
    char *host;
    char *path;
    uint8_t random[UPGRADE_RANDOM_BYTES];
};

struct transport {
    enum transport_kind kind; /* inside TLS, if there is TLS */
    enum status ended;        /* OK while bytes are taken */
    bool is_closed;           /* the farewell was said */
    struct transport_aim *aim;
    struct transport_tls *settings;
    struct tls_channel *tls;     /* NULL without TLS */
    struct websocket *websocket; /* since the upgrade */
    struct buffer partial;       /* a frame or an HTTP head that is not whole yet */
};

/* What one transport_receive works with. */
struct transport_call {
    transport_frame_fn *on_frame;
    void *context;
    struct buffer *out; /* plain: before TLS */
    struct failure *failure;
};

struct transport *transport_new_server(struct transport_tls *tls)
{
    struct transport *transport = memory_new(sizeof(*transport));
    buffer_init(&transport->partial);
    transport->settings = tls;
    return transport;
}

struct transport *transport_new_client(const struct transport_target *target,
                                       struct transport_tls *tls, const uint8_t random[16])
{
    assert(tls != NULL || !target->is_tls);
    struct transport *transport = transport_new_server(tls);
    const char *path = target->path == NULL ? "/" : target->path;
    struct transport_aim *aim = memory_new(sizeof(*aim));
    aim->host = memory_copy(target->host, strlen(target->host));
    aim->path = memory_copy(path, strlen(path));
    memcpy(aim->random, random, sizeof(aim->random));
    transport->aim = aim;
    transport->kind = target->is_websocket ? TRANSPORT_UPGRADE : TRANSPORT_RAW;
    if (target->is_tls)
        transport->tls = tls_channel_new_client(tls, aim->host);
    return transport;
}

void transport_free(struct transport *transport)
{
    if (transport == NULL)
        return;
    if (transport->aim != NULL) {
        free(transport->aim->host);
        free(transport->aim->path);
        free(transport->aim);
    }
    websocket_free(transport->websocket);
    tls_channel_free(transport->tls);
    buffer_fini(&transport->partial);
    free(transport);
}

/* Sends plain bytes, through TLS if there is TLS. */
static enum status transport_write(struct transport *transport, struct view plain,
                                   struct buffer *out)
{
    if (transport->tls != NULL)
        return tls_channel_write(transport->tls, plain, out);
    buffer_append(out, plain.data, plain.size);
    return STATUS_OK;
}

/* The client's HTTP request; OK and nothing when it speaks raw frames. */
static enum status transport_request(struct transport *transport, struct buffer *out)
{
    if (transport->kind != TRANSPORT_UPGRADE)
        return STATUS_OK;
    struct buffer request;
    buffer_init(&request);
    enum status status = upgrade_request(transport->aim->host, transport->aim->path,
                                         transport->aim->random, &request);
    if (status == STATUS_OK)
        status = transport_write(transport, buffer_view(&request), out);
    buffer_fini(&request);
    return status;
}

enum status transport_start(struct transport *transport, struct buffer *out)
{
    if (transport->aim == NULL)
        return STATUS_OK;
    if (transport->tls != NULL)
        return tls_channel_handshake(transport->tls, out, NULL);
    return transport_request(transport, out);
}

/* Moves bytes from the input to `partial` until that has `size` bytes. True when it has. */
static bool transport_gather(struct transport *transport, struct view *input, size_t size)
{
    size_t present = buffer_size(&transport->partial);
    size_t missing = size > present ? size - present : 0;
    size_t taken = missing < input->size ? missing : input->size;
    buffer_append(&transport->partial, input->data, taken);
    *input = view_make(input->data + taken, input->size - taken);
    return taken == missing;
}

static enum status transport_check_size(const uint8_t *header, size_t *frame_bytes,
                                        struct failure *failure)
{
    uint32_t payload_bytes = frame_payload_bytes(header);
    *frame_bytes = FRAME_HEADER_BYTES + (size_t)payload_bytes;
    if (payload_bytes <= LIMIT_FRAME_BYTES_MAX)
        return STATUS_OK;
    return failure_set(failure, STATUS_TOO_LARGE,
                       "a frame announced %lu bytes; the limit is %d bytes",
                       (unsigned long)payload_bytes, LIMIT_FRAME_BYTES_MAX);
}

/* Goes on with the frame in `partial`. */
static enum status transport_receive_partial(struct transport *transport, struct view *input,
                                             struct transport_call *call)
{
    size_t frame_bytes;
    if (!transport_gather(transport, input, FRAME_HEADER_BYTES))
        return STATUS_OK;
    enum status status =
        transport_check_size(buffer_view(&transport->partial).data, &frame_bytes, call->failure);
    if (status != STATUS_OK || !transport_gather(transport, input, frame_bytes))
        return status;
    bool goes_on = call->on_frame(call->context, buffer_view(&transport->partial));
    buffer_release(&transport->partial);
    return goes_on ? STATUS_OK : STATUS_CLOSED;
}

static enum status transport_receive_raw(struct transport *transport, struct view input,
                                         struct transport_call *call)
{
    enum status status = STATUS_OK;
    while (status == STATUS_OK && input.size > 0) {
        size_t frame_bytes = SIZE_MAX;
        bool is_first = buffer_size(&transport->partial) == 0;
        if (is_first && input.size >= FRAME_HEADER_BYTES)
            status = transport_check_size(input.data, &frame_bytes, call->failure);
        if (status != STATUS_OK)
            return status;
        if (input.size < frame_bytes) {
            status = transport_receive_partial(transport, &input, call);
            continue;
        }
        if (!call->on_frame(call->context, view_make(input.data, frame_bytes)))
            return STATUS_CLOSED;
        input = view_make(input.data + frame_bytes, input.size - frame_bytes);
    }
    return status;
}

/* Could these bytes be the beginning of the head that is waited for? */
static bool transport_is_http(const struct transport *transport)
{
    struct view head = buffer_view(&transport->partial);
    struct view prefix = view_of(transport->aim == NULL ? "GET " : "HTTP/1.1 ");
    size_t size = head.size < prefix.size ? head.size : prefix.size;
    return memcmp(head.data, prefix.data, size) == 0;
}

/* A head that is too long, or no HTTP. */
static enum status transport_fail_head(struct transport *transport, bool is_too_long,
                                       struct transport_call *call)
{
    if (transport->aim == NULL)
        return upgrade_refuse(is_too_long, call->out, call->failure);
    return failure_set(call->failure, STATUS_MALFORMED, "the server's answer is not HTTP/1.1");
}

/* Gathers an HTTP head, acts on it, and leaves in *input what follows it. */
static enum status transport_receive_head(struct transport *transport, struct view *input,
                                          struct transport_call *call)
{
    struct buffer *partial = &transport->partial;
    size_t before = buffer_size(partial);
    size_t searched = before < 3 ? 0 : before - 3;
    struct view whole = *input;
    bool is_full = transport_gather(transport, input, UPGRADE_HEAD_BYTES_MAX);
    struct view head = buffer_view(partial);
    const uint8_t *end = memmem(head.data + searched, head.size - searched, "\r\n\r\n", 4);
    if (!transport_is_http(transport) || (end == NULL && is_full))
        return transport_fail_head(transport, transport_is_http(transport), call);
    if (end == NULL)
        return STATUS_OK;
    head.size = (size_t)(end - head.data) + 4;
    size_t taken = head.size - before;
    *input = view_make(whole.data + taken, whole.size - taken);
    enum status status = transport->aim == NULL
                             ? upgrade_answer(head, call->out, call->failure)
                             : upgrade_check(head, transport->aim->random, call->failure);
    buffer_release(partial);
    if (status == STATUS_OK) {
        transport->websocket = websocket_new(transport->aim == NULL);
        transport->kind = TRANSPORT_WEBSOCKET;
    }
    return status;
}

static enum status transport_receive_plain(struct transport *transport, struct view input,
                                           struct transport_call *call)
{
    if (transport->kind == TRANSPORT_UNKNOWN) {
        if (input.data[0] == FIRST_BYTE_RAW)
            transport->kind = TRANSPORT_RAW;
        else if (input.data[0] == FIRST_BYTE_HTTP)
            transport->kind = TRANSPORT_UPGRADE;
        else
            return failure_set(call->failure, STATUS_MALFORMED,
                               "the connection begins with byte 0x%02x, which is neither a frame "
                               "nor WebSocket nor TLS",
                               input.data[0]);
    }
    if (transport->kind == TRANSPORT_RAW)
        return transport_receive_raw(transport, input, call);
    if (transport->kind == TRANSPORT_UPGRADE) {
        enum status status = transport_receive_head(transport, &input, call);
        if (status != STATUS_OK || transport->kind != TRANSPORT_WEBSOCKET)
            return status;
    }
    return input.size == 0 ? STATUS_OK
                           : websocket_receive(transport->websocket, input, call->on_frame,
                                               call->context, call->out, call->failure);
}

static enum status transport_handshake(struct transport *transport, struct buffer *out,
                                       struct failure *failure)
{
    if (tls_channel_is_open(transport->tls))
        return STATUS_OK;
    enum status status = tls_channel_handshake(transport->tls, out, failure);
    if (status == STATUS_OK && transport->aim != NULL && tls_channel_is_open(transport->tls)) {
        status = transport_request(transport, out);
        if (status != STATUS_OK)
            (void)failure_set(failure, status, "the host or path cannot be in an HTTP request");
    }
    return status;
}

static enum status transport_receive_tls(struct transport *transport, struct view input,
                                         struct transport_call *call)
{
    uint8_t plain[PLAIN_BYTES];
    struct buffer *out = call->out;
    struct buffer answer;
    size_t size = 1;
    tls_channel_feed(transport->tls, input);
    enum status status = transport_handshake(transport, out, call->failure);
    if (status != STATUS_OK || !tls_channel_is_open(transport->tls))
        return status;
    buffer_init(&answer);
    call->out = &answer;
    while (status == STATUS_OK && size > 0) {
        status = tls_channel_read(transport->tls, plain, sizeof(plain), &size, out, call->failure);
        if (status != STATUS_OK || size == 0)
            break;
        status = transport_receive_plain(transport, view_make(plain, size), call);
        if (!transport->is_closed) {
            enum status written = tls_channel_write(transport->tls, buffer_view(&answer), out);
            if (status == STATUS_OK)
                status = written;
        }
        buffer_consume(&answer, buffer_size(&answer));
    }
    buffer_fini(&answer);
    sodium_memzero(plain, sizeof(plain));
    return status;
}

enum status transport_receive(struct transport *transport, struct view input,
                              transport_frame_fn *on_frame, void *context, struct buffer *out,
                              struct failure *failure)
{
    static const uint8_t alert_handshake_failure[] = {0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x28};
    struct transport_call call = {on_frame, context, out, failure};
    if (failure != NULL)
        *failure = (struct failure){STATUS_OK, ""};
    if (transport->ended != STATUS_OK)
        return failure_set(failure, transport->ended, "the connection has ended already");
    if (input.size == 0)
        return STATUS_OK;
    if (transport->kind == TRANSPORT_UNKNOWN && transport->tls == NULL &&
        input.data[0] == FIRST_BYTE_TLS) {
        if (transport->settings == NULL) {
            buffer_append(out, alert_handshake_failure, sizeof(alert_handshake_failure));
            transport->ended = failure_set(
                failure, STATUS_UNSUPPORTED,
                "the peer began with TLS, for which the server has no certificate configured");
            return transport->ended;
        }
        transport->tls = tls_channel_new_server(transport->settings);
    }
    transport->ended = transport->tls != NULL ? transport_receive_tls(transport, input, &call)
                                              : transport_receive_plain(transport, input, &call);
    return transport->ended;
}

bool transport_is_ready(const struct transport *transport)
{
    if (transport->is_closed || (transport->tls != NULL && !tls_channel_is_open(transport->tls)))
        return false;
    if (transport->kind == TRANSPORT_WEBSOCKET)
        return !websocket_is_closing(transport->websocket);
    return transport->kind == TRANSPORT_RAW;
}

bool transport_is_websocket(const struct transport *transport)
{
    return transport->websocket != NULL;
}

bool transport_is_tls(const struct transport *transport)
{
    return transport->tls != NULL;
}

enum status transport_send(struct transport *transport, struct view frame, struct buffer *out)
{
    assert(frame.size >= FRAME_HEADER_BYTES);
    if (!transport_is_ready(transport))
        return STATUS_CLOSED;
    if (frame.size - FRAME_HEADER_BYTES > LIMIT_FRAME_BYTES_MAX)
        return STATUS_TOO_LARGE;
    if (transport->kind == TRANSPORT_RAW)
        return transport_write(transport, frame, out);
    if (transport->tls == NULL) {
        websocket_send(transport->websocket, frame_payload(frame), out);
        return STATUS_OK;
    }
    struct buffer message;
    buffer_init(&message);
    websocket_send(transport->websocket, frame_payload(frame), &message);
    enum status status = transport_write(transport, buffer_view(&message), out);
    buffer_fini(&message);
    return status;
}

void transport_close(struct transport *transport, uint16_t code, struct buffer *out)
{
    if (transport->is_closed)
        return;
    if (transport->websocket != NULL) {
        struct buffer farewell;
        buffer_init(&farewell);
        websocket_close(transport->websocket, code, &farewell);
        /* When TLS is broken there is nobody left to say farewell to. */
        (void)!transport_write(transport, buffer_view(&farewell), out);
        buffer_fini(&farewell);
    }
    if (transport->tls != NULL)
        tls_channel_close(transport->tls, out);
    transport->is_closed = true;
}

const char *transport_name(const struct transport *transport)
{
    switch (transport->kind) {
    case TRANSPORT_UNKNOWN:
        return "unknown";
    case TRANSPORT_RAW:
        return transport->tls == NULL ? "tcp" : "tls";
    case TRANSPORT_UPGRADE:
    case TRANSPORT_WEBSOCKET:
        return transport->tls == NULL ? "ws" : "wss";
    }
    return "unknown";
}
