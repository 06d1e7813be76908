#include "client/database_internal.h"

/* Step N brings a database of version N to version N + 1; a new file goes through all of them, so
 * that it is the same as one that was upgraded. Columns are added with constant defaults, which
 * rewrites no row. Each step is one transaction. */
static const char *const schema_steps[] = {
    "CREATE TABLE identity(user TEXT NOT NULL,device TEXT NOT NULL,store BLOB NOT NULL);"
    "CREATE TABLE event(conversation TEXT,origin INTEGER,seq INTEGER,kind INTEGER NOT NULL,"
    " time INTEGER NOT NULL,message_id BLOB NOT NULL,sender TEXT NOT NULL,device TEXT NOT NULL,"
    " content_type INTEGER NOT NULL,state INTEGER NOT NULL,body INTEGER,operator TEXT NOT NULL,"
    " reason TEXT NOT NULL,recall_time INTEGER NOT NULL,target_origin INTEGER NOT NULL,"
    " target_seq INTEGER NOT NULL,PRIMARY KEY(conversation,origin,seq)) WITHOUT ROWID;"
    "CREATE INDEX event_by_message ON event(message_id) WHERE kind=1;"
    "CREATE TABLE body(number INTEGER PRIMARY KEY,bytes BLOB NOT NULL);"
    "CREATE TABLE cursor(conversation TEXT,origin INTEGER,stored INTEGER NOT NULL,"
    " displayed INTEGER NOT NULL,PRIMARY KEY(conversation,origin)) WITHOUT ROWID;"
    "CREATE TABLE conversation(id TEXT PRIMARY KEY,type INTEGER NOT NULL,name TEXT NOT NULL,"
    " peer TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE outbox(number INTEGER PRIMARY KEY,conversation TEXT NOT NULL,"
    " message_id BLOB NOT NULL UNIQUE,content_type INTEGER NOT NULL,body INTEGER NOT NULL,"
    " state INTEGER NOT NULL,refusal INTEGER NOT NULL,text TEXT NOT NULL,"
    " is_recalled INTEGER NOT NULL,is_retry INTEGER NOT NULL);"
    "CREATE TABLE outbox_body(number INTEGER PRIMARY KEY,bytes BLOB NOT NULL);"
    "CREATE TABLE request(number INTEGER PRIMARY KEY AUTOINCREMENT,frame BLOB NOT NULL);"
    "PRAGMA user_version=1;",

    "ALTER TABLE identity ADD COLUMN key BLOB NOT NULL DEFAULT x'';"
    "ALTER TABLE event ADD COLUMN detail INTEGER;"
    "ALTER TABLE event ADD COLUMN mention INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE event ADD COLUMN actor INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE event ADD COLUMN vanished INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE cursor ADD COLUMN recalled INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE outbox ADD COLUMN detail INTEGER;"
    "ALTER TABLE outbox ADD COLUMN refers INTEGER NOT NULL DEFAULT 0;"
    "UPDATE cursor SET recalled=coalesce((SELECT max(seq) FROM event e WHERE"
    " e.conversation=cursor.conversation AND e.origin=cursor.origin AND e.seq<=stored AND kind=2),"
    " 0);"
    "PRAGMA user_version=2;",

    ("CREATE TABLE search(number INTEGER PRIMARY KEY,entries BLOB NOT NULL);"
     "PRAGMA user_version=3;"),

    /* Who is in a conversation from before is told by the next list; until then they all are. */
    "ALTER TABLE conversation ADD COLUMN role INTEGER NOT NULL DEFAULT 4;"
    "ALTER TABLE conversation ADD COLUMN role_seq INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE conversation ADD COLUMN activity INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE conversation ADD COLUMN activity_seq INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE conversation ADD COLUMN preview_seq INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE conversation ADD COLUMN listing INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE conversation ADD COLUMN muted INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE conversation ADD COLUMN pinned INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE conversation ADD COLUMN hiding INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE conversation ADD COLUMN hidden_seq INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE event ADD COLUMN own INTEGER NOT NULL DEFAULT 0;"
    "UPDATE event SET own=1 WHERE kind=1 AND sender=(SELECT user FROM identity);"
    "UPDATE conversation SET"
    " activity_seq=coalesce((SELECT max(seq) FROM event WHERE conversation=id AND origin=1 AND"
    "  kind=1),0),"
    " preview_seq=coalesce((SELECT max(seq) FROM event WHERE conversation=id AND origin=1 AND"
    "  kind=1 AND vanished=0),0);"
    "UPDATE conversation SET activity=coalesce((SELECT time<<16 FROM event WHERE conversation=id "
    "AND"
    " origin=1 AND seq=activity_seq),0);"
    "CREATE INDEX event_unread ON event(conversation,origin,seq,mention)"
    " WHERE kind=1 AND state=1 AND own=0;"
    "PRAGMA user_version=4;",

    "CREATE TABLE place(conversation TEXT,origin INTEGER,user TEXT,stored INTEGER NOT NULL,"
    " displayed INTEGER NOT NULL,joined INTEGER NOT NULL,PRIMARY KEY(conversation,origin,user))"
    " WITHOUT ROWID;"
    "CREATE TABLE audience(conversation TEXT,origin INTEGER,seq INTEGER NOT NULL,"
    " is_large INTEGER NOT NULL,PRIMARY KEY(conversation,origin)) WITHOUT ROWID;"
    "PRAGMA user_version=5;",

    "CREATE TABLE attachment(number INTEGER PRIMARY KEY,conversation TEXT NOT NULL,"
    " sender TEXT NOT NULL,message_id BLOB NOT NULL,path TEXT NOT NULL,is_due INTEGER NOT NULL,"
    " UNIQUE(conversation,sender,message_id,path));"
    "CREATE INDEX attachment_due ON attachment(conversation) WHERE is_due=1;"
    "PRAGMA user_version=6;",

    ("ALTER TABLE conversation ADD COLUMN settings BLOB NOT NULL DEFAULT x'';"
     "ALTER TABLE conversation ADD COLUMN silenced INTEGER NOT NULL DEFAULT 0;"
     "PRAGMA user_version=7;"),

    /* A device of before was in step once. What is stored begins with the first event: those before
     * it were deleted to make room. */
    ("ALTER TABLE identity ADD COLUMN synced INTEGER NOT NULL DEFAULT 0;"
     "UPDATE identity SET synced=1;"
     "ALTER TABLE cursor ADD COLUMN begin INTEGER NOT NULL DEFAULT 1;"
     "UPDATE cursor SET begin=coalesce((SELECT min(seq) FROM event e"
     " WHERE e.conversation=cursor.conversation AND e.origin=cursor.origin),stored+1);"
     "CREATE TABLE span(conversation TEXT,origin INTEGER,first INTEGER NOT NULL,"
     " last INTEGER,PRIMARY KEY(conversation,origin,last)) WITHOUT ROWID;"
     "PRAGMA user_version=8;"),
};

