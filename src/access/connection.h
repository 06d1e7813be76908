/* Connections of clients on one event loop: sockets, transports, sign-in and the limits that need
 * neither. What a signed-in client means is not known here: that is behind the port in peer.h.
 *
 *   ACCEPTED --Hello, valid--> SIGNED IN --error, close, silence--> CLOSING --> freed
 *        \--anything else, or nothing in time--> an Error frame --> CLOSING
 *
 * Sign-ins come in at the rate of core/admission.h, the others are told when to come back.
 *
 * A connection asks its peer for frames only as fast as the socket takes them. One that sends
 * faster than its rate is told so once and then read more slowly, not cut off. */
#ifndef UNSAY_ACCESS_CONNECTION_H
#define UNSAY_ACCESS_CONNECTION_H

#include "access/identity.h"
#include "access/transport.h"
#include "base/arena.h"
#include "base/list.h"
#include "base/uuid.h"
#include "core/admission.h"
#include "core/contract.h"

#include <stdatomic.h>
#include <uv.h>

struct connection;

struct connection_settings {
    const struct identity_keys *keys;
    struct transport_tls *tls; /* NULL: no TLS */
    const uint8_t *ticket_key; /* TICKET_KEY_BYTES; NULL: every ticket is refused */
    struct uuid store;         /* to which tickets are bound */
    uint32_t heartbeat_interval_ms;
    uint32_t heartbeat_max_ms;    /* what a client may ask for */
    uint32_t connections_max;     /* of the server */
    uint32_t sign_ins_per_second; /* on this loop; 0: without limit */
    uint32_t requests_per_second; /* 0: without limit */
};

enum connection_transport {
    CONNECTION_TCP,
    CONNECTION_WEBSOCKET,
    CONNECTION_TLS,
    CONNECTION_TLS_WEBSOCKET,
    CONNECTION_TRANSPORTS
};

/* Counted over all loops of the server. */
struct connection_counts {
    atomic_uint open;
    atomic_uint unauthenticated;
    atomic_uint signed_in[CONNECTION_TRANSPORTS];
    atomic_ulong postponed; /* sign-ins that were told to come back later, ever */
};

/* The connections of one loop. */
struct connections {
    uv_loop_t *loop;
    void *peer; /* handed to the functions of peer.h */
    const struct connection_settings *settings;
    struct connection_counts *counts;
    struct list all;
    struct admission admission;
    struct arena scratch; /* decoding of one frame */
    struct buffer output; /* what is written next; empty between turns */
    char *input;          /* one read at a time */
};

void connections_init(struct connections *connections, uv_loop_t *loop, void *peer,
                      const struct connection_settings *settings, struct connection_counts *counts);

/* Every connection must be closed. */
void connections_fini(struct connections *connections);

/* Takes over a connected, non-blocking socket. */
void connections_add(struct connections *connections, int socket);

/* Some ten times a second: time limits and rates. */
void connections_tick(struct connections *connections, uint64_t now_ms);

/* Closes all, whether or not their last frames were sent. */
void connections_close_all(struct connections *connections);

static inline bool connections_is_empty(const struct connections *connections)
{
    return list_is_empty(&connections->all);
}

/* Sends what the peer has for it, as far as the socket takes it. */
void connection_flush(struct connection *connection);

/* Closes when what the peer has for it was sent, within a few seconds. */
void connection_close_after_flush(struct connection *connection);

#endif
