/* What the rules know, row by row: the typed facts that the store keeps. Views in a row are lent by
 * whoever filled it in (an arena, mostly). Seqs start at 1; 0 means none. */
#ifndef UNSAY_CORE_ROWS_H
#define UNSAY_CORE_ROWS_H

#include "base/uuid.h"
#include "core/contract.h"

/* (conversation, origin, seq) */
struct event_key {
    struct view conversation;
    uint32_t origin;
    uint64_t seq;
};

struct conversation_row {
    Unsay__V1__ConversationType type;
    struct view name;    /* empty in a direct conversation */
    struct view creator; /* user */
    struct view
        peers[2]; /* the two users of a direct conversation, in bytewise order; else empty */
    struct uuid creation_id; /* of the request that made it; zero in a direct conversation */
    uint64_t time;           /* hybrid clock, of the creation */
};

struct member_row {
    Unsay__V1__Role role;
    uint32_t pending_recalls; /* recalls of this user that wait for their message */
};

/* Keyed by (conversation, sender, message id): where the message is, or the recall that waits for
 * it. */
struct message_id_row {
    uint32_t origin;
    uint64_t seq; /* 0: the message has not arrived */
    struct view
        pending; /* encoded RecallRequest that waits (one target); empty once the message is here */
    struct view pending_device; /* the device that asked for it */
};

/* Keyed by (user, device, conversation, origin). */
struct cursor_row {
    uint64_t stored;
    uint64_t displayed; /* at most stored */
};

#endif
