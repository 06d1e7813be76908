#include "storage/backup/backup.h"

#include "base/memory.h"
#include "storage/audit/state.h"
#include "storage/audit/tile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* In the data directory, so that its files are links. RocksDB makes it under the other name. */
static const char checkpoint_name[] = "backup.store";
static const char checkpoint_making[] = "backup.store.tmp";

static const char *const keys[] = {"audit.key", "audit.pub", "dev.key"};

/* A backup under way. Descriptors are -1 while they are not open. */
struct making {
    const struct backup_request *request;
    int data;
    int to;
    int now;    /* the new backup */
    int before; /* the one before it, if any */
    int checkpoint;
    struct manifest made;
    struct manifest earlier;
    uint64_t id;
    uint64_t done; /* bytes */
    uint64_t of;   /* as far as is known */
};

static enum status making_fail(struct failure *failure, const char *what, const char *path)
{
    int error = errno;
    return failure_set(failure, error == ENOSPC ? STATUS_NO_SPACE : STATUS_IO, "%s %s failed: %s",
                       what, path, strerror(error));
}

static void making_tell(struct making *making, uint64_t bytes)
{
    making->done += bytes;
    if (making->request->on_progress != NULL)
        making->request->on_progress(making->request->context, making->done,
                                     making->done > making->of ? making->done : making->of);
}

static enum status making_copy(struct making *making, int from, const char *source,
                               const char *path, struct failure *failure)
{
    struct copy_facts facts;
    enum status status = copy_file(from, source, making->now, path, making->request->is_cancelled,
                                   making->request->context, &facts, failure);
    if (status != STATUS_OK)
        return status;
    manifest_add(&making->made, path, &facts);
    making->made.new_bytes += facts.bytes;
    making_tell(making, facts.bytes);
    return STATUS_OK;
}

/* A file that never changes once it is there: another name for the earlier backup's, if it is the
 * same. */
static enum status making_share(struct making *making, int from, const char *source,
                                const char *path, struct failure *failure)
{
    const struct manifest_file *had =
        making->before < 0 ? NULL : manifest_find(&making->earlier, path);
    if (had == NULL || !copy_is_same_table(from, source, making->before, path) ||
        !copy_link(making->before, path, making->now, path))
        return making_copy(making, from, source, path, failure);
    manifest_add(&making->made, path, &had->facts);
    making_tell(making, had->facts.bytes);
    return STATUS_OK;
}

/* ---- The place ---- */

/* A backup that lies in what it is to save goes with it. */
static bool place_is_inside(const struct backup_request *request)
{
    char data[PATH_MAX];
    char to[PATH_MAX];
    if (realpath(request->data, data) == NULL || realpath(request->to, to) == NULL)
        return false;
    size_t size = strlen(data);
    return strncmp(to, data, size) == 0 && (to[size] == 0 || to[size] == '/');
}

