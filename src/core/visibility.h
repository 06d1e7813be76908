/* Visibility: which events of a log are for a user. One rule for every path that hands out events,
 * or says that they exist: pages, pushes that are repeated, previews, unread counts, quotes,
 * forwards, pins, exposure.
 *
 *   log      1 ........ a ........ b ........ c ......... head
 *   member            joins      leaves     joins again
 *   sees     (past)     [a, b]    (gap)      [c, ...
 *
 * What a member sees of the past and of a gap is decided at the joining, by the conversation's
 * setting at that time, and stays so: hidden spans in the member's row. What was for a user once
 * stays for them, through any number of departures. A former member sees the log up to the event
 * that ended it; one who is only invited, nothing more than that.
 *
 * A recall goes with its target: of what was for the user once it is for them too, also where it
 * lies in a gap, since their devices hold what it took back. */
#ifndef UNSAY_CORE_VISIBILITY_H
#define UNSAY_CORE_VISIBILITY_H

#include "core/rows.h"

/* The last event that the user may see; UINT64_MAX of a member; 0: none. */
uint64_t visibility_end(const struct member_row *row);

/* Whether the event is for the user. */
bool visibility_allows(const struct member_row *row, uint64_t seq);

/* The same for a recall, which took back the event `target_seq` of the log. */
bool visibility_allows_recall(const struct member_row *row, uint64_t seq, uint64_t target_seq);

/* Whether no device of the user can ever have been handed the event: stricter than not allowed. */
bool visibility_never_allowed(const struct member_row *row, uint64_t seq);

/* The first event of the part that the user sees now, or saw last. */
uint64_t visibility_since(const struct member_row *row);

/* A part of the log that is for the user, without a gap. */
struct visible_range {
    struct span hidden; /* what the range begins with and is not for the user; first 0: nothing */
    bool has_recalls;   /* ... but recalls in it may be, since something before it was */
    uint64_t after;     /* events with after < seq */
    uint64_t before;    /* and seq < before; 0: no bound */
    bool is_empty;
    bool more; /* the range that was asked for goes on beyond a gap */
};

/* The first such part of the events with after < seq < before (0: no bound), or the last one. */
struct visible_range visibility_range(const struct member_row *row, uint64_t after, uint64_t before,
                                      bool newest);

/* The user becomes a member with event `seq`: adds to the row's hidden spans what is not for them.
 * Before row->left_seq is reset. */
void visibility_join(struct member_row *row, const struct conversation_settings *settings,
                     uint64_t seq);

#endif
