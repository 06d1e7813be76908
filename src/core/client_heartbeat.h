/* How often the client lets the server hear from it, and how it notices that a connection is dead.
 *
 *   interval   begins at LIMIT_HEARTBEAT_INTERVAL_MS; half as long again whenever a few heartbeats
 * in a row were answered, half as long after a loss; kept over reconnects, until the network
 * changes. Never beyond what the server granted in its Welcome. ceiling    an interval at which a
 * connection fell silent is one that something in between does not put up with: what follows stays
 * a quarter below it, and is only tried again when many heartbeats have held. death      a
 * heartbeat that nothing answers is repeated after a short pause, and when nothing is heard for
 * another one the connection is dead: at most two intervals after the last sign of it. */
#ifndef UNSAY_CORE_CLIENT_HEARTBEAT_H
#define UNSAY_CORE_CLIENT_HEARTBEAT_H

#include <stdbool.h>
#include <stdint.h>

enum {
    CLIENT_HEARTBEATS_HELD = 3, /* then the interval grows */
    CLIENT_HEARTBEATS_HELD_AT_CEILING = 60
};

struct client_heartbeat {
    uint32_t min_ms;
    uint32_t max_ms;
    uint32_t interval_ms;
    uint32_t ceiling_ms; /* UINT32_MAX: none is known */
    uint32_t granted_ms; /* by the connection's Welcome */
    uint32_t held;       /* heartbeats in a row that were answered at this interval */
    uint32_t unanswered; /* heartbeats sent since something was heard: 0 to 2 */
    uint64_t due_ms;     /* the next heartbeat, or death; UINT64_MAX: not connected */
};

enum client_beat { CLIENT_BEAT_NONE, CLIENT_BEAT_SEND, CLIENT_BEAT_DEAD };

void client_heartbeat_init(struct client_heartbeat *heartbeat, uint32_t min_ms, uint32_t max_ms);

/* Welcome came. `granted_ms` 0: the default. */
void client_heartbeat_begin(struct client_heartbeat *heartbeat, uint32_t granted_ms,
                            uint64_t now_ms);

/* The connection is gone. */
void client_heartbeat_end(struct client_heartbeat *heartbeat);

/* It was the network that failed, in silence or with an error; before the end. */
void client_heartbeat_lost(struct client_heartbeat *heartbeat);

/* The network is another one: nothing is known about it. */
void client_heartbeat_forget(struct client_heartbeat *heartbeat);

/* A frame came. */
void client_heartbeat_heard(struct client_heartbeat *heartbeat, uint64_t now_ms);

/* What is to be done now; SEND: once, for this call. */
enum client_beat client_heartbeat_tick(struct client_heartbeat *heartbeat, uint64_t now_ms);

/* The interval in use. */
uint32_t client_heartbeat_interval_ms(const struct client_heartbeat *heartbeat);

#endif
