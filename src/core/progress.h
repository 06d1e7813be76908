/* Levels of delivery: how far the members of a conversation have come, and who is told of it. From
 * a member's `stored` and `displayed` follows, for each message, whether it was stored by and shown
 * to that member; so a level costs nothing per message.
 *
 *   what moved                 small conversation      large one, or a channel
 *   stored                     every member            nobody
 *   displayed, as shared       every member            nobody
 *   displayed, as it is        the user's own devices  the user's own devices
 *
 * Shared is what was displayed while the user let others know: it is set when the acknowledgement
 * comes (progress_acknowledge), so that neither hiding nor telling again changes what was. As
 * cursors are cumulative, what is displayed after that tells of everything before it. Whatever
 * counts from what was displayed (windows, if_unread, exposure) goes by the cursor itself.
 *
 * A user's place is the farthest of the user's devices. It need not be known to tell of one device:
 * whoever hears it keeps the larger number. */
#ifndef UNSAY_CORE_PROGRESS_H
#define UNSAY_CORE_PROGRESS_H

#include "core/conversation.h"

/* The server's settings. */
struct progress_rules {
    uint32_t members_max; /* of a small conversation */
    bool hides_displayed; /* of everyone */
};

/* Whether the members of a conversation hear of each other. */
bool progress_is_small(const struct progress_rules *rules, Unsay__V1__ConversationType type,
                       uint64_t member_count);

/* Takes a device's word for how far it has displayed; `is_shown`: others may know. */
void progress_acknowledge(const struct progress_rules *rules, struct cursor_row *row,
                          uint64_t displayed, bool is_shown, uint64_t now_ms);

/* What was told of a member already, by this owner. */
struct progress_told {
    uint64_t stored;
    uint64_t displayed; /* as shared */
    uint64_t own;       /* as it is */
};

/* What is told now. */
struct progress_news {
    bool is_for_members;
    uint64_t stored; /* both for members: as shared */
    uint64_t displayed;
    bool is_for_own; /* the user's devices need another frame than the members' */
    uint64_t own;
};

/* What a device's cursor tells beyond what was told; that counts as told from now on. */
struct progress_news progress_decide(const struct progress_rules *rules,
                                     const struct conversation *conversation,
                                     const struct cursor_row *row, struct progress_told *told);

/* The user's place among a page of receipts, or in a whole progress. */
struct progress_place {
    const char *user; /* lent */
    uint64_t joined;
    uint64_t stored;
    uint64_t shared;
    uint64_t displayed;
};

/* Adds what a device's cursor says. */
void progress_add(const struct progress_rules *rules, const struct cursor_row *row,
                  struct progress_place *place);

/* Counts the member among the receivers of a message, if the member is one; false: not. */
bool progress_count(const struct progress_place *place, const char *author, uint64_t seq,
                    wire_receipts *receipts);

/* One frame's worth instead of two that wait for `user`, of one conversation and origin: with the
 * larger numbers, and where one is whole of the members of the later whole one alone, and the user.
 * In the arena, and lends from both. */
const wire_progress *progress_merge(const wire_progress *older, const wire_progress *newer,
                                    const char *user, struct arena *arena);

#endif