enum { SCHEMA_VERSION = sizeof(schema_steps) / sizeof(schema_steps[0]) };

/* What follows the SQL of a step, in its transaction. */
static void (*const schema_fills[SCHEMA_VERSION])(struct database *database) = {
    [2] = database_index_all,
};

void database_execute(struct database *database, const char *sql)
{
    if (!database_has_failed(database) &&
        sqlite3_exec(database->sqlite, sql, NULL, NULL, NULL) != SQLITE_OK)
        database_fail(database);
}

void database_query(struct database *database, const char *sql, sqlite3_stmt **statement)
{
    *statement = NULL;
    if (!database_has_failed(database) &&
        sqlite3_prepare_v2(database->sqlite, sql, -1, statement, NULL) != SQLITE_OK)
        database_fail(database);
}

static uint64_t database_version(struct database *database)
{
    sqlite3_stmt *statement;
    database_query(database, "PRAGMA user_version", &statement);
    uint64_t version = database_step(database, statement) ? column_number(statement, 0) : 0;
    sqlite3_finalize(statement);
    return version;
}

void database_upgrade(struct database *database)
{
    uint64_t version = database_version(database);
    if (!database_has_failed(database) && version > SCHEMA_VERSION)
        failure_set(&database->failure, STATUS_VERSION,
                    "The database %s was made by a newer version (its schema is %llu, this version "
                    "knows %d); update libunsay, or choose another state directory.",
                    database->path, (unsigned long long)version, SCHEMA_VERSION);
    for (; version < SCHEMA_VERSION && !database_has_failed(database); version++) {
        database_execute(database, "BEGIN EXCLUSIVE");
        database_execute(database, schema_steps[version]);
        if (schema_fills[version] != NULL)
            schema_fills[version](database);
        database_execute(database, "COMMIT");
    }
}
