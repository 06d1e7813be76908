/* What the rules know, row by row: the typed facts that the store keeps. Views in a row are lent by
 * whoever filled it in (an arena, mostly). Seqs start at 1; 0 means none. */
#ifndef UNSAY_CORE_ROWS_H
#define UNSAY_CORE_ROWS_H

#include "base/limits.h"
#include "base/uuid.h"
#include "core/contract.h"
#include "core/trail.h"

/* (conversation, origin, seq) */
struct event_key {
    struct view conversation;
    uint32_t origin;
    uint64_t seq;
};

/* What holds for everyone in a conversation; zeroed: nothing is restricted. */
struct conversation_settings {
    bool is_read_only; /* of a channel by definition, whatever stands here */
    bool is_dissolved; /* never false again */
    Unsay__V1__JoinPolicy join;
    Unsay__V1__HistoryVisibility history;
    uint32_t history_last;
};

struct conversation_row {
    Unsay__V1__ConversationType type;
    struct view name; /* empty in a direct conversation */
    struct view description;
    struct view creator; /* user */
    struct view
        peers[2]; /* the two users of a direct conversation, in bytewise order; else empty */
    struct uuid creation_id; /* of the request that made it; zero in a direct conversation */
    uint64_t time;           /* hybrid clock, of the creation */
    uint32_t member_count;   /* now */
    uint32_t owner_count;    /* of them */
    uint32_t invited_count;  /* invitations that wait for an answer */
    struct conversation_settings settings;
};

/* Events of a log, both included. */
struct span {
    uint64_t first;
    uint64_t last;
};

/* What a user set for a conversation in their own list: see frame.proto, Listing. */
struct listing_row {
    uint64_t version; /* 0: nothing was ever set */
    uint64_t muted_until_ms;
    uint64_t pinned_ms;
    uint64_t hidden_seq;
    Unsay__V1__Hiding hiding;
};

/* The last message of a log: where it is, and its hybrid time. */
struct last_message_row {
    uint64_t seq; /* 0: there is none */
    uint64_t time;
};

/* Keyed by (conversation, user). Someone who left keeps the row, without a role. */
struct member_row {
    Unsay__V1__Role role;       /* UNSPECIFIED: no longer a member, and not in lists by user */
    uint32_t pending_recalls;   /* recalls of this user that wait for their message */
    uint64_t joined_seq;        /* event that made the user a member or invited, the last time */
    uint64_t left_seq;          /* event that ended it; 0: is a member, or never was */
    uint64_t joined_time;       /* hybrid time of joined_seq; 0: not known */
    struct listing_row listing; /* outlives the membership */
    uint64_t muted_until_ms; /* Unix milliseconds; 0: may write; UINT64_MAX: until it is lifted */
    bool is_barred;          /* was removed by someone else: does not join by themselves */
    bool is_merged;          /* the first hidden span has parts that the user saw once */
    uint32_t hidden_count;
    struct span hidden[LIMIT_HIDDEN_SPANS_MAX]; /* not for this user; ascending, apart */
};

static inline bool role_is_member(Unsay__V1__Role role)
{
    return role >= WIRE(ROLE, OWNER) && role <= WIRE(ROLE, GUEST);
}

static inline bool row_is_member(const struct member_row *row)
{
    return role_is_member(row->role);
}

/* Keyed by (conversation, sender, message id): where the message is, or the recall that waits for
 * it. */
struct message_id_row {
    uint32_t origin;
    uint64_t seq; /* 0: the message has not arrived */
    struct view
        pending; /* encoded RecallRequest that waits (one target); empty once the message is here */
    struct view pending_device;         /* the device that asked for it */
    Unsay__V1__Actor pending_authority; /* mandate of its token; UNSPECIFIED: none */
    bool pending_is_granted; /* `pending` is a Job instead (take_back.h): the message was here and
                                was taken back, and then a restored backup did not have it */
};

enum { RECEIPT_BYTES = 64 };

/* Keyed by (conversation, origin, user, device): how far a device has come. */
struct cursor_row {
    struct trail stored;
    struct trail displayed; /* at most stored */
    uint64_t shared;        /* what others may hear of displayed: see core/progress.h */
    /* What was handed to a connection that ended before the device said that it stored it: it may
     * hold events from handed_first to handed_last. */
    uint64_t handed_first; /* 0: none */
    uint64_t handed_last;
    uint64_t handed_ms; /* when the connection ended; the latest, where several did */
    /* The latest receipt: its signature says that every recall up to receipt_seq was applied. */
    uint64_t receipt_seq;     /* 0: none */
    uint64_t receipt_time_ms; /* the device's clock */
    uint8_t receipt[RECEIPT_BYTES];
};

enum { DEVICE_KEYS_MAX = 4, DEVICE_KEY_BYTES = 32 };

/* Keyed by (user, device): a device that has signed in. */
struct device_row {
    uint64_t since_ms;
    uint32_t key_count; /* the latest last; the oldest is dropped */
    struct {
        uint64_t since_ms;
        uint8_t key[DEVICE_KEY_BYTES]; /* Ed25519, public */
    } keys[DEVICE_KEYS_MAX];
    uint64_t login;        /* the latest sign-in by token, whose tickets are good; 0: none is */
    uint32_t contests;     /* how often in a row a sign-in took the place of another one */
    uint64_t contested_ms; /* the last time; wall clock */
};

/* Keyed by user: what the user has chosen. A user without a row has chosen nothing. */
struct user_row {
    bool hides_displayed; /* others are not told how far the user was shown conversations */
};

/* Keyed by (conversation, origin, seq): a pinned message. */
struct pin_row {
    struct view user; /* who pinned it */
    uint64_t pin_seq; /* of the event that did */
};

/* Keyed by (source conversation, origin, seq; conversation, user, message id): a message was
 * forwarded. The rest of the key tells where to. */
struct forward_row {
    struct view conversation;
    struct view user;
    struct uuid message_id;
};

#endif
