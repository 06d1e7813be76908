/* A transport turns the bytes of a connection into frames and frames into bytes: raw TCP, WebSocket
 * (RFC 6455, binary messages), TLS, and WebSocket inside TLS. It touches no socket and no clock:
 * bytes in, bytes out. The server's end learns from the first byte which one it is; the client's
 * end is told.
 *
 *   server: UNKNOWN --0x00--> RAW        (a frame's length is below 2^24, so it starts with 0)
 *           UNKNOWN --0x16--> TLS, and inside it again UNKNOWN --> RAW or WEBSOCKET
 *           UNKNOWN --'G' --> WEBSOCKET  (HTTP upgrade, then frames)
 *
 * Frames have the form of core/frame.h on both sides: with their length of 4 bytes. */
#ifndef UNSAY_ACCESS_TRANSPORT_H
#define UNSAY_ACCESS_TRANSPORT_H

#include "base/buffer.h"
#include "base/status.h"

struct transport;

/* TLS settings of a process, shared by its transports: OpenSSL's SSL_CTX inside. */
struct transport_tls;

/* The server's: certificate chain and key, PEM files. */
MUST_CHECK enum status transport_tls_server(const char *certificate_file, const char *key_file,
                                            struct transport_tls **tls, struct failure *failure);

/* The client's: verifies the server's name against `ca_file` (NULL: the system's authorities). */
MUST_CHECK enum status transport_tls_client(const char *ca_file, struct transport_tls **tls,
                                            struct failure *failure);

void transport_tls_free(struct transport_tls *tls);

/* The server's end. `tls` may be NULL: then a TLS client is refused; it must outlive the transport.
 * Costs little memory until the first bytes arrive. */
struct transport *transport_new_server(struct transport_tls *tls);

struct transport_target {
    const char *host; /* for TLS server name and HTTP Host */
    const char *path; /* of the WebSocket; NULL: "/" */
    bool is_websocket;
    bool is_tls;
};

/* The client's end. `tls` is needed when target->is_tls. Strings are copied. What must be sent
 * first (ClientHello, HTTP upgrade) comes from transport_start. `random` is 16 bytes of randomness
 * for the WebSocket key; the masking keys come from libsodium. */
struct transport *transport_new_client(const struct transport_target *target,
                                       struct transport_tls *tls, const uint8_t random[16]);

/* NULL is nothing. */
void transport_free(struct transport *transport);

/* The client's first bytes, appended to `out`. Nothing for raw TCP and at the server. MALFORMED or
 * UNTRUSTED when the target's host or path cannot be used. */
MUST_CHECK enum status transport_start(struct transport *transport, struct buffer *out);

/* Called for every whole frame, in order; `frame` (header and payload) is lent for the call. It may
 * send and close on the same transport. Return false to stop: transport_receive then returns
 * STATUS_CLOSED, with an empty failure text. */
typedef bool transport_frame_fn(void *context, struct view frame);

/* Takes bytes from the peer. Whatever must be answered at transport level (handshakes, pongs, close
 * frames, alerts) is appended to `out` and should be sent also when the result is a failure. Keeps
 * what is not yet a whole frame, never more than one frame of LIMIT_FRAME_BYTES_MAX. Failures end
 * the connection: TOO_LARGE (a frame beyond the limit), MALFORMED (neither of the protocols, or
 * broken inside one), UNTRUSTED (TLS verification, at the client), UNSUPPORTED (TLS without a
 * certificate, a WebSocket text message), CLOSED (the peer closed in the protocol's way). After a
 * failure nothing more is taken, but what is ready can still send: a last frame that says why.
 * `failure` may be NULL. */
MUST_CHECK enum status transport_receive(struct transport *transport, struct view input,
                                         transport_frame_fn *on_frame, void *context,
                                         struct buffer *out, struct failure *failure);

/* True once frames can be sent: after the handshakes. Raw TCP: at once. */
bool transport_is_ready(const struct transport *transport);

/* What the peer speaks, from the first frame on. */
bool transport_is_websocket(const struct transport *transport);
bool transport_is_tls(const struct transport *transport);

/* Appends the bytes of a frame to `out`. CLOSED when the transport is not ready, not yet or no more
 * (a WebSocket is closing, TLS has failed); TOO_LARGE beyond LIMIT_FRAME_BYTES_MAX. */
MUST_CHECK enum status transport_send(struct transport *transport, struct view frame,
                                      struct buffer *out);

/* Appends the transport's farewell: a WebSocket close frame (`code` as in RFC 6455, 7.4; 0: without
 * a code), a TLS close_notify. Nothing is sent after it. */
void transport_close(struct transport *transport, uint16_t code, struct buffer *out);

/* "tcp", "ws", "tls", "wss" (WebSocket in TLS), or "unknown" while undecided; a static string, for
 * log and metrics. */
const char *transport_name(const struct transport *transport);

#endif
