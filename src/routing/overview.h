/* What the list of conversations tells about one of them: how much in it is new to the user, and
 * its latest message as it is now. Counted from the log each time, so it cannot be wrong about a
 * recall; bounded by OVERVIEW_EVENTS_MAX and OVERVIEW_BYTES_MAX. What may be remembered from one
 * time to the next is where there is nothing to count. What is hidden
 * from the user does not count. */
#ifndef UNSAY_ROUTING_OVERVIEW_H
#define UNSAY_ROUTING_OVERVIEW_H

#include "core/contract.h"
#include "storage/store.h"

struct overview {
    uint32_t unread;     /* normal messages of others beyond what a device of the user displayed */
    uint32_t mentions;   /* of them, those that mention the user or everyone */
    wire_event *preview; /* in the arena; NULL: none. Without mentions, and without a body where
                            that is larger than PREVIEW_BODY_BYTES_MAX */
};

/* Events of a conversation among which no message is in state normal; for ever, since no state goes
 * back. Zeroed: none are known. */
struct barren {
    uint64_t first;
    uint64_t last;
};

/* Passes over the events that are known to be barren, where they need not be shown, and notes those
 * that it has found to be. */
MUST_CHECK enum status overview_read(struct store *store, const char *user,
                                     struct view conversation, const struct member_row *member,
                                     struct barren *barren, struct arena *arena,
                                     struct overview *overview);

#endif
