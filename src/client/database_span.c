/* Which parts of a log are stored: from cursor.begin to the cursor without a gap, and before that
 * the spans that ended where something was skipped. What is fetched on request moves `begin` back,
 * until it meets the span before it. */
#include "client/database_internal.h"

#include "core/contract.h"
#include "unsay/reading.h"

static sqlite3_stmt *span_statement(struct database *database, enum statement name,
                                    struct view conversation, uint32_t origin)
{
    sqlite3_stmt *statement = database_statement(database, name);
    bind_text(statement, 1, conversation);
    bind_number(statement, 2, origin);
    return statement;
}

void database_skip(struct database *database, struct view conversation, uint32_t origin,
                   uint64_t seq)
{
    static const enum statement names[] = {STATEMENT_SPAN_CLOSE, STATEMENT_CURSOR_SKIP};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        sqlite3_stmt *statement = span_statement(database, names[i], conversation, origin);
        bind_number(statement, 3, seq);
        database_run(database, statement);
    }
}

void database_put_older(struct database *database, struct view conversation, uint32_t origin,
                        uint64_t first, uint64_t before)
{
    sqlite3_stmt *statement =
        span_statement(database, STATEMENT_CURSOR_BEGIN, conversation, origin);
    bind_number(statement, 3, first);
    bind_number(statement, 4, before);
    bool is_moved = database_run(database, statement) == 1;
    while (is_moved) {
        statement = span_statement(database, STATEMENT_SPAN_MEET, conversation, origin);
        is_moved = database_run(database, statement) == 1;
        statement = span_statement(database, STATEMENT_SPAN_DELETE, conversation, origin);
        database_run(database, statement);
    }
}

void database_span_evict(struct database *database, struct view conversation, uint32_t origin,
                         uint64_t last)
{
    static const enum statement names[] = {STATEMENT_SPAN_GONE, STATEMENT_SPAN_CUT,
                                           STATEMENT_CURSOR_CUT};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        sqlite3_stmt *statement = span_statement(database, names[i], conversation, origin);
        bind_number(statement, 3, last);
        database_run(database, statement);
    }
}

enum status database_missing(struct database *database, struct view conversation, uint64_t *after,
                             uint64_t *before)
{
    *after = 0;
    *before = 1;
    database_enter(database);
    sqlite3_stmt *statement =
        span_statement(database, STATEMENT_SPAN_MISSING, conversation, ORIGIN_DEFAULT);
    if (database_step(database, statement)) {
        *before = column_number(statement, 0);
        *after = column_number(statement, 1);
    }
    database_done(statement);
    return database_leave(database, NULL);
}

enum status database_spans(struct database *database, struct view conversation,
                           struct unsay_span *spans, size_t room, size_t *count)
{
    *count = 0;
    database_enter(database);
    sqlite3_stmt *statement =
        span_statement(database, STATEMENT_SPAN_LIST, conversation, ORIGIN_DEFAULT);
    while (database_step(database, statement)) {
        if (*count < room)
            spans[*count] =
                (struct unsay_span){column_number(statement, 0), column_number(statement, 1)};
        ++*count;
    }
    database_done(statement);
    return database_leave(database, NULL);
}

void database_put_synced(struct database *database)
{
    database_run(database, database_statement(database, STATEMENT_SYNCED_PUT));
}

enum status database_synced(struct database *database, bool *is_synced)
{
    database_enter(database);
    sqlite3_stmt *statement = database_statement(database, STATEMENT_SYNCED_GET);
    *is_synced = database_step(database, statement) && column_number(statement, 0) != 0;
    database_done(statement);
    return database_leave(database, NULL);
}
