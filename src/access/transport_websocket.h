/* WebSocket frames (RFC 6455, 5 to 7) after the upgrade, on wslay's frame-level API: binary
 * messages in, whole or in fragments; pings answered; closing. An idle one keeps no buffers. */
#ifndef UNSAY_ACCESS_TRANSPORT_WEBSOCKET_H
#define UNSAY_ACCESS_TRANSPORT_WEBSOCKET_H

#include "access/transport.h"

enum websocket_close {
    WEBSOCKET_PROTOCOL_ERROR = 1002,
    WEBSOCKET_UNSUPPORTED_DATA = 1003,
    WEBSOCKET_TOO_BIG = 1009
};

struct websocket;

struct websocket *websocket_new(bool is_server);
void websocket_free(struct websocket *websocket);

/* As transport_receive: each message becomes a frame with its header. */
MUST_CHECK enum status websocket_receive(struct websocket *websocket, struct view input,
                                         transport_frame_fn *on_frame, void *context,
                                         struct buffer *out, struct failure *failure);

/* Appends one binary message. */
void websocket_send(struct websocket *websocket, struct view payload, struct buffer *out);

/* Appends a close frame, unless there was one. Nothing is appended by anyone after it. */
void websocket_close(struct websocket *websocket, uint16_t code, struct buffer *out);

bool websocket_is_closing(const struct websocket *websocket);

#endif
