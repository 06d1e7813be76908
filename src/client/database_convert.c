/* Changing the key: of an encrypted database by sealing its data key anew, between plain and
 * encrypted by a copy that takes the place of the file. */
#include "client/database_file.h"
#include "client/database_state.h"
#include "client/directory.h"

#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

struct conversion {
    const char *path; /* of the directory */
    int directory;
    struct cipher *from;
    struct cipher *to;
    struct failure *failure;
};

static enum status convert_failure(sqlite3 *sqlite, struct failure *failure)
{
    return failure_set(failure,
                       sqlite3_errcode(sqlite) == SQLITE_FULL ? STATUS_NO_SPACE : STATUS_IO,
                       "The local database cannot be copied: %s.", sqlite3_errmsg(sqlite));
}

static enum status convert_open(const struct conversion *conversion, const char *name,
                                struct file_system *files, const char *settings, sqlite3 **sqlite)
{
    size_t size = strlen(conversion->path) + strlen(name) + 2;
    char *path = memory_new(size);
    snprintf(path, size, "%s/%s", conversion->path, name);
    int result = sqlite3_open_v2(path, sqlite, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
                                 file_system_name(files));
    free(path);
    if (result == SQLITE_OK)
        result = sqlite3_exec(*sqlite, settings, NULL, NULL, NULL);
    return result == SQLITE_OK ? STATUS_OK : convert_failure(*sqlite, conversion->failure);
}

static enum status convert_pages(sqlite3 *from, sqlite3 *to, struct failure *failure)
{
    sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");
    if (backup == NULL)
        return convert_failure(to, failure);
    sqlite3_backup_step(backup, -1);
    return sqlite3_backup_finish(backup) == SQLITE_OK ? STATUS_OK : convert_failure(to, failure);
}

/* The log is empty afterwards, and gone. */
static enum status convert_copy(const struct conversion *conversion)
{
    struct file_system *from_files = file_system_new(conversion->from);
    struct file_system *to_files = file_system_new(conversion->to);
    sqlite3 *from = NULL;
    sqlite3 *to = NULL;
    enum status status = convert_open(conversion, "unsay.db", from_files,
                                      "PRAGMA locking_mode=EXCLUSIVE;PRAGMA temp_store=MEMORY;"
                                      "PRAGMA secure_delete=ON;PRAGMA wal_checkpoint(TRUNCATE);",
                                      &from);
    if (status == STATUS_OK)
        status = convert_open(conversion, "unsay.db.new", to_files,
                              "PRAGMA page_size=4096;PRAGMA locking_mode=EXCLUSIVE;"
                              "PRAGMA journal_mode=OFF;PRAGMA synchronous=FULL;"
                              "PRAGMA temp_store=MEMORY;",
                              &to);
    if (status == STATUS_OK)
        status = convert_pages(from, to, conversion->failure);
    sqlite3_close(to);
    sqlite3_close(from);
    file_system_free(to_files);
    file_system_free(from_files);
    return status;
}

static bool file_sync(int directory, const char *name)
{
    int file = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    bool is_synced = file >= 0 && fsync(file) == 0;
    if (file >= 0)
        close(file);
    return is_synced;
}

/* The old file keeps a name until it is overwritten. */
static enum status convert_replace(const struct conversion *conversion)
{
    int directory = conversion->directory;
    if (!file_sync(directory, "unsay.db.new") ||
        linkat(directory, "unsay.db", directory, "unsay.db.old", 0) != 0 ||
        renameat(directory, "unsay.db.new", directory, "unsay.db") != 0 || fsync(directory) != 0)
        return failure_set(conversion->failure, STATUS_IO,
                           "The local database cannot be replaced: %s.", strerror(errno));
    return directory_shred(directory, "unsay.db.old", conversion->failure);
}

static enum status convert(const struct conversion *conversion)
{
    enum status status = convert_copy(conversion);
    if (status == STATUS_OK)
        status = convert_replace(conversion);
    if (status == STATUS_OK)
        status =
            directory_shred_all(conversion->directory, "unsay.db.damaged-", conversion->failure);
    return status;
}

static enum status change_key(struct conversion *conversion, const uint8_t *old_key,
                              const uint8_t *new_key)
{
    struct failure *failure = conversion->failure;
    enum status status = state_clean(conversion->directory, failure);
    if (status == STATUS_OK && state_kind(conversion->directory) == STATE_NONE)
        status = failure_set(failure, STATUS_NOT_FOUND, "There is no local database in %s.",
                             conversion->path);
    if (status == STATUS_OK)
        status = state_cipher(conversion->directory, conversion->path, old_key, &conversion->from,
                              failure);
    if (status != STATUS_OK || (old_key == NULL && new_key == NULL))
        return status;
    if (old_key != NULL && new_key != NULL) {
        cipher_change_key(conversion->from, new_key);
        return state_write_key(conversion->directory, conversion->from, failure);
    }
    conversion->to = new_key == NULL ? NULL : cipher_new(new_key);
    return convert(conversion);
}

enum status state_change_key(const char *path, const uint8_t *old_key, const uint8_t *new_key,
                             struct failure *failure)
{
    int lock;
    struct conversion conversion = {.path = path, .failure = failure};
    conversion.directory = directory_open(path);
    if (conversion.directory < 0)
        return failure_set(failure, STATUS_NOT_FOUND, "There is no state directory %s: %s.", path,
                           strerror(errno));
    enum status status = directory_hold(path, &lock, failure);
    if (status == STATUS_OK) {
        status = change_key(&conversion, old_key, new_key);
        directory_release(lock);
    }
    cipher_free(conversion.from);
    cipher_free(conversion.to);
    close(conversion.directory);
    return status;
}
