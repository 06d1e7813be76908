/* How far the members of conversations have come; the rules are in core/client_progress.h. */
#include "client/database_internal.h"

#include "base/limits.h"
#include "unsay/levels.h"

static void place_bind(sqlite3_stmt *statement, const wire_progress *progress)
{
    bind_text(statement, 1, view_of(progress->conversation));
    bind_number(statement, 2, progress->origin);
}

static bool place_is_listed(const wire_progress *progress, const char *user)
{
    for (size_t i = 0; i < progress->n_members; i++) {
        if (strcmp(progress->members[i]->user, user) == 0)
            return true;
    }
    return false;
}

/* Up to where the user was shown the conversation, on whichever device. */
static uint64_t place_read(struct database *database, const wire_progress *progress)
{
    sqlite3_stmt *statement = database_statement(database, STATEMENT_PLACE_READ);
    place_bind(statement, progress);
    bind_text(statement, 3, view_of(database->user));
    uint64_t seq = database_step(database, statement) ? column_number(statement, 0) : 0;
    database_done(statement);
    return seq;
}

/* Whether the places that are there are to be replaced; then that is noted. */
static bool place_becomes_whole(struct database *database, const wire_progress *progress)
{
    if (!progress->is_whole)
        return false;
    sqlite3_stmt *statement = database_statement(database, STATEMENT_AUDIENCE_PUT);
    place_bind(statement, progress);
    bind_number(statement, 3, progress->seq);
    bind_number(statement, 4, progress->is_large != 0);
    return database_run(database, statement) == 1;
}

/* Those who are members no longer, or of whom nothing is known any more. */
static bool place_drop_others(struct database *database, const wire_progress *progress,
                              struct arena *arena)
{
    const char *users[LIMIT_RECEIPT_MEMBERS_MAX + 1];
    size_t count = 0;
    sqlite3_stmt *statement = database_statement(database, STATEMENT_PLACE_USERS);
    place_bind(statement, progress);
    bind_text(statement, 3, view_of(database->user));
    bind_number(statement, 4, LIMIT_RECEIPT_MEMBERS_MAX + 1);
    while (database_step(database, statement)) {
        const char *user = column_text(statement, 0, arena);
        if (!place_is_listed(progress, user))
            users[count++] = user;
    }
    database_done(statement);
    for (size_t i = 0; i < count; i++) {
        statement = database_statement(database, STATEMENT_PLACE_DELETE);
        place_bind(statement, progress);
        bind_text(statement, 3, view_of(users[i]));
        database_run(database, statement);
    }
    return count > 0;
}

/* True when something is larger than before; *place is then how it is. */
static bool place_put(struct database *database, const wire_progress *progress,
                      const wire_member_progress *member, bool is_whole, struct unsay_place *place)
{
    bool is_own = strcmp(member->user, database->user) == 0;
    sqlite3_stmt *statement = database_statement(
        database, is_whole || is_own ? STATEMENT_PLACE_PUT : STATEMENT_PLACE_MOVE);
    place_bind(statement, progress);
    bind_text(statement, 3, view_of(member->user));
    bind_number(statement, 4, member->stored);
    bind_number(statement, 5, member->displayed);
    if (is_whole || is_own)
        bind_number(statement, 6, member->joined);
    bool is_changed = database_step(database, statement);
    if (is_changed)
        *place = (struct unsay_place){member->user, column_number(statement, 0),
                                      column_number(statement, 1), 0};
    database_done(statement);
    return is_changed && !is_own;
}

void database_put_progress(struct database *database, const wire_progress *progress,
                           struct arena *arena, struct database_moved *moved)
{
    uint64_t read = place_read(database, progress);
    bool is_whole = place_becomes_whole(database, progress);
    *moved = (struct database_moved){
        .places = arena_alloc(arena, (progress->n_members + 1) * sizeof(*moved->places))};
    if (is_whole)
        moved->is_changed = place_drop_others(database, progress, arena);
    for (size_t i = 0; i < progress->n_members; i++) {
        struct unsay_place *place = &moved->places[moved->count];
        if (!place_put(database, progress, progress->members[i], is_whole, place))
            continue;
        moved->is_changed = true;
        moved->count += place->stored > 0;
    }
    uint64_t read_now = place_read(database, progress);
    moved->read = read_now > read ? read_now : 0;
}

enum status database_places(struct database *database, struct view conversation, uint32_t origin,
                            struct arena *arena, struct unsay_place **places, size_t *count)
{
    *places = arena_alloc(arena, (LIMIT_RECEIPT_MEMBERS_MAX + 1) * sizeof(**places));
    *count = 0;
    database_enter(database);
    sqlite3_stmt *statement = database_statement(database, STATEMENT_PLACE_LIST);
    bind_text(statement, 1, conversation);
    bind_number(statement, 2, origin);
    bind_text(statement, 3, view_of(database->user));
    bind_number(statement, 4, LIMIT_RECEIPT_MEMBERS_MAX + 1);
    while (database_step(database, statement))
        (*places)[(*count)++] =
            (struct unsay_place){column_text(statement, 0, arena), column_number(statement, 1),
                                 column_number(statement, 2), column_number(statement, 3)};
    database_done(statement);
    return database_leave(database, NULL);
}

enum status database_levels(struct database *database, struct view conversation, uint32_t origin,
                            uint64_t seq, struct unsay_levels *levels)
{
    *levels = (struct unsay_levels){.level = UNSAY_LEVEL_NONE};
    database_enter(database);
    sqlite3_stmt *statement = database_statement(database, STATEMENT_PLACE_COUNT);
    bind_text(statement, 1, conversation);
    bind_number(statement, 2, origin);
    bind_text(statement, 3, view_of(database->user));
    bind_number(statement, 4, seq);
    if (database_step(database, statement)) {
        levels->level = UNSAY_LEVEL_ACCEPTED;
        levels->is_known = column_number(statement, 0) != 0;
        levels->receivers = (uint32_t)column_number(statement, 1);
        levels->stored = (uint32_t)column_number(statement, 2);
        levels->displayed = (uint32_t)column_number(statement, 3);
    }
    database_done(statement);
    if (levels->receivers > 0 && levels->displayed == levels->receivers)
        levels->level = UNSAY_LEVEL_DISPLAYED;
    else if (levels->receivers > 0 && levels->stored == levels->receivers)
        levels->level = UNSAY_LEVEL_STORED;
    return database_leave(database, NULL);
}
