/* Files that go with messages. They are removed after the transaction that made them due, and only
 * then forgotten: so a process that dies in between removes them at its next start. */
#include "client/database_internal.h"

#include "client/attachment.h"
#include "client/directory.h"

#include <unistd.h>

enum { REMOVED_AT_ONCE = 64 };

static void attachments_mark(struct database *database, sqlite3_stmt *statement)
{
    if (database_run(database, statement) > 0)
        database->has_due = true;
}

void attachments_recall(struct database *database, struct view conversation, const char *sender,
                        const uint8_t message_id[UUID_BYTES])
{
    sqlite3_stmt *statement = database_statement(database, STATEMENT_ATTACHMENT_RECALLED);
    bind_text(statement, 1, conversation);
    bind_text(statement, 2, view_of(sender));
    bind_bytes(statement, 3, view_make(message_id, UUID_BYTES));
    attachments_mark(database, statement);
}

void attachments_recall_seq(struct database *database, struct view conversation, uint32_t origin,
                            uint64_t seq)
{
    sqlite3_stmt *statement = database_statement(database, STATEMENT_ATTACHMENT_RECALLED_SEQ);
    bind_text(statement, 1, conversation);
    bind_number(statement, 2, origin);
    bind_number(statement, 3, seq);
    attachments_mark(database, statement);
}

void attachments_recall_outbox(struct database *database, const struct uuid *message_id)
{
    sqlite3_stmt *statement = database_statement(database, STATEMENT_ATTACHMENT_RECALLED_OUTBOX);
    bind_bytes(statement, 1, uuid_view(message_id));
    bind_text(statement, 2, view_of(database->user));
    attachments_mark(database, statement);
}

void attachments_evict(struct database *database, struct view conversation, uint32_t origin,
                       uint64_t last)
{
    sqlite3_stmt *statement = database_statement(database, STATEMENT_ATTACHMENT_EVICTED);
    bind_text(statement, 1, conversation);
    bind_number(statement, 2, origin);
    bind_number(statement, 3, last);
    attachments_mark(database, statement);
}

void attachments_forget(struct database *database)
{
    sqlite3_stmt *statement = database_statement(database, STATEMENT_ATTACHMENT_FORGET);
    bind_text(statement, 1, view_of(database->user));
    attachments_mark(database, statement);
}

void attachments_load(struct database *database)
{
    sqlite3_stmt *statement = database_statement(database, STATEMENT_ATTACHMENT_DUE);
    database->has_due = database_step(database, statement) && column_number(statement, 0) != 0;
    database_done(statement);
}

/* ---- Registering ---- */

/* The message that a file goes with. */
struct owner {
    struct view conversation;
    char sender[LIMIT_USER_ID_BYTES_MAX + 1];
    uint8_t message_id[UUID_BYTES];
    bool is_known;
    bool is_recalled;
};

static void owner_find(struct database *database, struct owner *owner, uint32_t origin,
                       uint64_t seq, const struct uuid *message_id)
{
    sqlite3_stmt *statement = database_statement(database, STATEMENT_ATTACHMENT_EVENT);
    bind_text(statement, 1, owner->conversation);
    bind_number(statement, 2, origin);
    bind_number(statement, 3, seq);
    bind_bytes(statement, 4, uuid_view(message_id));
    bind_text(statement, 5, view_of(database->user));
    if (database_step(database, statement) && sqlite3_column_bytes(statement, 1) == UUID_BYTES) {
        owner->is_known = true;
        owner->is_recalled = column_number(statement, 2) != UNSAY_MESSAGE_NORMAL;
        snprintf(owner->sender, sizeof(owner->sender), "%s",
                 (const char *)sqlite3_column_text(statement, 0));
        memcpy(owner->message_id, sqlite3_column_blob(statement, 1), UUID_BYTES);
    }
    database_done(statement);
}

static void owner_find_outgoing(struct database *database, struct owner *owner,
                                const struct uuid *message_id)
{
    sqlite3_stmt *statement = database_statement(database, STATEMENT_ATTACHMENT_OUTBOX);
    bind_text(statement, 1, owner->conversation);
    bind_bytes(statement, 2, uuid_view(message_id));
    if (database_step(database, statement)) {
        owner->is_known = true;
        owner->is_recalled = column_number(statement, 0) != 0;
        snprintf(owner->sender, sizeof(owner->sender), "%s", database->user);
        memcpy(owner->message_id, message_id->bytes, UUID_BYTES);
    }
    database_done(statement);
}

static uint64_t owner_count(struct database *database, const struct owner *owner, struct view path)
{
    sqlite3_stmt *statement = database_statement(database, STATEMENT_ATTACHMENT_COUNT);
    bind_text(statement, 1, owner->conversation);
    bind_text(statement, 2, view_of(owner->sender));
    bind_bytes(statement, 3, view_make(owner->message_id, UUID_BYTES));
    bind_text(statement, 4, path);
    uint64_t count = database_step(database, statement) ? column_number(statement, 0) : 0;
    database_done(statement);
    return count;
}

