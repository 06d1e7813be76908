#include "storage/backup/restore.h"

#include "core/encode.h"
#include "storage/backup/restore_log.h"
#include "storage/backup/restore_recalls.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    RESTORE_PATH_BYTES = 4200,
    /* What was decided before the backup may have been committed after it, and clocks are set. What
     * a device sends again in vain costs it an answer. */
    LOST_MARGIN_MS = 60 * 60 * 1000,
};

static const char mark[] = "RESTORING";

/* A restore under way. */
struct restoring {
    const struct restore_request *request;
    struct restored *restored;
    int from;
    int backup;
    int data;
    struct manifest manifest;
    struct checkpoint checkpoint; /* of the newer log */
    struct uuid store_before;
};

static enum status restore_fail(struct failure *failure, const char *what, const char *path)
{
    int error = errno;
    return failure_set(failure, error == ENOSPC ? STATUS_NO_SPACE : STATUS_IO, "%s %s failed: %s",
                       what, path, strerror(error));
}

/* ---- From where, and to where ---- */

static enum status from_open(struct restoring *restoring, struct failure *failure)
{
    const struct restore_request *request = restoring->request;
    struct backup *backups;
    char name[32];
    size_t count;
    restoring->from = backup_lock(request->from, failure);
    if (restoring->from < 0)
        return failure->status;
    enum status status = backup_list(request->from, &backups, &count, failure);
    if (status != STATUS_OK)
        return status;
    const struct backup *chosen = NULL;
    for (size_t i = 0; i < count; i++)
        chosen = request->id == 0 || backups[i].id == request->id ? &backups[i] : chosen;
    if (chosen == NULL)
        status = failure_set(failure, STATUS_NOT_FOUND,
                             "there is no such backup in %s; unsay backup list tells which are",
                             request->from);
    else if (chosen->is_damaged)
        status = failure_set(failure, STATUS_CORRUPT,
                             "backup %" PRIu64 " is damaged: its manifest cannot be read; name an "
                             "earlier one with --id",
                             chosen->id);
    else
        restoring->restored->backup = *chosen;
    free(backups);
    if (status != STATUS_OK)
        return status;
    snprintf(name, sizeof(name), "%" PRIu64, restoring->restored->backup.id);
    restoring->backup = openat(restoring->from, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return restoring->backup < 0 ? restore_fail(failure, "opening the backup", name)
                                 : manifest_read(&restoring->manifest, restoring->backup, failure);
}

/* A restore is of the backup's recalls and of those since: of the latter somebody has to know. */
static enum status against_check(struct restoring *restoring, struct failure *failure)
{
    const struct restore_request *request = restoring->request;
    if (request->against != NULL)
        return restore_log_verify(restoring->backup, request->against, &restoring->checkpoint,
                                  failure);
    if (request->accepts_unknown_recalls)
        return STATUS_OK;
    return failure_set(failure, STATUS_LIMIT,
                       "what was taken back since the backup was made cannot be known from it, and "
                       "would be readable again: give the lost server's audit log with --against, "
                       "or, if it is lost too, accept that with --accept-unknown-recalls");
}

static enum status data_check_empty(const struct restoring *restoring, struct failure *failure)
{
    int fd = dup(restoring->data);
    DIR *stream = fd < 0 ? NULL : fdopendir(fd);
    bool is_empty = stream != NULL;
    if (stream == NULL)
        return restore_fail(failure, "reading", restoring->request->data);
    for (struct dirent *entry; (entry = readdir(stream)) != NULL;)
        is_empty =
            is_empty && (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
                         strcmp(entry->d_name, "lost+found") == 0);
    closedir(stream);
    return is_empty ? STATUS_OK
                    : failure_set(failure, STATUS_MALFORMED,
                                  "%s is not empty, and a restore overwrites nothing: name a new "
                                  "directory",
                                  restoring->request->data);
}

static enum status data_open(struct restoring *restoring, struct failure *failure)
{
    const char *data = restoring->request->data;
    if (mkdir(data, 0700) != 0 && errno != EEXIST)
        return restore_fail(failure, "making the directory", data);
    restoring->data = open(data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (restoring->data < 0)
        return restore_fail(failure, "opening", data);
    enum status status = data_check_empty(restoring, failure);
    if (status != STATUS_OK)
        return status;
    int fd = openat(restoring->data, mark, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool is_marked = fd >= 0 && fsync(fd) == 0 && fsync(restoring->data) == 0;
    if (fd >= 0)
        close(fd);
    return is_marked ? STATUS_OK : restore_fail(failure, "marking", data);
}

enum status restore_check_ended(const char *data, struct failure *failure)
{
    char path[RESTORE_PATH_BYTES];
    snprintf(path, sizeof(path), "%s/%s", data, mark);
    return access(path, F_OK) != 0
               ? STATUS_OK
               : failure_set(failure, STATUS_CORRUPT,
                             "data: a restore into %s did not come to its end: empty the "
                             "directory, and restore again.",
                             data);
}

/* ---- The files ---- */

static enum status files_copy(struct restoring *restoring, struct failure *failure)
{
    static const char log[] = "audit/";
    const struct restore_request *request = restoring->request;
    uint64_t of = manifest_bytes(&restoring->manifest);
    uint64_t done = 0;
    for (size_t i = 0; i < restoring->manifest.count; i++) {
        const struct manifest_file *file = &restoring->manifest.files[i];
        struct copy_facts facts;
        if (request->against != NULL && strncmp(file->path, log, strlen(log)) == 0)
            continue;
        enum status status = copy_file(restoring->backup, file->path, restoring->data, file->path,
                                       NULL, NULL, &facts, failure);
        if (status != STATUS_OK)
            return status;
        if (facts.bytes != file->facts.bytes ||
            memcmp(facts.hash, file->facts.hash, sizeof(facts.hash)) != 0)
            return failure_set(failure, STATUS_CORRUPT,
                               "%s in backup %" PRIu64 " is not as it was backed up: name an "
                               "earlier backup with --id",
                               file->path, restoring->restored->backup.id);
        done += facts.bytes;
        if (request->on_progress != NULL)
            request->on_progress(request->context, done, of);
    }
    return request->against == NULL
               ? STATUS_OK
               : restore_log_copy(request->against, &restoring->checkpoint, request->data, failure);
}

/* ---- The store ---- */

/* On record, before the recalls that are applied again. */
static enum status restore_record(const struct restoring *restoring, struct store *store,
                                  struct failure *failure)
{
    const struct restored *restored = restoring->restored;
    struct arena arena;
    struct uuid id;
    struct change change = {.kind = CHANGE_AUDIT};
    struct change_list list = {.count = 0};
    const struct change_list *lists[] = {&list};
    wire_restored told = UNSAY__V1__RESTORED__INIT;
    wire_audit_entry entry = UNSAY__V1__AUDIT_ENTRY__INIT;
    enum status status = store_get_id(store, &id);
    if (status != STATUS_OK)
        return failure_set(failure, status, "the store's id cannot be read");
    told.store_before = bytes_of(uuid_view(&restoring->store_before));
    told.store = bytes_of(uuid_view(&id));
    told.backup_time = restored->backup.time_ms;
    told.lost_from = restored->lost_from;
    told.lost_until = restored->log_entries;
    told.recalls_unknown = restoring->request->against == NULL;
    entry.kind = WIRE(AUDIT_KIND, RESTORE);
    entry.time = restoring->request->now_ms;
    entry.restored = &told;
    arena_init(&arena);
    change.bytes = encode(&entry.base, &arena);
    change_list_add(&list, &change);
    status = store_commit(store, lists, 1, failure);
    arena_fini(&arena);
    return status;
}

static enum status store_catch_up(struct restoring *restoring, struct store *store,
                                  const struct tree *tree, const struct audit_state *state,
                                  struct failure *failure)
{
    struct restored *restored = restoring->restored;
    uint64_t had = restored->backup.audit_entries;
    restored->log_entries = restored->lost_from = state->size;
    enum status status = store_get_id(store, &restoring->store_before);
    if (status != STATUS_OK)
        return failure_set(failure, status, "the store's id cannot be read: %s",
                           status_text(status));
    uint64_t time_ms = restored->backup.time_ms;
    status =
        store_begin_anew(store, time_ms > LOST_MARGIN_MS ? time_ms - LOST_MARGIN_MS : 1, failure);
    if (status == STATUS_OK)
        status = restore_log_settle(store, tree, state, had, &restored->lost_from, failure);
    if (status == STATUS_OK)
        status = restore_record(restoring, store, failure);
    if (status == STATUS_OK)
        status = restore_recalls(store, tree, had, restoring->request->now_ms, restored, failure);
    return status == STATUS_OK
               ? store_scrub(store, restoring->request->now_ms, &restored->erased, failure)
               : status;
}

static enum status store_open_and_catch_up(struct restoring *restoring, struct failure *failure)
{
    char path[RESTORE_PATH_BYTES];
    const char *data = restoring->request->data;
    struct store_options options = {.directory = path};
    struct store *store = NULL;
    struct files *files = NULL;
    struct audit_state state;
    enum status status = restore_log_state(data, &state, failure);
    snprintf(path, sizeof(path), "%s/audit", data);
    if (status == STATUS_OK)
        status = files_open(path, FILES_WRITE, &files, failure);
    snprintf(path, sizeof(path), "%s/store", data);
    if (status == STATUS_OK)
        status = store_open_rocksdb(&options, &store, failure);
    if (status == STATUS_OK) {
        struct hasher *hasher = hasher_new();
        struct tree tree = {files, hasher, state.size};
        status = store_catch_up(restoring, store, &tree, &state, failure);
        hasher_free(hasher);
    }
    store_close(store);
    files_close(files);
    return status;
}

static enum status restoring_run(struct restoring *restoring, struct failure *failure)
{
    enum status status = from_open(restoring, failure);
    if (status == STATUS_OK)
        status = against_check(restoring, failure);
    if (status == STATUS_OK)
        status = data_open(restoring, failure);
    if (status == STATUS_OK)
        status = files_copy(restoring, failure);
    if (status == STATUS_OK)
        status = store_open_and_catch_up(restoring, failure);
    if (status == STATUS_OK && !copy_sync(restoring->data))
        status = restore_fail(failure, "syncing", restoring->request->data);
    if (status == STATUS_OK &&
        (unlinkat(restoring->data, mark, 0) != 0 || fsync(restoring->data) != 0))
        status = restore_fail(failure, "removing the mark from", restoring->request->data);
    return status;
}

enum status restore_run(const struct restore_request *request, struct restored *restored,
                        struct failure *failure)
{
    struct restoring restoring = {
        .request = request, .restored = restored, .from = -1, .backup = -1, .data = -1};
    *restored = (struct restored){.log_entries = 0};
    manifest_init(&restoring.manifest);
    enum status status = restoring_run(&restoring, failure);
    manifest_fini(&restoring.manifest);
    if (restoring.from >= 0)
        close(restoring.from);
    if (restoring.backup >= 0)
        close(restoring.backup);
    if (restoring.data >= 0)
        close(restoring.data);
    return status;
}