static enum status place_open(struct making *making, struct failure *failure)
{
    const struct backup_request *request = making->request;
    if (mkdir(request->to, 0700) != 0 && errno != EEXIST)
        return making_fail(failure, "making the directory", request->to);
    if (place_is_inside(request))
        return failure_set(failure, STATUS_MALFORMED,
                           "%s is inside the data directory, and would be lost with it: name "
                           "another place, on another disk",
                           request->to);
    making->to = backup_lock(request->to, failure);
    if (making->to < 0)
        return failure->status;
    making->data = open(request->data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return making->data >= 0 ? STATUS_OK : making_fail(failure, "opening", request->data);
}

static enum status place_look(struct making *making, struct failure *failure)
{
    struct backup *backups;
    char name[32];
    size_t count;
    enum status status = backup_list(making->request->to, &backups, &count, failure);
    if (status != STATUS_OK)
        return status;
    making->id = count == 0 ? 1 : backups[count - 1].id + 1;
    const struct backup *last = NULL;
    for (size_t i = 0; i < count; i++)
        last = backups[i].is_damaged ? last : &backups[i];
    if (last != NULL && uuid_compare(&last->store, &making->made.store) != 0)
        status = failure_set(failure, STATUS_MALFORMED,
                             "%s holds backups of another store (a restored one is another one, "
                             "too): name a new place, and keep this one until you need it no more",
                             making->request->to);
    else if (last != NULL) {
        snprintf(name, sizeof(name), "%" PRIu64, last->id);
        making->before = openat(making->to, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        status = making->before < 0 ? making_fail(failure, "opening the earlier backup", name)
                                    : manifest_read(&making->earlier, making->before, failure);
        making->of = manifest_bytes(&making->earlier);
    }
    free(backups);
    return status;
}

/* What interrupted backups and prunings have left. */
static void place_clean(struct making *making)
{
    int fd = openat(making->to, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = fd < 0 ? NULL : fdopendir(fd);
    for (struct dirent *entry; stream != NULL && (entry = readdir(stream)) != NULL;) {
        size_t size = strlen(entry->d_name);
        if (size > 4 && strcmp(entry->d_name + size - 4, ".new") == 0 &&
            strspn(entry->d_name, "0123456789") == size - 4)
            copy_remove_tree(making->to, entry->d_name);
    }
    if (stream != NULL)
        closedir(stream);
    else if (fd >= 0)
        close(fd);
}

static void place_name(const struct making *making, const char *suffix, char name[32])
{
    snprintf(name, 32, "%" PRIu64 "%s", making->id, suffix);
}

static enum status place_begin(struct making *making, struct failure *failure)
{
    char name[32];
    place_name(making, ".new", name);
    if (mkdirat(making->to, name, 0700) != 0)
        return making_fail(failure, "making the directory", name);
    making->now = openat(making->to, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return making->now >= 0 ? STATUS_OK : making_fail(failure, "opening", name);
}

/* ---- The moment ---- */

static enum status log_copy_edge(struct making *making, struct failure *failure)
{
    uint64_t size = making->made.audit_entries;
    enum status status = STATUS_OK;
    for (unsigned level = 0; level < TILE_KINDS && status == STATUS_OK; level++) {
        char path[TILE_PATH_BYTES];
        char full[COPY_PATH_BYTES];
        struct tile tile = tile_edge(level, size);
        if (tile.width == 0)
            continue;
        tile_path(&tile, path);
        snprintf(full, sizeof(full), "audit/%s", path);
        status = making_copy(making, making->data, full, full, failure);
    }
    if (status == STATUS_OK)
        status = making_copy(making, making->data, "audit/checkpoint", "audit/checkpoint", failure);
    return status;
}

/* The log's state says how far it goes; a server that never started has no log. */
static enum status log_copy_state(struct making *making, struct failure *failure)
{
    char text[AUDIT_STATE_BYTES_MAX];
    struct audit_state state = {.size = 0};
    enum status status = making_copy(making, making->data, "audit/state", "audit/state", failure);
    if (status != STATUS_OK)
        return status == STATUS_NOT_FOUND ? STATUS_OK : status;
    int fd = openat(making->now, "audit/state", O_RDONLY | O_CLOEXEC);
    ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof(text));
    struct hasher *hasher = hasher_new();
    if (fd >= 0)
        close(fd);
    if (size < 0 || !audit_state_read(view_make(text, (size_t)size), hasher, &state))
        status = failure_set(failure, STATUS_CORRUPT,
                             "the audit log's state cannot be understood: run unsay audit verify");
    hasher_free(hasher);
    if (status != STATUS_OK)
        return status;
    making->made.audit_entries = state.size;
    return log_copy_edge(making, failure);
}

static enum status moment_take(struct making *making, struct failure *failure)
{
    const struct backup_request *request = making->request;
    char path[PATH_MAX];
    snprintf(path, sizeof(path), "%s/%s", request->data, checkpoint_name);
    enum status status = STATUS_OK;
    if (request->hold != NULL)
        status = request->hold(request->context, failure);
    if (status != STATUS_OK)
        return status;
    status = store_checkpoint(request->store, path, failure);
    if (status == STATUS_OK)
        status = log_copy_state(making, failure);
    if (request->hold != NULL)
        request->release(request->context);
    if (status != STATUS_OK)
        return status;
    making->checkpoint = openat(making->data, checkpoint_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return making->checkpoint >= 0 ? STATUS_OK : making_fail(failure, "opening", path);
}

/* ---- What does not change any more ---- */

static bool name_ends(const char *name, const char *suffix)
{
    size_t size = strlen(name);
    return size > strlen(suffix) && strcmp(name + size - strlen(suffix), suffix) == 0;
}

static enum status store_copy(struct making *making, struct failure *failure)
{
    char path[COPY_PATH_BYTES];
    enum status status = making_copy(making, making->data, "store/FORMAT", "store/FORMAT", failure);
    int fd = dup(making->checkpoint);
    DIR *stream = fd < 0 ? NULL : fdopendir(fd);
    if (stream == NULL && status == STATUS_OK)
        status = making_fail(failure, "reading", checkpoint_name);
    for (struct dirent *entry;
         status == STATUS_OK && stream != NULL && (entry = readdir(stream)) != NULL;) {
        if (entry->d_name[0] == '.')
            continue;
        if (snprintf(path, sizeof(path), "store/%s", entry->d_name) >= (int)sizeof(path))
            continue;
        status = name_ends(entry->d_name, ".sst")
                     ? making_share(making, making->checkpoint, entry->d_name, path, failure)
                     : making_copy(making, making->checkpoint, entry->d_name, path, failure);
    }
    if (stream != NULL)
        closedir(stream);
    else if (fd >= 0)
        close(fd);
    return status;
}

static enum status log_copy(struct making *making, struct failure *failure)
{
    uint64_t size = making->made.audit_entries;
    enum status status = STATUS_OK;
    for (unsigned level = 0; level < TILE_KINDS; level++) {
        uint64_t full = tile_count(level, size) / TILE_WIDTH;
        for (uint64_t index = 0; index < full && status == STATUS_OK; index++) {
            char path[TILE_PATH_BYTES];
            char whole[COPY_PATH_BYTES];
            struct tile tile = {level, index, TILE_WIDTH};
            tile_path(&tile, path);
            snprintf(whole, sizeof(whole), "audit/%s", path);
            status = making_share(making, making->data, whole, whole, failure);
        }
    }
    return status;
}

static enum status keys_copy(struct making *making, struct failure *failure)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]) && status == STATUS_OK; i++) {
        status = making_copy(making, making->data, keys[i], keys[i], failure);
        if (status == STATUS_NOT_FOUND)
            status = STATUS_OK;
    }
    return status;
}

