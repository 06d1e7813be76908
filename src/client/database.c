#include "client/database_internal.h"

#include "base/memory.h"
#include "client/directory.h"

#include <assert.h>
#include <dirent.h>
#include <time.h>
#include <unistd.h>

static const char settings_sql[] = "PRAGMA locking_mode=EXCLUSIVE;"
                                   "PRAGMA journal_mode=WAL;"
                                   "PRAGMA synchronous=FULL;"
                                   "PRAGMA secure_delete=ON;"
                                   "PRAGMA temp_store=MEMORY;";

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
        if (strcmp(user, database->user) != 0 || strcmp(device, database->device) != 0)
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

static void database_connect(struct database *database)
{
    if (sqlite3_open_v2(database->path, &database->sqlite,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX |
                            SQLITE_OPEN_EXRESCODE,
                        NULL) != SQLITE_OK) {
        database_fail(database);
        return;
    }
    database_execute(database, settings_sql);
    if (!database_has_failed(database) &&
        !search_tokenizer_init(&database->tokenizer, database->sqlite))
        failure_set(&database->failure, STATUS_UNSUPPORTED,
                    "SQLite on this machine has no full-text search; install a build with FTS5.");
    database_upgrade(database);
    database_check_identity(database);
    database_outbox_count_again(database);
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
    char suffix[64];
    snprintf(suffix, sizeof(suffix), ".damaged-%lld",
             (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000);
    char *aside = path_join(database->path, suffix);
    database_disconnect(database);
    file_rename(database->path, aside, "-wal");
    file_rename(database->path, aside, "");
    database->is_damaged = false;
    database->failure = (struct failure){STATUS_OK, ""};
    database_connect(database);
    if (!database_has_failed(database))
        database_salvage(database, aside);
    free(aside);
}

enum status database_open(const char *directory, const char *user, const char *device,
                          struct database **result, struct failure *failure)
{
    int lock;
    enum status status = directory_hold(directory, &lock, failure);
    if (status != STATUS_OK)
        return status;
    struct database *database = memory_new(sizeof(*database));
    pthread_mutex_init(&database->lock, NULL);
    database->directory = memory_copy(directory, strlen(directory));
    database->path = path_join(directory, "/unsay.db");
    database->user = memory_copy(user, strlen(user));
    database->device = memory_copy(device, strlen(device));
    database->directory_lock = lock;

    database_enter(database);
    database_connect(database);
    if (database->failure.status == STATUS_CORRUPT)
        database_replace(database);
    status = database_leave(database, failure);
    if (status != STATUS_OK) {
        database_close(database);
        return status;
    }
    *result = database;
    return STATUS_OK;
}

void database_close(struct database *database)
{
    if (database == NULL)
        return;
    if (database->needs_scrub && database_scrub(database) != STATUS_OK)
        database->needs_scrub = false; /* the next open empties the log */
    database_disconnect(database);
    directory_release(database->directory_lock);
    pthread_mutex_destroy(&database->lock);
    free(database->directory);
    free(database->path);
    free(database->user);
    free(database->device);
    free(database);
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

static void database_remove_damaged(const struct database *database)
{
    DIR *directory = opendir(database->directory);
    if (directory == NULL)
        return;
    static const char prefix[] = "unsay.db.damaged-";
    for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        if (strncmp(entry->d_name, prefix, sizeof(prefix) - 1) == 0)
            unlinkat(dirfd(directory), entry->d_name, 0);
    }
    closedir(directory);
}

enum status database_scrub(struct database *database)
{
    database_enter(database);
    database_empty_log(database);
    if (!database_has_failed(database)) {
        database_remove_damaged(database);
        database->needs_scrub = false;
    }
    return database_leave(database, NULL);
}
