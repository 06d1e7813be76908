/* What a recall must know of a message, kept in memory for a while after the send: most recalls
 * take back something recent, and this spares them the look into the store. Never the body. A
 * direct-mapped cache of fixed slots: a message has one possible place, and a later one that falls
 * there takes it. Nothing depends on what it holds. */
#ifndef UNSAY_ROUTING_RECENT_H
#define UNSAY_ROUTING_RECENT_H

#include "base/limits.h"
#include "base/view.h"

enum { RECENT_SLOTS = LIMIT_RECENT_MESSAGES_MAX, RECENT_EVENT_BYTES_MAX = 172 };

struct recent_slot {
    uint64_t conversation_hash;
    uint64_t seq; /* 0: free */
    uint32_t size;
    uint8_t event[RECENT_EVENT_BYTES_MAX]; /* encoded */
};

struct recent {
    struct recent_slot *slots; /* RECENT_SLOTS of them; memory is taken as they are used */
};

void recent_init(struct recent *recent);
void recent_fini(struct recent *recent);

/* Keeps a copy of the encoded event; one that does not fit is not kept. */
void recent_put(struct recent *recent, uint64_t conversation_hash, uint64_t seq, struct view event);

/* The encoded event, or an empty view. Its conversation is to be compared: hashes may be equal.
 * Valid until the next put or forget. */
struct view recent_get(const struct recent *recent, uint64_t conversation_hash, uint64_t seq);

/* The event has changed. */
void recent_forget(struct recent *recent, uint64_t conversation_hash, uint64_t seq);

/* A commit failed: nothing that was decided is certain. */
void recent_clear(struct recent *recent);

#endif
