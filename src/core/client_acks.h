/* Acknowledgements: cursors that the server has not confirmed, and recall notices. They are
 * gathered for ack_delay_ms from the first, then sent in as few frames as they fit in; cursors ride
 * on every heartbeat until they are confirmed, and where heartbeats are far apart they come again
 * before; notices are acknowledged each time they come.
 *
 * A cursor that passes a recall (the device has stored it, and the server has not confirmed as
 * much) carries a receipt, if the device has a key and the store a name. Stored means that the
 * transaction which overwrote the body is committed: what is transmitted is performed after it. */
#ifndef UNSAY_CORE_CLIENT_ACKS_H
#define UNSAY_CORE_CLIENT_ACKS_H

#include "base/limits.h"
#include "base/list.h"
#include "core/client.h"

struct client_conversation;

struct client_notice {
    struct client_conversation *conversation;
    uint64_t seq;
};

struct client_acks {
    struct list fresh; /* conversations whose cursor was not sent yet, by ack_node */
    struct list sent;  /* sent and not confirmed, the longest ago first */
    uint64_t due_ms;
    uint64_t repeat_ms; /* when what was sent comes again ahead of the heartbeat */
    uint32_t repeats;
    /* A ring; when it is full the oldest is forgotten: the server repeats its notice. */
    struct client_notice notices[LIMIT_SESSION_NOTICES_MAX];
    size_t notice_first;
    size_t notice_count;
};

void client_acks_init(struct client_acks *acks);

/* The conversation's cursor may differ from what is confirmed. */
void client_acks_add(struct client_core *core, struct client_conversation *conversation);

/* The server repeated what is stored: it does not know, whatever it confirmed. */
void client_acks_repeat(struct client_core *core, struct client_conversation *conversation);

void client_acks_add_notice(struct client_core *core, struct client_conversation *conversation,
                            uint64_t seq);

void client_acks_confirmed(struct client_core *core, const wire_ack_confirmed *confirmed);

/* A new connection: everything that is not confirmed is sent again. */
void client_acks_resume(struct client_core *core);

/* Sends a heartbeat with what is not confirmed, as much as fits into one. */
void client_acks_beat(struct client_core *core);

/* What is gathered is sent now. */
void client_acks_flush(struct client_core *core);

void client_acks_tick(struct client_core *core);
uint64_t client_acks_wake_ms(const struct client_acks *acks);

#endif