static enum status making_end(struct making *making, struct failure *failure)
{
    char from[32];
    char to[32];
    place_name(making, ".new", from);
    place_name(making, "", to);
    if (!copy_sync(making->now))
        return making_fail(failure, "syncing", from);
    enum status status = manifest_write(&making->made, making->now, failure);
    if (status == STATUS_OK &&
        (renameat(making->to, from, making->to, to) != 0 || fsync(making->to) != 0))
        status = making_fail(failure, "naming", to);
    return status;
}

static enum status making_run(struct making *making, struct failure *failure)
{
    enum status status = place_open(making, failure);
    if (status == STATUS_OK) {
        place_clean(making);
        backup_clean(making->request->data);
        status = place_look(making, failure);
    }
    if (status == STATUS_OK)
        status = place_begin(making, failure);
    if (status == STATUS_OK)
        status = moment_take(making, failure);
    if (status == STATUS_OK)
        status = store_copy(making, failure);
    if (status == STATUS_OK)
        status = log_copy(making, failure);
    if (status == STATUS_OK)
        status = keys_copy(making, failure);
    if (status == STATUS_OK)
        status = making_end(making, failure);
    return status;
}

static void making_fini(struct making *making)
{
    const int open[] = {making->data, making->to, making->now, making->before, making->checkpoint};
    for (size_t i = 0; i < sizeof(open) / sizeof(open[0]); i++) {
        if (open[i] >= 0)
            close(open[i]);
    }
    manifest_fini(&making->made);
    manifest_fini(&making->earlier);
}

enum status backup_make(const struct backup_request *request, struct backup *made,
                        struct failure *failure)
{
    struct making making = {
        .request = request, .data = -1, .to = -1, .now = -1, .before = -1, .checkpoint = -1};
    manifest_init(&making.made);
    manifest_init(&making.earlier);
    making.made.time_ms = request->now_ms;
    enum status status = store_get_id(request->store, &making.made.store);
    if (status != STATUS_OK)
        failure_set(failure, status, "the store's id cannot be read: %s", status_text(status));
    else
        status = making_run(&making, failure);
    if (making.data >= 0)
        backup_clean(request->data);
    if (status != STATUS_OK && making.to >= 0 && making.id > 0)
        place_clean(&making);
    *made = (struct backup){
        .id = making.id,
        .store = making.made.store,
        .time_ms = making.made.time_ms,
        .audit_entries = making.made.audit_entries,
        .files = making.made.count,
        .bytes = manifest_bytes(&making.made),
        .new_bytes = making.made.new_bytes,
    };
    making_fini(&making);
    return status;
}

void backup_clean(const char *data)
{
    int fd = open(data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    copy_remove_tree(fd, checkpoint_name);
    copy_remove_tree(fd, checkpoint_making);
    close(fd);
}
