/* The user's own list of conversations: what a user may set for one of them (muted, pinned,
 * hidden), and in which order the list is. Nothing of it is an event: only the user's own devices
 * are told.
 *
 * A conversation's activity is its last message, whatever became of that since, or the user's own
 * joining where that was later. So a recall moves nothing in a list, and shows no conversation that
 * was hidden. */
#ifndef UNSAY_CORE_LISTING_H
#define UNSAY_CORE_LISTING_H

#include "core/conversation.h"
#include "core/refusal.h"

struct listing_facts {
    const struct author *author;
    struct member *member; /* the author's place in the conversation; its row is changed */
    uint64_t now_ms;
};

/* What every request must be; REFUSAL_NONE, or *detail says what is wrong. */
refusal_code listing_check(const wire_change_listing *request, const char **detail);

/* Changes the author's settings; what is so already changes nothing, and is told to nobody.
 * `answer` lends from the conversation. */
refusal_code listing_change(const struct conversation *conversation,
                            const wire_change_listing *request, const struct listing_facts *facts,
                            struct effects *effects, wire_listing *answer, const char **detail);

/* Tells all of the user's devices, once this is committed. */
void listing_tell(const struct conversation *conversation, const struct listing_row *row,
                  const char *user, struct effects *effects);

/* Without the conversation. */
void listing_to_wire(const struct listing_row *row, wire_listing *wire);

/* Not in the list, unless that is asked for; `activity_seq` as in ConversationEntry. */
bool listing_is_hidden(const struct listing_row *row, uint64_t activity_seq);

/* Where a conversation stands in a list by activity. */
struct listing_place {
    uint64_t pinned_ms; /* 0: not pinned */
    uint64_t activity;  /* hybrid time */
    struct view conversation;
};

/* Negative: a stands above b. */
int listing_compare(const struct listing_place *a, const struct listing_place *b);

#endif
