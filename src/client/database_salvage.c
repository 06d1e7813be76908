#include "client/database_internal.h"

/* Copies the rows of `sql` up to the first that cannot be read, each as it is: the columns of
 * `into` have the same order. A row that does not fit is left out. */
static void salvage_rows(sqlite3 *damaged, const char *sql, sqlite3 *database, const char *into)
{
    sqlite3_stmt *from = NULL;
    sqlite3_stmt *to = NULL;
    if (sqlite3_prepare_v2(damaged, sql, -1, &from, NULL) == SQLITE_OK &&
        sqlite3_prepare_v2(database, into, -1, &to, NULL) == SQLITE_OK) {
        while (sqlite3_step(from) == SQLITE_ROW) {
            for (int i = 0; i < sqlite3_column_count(from); i++)
                sqlite3_bind_value(to, i + 1, sqlite3_column_value(from, i));
            sqlite3_step(to);
            sqlite3_reset(to);
        }
    }
    sqlite3_finalize(from);
    sqlite3_finalize(to);
}

void database_salvage(struct database *database, const char *damaged_path)
{
    sqlite3 *damaged = NULL;
    if (sqlite3_open_v2(damaged_path, &damaged, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
                        NULL) == SQLITE_OK &&
        sqlite3_exec(database->sqlite, "BEGIN", NULL, NULL, NULL) == SQLITE_OK) {
        salvage_rows(damaged,
                     "SELECT b.number,bytes FROM outbox_body b JOIN outbox o ON o.body=b.number "
                     "ORDER BY b.number",
                     database->sqlite, "INSERT INTO outbox_body VALUES(?,?)");
        salvage_rows(damaged,
                     "SELECT number,conversation,message_id,content_type,body,state,refusal,text,"
                     "is_recalled,is_retry FROM outbox ORDER BY number",
                     database->sqlite,
                     "INSERT INTO outbox SELECT ?1,?2,?3,?4,?5,?6,?7,?8,?9,?10 "
                     "WHERE EXISTS(SELECT 1 FROM outbox_body WHERE number=?5)");
        salvage_rows(damaged, "SELECT number,frame FROM request ORDER BY number", database->sqlite,
                     "INSERT INTO request VALUES(?,?)");
        if (sqlite3_exec(database->sqlite, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
            sqlite3_exec(database->sqlite, "ROLLBACK", NULL, NULL, NULL);
    }
    sqlite3_close(damaged);
    database_outbox_count_again(database);
}