enum database_attached database_attach(struct database *database, struct view conversation,
                                       uint32_t origin, uint64_t seq, const struct uuid *message_id,
                                       struct view path)
{
    struct owner owner = {.conversation = conversation};
    owner_find(database, &owner, origin, seq, message_id);
    if (!owner.is_known && seq == 0)
        owner_find_outgoing(database, &owner, message_id);
    if (!owner.is_known)
        return DATABASE_ATTACHED_UNKNOWN;
    if (owner_count(database, &owner, path) >= LIMIT_ATTACHMENTS_MAX)
        return DATABASE_ATTACHED_FULL;
    sqlite3_stmt *statement = database_statement(database, STATEMENT_ATTACHMENT_PUT);
    bind_text(statement, 1, conversation);
    bind_text(statement, 2, view_of(owner.sender));
    bind_bytes(statement, 3, view_make(owner.message_id, UUID_BYTES));
    bind_text(statement, 4, path);
    bind_number(statement, 5, owner.is_recalled);
    database_run(database, statement);
    database->has_due = database->has_due || owner.is_recalled;
    return owner.is_recalled ? DATABASE_ATTACHED_TOO_LATE : DATABASE_ATTACHED;
}

/* ---- Removing ---- */

bool database_has_due(struct database *database)
{
    pthread_mutex_lock(&database->lock);
    bool has_due = database->has_due;
    pthread_mutex_unlock(&database->lock);
    return has_due;
}

void database_remove_now(struct database *database, const char *path)
{
    struct failure failure;
    attachment_remove(database->attachment_directory, path, &failure);
}

bool database_has_due_of(struct database *database, struct view conversation)
{
    database_enter(database);
    sqlite3_stmt *statement = database_statement(database, STATEMENT_ATTACHMENT_DUE_OF);
    bind_text(statement, 1, conversation);
    bool has_due = database_step(database, statement) && column_number(statement, 0) != 0;
    database_done(statement);
    return database_leave(database, NULL) != STATUS_OK || has_due;
}

struct removal {
    uint64_t number;
    struct unsay_removed file;
    struct failure failure;
};

static size_t removals_list(struct database *database, bool all, uint64_t after,
                            struct arena *arena, struct removal *removals)
{
    size_t count = 0;
    sqlite3_stmt *statement = database_statement(database, STATEMENT_ATTACHMENT_LIST);
    bind_number(statement, 1, all ? 0 : 1);
    bind_number(statement, 2, after);
    bind_number(statement, 3, REMOVED_AT_ONCE);
    while (database_step(database, statement)) {
        struct removal *removal = &removals[count++];
        *removal = (struct removal){
            .number = column_number(statement, 0),
            .file = {.conversation = column_text(statement, 1, arena),
                     .sender = column_text(statement, 2, arena),
                     .path = column_text(statement, 4, arena)},
        };
        if (sqlite3_column_bytes(statement, 3) == UUID_BYTES)
            memcpy(removal->file.message_id, sqlite3_column_blob(statement, 3), UUID_BYTES);
    }
    database_done(statement);
    return count;
}

static void removal_run(const struct database *database, struct removal *removal)
{
    attachment_remove(database->attachment_directory, removal->file.path, &removal->failure);
    removal->file.is_removed = removal->failure.status == STATUS_OK;
    removal->file.text = removal->failure.text;
}

static enum status removals_forget(struct database *database, const struct removal *removals,
                                   size_t count)
{
    database_begin(database);
    for (size_t i = 0; i < count; i++) {
        if (!removals[i].file.is_removed)
            continue;
        sqlite3_stmt *statement = database_statement(database, STATEMENT_ATTACHMENT_DELETE);
        bind_number(statement, 1, removals[i].number);
        database_run(database, statement);
    }
    return database_commit(database, NULL);
}

enum status database_remove_due(struct database *database, database_removed_fn *each, void *context)
{
    struct removal removals[REMOVED_AT_ONCE];
    struct arena arena;
    enum status status = STATUS_OK;
    enum status worst = STATUS_OK;
    size_t count = REMOVED_AT_ONCE;
    arena_init(&arena);
    for (uint64_t after = 0; count == REMOVED_AT_ONCE && status == STATUS_OK;) {
        arena_reset(&arena);
        database_enter(database);
        database->has_due = false;
        count = removals_list(database, false, after, &arena, removals);
        status = database_leave(database, NULL);
        for (size_t i = 0; i < count && status == STATUS_OK; i++) {
            removal_run(database, &removals[i]);
            after = removals[i].number;
        }
        if (count > 0 && status == STATUS_OK)
            status = removals_forget(database, removals, count);
        for (size_t i = 0; i < count && status == STATUS_OK; i++) {
            if (!removals[i].file.is_removed)
                worst = removals[i].failure.status;
            each(context, &removals[i].file);
        }
    }
    arena_fini(&arena);
    return status == STATUS_OK ? worst : status;
}

enum status attachments_wipe(struct database *database, struct failure *failure)
{
    struct removal removals[REMOVED_AT_ONCE];
    struct arena arena;
    enum status status = STATUS_OK;
    size_t count = REMOVED_AT_ONCE;
    arena_init(&arena);
    for (uint64_t after = 0; count == REMOVED_AT_ONCE;) {
        arena_reset(&arena);
        count = removals_list(database, true, after, &arena, removals);
        for (size_t i = 0; i < count; i++) {
            removal_run(database, &removals[i]);
            after = removals[i].number;
            if (!removals[i].file.is_removed && status == STATUS_OK) {
                *failure = removals[i].failure;
                status = failure->status;
            }
        }
    }
    arena_fini(&arena);
    return status;
}
