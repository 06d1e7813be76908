/* The index of messages: rows of entries (search_entry.h), each under the number of its first
 * message's body. As bodies, rows are only appended and erased in place. Entries of one transaction
 * are gathered in memory and written when it commits, or when they fill a row; what it takes back
 * before that is never indexed on disk. */
#include "client/database_internal.h"

#include "base/memory.h"

enum {
    ROW_BYTES = 16 * 1024,      /* a row is written when it has this many */
    UPGRADE_BODIES_MAX = 262144 /* numbers of bodies that are put in order at once */
};

void database_damage(struct database *database)
{
    if (!database_has_failed(database))
        failure_set(&database->failure, STATUS_CORRUPT, "The local database %s is damaged.",
                    database->path);
    database->is_damaged = true;
}

void database_index_reset(struct database *database)
{
    buffer_release(&database->index);
    search_terms_fini(&database->terms);
}

static void index_write(struct database *database)
{
    if (buffer_size(&database->index) == 0)
        return;
    sqlite3_stmt *statement = database_statement(database, STATEMENT_SEARCH_INSERT);
    bind_number(statement, 1, database->index_number);
    bind_bytes(statement, 2, buffer_view(&database->index));
    database_run(database, statement);
    buffer_consume(&database->index, buffer_size(&database->index));
}

void database_index_commit(struct database *database)
{
    index_write(database);
    database_index_reset(database);
}

void database_index(struct database *database, const struct search_key *key, uint64_t number,
                    struct view text)
{
    if (database_has_failed(database) || number == 0)
        return;
    search_terms_read(&database->terms, &database->tokenizer, text);
    if (buffer_size(&database->index) == 0)
        database->index_number = number;
    search_entry_append(&database->index, key, &database->terms);
    if (buffer_size(&database->index) >= ROW_BYTES)
        index_write(database);
}

/* The size of the message's entry, and where it begins; 0 when there is none. */
static size_t entries_find(struct database *database, struct view entries,
                           const struct search_key *key, size_t *start)
{
    struct search_entry entry;
    size_t at = 0;
    *start = 0;
    while (search_entry_next(entries, &at, &entry)) {
        if (entry.key.seq == key->seq && entry.key.origin == key->origin &&
            view_equal(entry.key.conversation, key->conversation))
            return at - *start;
        *start = at;
    }
    if (at != entries.size)
        database_damage(database);
    return 0;
}

/* The row that would hold the entry of this body; 0: none. */
static uint64_t index_row(struct database *database, uint64_t number)
{
    sqlite3_stmt *statement = database_statement(database, STATEMENT_SEARCH_ROW);
    bind_number(statement, 1, number);
    uint64_t row = database_step(database, statement) ? column_number(statement, 0) : 0;
    database_done(statement);
    return row;
}

static void row_erase(struct database *database, sqlite3_blob *blob, const struct search_key *key)
{
    size_t start = 0;
    size_t found = 0;
    int size = sqlite3_blob_bytes(blob);
    uint8_t *bytes = memory_new((size_t)size);
    if (sqlite3_blob_read(blob, bytes, size, 0) == SQLITE_OK)
        found = entries_find(database, view_make(bytes, (size_t)size), key, &start);
    else
        database_fail(database);
    if (found != 0) {
        search_entry_erase(bytes + start, found);
        if (sqlite3_blob_write(blob, bytes + start, (int)found, (int)start) != SQLITE_OK)
            database_fail(database);
    }
    free(bytes);
}

void database_unindex(struct database *database, const struct search_key *key, uint64_t number)
{
    struct buffer *index = &database->index;
    if (number == 0 || database_has_failed(database))
        return;
    if (buffer_size(index) != 0 && number >= database->index_number) {
        size_t start;
        size_t found = entries_find(database, buffer_view(index), key, &start);
        if (found != 0)
            search_entry_erase(index->data + index->start + start, found);
        return;
    }
    uint64_t row = index_row(database, number);
    sqlite3_blob *blob = NULL;
    if (row == 0)
        return;
    if (sqlite3_blob_open(database->sqlite, "main", "search", "entries", (sqlite3_int64)row, 1,
                          &blob) == SQLITE_OK)
        row_erase(database, blob, key);
    else
        database_fail(database);
    sqlite3_blob_close(blob);
}

