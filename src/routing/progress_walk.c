#include "routing/progress_walk.h"

#include "base/limits.h"

void progress_walk_init(struct progress_walk *walk, struct store *store,
                        const struct progress_rules *rules, struct view conversation,
                        struct view after, uint64_t rows_max, struct arena *arena)
{
    *walk = (struct progress_walk){
        .store = store,
        .rules = rules,
        .conversation = conversation,
        .arena = arena,
        .rows_max = rows_max,
        .passed = after,
        .members = arena_alloc(arena, PROGRESS_BATCH * sizeof(struct store_membership)),
        .member_count = PROGRESS_BATCH,
        .member_at = PROGRESS_BATCH,
        .after = after,
        .cursors = arena_alloc(arena, PROGRESS_BATCH * sizeof(struct store_cursor)),
        .cursor_count = PROGRESS_BATCH,
        .cursor_at = PROGRESS_BATCH,
        .after_user = after,
    };
}

/* The member at hand; NULL: there is no other. */
static enum status walk_member(struct progress_walk *walk, const struct store_membership **member)
{
    *member = NULL;
    if (walk->member_at == walk->member_count && walk->member_count == PROGRESS_BATCH) {
        walk->member_at = 0;
        enum status status =
            store_list_members(walk->store, walk->conversation, walk->after, PROGRESS_BATCH,
                               walk->arena, walk->members, &walk->member_count);
        if (status != STATUS_OK)
            return status;
        walk->rows += walk->member_count;
        if (walk->member_count > 0)
            walk->after = walk->members[walk->member_count - 1].user;
    }
    if (walk->member_at < walk->member_count)
        *member = &walk->members[walk->member_at];
    return STATUS_OK;
}

/* As above, of the cursors; those of users before `user` need not be listed. */
static enum status walk_cursor(struct progress_walk *walk, struct view user,
                               const struct store_cursor **cursor)
{
    *cursor = NULL;
    if (walk->cursor_at == walk->cursor_count && walk->cursor_count == PROGRESS_BATCH) {
        walk->cursor_at = 0;
        if (view_compare(walk->after_user, user) < 0) {
            walk->after_user = user;
            walk->after_device = view_make(NULL, 0);
        }
        enum status status = store_list_cursors(
            walk->store, walk->conversation, ORIGIN_DEFAULT, walk->after_user, walk->after_device,
            PROGRESS_BATCH, walk->arena, walk->cursors, &walk->cursor_count);
        if (status != STATUS_OK)
            return status;
        walk->rows += walk->cursor_count;
        if (walk->cursor_count > 0) {
            walk->after_user = walk->cursors[walk->cursor_count - 1].user;
            walk->after_device = walk->cursors[walk->cursor_count - 1].device;
        }
    }
    if (walk->cursor_at < walk->cursor_count)
        *cursor = &walk->cursors[walk->cursor_at];
    return STATUS_OK;
}

/* What the devices of the user say; cursors of users before are those of former members. */
static enum status walk_add_cursors(struct progress_walk *walk, struct view user,
                                    struct progress_place *place)
{
    const struct store_cursor *cursor;
    size_t devices = 0;
    enum status status;
    while ((status = walk_cursor(walk, user, &cursor)) == STATUS_OK && cursor != NULL) {
        int order = view_compare(cursor->user, user);
        if (order > 0)
            break;
        if (order == 0 && devices == LIMIT_OVERVIEW_DEVICES_MAX)
            break; /* the rest of them is leapt over for the next member */
        devices += order == 0;
        if (order == 0)
            progress_add(walk->rules, &cursor->row, place);
        walk->cursor_at++;
    }
    return status;
}

enum status progress_walk_next(struct progress_walk *walk, struct progress_place *place)
{
    const struct store_membership *member;
    enum status status;
    *place = (struct progress_place){.user = NULL};
    for (;;) {
        bool is_begun = walk->rows > 0;
        status = walk_member(walk, &member);
        if (status != STATUS_OK || member == NULL)
            return status;
        walk->is_cut = is_begun && walk->rows > walk->rows_max;
        if (walk->is_cut)
            return STATUS_OK;
        walk->member_at++;
        walk->passed = member->user;
        if (row_is_member(&member->row))
            break;
    }
    place->user = arena_text(walk->arena, member->user);
    place->joined = member->row.joined_seq;
    return walk_add_cursors(walk, member->user, place);
}
