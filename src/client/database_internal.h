/* Shared by the files of the database. */
#ifndef UNSAY_CLIENT_DATABASE_INTERNAL_H
#define UNSAY_CLIENT_DATABASE_INTERNAL_H

#include "base/limits.h"
#include "client/database.h"
#include "client/database_file.h"
#include "client/search_entry.h"

#include <pthread.h>
#include <sqlite3.h>

#define EVENT_COLUMNS                                                                     \
    "conversation,origin,seq,kind,time,message_id,sender,device,content_type,state,body," \
    "operator,reason,recall_time,target_origin,target_seq,detail,mention,actor,vanished,own"

#define CONVERSATION_COLUMNS                                                                   \
    "id,type,name,peer,role,muted,pinned,hiding,hidden_seq,activity,activity_seq,preview_seq," \
    "settings,silenced"

/* A conversation that may have something to evict. */
struct evictable {
    char conversation[LIMIT_CONVERSATION_ID_BYTES_MAX + 1];
    uint32_t origin;
};

enum statement {
#define STATEMENT(name, sql) STATEMENT_##name,
#include "client/statement.def"
#undef STATEMENT
    STATEMENT_COUNT
};

struct database_counts {
    size_t all; /* entries of the outbox */
    size_t sending;
    uint64_t last_number; /* the highest number ever given out */
};

struct database {
    pthread_mutex_t lock;
    char *directory;
    char *path;
    char *user;
    char *device;
    int directory_lock;
    struct cipher *cipher; /* NULL: not encrypted */
    struct file_system *files;
    sqlite3 *sqlite;
    sqlite3_stmt *statements[STATEMENT_COUNT];
    struct failure failure; /* the first one since the lock was taken */
    struct database_counts counts;
    struct database_counts counts_before; /* what a rollback goes back to */
    struct search_tokenizer tokenizer;
    struct search_terms terms; /* of the message that was indexed last */
    struct buffer index;       /* entries that the transaction has not written yet */
    uint64_t index_number;     /* of the body of the first of them */
    bool is_connected;         /* the schema is there and checked */
    bool is_unsynced;          /* the transaction */
    bool is_damaged;
    bool needs_scrub;
    struct database_damage *damage; /* NULL: nothing to tell */
    char *attachment_directory;     /* NULL: none */
    bool has_due;                   /* see database_has_due */
    uint64_t pages_max;             /* 0: no limit */
    int holds;                      /* see database_hold */
    uint64_t evict_at_pages;        /* when it makes sense to look again */
    struct evictable *evictable;    /* what is looked at next, the last first */
    size_t evictable_count;
};

/* Takes the lock and forgets earlier failures; _leave returns what failed since, and unlocks. */
void database_enter(struct database *database);
enum status database_leave(struct database *database, struct failure *failure);

static inline bool database_has_failed(const struct database *database)
{
    return database->failure.status != STATUS_OK;
}

/* The schema of this version, made or brought up to date. */
void database_upgrade(struct database *database);

/* For what runs once: no rows, or rows of a statement that the caller finalizes. */
void database_execute(struct database *database, const char *sql);
void database_query(struct database *database, const char *sql, sqlite3_stmt **statement);

/* Keeps SQLite's current error as the failure, unless there is one already. */
void database_fail(struct database *database);

/* Ready to bind; NULL when something has failed, which every function of SQLite takes. */
sqlite3_stmt *database_statement(struct database *database, enum statement statement);

/* Steps: true for a row. Keeps a failure. */
bool database_step(struct database *database, sqlite3_stmt *statement);

/* Steps a statement that returns no rows, and resets it; the number of rows changed. */
int database_run(struct database *database, sqlite3_stmt *statement);

/* After the last row was looked at. */
void database_done(sqlite3_stmt *statement);

void bind_text(sqlite3_stmt *statement, int at, struct view text);
void bind_bytes(sqlite3_stmt *statement, int at, struct view bytes);
void bind_number(sqlite3_stmt *statement, int at, uint64_t number);

