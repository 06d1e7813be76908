/* The client's connection: connecting, greeting, heartbeats, and coming back.
 *
 *   DOWN --due--> CONNECTING --link_up--> GREETING --Welcome--> SYNCING <--Behind-- LIVE
 *     ^               |                       |                    | \---caught up---^  |
 *     +---------------+------- lost ----------+--------------------+--------------------+
 *   lost for the reconnect_failures_max-th time -> OFFLINE; the server does not want this token or
 *   version, or another connection took over -> REJECTED
 *
 * Failures are counted until LIVE is reached or a page of sync brought something, so a server that
 * greets and then breaks off is not hammered, and a long catching-up over a bad network goes on.
 * While LIVE a single gap does not lead back to SYNCING; Behind does.
 *
 * Each Welcome may bring a ticket, which is shown in place of the token the next time. One that is
 * refused is dropped, and the token signs in at once. */
#ifndef UNSAY_CORE_CLIENT_CONNECTION_H
#define UNSAY_CORE_CLIENT_CONNECTION_H

#include "core/client.h"
#include "core/client_heartbeat.h"
#include "core/refusal.h"

enum client_stage {
    CLIENT_STAGE_DOWN,
    CLIENT_STAGE_CONNECTING,
    CLIENT_STAGE_GREETING,
    CLIENT_STAGE_SYNCING,
    CLIENT_STAGE_LIVE,
    CLIENT_STAGE_OFFLINE,
    CLIENT_STAGE_REJECTED
};

struct client_connection {
    enum client_stage stage;
    enum client_link shown;
    bool has_shown_ticket;             /* GREETING: in place of the token */
    refusal_code rejection;            /* when REJECTED */
    uint32_t failures;                 /* in a row */
    uint64_t due_ms;                   /* DOWN: connect; CONNECTING, GREETING: give up waiting */
    struct client_heartbeat heartbeat; /* SYNCING, LIVE */
};

void client_connection_init(struct client_connection *connection,
                            const struct client_config *config);

enum client_link client_connection_link(const struct client_connection *connection);

/* Welcome has come: frames may be sent. */
bool client_connection_is_ready(const struct client_connection *connection);

/* Connects now, giving up a connection that there is; failures are forgotten. */
void client_connection_renew(struct client_core *core);

/* As above, over a network of which nothing is known yet. */
void client_connection_change_network(struct client_core *core);

/* A frame has come. */
void client_connection_heard(struct client_core *core);

void client_connection_up(struct client_core *core);

/* The next connection signs in with the token. */
void client_connection_drop_ticket(struct client_core *core);

/* False when it cannot be a Welcome of this protocol at this point. */
bool client_connection_welcome(struct client_core *core, const wire_welcome *welcome);

/* Everything that was behind is stored; or no longer. */
void client_connection_live(struct client_core *core);
void client_connection_behind(struct client_core *core);

/* The connection is gone. `refusal` may be none; `text` is for people. With `retry_after_ms` the
 * server has said when to come back: then that counts, and it is no failure. */
void client_connection_lost(struct client_core *core, refusal_code refusal, const char *text,
                            uint32_t retry_after_ms);

/* Closes it, then as above. */
void client_connection_break(struct client_core *core, refusal_code refusal, const char *text,
                             uint32_t retry_after_ms);

/* The refusal is about this token, version or device, not about the moment. */
bool client_refusal_is_rejection(refusal_code refusal);

void client_connection_tick(struct client_core *core);
uint64_t client_connection_wake_ms(const struct client_connection *connection);

#endif
