#include "client/database_internal.h"

static const char *const statement_sql[STATEMENT_COUNT] = {
#define STATEMENT(name, sql) [STATEMENT_##name] = sql,
#include "client/statement.def"
#undef STATEMENT
};

/* Our statements are right: where one is wrong for the file, or names a body that is not there, the
 * file is not as we wrote it. */
static enum status database_status(int result)
{
    switch (result & 0xff) {
    case SQLITE_FULL:
        return STATUS_NO_SPACE;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_ERROR:
    case SQLITE_MISMATCH:
        return STATUS_CORRUPT;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return STATUS_IN_USE;
    default:
        return STATUS_IO;
    }
}

void database_fail(struct database *database)
{
    if (database_has_failed(database))
        return;
    enum status status = database_status(sqlite3_extended_errcode(database->sqlite));
    failure_set(&database->failure, status, "The local database %s failed: %s.", database->path,
                sqlite3_errmsg(database->sqlite));
    if (status == STATUS_CORRUPT)
        database->is_damaged = true;
}

sqlite3_stmt *database_statement(struct database *database, enum statement statement)
{
    if (database_has_failed(database))
        return NULL;
    sqlite3_stmt **cached = &database->statements[statement];
    if (*cached == NULL && sqlite3_prepare_v3(database->sqlite, statement_sql[statement], -1,
                                              SQLITE_PREPARE_PERSISTENT, cached, NULL) != SQLITE_OK)
        database_fail(database);
    return *cached;
}

bool database_step(struct database *database, sqlite3_stmt *statement)
{
    if (database_has_failed(database))
        return false;
    int result = sqlite3_step(statement);
    if (result == SQLITE_ROW)
        return true;
    if (result != SQLITE_DONE)
        database_fail(database);
    return false;
}

int database_run(struct database *database, sqlite3_stmt *statement)
{
    database_step(database, statement);
    int changes = database_has_failed(database) ? 0 : sqlite3_changes(database->sqlite);
    database_done(statement);
    return changes;
}

void database_done(sqlite3_stmt *statement)
{
    if (statement == NULL)
        return;
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
}

/* A NULL statement belongs to a transaction that has failed already. */
void bind_text(sqlite3_stmt *statement, int at, struct view text)
{
    if (statement != NULL)
        sqlite3_bind_text64(statement, at, text.size == 0 ? "" : (const char *)text.data, text.size,
                            SQLITE_STATIC, SQLITE_UTF8);
}

void bind_bytes(sqlite3_stmt *statement, int at, struct view bytes)
{
    if (statement != NULL)
        sqlite3_bind_blob64(statement, at, bytes.size == 0 ? "" : (const void *)bytes.data,
                            bytes.size, SQLITE_STATIC);
}

void bind_number(sqlite3_stmt *statement, int at, uint64_t number)
{
    if (statement != NULL)
        sqlite3_bind_int64(statement, at, (sqlite3_int64)number);
}

struct view column_bytes(sqlite3_stmt *statement, int at, struct arena *arena)
{
    const void *data = sqlite3_column_blob(statement, at);
    return arena_copy(arena, view_make(data, (size_t)sqlite3_column_bytes(statement, at)));
}

const char *column_text(sqlite3_stmt *statement, int at, struct arena *arena)
{
    return (const char *)column_bytes(statement, at, arena).data;
}

uint64_t column_number(sqlite3_stmt *statement, int at)
{
    return (uint64_t)sqlite3_column_int64(statement, at);
}
