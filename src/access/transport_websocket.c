#include "access/transport_websocket.h"

#include "base/limits.h"
#include "base/memory.h"
#include "core/frame.h"

#include <assert.h>
#include <sodium.h>
#include <wslay/wslay.h>

enum { CONTROL_BYTES_MAX = 125 };

struct websocket {
    wslay_frame_context_ptr reader; /* NULL between frames: it weighs more than 4 kB */
    struct view input;              /* lent for one call */
    uint64_t unread_bytes;          /* given to the reader and not yet part of a frame */
    uint64_t frame_bytes;           /* of the current frame's payload, that came so far */
    struct buffer message;          /* a frame's header and payload, as far as it came */
    bool is_server;
    bool is_in_message; /* a fragment came that was not the last one */
    bool is_closing;    /* a close frame was sent */
    uint8_t control_size;
    uint8_t control[CONTROL_BYTES_MAX];
};

/* What one websocket_receive works with. */
struct websocket_call {
    transport_frame_fn *on_frame;
    void *context;
    struct buffer *out;
    struct failure *failure;
};

struct websocket *websocket_new(bool is_server)
{
    struct websocket *websocket = memory_new(sizeof(*websocket));
    websocket->is_server = is_server;
    buffer_init(&websocket->message);
    return websocket;
}

void websocket_free(struct websocket *websocket)
{
    if (websocket == NULL)
        return;
    wslay_frame_context_free(websocket->reader);
    buffer_fini(&websocket->message);
    free(websocket);
}

static wslay_frame_context_ptr websocket_context_new(const struct wslay_frame_callbacks *callbacks,
                                                     void *user)
{
    wslay_frame_context_ptr context;
    if (wslay_frame_context_init(&context, callbacks, user) != 0) {
        fprintf(stderr, "unsay: out of memory while a WebSocket frame was handled\n");
        abort();
    }
    return context;
}

static ssize_t websocket_write(const uint8_t *data, size_t size, int flags, void *out)
{
    (void)flags;
    buffer_append(out, data, size);
    return (ssize_t)size;
}

static int websocket_mask(uint8_t *mask, size_t size, void *out)
{
    (void)out;
    randombytes_buf(mask, size);
    return 0;
}

static void websocket_send_frame(struct websocket *websocket, uint8_t opcode, struct view payload,
                                 struct buffer *out)
{
    static const struct wslay_frame_callbacks callbacks = {
        .send_callback = websocket_write,
        .genmask_callback = websocket_mask,
    };
    wslay_frame_context_ptr writer = websocket_context_new(&callbacks, out);
    struct wslay_frame_iocb frame = {
        .fin = 1,
        .opcode = opcode,
        .payload_length = payload.size,
        .mask = !websocket->is_server,
        .data = payload.data,
        .data_length = payload.size,
    };
    ssize_t sent = wslay_frame_send(writer, &frame);
    assert(sent >= 0 && (size_t)sent == payload.size);
    wslay_frame_context_free(writer);
}

void websocket_send(struct websocket *websocket, struct view payload, struct buffer *out)
{
    websocket_send_frame(websocket, WSLAY_BINARY_FRAME, payload, out);
}

void websocket_close(struct websocket *websocket, uint16_t code, struct buffer *out)
{
    if (websocket->is_closing)
        return;
    uint8_t payload[2] = {(uint8_t)(code >> 8), (uint8_t)code};
    websocket_send_frame(websocket, WSLAY_CONNECTION_CLOSE,
                         view_make(payload, code == 0 ? 0 : sizeof(payload)), out);
    websocket->is_closing = true;
}

bool websocket_is_closing(const struct websocket *websocket)
{
    return websocket->is_closing;
}

static enum status websocket_fail(struct websocket *websocket, struct websocket_call *call,
                                  enum websocket_close code, enum status status, const char *text)
{
    websocket_close(websocket, (uint16_t)code, call->out);
    return failure_set(call->failure, status, "WebSocket: %s", text);
}

