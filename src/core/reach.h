/* How far a message got among the devices of a conversation, by their cursors. Pure: the owner of
 * the conversation brings the devices. */
#ifndef UNSAY_CORE_REACH_H
#define UNSAY_CORE_REACH_H

#include "base/arena.h"
#include "core/rows.h"

/* A device's place in the conversation. Everything is lent. */
struct reach_device {
    const char *user;
    const char *device;
    bool is_member;                  /* now */
    const struct member_row *member; /* the user's; NULL: nothing is hidden from them */
    const struct cursor_row *cursor;
};

/* Who is in the conversation, as far as a decision about a message asks. Devices of one user stand
 * together. */
struct reach_audience {
    const struct reach_device *devices;
    size_t device_count;
    size_t member_count;                     /* current members, the author included when one */
    const struct member_row *const *partial; /* from whom something is hidden, former ones too */
    size_t partial_count;
    bool is_large; /* too many devices to list: each message counts as displayed at once */
};

struct reach {
    Unsay__V1__DeliveryState state;
    uint64_t first_ms; /* when the first other member had stored it; 0: none has */
    uint64_t each_ms;  /* when the last one had; 0: not all have */
};

/* The message that is asked about. */
struct reach_message {
    const char *author;
    bool author_is_member; /* now */
    uint64_t seq;
    uint64_t sent_ms;
};

/* By the devices of others than the author. From whom the message is hidden, it has not reached and
 * is not going to: a cursor that passed its place says nothing. Where a time is not known exactly
 * it is the earliest that it may have been, since a window that starts there must not stay open for
 * too long; sent_ms stands in where nothing better is known, and where the audience is large. */
struct reach reach_of(const struct reach_audience *audience, const struct reach_message *message);

/* The event was handed to a connection of the device, which ended without a word about it. */
bool reach_may_hold(const struct cursor_row *cursor, uint64_t seq);

/* The devices that have stored the event, or may hold it, the author's included, as a dossier lists
 * them. */
void reach_list(const struct reach_audience *audience, uint64_t seq, struct arena *arena,
                wire_dossier *dossier);

#endif
