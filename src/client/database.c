#include "client/database_internal.h"

#include "base/memory.h"
#include "client/database_page.h"
#include "client/database_state.h"
#include "client/directory.h"
#include "core/ids.h"

#include <assert.h>
#include <time.h>
#include <unistd.h>

/* A file of more pages could have overflow pages that begin as those of a b-tree do: see
 * database_file.h. */
static const char settings_sql[] = "PRAGMA locking_mode=EXCLUSIVE;"
                                   "PRAGMA page_size=4096;"
                                   "PRAGMA max_page_count=16777215;"
                                   "PRAGMA synchronous=FULL;"
                                   "PRAGMA secure_delete=ON;"
                                   "PRAGMA temp_store=MEMORY;"
                                   "PRAGMA cell_size_check=ON;"
                                   "PRAGMA trusted_schema=OFF;";

void database_enter(struct database *database)
{
    pthread_mutex_lock(&database->lock);
    database->failure = (struct failure){STATUS_OK, ""};
}

enum status database_leave(struct database *database, struct failure *failure)
{
    enum status status = database->failure.status;
    if (failure != NULL)
        *failure = database->failure;
    pthread_mutex_unlock(&database->lock);
    return status;
}

void database_begin(struct database *database)
{
    database_enter(database);
    database->counts_before = database->counts;
    database_run(database, database_statement(database, STATEMENT_BEGIN));
}

void database_begin_unsynced(struct database *database)
{
    database_enter(database);
    database->is_unsynced = true;
    database->counts_before = database->counts;
    database_execute(database, "PRAGMA synchronous=NORMAL");
    database_run(database, database_statement(database, STATEMENT_BEGIN));
}

/* Cannot fail: it only sets a flag. */
static void database_sync_again(struct database *database)
{
    if (database->is_unsynced && database->sqlite != NULL)
        sqlite3_exec(database->sqlite, "PRAGMA synchronous=FULL", NULL, NULL, NULL);
    database->is_unsynced = false;
}

enum status database_commit(struct database *database, struct failure *failure)
{
    database_index_commit(database);
    database_run(database, database_statement(database, STATEMENT_COMMIT));
    if (database_has_failed(database)) {
        database->counts = database->counts_before;
        if (database->sqlite != NULL && sqlite3_get_autocommit(database->sqlite) == 0)
            sqlite3_exec(database->sqlite, "ROLLBACK", NULL, NULL, NULL);
    }
    database_sync_again(database);
    return database_leave(database, failure);
}

/* The directory's owner: written once, then compared. */
static void database_check_identity(struct database *database)
{
    struct arena arena;
    arena_init(&arena);
    sqlite3_stmt *statement;
    database_query(database, "SELECT user,device FROM identity", &statement);
    if (database_step(database, statement)) {
        const char *user = column_text(statement, 0, &arena);
        const char *device = column_text(statement, 1, &arena);
        if (!id_is_user(view_of(user)) || !id_is_device(view_of(device)))
            database_damage(database);
        else if (strcmp(user, database->user) != 0 || strcmp(device, database->device) != 0)
            failure_set(&database->failure, STATUS_UNTRUSTED,
                        "The state directory %s belongs to user %s, device %s; choose another "
                        "directory for user %s, device %s.",
                        database->directory, user, device, database->user, database->device);
        sqlite3_finalize(statement);
    } else {
        sqlite3_finalize(statement);
        database_query(database, "INSERT INTO identity(user,device,store) VALUES(?,?,zeroblob(16))",
                       &statement);
        bind_text(statement, 1, view_of(database->user));
        bind_text(statement, 2, view_of(database->device));
        database_step(database, statement);
        sqlite3_finalize(statement);
    }
    arena_fini(&arena);
}

/* Older copies of pages may be left from a process that died before its scrub. */
static void database_empty_log(struct database *database)
{
    if (!database_has_failed(database) &&
        sqlite3_wal_checkpoint_v2(database->sqlite, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL) !=
            SQLITE_OK)
        database_fail(database);
}