/* The row without the entries of these messages; nothing is left of a row without entries. */
static void row_filter(struct database *database, uint64_t row, struct view entries,
                       struct view conversation, uint32_t origin, uint64_t last)
{
    struct search_entry entry;
    struct buffer kept;
    size_t at = 0;
    size_t start = 0;
    buffer_init(&kept);
    for (; search_entry_next(entries, &at, &entry); start = at) {
        bool is_deleted =
            entry.filter.size == 0 || (entry.key.seq <= last && entry.key.origin == origin &&
                                       view_equal(entry.key.conversation, conversation));
        if (!is_deleted)
            buffer_append(&kept, entries.data + start, at - start);
    }
    if (at != entries.size)
        database_damage(database);
    bool is_empty = buffer_size(&kept) == 0;
    if (buffer_size(&kept) != entries.size) {
        sqlite3_stmt *statement =
            database_statement(database, is_empty ? STATEMENT_SEARCH_DELETE : STATEMENT_SEARCH_PUT);
        bind_number(statement, 1, row);
        if (!is_empty)
            bind_bytes(statement, 2, buffer_view(&kept));
        database_run(database, statement);
    }
    buffer_fini(&kept);
}

uint64_t database_unindex_range(struct database *database, struct view conversation,
                                uint32_t origin, uint64_t last, uint64_t number, uint64_t done)
{
    struct arena arena;
    if (buffer_size(&database->index) != 0 && number >= database->index_number)
        index_write(database);
    uint64_t row = index_row(database, number);
    if (row == 0 || row == done || database_has_failed(database))
        return row;
    arena_init(&arena);
    sqlite3_stmt *statement = database_statement(database, STATEMENT_SEARCH_GET);
    bind_number(statement, 1, row);
    struct view entries = {NULL, 0};
    if (database_step(database, statement))
        entries = column_bytes(statement, 0, &arena);
    database_done(statement);
    row_filter(database, row, entries, conversation, origin, last);
    arena_fini(&arena);
    return row;
}

static void index_body(struct database *database, const struct search_key *key, uint64_t number,
                       struct arena *arena)
{
    sqlite3_stmt *statement = database_statement(database, STATEMENT_SEARCH_BODY);
    bind_number(statement, 1, number);
    if (database_step(database, statement))
        database_index(database, key, number, column_bytes(statement, 0, arena));
    database_done(statement);
}

/* The messages of the bodies that follow `after`. */
static void index_stored(struct database *database, sqlite3_stmt *statement, uint64_t after,
                         struct arena *arena)
{
    bind_number(statement, 1, after);
    bind_number(statement, 2, after + UPGRADE_BODIES_MAX);
    while (database_step(database, statement)) {
        arena_reset(arena);
        struct search_key key = {
            .conversation = column_bytes(statement, 0, arena),
            .origin = (uint32_t)column_number(statement, 1),
            .seq = column_number(statement, 2),
            .time_ms = column_number(statement, 3),
        };
        index_body(database, &key, column_number(statement, 4), arena);
    }
    database_done(statement);
}

/* In the order of the bodies' numbers, because that is the order of rows; a part at a time, so that
 * putting them in order takes little memory. */
void database_index_all(struct database *database)
{
    struct arena arena;
    sqlite3_stmt *statement;
    arena_init(&arena);
    database_query(database, "SELECT coalesce(max(number),0) FROM body", &statement);
    uint64_t last = database_step(database, statement) ? column_number(statement, 0) : 0;
    sqlite3_finalize(statement);
    database_query(database,
                   "SELECT conversation,origin,seq,time,body FROM event WHERE kind=1 AND state=1 "
                   "AND content_type=1 AND body>?1 AND body<=?2 ORDER BY body",
                   &statement);
    for (uint64_t after = 0; after < last; after += UPGRADE_BODIES_MAX)
        index_stored(database, statement, after, &arena);
    sqlite3_finalize(statement);
    database_index_commit(database);
    arena_fini(&arena);
}
