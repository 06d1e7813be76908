#include "client/database_internal.h"

static const char *const body_tables[] = {
    [BODY_EVENT] = "body",
    [BODY_OUTBOX] = "outbox_body",
};

uint64_t body_put(struct database *database, enum body_table table, struct view bytes)
{
    if (bytes.data == NULL)
        return 0;
    sqlite3_stmt *statement = database_statement(
        database, table == BODY_EVENT ? STATEMENT_BODY_INSERT : STATEMENT_OUTBOX_BODY_INSERT);
    bind_bytes(statement, 1, bytes);
    database_run(database, statement);
    return database_has_failed(database) ? 0
                                         : (uint64_t)sqlite3_last_insert_rowid(database->sqlite);
}

/* Opens a body in place; NULL on failure. */
static sqlite3_blob *body_open(struct database *database, enum body_table table, uint64_t number,
                               int is_writable)
{
    sqlite3_blob *blob = NULL;
    if (database_has_failed(database))
        return NULL;
    if (sqlite3_blob_open(database->sqlite, "main", body_tables[table], "bytes",
                          (sqlite3_int64)number, is_writable, &blob) != SQLITE_OK) {
        database_fail(database);
        return NULL;
    }
    return blob;
}

void body_erase(struct database *database, enum body_table table, uint64_t number)
{
    static const uint8_t zeros[4096];
    sqlite3_blob *blob = number == 0 ? NULL : body_open(database, table, number, 1);
    if (blob == NULL)
        return;
    int size = sqlite3_blob_bytes(blob);
    for (int at = 0; at < size && !database_has_failed(database);) {
        int part = size - at < (int)sizeof(zeros) ? size - at : (int)sizeof(zeros);
        if (sqlite3_blob_write(blob, zeros, part, at) != SQLITE_OK)
            database_fail(database);
        at += part;
    }
    sqlite3_blob_close(blob);
}

struct view body_read_at_most(struct database *database, enum body_table table, uint64_t number,
                              size_t bytes_max, struct arena *arena)
{
    sqlite3_blob *blob = number == 0 ? NULL : body_open(database, table, number, 0);
    if (blob == NULL)
        return view_make(NULL, 0);
    int size = sqlite3_blob_bytes(blob);
    if ((size_t)size > bytes_max) {
        sqlite3_blob_close(blob);
        return view_make(NULL, 0);
    }
    uint8_t *bytes = arena_alloc(arena, (size_t)size + 1);
    if (sqlite3_blob_read(blob, bytes, size, 0) != SQLITE_OK)
        database_fail(database);
    bytes[size] = 0;
    sqlite3_blob_close(blob);
    return view_make(bytes, (size_t)size);
}

struct view body_read(struct database *database, enum body_table table, uint64_t number,
                      struct arena *arena)
{
    return body_read_at_most(database, table, number, SIZE_MAX, arena);
}