static enum status websocket_fail_protocol(struct websocket *websocket, struct websocket_call *call,
                                           const char *text)
{
    return websocket_fail(websocket, call, WEBSOCKET_PROTOCOL_ERROR, STATUS_MALFORMED, text);
}

/* The rules that a data frame's header must keep. */
static enum status websocket_check_data(struct websocket *websocket, struct websocket_call *call,
                                        const struct wslay_frame_iocb *frame)
{
    if (websocket->is_in_message != (frame->opcode == WSLAY_CONTINUATION_FRAME))
        return websocket_fail_protocol(websocket, call, "fragments are out of order");
    if (frame->opcode == WSLAY_TEXT_FRAME)
        return websocket_fail(websocket, call, WEBSOCKET_UNSUPPORTED_DATA, STATUS_UNSUPPORTED,
                              "a text message came; only binary messages are spoken here");
    if (!websocket->is_in_message)
        buffer_append(&websocket->message, (uint8_t[FRAME_HEADER_BYTES]){0}, FRAME_HEADER_BYTES);
    uint64_t so_far = buffer_size(&websocket->message) - FRAME_HEADER_BYTES;
    if (so_far + frame->payload_length > LIMIT_FRAME_BYTES_MAX)
        return websocket_fail(websocket, call, WEBSOCKET_TOO_BIG, STATUS_TOO_LARGE,
                              "a message is larger than the limit of a frame");
    return STATUS_OK;
}

/* A frame's first part came: its header is known. */
static enum status websocket_begin_frame(struct websocket *websocket, struct websocket_call *call,
                                         const struct wslay_frame_iocb *frame)
{
    uint64_t length_bytes = frame->payload_length < 126 ? 0 : frame->payload_length < 65536 ? 2 : 8;
    websocket->unread_bytes -= 2 + length_bytes + (frame->mask ? 4 : 0);
    if (frame->rsv != 0)
        return websocket_fail_protocol(websocket, call, "a reserved bit is set");
    if ((frame->mask != 0) != websocket->is_server)
        return websocket_fail_protocol(websocket, call,
                                       websocket->is_server ? "a client's frame is not masked"
                                                            : "a server's frame is masked");
    switch (frame->opcode) {
    case WSLAY_CONTINUATION_FRAME:
    case WSLAY_TEXT_FRAME:
    case WSLAY_BINARY_FRAME:
        return websocket_check_data(websocket, call, frame);
    case WSLAY_CONNECTION_CLOSE:
    case WSLAY_PING:
    case WSLAY_PONG:
        websocket->control_size = 0;
        return STATUS_OK;
    default:
        return websocket_fail_protocol(websocket, call, "a frame is of an unknown kind");
    }
}

/* Codes that may be on the wire (RFC 6455, 7.4, and the registry that it opened). */
static bool websocket_is_code(uint16_t code)
{
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
           (code >= 3000 && code <= 4999);
}

static enum status websocket_take_close(struct websocket *websocket, struct websocket_call *call)
{
    uint16_t code = 0;
    if (websocket->control_size > 0) {
        code = (uint16_t)(websocket->control[0] << 8 | websocket->control[1]);
        if (websocket->control_size < 2 || !websocket_is_code(code))
            return websocket_fail_protocol(websocket, call, "a close frame's code is malformed");
    }
    websocket_close(websocket, code, call->out);
    return failure_set(call->failure, STATUS_CLOSED, "the peer closed the WebSocket");
}

static enum status websocket_take_message(struct websocket *websocket, struct websocket_call *call)
{
    struct view frame = buffer_view(&websocket->message);
    size_t size = frame.size - FRAME_HEADER_BYTES;
    uint8_t *header = websocket->message.data + websocket->message.start;
    for (int i = 0; i < FRAME_HEADER_BYTES; i++)
        header[i] = (uint8_t)(size >> (24 - 8 * i));
    bool goes_on = call->on_frame(call->context, frame);
    buffer_consume(&websocket->message, frame.size);
    return goes_on ? STATUS_OK : STATUS_CLOSED;
}

