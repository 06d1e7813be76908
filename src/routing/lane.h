/* A lane: frames that wait for one connection, in order. Frames stay here, replaceable, until the
 * connection can take them; so a recall still reaches what was queued before it. */
#ifndef UNSAY_ROUTING_LANE_H
#define UNSAY_ROUTING_LANE_H

#include "base/blob.h"
#include "core/contract.h"

enum lane_kind {
    LANE_ANSWER, /* to a request; never dropped */
    LANE_EVENT,  /* an event: a live push, or part of a page when request is not 0 */
    LANE_READ    /* a page that is read from the store when its turn comes */
};

struct subscription;

struct lane_item {
    enum lane_kind kind;
    uint32_t origin;
    struct blob *frame;                /* held; NULL for LANE_READ */
    uint64_t request;                  /* LANE_EVENT: 0 for a push */
    uint64_t seq;                      /* LANE_EVENT */
    uint64_t conversation_hash;        /* LANE_EVENT */
    struct subscription *subscription; /* LANE_EVENT: notes what is handed out; NULL: nobody does */
    struct reading *reading;           /* LANE_READ: owned */
};

struct lane {
    struct lane_item *items; /* a ring; NULL while nothing was ever queued */
    uint32_t capacity;
    uint32_t start;
    uint32_t count;
    uint32_t bytes; /* of the frames */
};

void lane_init(struct lane *lane);
void lane_fini(struct lane *lane);

/* Takes over the item's hold of its frame. */
void lane_push(struct lane *lane, struct lane_item item);

/* False when empty. The hold goes to the caller. */
bool lane_pop(struct lane *lane, struct lane_item *item);

/* Drops every live push; returns how many. */
size_t lane_drop_pushes(struct lane *lane);

/* Puts the tombstone in the place of a queued event with this key; returns how many were replaced.
 */
size_t lane_replace(struct lane *lane, const char *conversation, uint64_t conversation_hash,
                    uint32_t origin, uint64_t seq, struct view tombstone);

/* The lane holds a page of this subscription's conversation (NULL: of none). */
void lane_note(struct lane *lane, struct subscription *subscription);

/* The subscription ends; what waits stays. */
void lane_forget(struct lane *lane, const struct subscription *subscription);

/* Gives memory back when the lane is empty. */
void lane_shrink(struct lane *lane);

#endif