/* Copies into the arena. */
struct view column_bytes(sqlite3_stmt *statement, int at, struct arena *arena);
const char *column_text(sqlite3_stmt *statement, int at, struct arena *arena);
uint64_t column_number(sqlite3_stmt *statement, int at);

/* The two tables of bodies: see database.h. */
enum body_table { BODY_EVENT, BODY_OUTBOX };

/* Appends; the number, 0 after a failure. Nothing for no bytes at all: {NULL, 0}. */
uint64_t body_put(struct database *database, enum body_table table, struct view bytes);

/* Writes zeros over the body where it lies; number 0 is none. */
void body_erase(struct database *database, enum body_table table, uint64_t number);

/* In the arena and followed by a NUL; {NULL, 0} after a failure and for number 0. */
struct view body_read(struct database *database, enum body_table table, uint64_t number,
                      struct arena *arena);

/* As body_read, and nothing where there are more bytes than that. */
struct view body_read_at_most(struct database *database, enum body_table table, uint64_t number,
                              size_t bytes_max, struct arena *arena);

/* A row of EVENT_COLUMNS; without a body of more than `body_bytes_max`. */
void event_read(struct database *database, sqlite3_stmt *statement, size_t body_bytes_max,
                struct arena *arena, struct unsay_event *event);

/* ---- database_conversation.c ---- */

/* What an event that was stored just now changes in the list of conversations. */
void database_conversation_meet(struct database *database, const wire_event *event);

/* A message that was the preview vanished. */
void database_conversation_vanish(struct database *database, struct view conversation,
                                  uint32_t origin, uint64_t seq);

/* An event with this message id is stored, or its body was erased just now (`is_recalled`): an
 * entry of the outbox that is the same message may leave. True when one left that had failed. */
bool database_outbox_met(struct database *database, const uint8_t message_id[UUID_BYTES],
                         bool is_recalled);

/* ---- database_span.c ---- */

/* What lies up to `last` is not stored any more. */
void database_span_evict(struct database *database, struct view conversation, uint32_t origin,
                         uint64_t last);

/* ---- database_index.c ---- */

/* A text message with the body of this number was stored; numbers ascend. */
void database_index(struct database *database, const struct search_key *key, uint64_t number,
                    struct view text);

/* Its body is erased. Nothing when it is not indexed. */
void database_unindex(struct database *database, const struct search_key *key, uint64_t number);

/* The conversation's messages up to seq `last` are deleted; one of them had the body of this
 * number. Takes them all out of the row that has its entry, unless that is row `done`, and returns
 * the row. */
uint64_t database_unindex_range(struct database *database, struct view conversation,
                                uint32_t origin, uint64_t last, uint64_t number, uint64_t done);

/* Indexes what is stored; for an upgrade. */
void database_index_all(struct database *database);

/* Writes what the transaction gathered, or forgets it. */
void database_index_commit(struct database *database);
void database_index_reset(struct database *database);

/* The file holds what was never written: a failure, after which database_repair begins a new one.
 */
void database_damage(struct database *database);

/* ---- database_attachment.c: the message is not here any more, so its files are due ---- */

void attachments_recall(struct database *database, struct view conversation, const char *sender,
                        const uint8_t message_id[UUID_BYTES]);
void attachments_recall_seq(struct database *database, struct view conversation, uint32_t origin,
                            uint64_t seq);
void attachments_recall_outbox(struct database *database, const struct uuid *message_id);
void attachments_evict(struct database *database, struct view conversation, uint32_t origin,
                       uint64_t last);
void attachments_forget(struct database *database);

/* Whether any is due. */
void attachments_load(struct database *database);

/* Removes all files, due or not, and keeps the first failure. */
enum status attachments_wipe(struct database *database, struct failure *failure);

/* Carries over what can be read of a damaged file's outbox and requests, and counts it. */
void database_salvage(struct database *database, struct database_damage *damage);

/* Brings the counts of the outbox up to date. */
void database_outbox_count_again(struct database *database);

#endif