static enum status websocket_end_frame(struct websocket *websocket, struct websocket_call *call,
                                       const struct wslay_frame_iocb *frame)
{
    switch (frame->opcode) {
    case WSLAY_PING:
        if (!websocket->is_closing)
            websocket_send_frame(websocket, WSLAY_PONG,
                                 view_make(websocket->control, websocket->control_size), call->out);
        return STATUS_OK;
    case WSLAY_PONG:
        return STATUS_OK;
    case WSLAY_CONNECTION_CLOSE:
        return websocket_take_close(websocket, call);
    default:
        websocket->is_in_message = frame->fin == 0;
        return websocket->is_in_message ? STATUS_OK : websocket_take_message(websocket, call);
    }
}

/* One part of a frame, as wslay found it: the whole payload, or what came of it. */
static enum status websocket_take(struct websocket *websocket, struct websocket_call *call,
                                  const struct wslay_frame_iocb *frame)
{
    if (websocket->frame_bytes == 0) {
        enum status status = websocket_begin_frame(websocket, call, frame);
        if (status != STATUS_OK)
            return status;
    }
    if (wslay_is_ctrl_frame(frame->opcode)) {
        assert(websocket->control_size + frame->data_length <= CONTROL_BYTES_MAX);
        if (frame->data_length > 0)
            memcpy(websocket->control + websocket->control_size, frame->data, frame->data_length);
        websocket->control_size = (uint8_t)(websocket->control_size + frame->data_length);
    } else {
        buffer_append(&websocket->message, frame->data, frame->data_length);
    }
    websocket->unread_bytes -= frame->data_length;
    websocket->frame_bytes += frame->data_length;
    if (websocket->frame_bytes < frame->payload_length)
        return STATUS_OK;
    websocket->frame_bytes = 0;
    return websocket_end_frame(websocket, call, frame);
}

static ssize_t websocket_read(uint8_t *data, size_t capacity, int flags, void *user)
{
    struct websocket *websocket = user;
    struct view *input = &websocket->input;
    size_t size = input->size < capacity ? input->size : capacity;
    (void)flags;
    if (size == 0)
        return -1;
    memcpy(data, input->data, size);
    *input = view_make(input->data + size, input->size - size);
    websocket->unread_bytes += size;
    return (ssize_t)size;
}

/* Gives back what an idle connection does not need. */
static void websocket_trim(struct websocket *websocket)
{
    if (websocket->unread_bytes == 0 && websocket->frame_bytes == 0) {
        wslay_frame_context_free(websocket->reader);
        websocket->reader = NULL;
    }
    if (buffer_size(&websocket->message) == 0)
        buffer_release(&websocket->message);
}

enum status websocket_receive(struct websocket *websocket, struct view input,
                              transport_frame_fn *on_frame, void *context, struct buffer *out,
                              struct failure *failure)
{
    static const struct wslay_frame_callbacks callbacks = {.recv_callback = websocket_read};
    struct websocket_call call = {on_frame, context, out, failure};
    enum status status = STATUS_OK;
    if (websocket->reader == NULL)
        websocket->reader = websocket_context_new(&callbacks, websocket);
    websocket->input = input;
    while (status == STATUS_OK) {
        struct wslay_frame_iocb frame = {0};
        ssize_t size = wslay_frame_recv(websocket->reader, &frame);
        if (size == WSLAY_ERR_WANT_READ)
            break;
        status = size < 0 ? websocket_fail_protocol(websocket, &call, "a frame is malformed")
                          : websocket_take(websocket, &call, &frame);
    }
    websocket->input = view_make(NULL, 0);
    websocket_trim(websocket);
    return status;
}