/* There is a journal only until there is a log; an encrypted database has it in memory. */
static void database_set_log(struct database *database)
{
    sqlite3_stmt *statement;
    database_query(database, "PRAGMA journal_mode", &statement);
    bool has_log = database_step(database, statement) &&
                   strcmp((const char *)sqlite3_column_text(statement, 0), "wal") == 0;
    sqlite3_finalize(statement);
    if (!has_log && database->cipher != NULL)
        database_execute(database, "PRAGMA journal_mode=MEMORY");
    database_execute(database, "PRAGMA journal_mode=WAL");
}

static void database_connect(struct database *database)
{
    if (database->files == NULL)
        database->files = file_system_new(database->cipher);
    if (sqlite3_open_v2(database->path, &database->sqlite,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX |
                            SQLITE_OPEN_EXRESCODE,
                        file_system_name(database->files)) != SQLITE_OK) {
        database_fail(database);
        return;
    }
    database_execute(database, settings_sql);
    database_set_log(database);
    if (!database_has_failed(database) &&
        !search_tokenizer_init(&database->tokenizer, database->sqlite))
        failure_set(&database->failure, STATUS_UNSUPPORTED,
                    "SQLite on this machine has no full-text search; install a build with FTS5.");
    database_upgrade(database);
    database_check_identity(database);
    database_outbox_count_again(database);
    attachments_load(database);
    database->evictable_count = 0;
    database->evict_at_pages = 0;
    database_empty_log(database);
    database->is_connected = !database_has_failed(database);
}

static void database_disconnect(struct database *database)
{
    for (size_t i = 0; i < STATEMENT_COUNT; i++)
        sqlite3_finalize(database->statements[i]);
    memset(database->statements, 0, sizeof(database->statements));
    search_tokenizer_fini(&database->tokenizer);
    database_index_reset(database);
    int result = sqlite3_close(database->sqlite);
    assert(result == SQLITE_OK);
    database->sqlite = NULL;
    database->is_connected = false;
}

static char *path_join(const char *path, const char *rest)
{
    size_t size = strlen(path) + strlen(rest) + 1;
    char *joined = memory_new(size);
    snprintf(joined, size, "%s%s", path, rest);
    return joined;
}

static void file_rename(const char *from, const char *to, const char *suffix)
{
    char *old_path = path_join(from, suffix);
    char *new_path = path_join(to, suffix);
    rename(old_path, new_path);
    free(old_path);
    free(new_path);
}

/* Begins a new file in the place of a damaged one; what can be read of the old outbox comes along.
 */
static void database_replace(struct database *database)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    struct database_damage *damage = memory_new(sizeof(*damage));
    snprintf(damage->path, sizeof(damage->path), "%s.damaged-%lld", database->path,
             (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000);
    database_disconnect(database);
    file_rename(database->path, damage->path, "-wal");
    file_rename(database->path, damage->path, "");
    database->is_damaged = false;
    database->failure = (struct failure){STATUS_OK, ""};
    database_connect(database);
    if (!database_has_failed(database))
        database_salvage(database, damage);
    free(database->damage);
    database->damage = damage;
}

bool database_take_damage(struct database *database, struct database_damage *damage)
{
    pthread_mutex_lock(&database->lock);
    bool is_there = database->damage != NULL;
    if (is_there)
        *damage = *database->damage;
    free(database->damage);
    database->damage = NULL;
    pthread_mutex_unlock(&database->lock);
    return is_there;
}

/* Files that go with messages are known as long as the database can be read; it goes last. */
static enum status database_finish_wipe(struct database *database, int directory,
                                        const uint8_t *key, struct failure *failure)
{
    enum status status = STATUS_OK;
    database_enter(database);
    if (state_cipher(directory, database->path, key, &database->cipher, NULL) == STATUS_OK) {
        database_connect(database);
        if (database->is_connected)
            status = attachments_wipe(database, failure);
        database_disconnect(database);
    }
    database_leave(database, NULL);
    database->is_damaged = database->needs_scrub = false;
    file_system_free(database->files);
    database->files = NULL;
    cipher_free(database->cipher);
    database->cipher = NULL;
    return status == STATUS_OK ? state_wipe(directory, failure) : status;
}

/* What an earlier process left unfinished, then the cipher; CORRUPT when only a new file can be
 * begun. */
