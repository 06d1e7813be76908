/* The members of a conversation, one by one in order of their ids, each with the place of the one
 * of its devices that is farthest (of the first OVERVIEW_DEVICES_MAX by name). Two listings side by
 * side: members, and cursors. Former members are passed over, and their cursors are leapt over. */
#ifndef UNSAY_ROUTING_PROGRESS_WALK_H
#define UNSAY_ROUTING_PROGRESS_WALK_H

#include "core/progress.h"
#include "storage/store.h"

enum { PROGRESS_BATCH = 64 };

struct progress_walk {
    struct store *store;
    const struct progress_rules *rules;
    struct view conversation;
    struct arena *arena; /* everything that is found lives here */
    uint64_t rows;       /* looked at so far */
    uint64_t rows_max;   /* the walk ends when they are more */
    bool is_cut;         /* it did */
    struct view passed;  /* the last member, or former one, that was dealt with */
    struct store_membership *members;
    size_t member_at;
    size_t member_count;
    struct view after; /* the last member that was listed */
    struct store_cursor *cursors;
    size_t cursor_at;
    size_t cursor_count;
    struct view after_user; /* the last cursor */
    struct view after_device;
};

/* Begins behind the user `after` (empty: with the first). */
void progress_walk_init(struct progress_walk *walk, struct store *store,
                        const struct progress_rules *rules, struct view conversation,
                        struct view after, uint64_t rows_max, struct arena *arena);

/* The next member; place->user is NULL when there is none, or the walk is cut. */
MUST_CHECK enum status progress_walk_next(struct progress_walk *walk, struct progress_place *place);

#endif
