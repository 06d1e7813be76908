/* Shared by the parts of a connection: its life and what it reads (connection.c), what it writes
 * (connection_write.c), and how it comes to have a session (connection_sign_in.c). */
#ifndef UNSAY_ACCESS_CONNECTION_INTERNAL_H
#define UNSAY_ACCESS_CONNECTION_INTERNAL_H

#include "access/connection.h"
#include "base/blob.h"
#include "base/bucket.h"
#include "core/refusal.h"

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

/* What it came over, once that is known. */
static inline enum connection_transport connection_transport(const struct connection *connection)
{
    bool is_websocket = transport_is_websocket(connection->transport);
    if (transport_is_tls(connection->transport))
        return is_websocket ? CONNECTION_TLS_WEBSOCKET : CONNECTION_TLS;
    return is_websocket ? CONNECTION_WEBSOCKET : CONNECTION_TCP;
}

/* Whether or not its last frames were sent; the loop frees it. */
void connection_close_now(struct connection *connection);

/* ---- connection_write.c ---- */

/* Writes owner->output; what the socket does not take now waits, and what comes meanwhile (pongs,
 * warnings) behind it. */
void connection_write(struct connection *connection);

void connection_forget_unsent(struct connection *connection);

/* A frame of the connection's own, past the peer; takes over the hold. */
void connection_say(struct connection *connection, struct blob *frame);

/* An error for one that has no session to queue it in; then the connection closes. */
void connection_refuse(struct connection *connection, uint64_t request, refusal_code code,
                       const char *detail);
void connection_refuse_until(struct connection *connection, uint64_t request, refusal_code code,
                             const char *detail, uint32_t retry_after_ms);

/* ---- connection_sign_in.c ---- */

/* The first frame, which must be a Hello that proves who it is: from then on there is a session, or
 * the connection was told why not, and closes. */
void connection_sign_in(struct connection *connection, const wire_client_frame *frame,
                        uint64_t now_ms);

#endif