static enum status database_prepare(struct database *database, const uint8_t *key,
                                    struct failure *failure)
{
    int directory = directory_open(database->directory);
    if (directory < 0)
        return failure_set(failure, STATUS_IO, "The state directory %s cannot be opened.",
                           database->directory);
    enum status status = STATUS_OK;
    if (state_kind(directory) == STATE_WIPING)
        status = database_finish_wipe(database, directory, key, failure);
    if (status == STATUS_OK)
        status = state_clean(directory, failure);
    if (status == STATUS_OK)
        status = state_cipher(directory, database->path, key, &database->cipher, failure);
    close(directory);
    return status;
}

enum status database_open(const struct database_options *options, struct database **result,
                          struct failure *failure)
{
    int lock;
    enum status status = directory_hold(options->directory, &lock, failure);
    if (status != STATUS_OK)
        return status;
    struct database *database = memory_new(sizeof(*database));
    pthread_mutex_init(&database->lock, NULL);
    database->directory = memory_copy(options->directory, strlen(options->directory));
    database->path = path_join(options->directory, "/unsay.db");
    database->user = memory_copy(options->user, strlen(options->user));
    database->device = memory_copy(options->device, strlen(options->device));
    database->directory_lock = lock;
    if (options->attachment_directory != NULL)
        database->attachment_directory =
            memory_copy(options->attachment_directory, strlen(options->attachment_directory));
    if (options->size_limit_bytes != 0)
        database->pages_max =
            (options->size_limit_bytes > LIMIT_DATABASE_BYTES_MIN ? options->size_limit_bytes
                                                                  : LIMIT_DATABASE_BYTES_MIN) /
            DATABASE_PAGE_BYTES;

    status = database_prepare(database, options->key, failure);
    if (status == STATUS_OK || status == STATUS_CORRUPT) {
        database_enter(database);
        if (status == STATUS_OK)
            database_connect(database);
        if (status == STATUS_CORRUPT || database->failure.status == STATUS_CORRUPT)
            database_replace(database);
        status = database_leave(database, failure);
    }
    if (status != STATUS_OK) {
        database_close(database);
        return status;
    }
    *result = database;
    return STATUS_OK;
}

static void database_free(struct database *database)
{
    file_system_free(database->files);
    cipher_free(database->cipher);
    directory_release(database->directory_lock);
    pthread_mutex_destroy(&database->lock);
    free(database->directory);
    free(database->path);
    free(database->user);
    free(database->device);
    free(database->damage);
    free(database->attachment_directory);
    free(database->evictable);
    free(database);
}

void database_close(struct database *database)
{
    if (database == NULL)
        return;
    if (database->needs_scrub && database_scrub(database) != STATUS_OK)
        database->needs_scrub = false; /* the next open empties the log */
    database_disconnect(database);
    database_free(database);
}

enum status database_wipe(struct database *database, struct failure *failure)
{
    int directory = directory_open(database->directory);
    enum status status = STATUS_OK;
    if (directory < 0)
        status = failure_set(failure, STATUS_IO, "The state directory %s cannot be opened.",
                             database->directory);
    else
        status = state_mark_wipe(directory, failure);
    database_enter(database);
    if (status == STATUS_OK)
        status = attachments_wipe(database, failure);
    database_leave(database, NULL);
    database_disconnect(database);
    if (status == STATUS_OK)
        status = state_wipe(directory, failure);
    if (directory >= 0)
        close(directory);
    database_free(database);
    return status;
}

enum status database_repair(struct database *database, struct failure *failure)
{
    database_enter(database);
    if (database->is_damaged) {
        database_replace(database);
    } else if (!database->is_connected) {
        database_disconnect(database);
        database_connect(database);
    }
    return database_leave(database, failure);
}

bool database_needs_scrub(struct database *database)
{
    pthread_mutex_lock(&database->lock);
    bool needs_scrub = database->needs_scrub;
    pthread_mutex_unlock(&database->lock);
    return needs_scrub;
}

/* They hold bodies too. */
static void database_remove_damaged(struct database *database)
{
    int directory = directory_open(database->directory);
    if (directory < 0 ||
        directory_shred_all(directory, "unsay.db.damaged-", &database->failure) != STATUS_OK)
        database->needs_scrub = true;
    if (directory >= 0)
        close(directory);
}

enum status database_scrub(struct database *database)
{
    database_enter(database);
    database_empty_log(database);
    if (!database_has_failed(database)) {
        database->needs_scrub = false;
        database_remove_damaged(database);
    }
    return database_leave(database, NULL);
}
