#include "client/database_internal.h"

/* Copies the rows of `sql` up to the first that cannot be read, each as it is: the columns of
 * `into` have the same order. A row that does not fit is left out. False when there are no such
 * columns. */
static bool salvage_rows(sqlite3 *damaged, const char *sql, sqlite3 *database, const char *into)
{
    sqlite3_stmt *from = NULL;
    sqlite3_stmt *to = NULL;
    bool is_known = sqlite3_prepare_v2(damaged, sql, -1, &from, NULL) == SQLITE_OK &&
                    sqlite3_prepare_v2(database, into, -1, &to, NULL) == SQLITE_OK;
    if (is_known) {
        while (sqlite3_step(from) == SQLITE_ROW) {
            for (int i = 0; i < sqlite3_column_count(from); i++)
                sqlite3_bind_value(to, i + 1, sqlite3_column_value(from, i));
            sqlite3_step(to);
            sqlite3_reset(to);
        }
    }
    sqlite3_finalize(from);
    sqlite3_finalize(to);
    return is_known;
}

static bool salvage_outbox(sqlite3 *damaged, sqlite3 *database, const char *detail,
                           const char *refers)
{
    char bodies[256];
    char entries[256];
    snprintf(bodies, sizeof(bodies),
             "SELECT DISTINCT b.number,bytes FROM outbox_body b JOIN outbox o ON b.number IN "
             "(o.body,%s) ORDER BY b.number",
             detail);
    snprintf(entries, sizeof(entries),
             "SELECT number,conversation,message_id,content_type,body,state,refusal,text,"
             "is_recalled,is_retry,%s,%s FROM outbox ORDER BY number",
             detail, refers);
    return salvage_rows(damaged, bodies, database, "INSERT INTO outbox_body VALUES(?,?)") &&
           salvage_rows(damaged, entries, database,
                        "INSERT INTO outbox SELECT ?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12 "
                        "WHERE EXISTS(SELECT 1 FROM outbox_body WHERE number=?5)");
}

static size_t salvage_count(sqlite3 *database, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    size_t count = 0;
    if (sqlite3_prepare_v2(database, sql, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW)
        count = (size_t)sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return count;
}

void database_salvage(struct database *database, struct database_damage *damage)
{
    sqlite3 *damaged = NULL;
    if (sqlite3_open_v2(damage->path, &damaged, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
                        file_system_name(database->files)) == SQLITE_OK &&
        sqlite3_exec(damaged, "PRAGMA locking_mode=EXCLUSIVE;PRAGMA temp_store=MEMORY", NULL, NULL,
                     NULL) == SQLITE_OK &&
        sqlite3_exec(database->sqlite, "BEGIN", NULL, NULL, NULL) == SQLITE_OK) {
        /* The columns that the second version added, where the file has them. */
        if (!salvage_outbox(damaged, database->sqlite, "detail", "refers"))
            salvage_outbox(damaged, database->sqlite, "NULL", "0");
        salvage_rows(damaged, "SELECT key FROM identity", database->sqlite,
                     "UPDATE identity SET key=?");
        salvage_rows(damaged, "SELECT conversation,sender,message_id,path,is_due FROM attachment",
                     database->sqlite,
                     "INSERT OR IGNORE INTO attachment(conversation,sender,message_id,path,is_due)"
                     " VALUES(?,?,?,?,?)");
        /* This is no new device: all that the server's retention gives comes again. */
        sqlite3_exec(database->sqlite, "UPDATE identity SET synced=1", NULL, NULL, NULL);
        salvage_rows(damaged, "SELECT number,frame FROM request ORDER BY number", database->sqlite,
                     "INSERT INTO request VALUES(?,?)");
        if (sqlite3_exec(database->sqlite, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
            sqlite3_exec(database->sqlite, "ROLLBACK", NULL, NULL, NULL);
    }
    sqlite3_close(damaged);
    database_outbox_count_again(database);
    attachments_load(database);
    damage->outbox = database->counts.all;
    damage->requests = salvage_count(database->sqlite, "SELECT count(*) FROM request");
}
