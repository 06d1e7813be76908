/* The port behind connections: what happens with clients that have signed in. The program that
 * links the connections brings these functions. */
#ifndef UNSAY_ACCESS_PEER_H
#define UNSAY_ACCESS_PEER_H

#include "access/identity.h"
#include "base/blob.h"
#include "core/contract.h"

struct connection;

/* Called before any input of a turn, and harmless to repeat. Returns the wall clock, in ms. */
uint64_t peer_begin_turn(void *peer);

/* A client that signs in; everything is lent for the call. */
struct peer_arrival {
    const struct identity *identity;
    const wire_hello *hello; /* checked by hello_check */
    const char *address;     /* of the client, as endpoint_print writes it */
    uint64_t request;        /* the Hello's */
    uint64_t login;          /* the sign-in that its ticket continues; 0: it came with a token */
    uint32_t heartbeat_ms;   /* granted */
};

/* Returns the session, not NULL. */
void *peer_signed_in(void *peer, struct connection *connection, const struct peer_arrival *arrival);

/* A frame of the client, decoded and encoded; lent for the call. */
void peer_frame(void *peer, void *session, const wire_client_frame *frame, struct view payload);

/* The next frame to send, or NULL; the hold goes to the caller. */
struct blob *peer_next_frame(void *peer, void *session);

/* The connection is gone. */
void peer_closed(void *peer, void *session);

#endif
