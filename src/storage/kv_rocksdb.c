#include "storage/kv_rocksdb.h"

#include "base/limits.h"
#include "base/list.h"
#include "base/memory.h"
#include "storage/format_file.h"
#include "storage/kv_rocksdb_options.h"
#include "storage/kv_rocksdb_rewrite.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/statvfs.h>
#include <time.h>

enum {
    REOPEN_INTERVAL_MS = 1000,
    SPACE_INTERVAL_MS = 250,
    SPACE_INTERVAL_BYTES = 4 * 1024 * 1024,
};

static const char *const space_names[KV_SPACES] = {"default", "events", "message_ids", "journal",
                                                   "marks"};

struct kv_rocksdb {
    struct kv kv;
    char *directory;
    struct kv_rocksdb_options options;

    pthread_rwlock_t lock; /* held shared while the database is used, alone while it is reopened */
    rocksdb_t *database;   /* NULL when opening it failed */
    rocksdb_column_family_handle_t *spaces[KV_SPACES];
    atomic_bool is_failed; /* the database is not to be trusted until it was opened anew */
    atomic_bool last_write_failed;
    atomic_uint_fast64_t syncs;

    atomic_int failed_status; /* the last failure, an enum status */

    pthread_mutex_t writing; /* guards what follows; taken before `lock`, never while holding it */
    uint64_t reopened_ms;    /* the last attempt; 0: none */
    uint64_t space_checked_ms;
    uint64_t space_unchecked_bytes; /* written since */
    bool has_space;
    struct kv_rocksdb_faults faults;
};

static struct kv_rocksdb *rocksdb_of(struct kv *kv)
{
    return LIST_ITEM(kv, struct kv_rocksdb, kv);
}

static uint64_t clock_ms(const struct kv_rocksdb *self)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000 +
           self->faults.clock_ahead_ms;
}

/* The C API tells errors apart by their text alone. Frees it. */
static enum status status_of_error(char *error, struct failure *failure, const char *what,
                                   const char *directory)
{
    enum status status = STATUS_IO;
    const char *advice = "check the disk and the system's log";
    if (strstr(error, "No space left") != NULL || strstr(error, "quota exceeded") != NULL) {
        status = STATUS_NO_SPACE;
        advice = "make room on the disk";
    } else if (strstr(error, "LOCK: ") != NULL || strstr(error, "lock hold by") != NULL) {
        status = STATUS_IN_USE;
        advice = "another process has this directory: stop it, or name another directory";
    } else if (strncmp(error, "Corruption", 10) == 0 ||
               strncmp(error, "Invalid argument", 16) == 0) {
        status = STATUS_CORRUPT;
        advice = "the files are damaged or incomplete: restore a backup; nothing was deleted";
    }
    failure_set(failure, status, "%s the store in %s failed: %s (%s)", what, directory, advice,
                error);
    rocksdb_free(error);
    return status;
}

static enum status database_open(struct kv_rocksdb *self, bool may_create, struct failure *failure)
{
    char *error = NULL;
    rocksdb_options_set_create_if_missing(self->options.database, may_create);
    rocksdb_options_set_create_missing_column_families(self->options.database, may_create);
    self->database = rocksdb_open_column_families(
        self->options.database, self->directory, KV_SPACES, space_names,
        (const rocksdb_options_t *const *)self->options.spaces, self->spaces, &error);
    if (error == NULL)
        return STATUS_OK;
    self->database = NULL;
    return status_of_error(error, failure, "opening", self->directory);
}

static void database_close(struct kv_rocksdb *self)
{
    if (self->database == NULL)
        return;
    for (size_t space = 0; space < KV_SPACES; space++)
        rocksdb_column_family_handle_destroy(self->spaces[space]);
    rocksdb_close(self->database);
    self->database = NULL;
}

/* Shared use of the database; false, and nothing is held, while it cannot be trusted. */
static bool database_enter(struct kv_rocksdb *self)
{
    if (atomic_load(&self->is_failed))
        return false;
    pthread_rwlock_rdlock(&self->lock);
    if (!atomic_load(&self->is_failed))
        return true;
    pthread_rwlock_unlock(&self->lock);
    return false;
}

static enum status rocksdb_get_row(struct kv *kv, enum kv_space space, struct view key,
                                   struct arena *arena, struct view *value)
{
    struct kv_rocksdb *self = rocksdb_of(kv);
    char *error = NULL;
    enum status status = STATUS_NOT_FOUND;
    if (!database_enter(self))
        return STATUS_IO;
    rocksdb_readoptions_t *options = rocksdb_readoptions_create();
    rocksdb_pinnableslice_t *found = rocksdb_get_pinned_cf(
        self->database, options, self->spaces[space], (const char *)key.data, key.size, &error);
    if (error != NULL) {
        status = status_of_error(error, NULL, "reading", self->directory);
    } else if (found != NULL) {
        size_t size;
        const char *bytes = rocksdb_pinnableslice_value(found, &size);
        *value = arena_copy(arena, view_make(bytes, size));
        status = STATUS_OK;
    }
    rocksdb_pinnableslice_destroy(found);
    rocksdb_readoptions_destroy(options);
    pthread_rwlock_unlock(&self->lock);
    return status;
}

static bool iterator_visit(rocksdb_iterator_t *iterator, kv_visit *visit, void *context)
{
    size_t key_size;
    size_t value_size;
    const char *key = rocksdb_iter_key(iterator, &key_size);
    const char *value = rocksdb_iter_value(iterator, &value_size);
    return visit(context, view_make(key, key_size), view_make(value, value_size));
}

static enum status rocksdb_scan(struct kv *kv, const struct kv_range *range, kv_visit *visit,
                                void *context)
{
    struct kv_rocksdb *self = rocksdb_of(kv);
    if (!database_enter(self))
        return STATUS_IO;
    rocksdb_readoptions_t *options = rocksdb_readoptions_create();
    rocksdb_readoptions_set_iterate_lower_bound(options, (const char *)range->lower.data,
                                                range->lower.size);
    rocksdb_readoptions_set_iterate_upper_bound(options, (const char *)range->upper.data,
                                                range->upper.size);
    rocksdb_iterator_t *iterator =
        rocksdb_create_iterator_cf(self->database, options, self->spaces[range->space]);
    if (range->is_descending)
        rocksdb_iter_seek_to_last(iterator);
    else
        rocksdb_iter_seek_to_first(iterator);
    while (rocksdb_iter_valid(iterator) && iterator_visit(iterator, visit, context)) {
        if (range->is_descending)
            rocksdb_iter_prev(iterator);
        else
            rocksdb_iter_next(iterator);
    }
    char *error = NULL;
    rocksdb_iter_get_error(iterator, &error);
    enum status status =
        error == NULL ? STATUS_OK : status_of_error(error, NULL, "reading", self->directory);
    rocksdb_iter_destroy(iterator);
    rocksdb_readoptions_destroy(options);
    pthread_rwlock_unlock(&self->lock);
    return status;
}

static bool disk_free(const struct kv_rocksdb *self, uint64_t *bytes)
{
    struct statvfs disk;
    if (self->faults.has_disk_free) {
        *bytes = self->faults.disk_free_bytes;
        return true;
    }
    if (statvfs(self->directory, &disk) != 0)
        return false;
    *bytes = (uint64_t)disk.f_bavail * disk.f_frsize;
    return true;
}

static enum status space_check(struct kv_rocksdb *self, size_t bytes, struct failure *failure)
{
    uint64_t now_ms = clock_ms(self);
    uint64_t free_bytes = 0;
    self->space_unchecked_bytes += bytes;
    if (now_ms - self->space_checked_ms >= SPACE_INTERVAL_MS ||
        self->space_unchecked_bytes >= SPACE_INTERVAL_BYTES) {
        self->space_checked_ms = now_ms;
        self->space_unchecked_bytes = 0;
        if (!disk_free(self, &free_bytes))
            return failure_set(failure, STATUS_IO,
                               "the free space of the disk that holds the store in %s cannot be "
                               "read: check that it is still mounted",
                               self->directory);
        self->has_space = free_bytes >= LIMIT_DISK_FREE_BYTES_MIN;
    }
    if (self->has_space)
        return STATUS_OK;
    return failure_set(failure, STATUS_NO_SPACE,
                       "nothing was stored: the disk that holds the store in %s has less than %d "
                       "MiB free; make room, and the server goes on by itself",
                       self->directory, LIMIT_DISK_FREE_BYTES_MIN >> 20);
}

/* Goes back to what the disk holds. */
static enum status database_reopen(struct kv_rocksdb *self, struct failure *failure)
{
    uint64_t now_ms = clock_ms(self);
    if (self->reopened_ms != 0 && now_ms - self->reopened_ms < REOPEN_INTERVAL_MS)
        return failure_set(failure, (enum status)atomic_load(&self->failed_status),
                           "nothing was stored: the store in %s has failed before (%s) and is "
                           "opened again within a second",
                           self->directory,
                           status_text((enum status)atomic_load(&self->failed_status)));
    self->reopened_ms = now_ms;
    if (self->database != NULL)
        rocksdb_disable_manual_compaction(self->database); /* a rewrite ends, and lets go */
    pthread_rwlock_wrlock(&self->lock);
    database_close(self);
    enum status status = self->faults.open_status;
    if (status != STATUS_OK)
        failure_set(failure, status, "opening the store was told to fail");
    else
        status = database_open(self, false, failure);
    if (status == STATUS_OK)
        atomic_store(&self->is_failed, false);
    else
        atomic_store(&self->failed_status, (int)status);
    pthread_rwlock_unlock(&self->lock);
    return status;
}

/* Several threads may be here at once: RocksDB then lets them share a sync. */
static enum status database_write(struct kv_rocksdb *self, const struct kv_batch *batch,
                                  struct failure *failure)
{
    char *error = NULL;
    if (!database_enter(self))
        return failure_set(failure, STATUS_IO,
                           "nothing was stored: the store in %s failed just now", self->directory);
    rocksdb_writebatch_t *written = rocksdb_writebatch_create();
    for (const struct kv_entry *entry = batch->first; entry != NULL; entry = entry->next) {
        if (entry->is_removal)
            rocksdb_writebatch_delete_cf(written, self->spaces[entry->space],
                                         (const char *)entry->key.data, entry->key.size);
        else
            rocksdb_writebatch_put_cf(written, self->spaces[entry->space],
                                      (const char *)entry->key.data, entry->key.size,
                                      (const char *)entry->value.data, entry->value.size);
    }
    enum status status = self->faults.write_status;
    if (status == STATUS_OK || self->faults.write_is_applied) {
        atomic_fetch_add(&self->syncs, batch->is_lazy ? 0 : 1);
        rocksdb_write(self->database,
                      batch->is_lazy ? self->options.write_lazily : self->options.write, written,
                      &error);
    }
    rocksdb_writebatch_destroy(written);
    if (error != NULL)
        status = status_of_error(error, failure, "writing to", self->directory);
    else if (status != STATUS_OK)
        failure_set(failure, status, "writing to the store was told to fail");
    if (status != STATUS_OK) {
        atomic_store(&self->failed_status, (int)status);
        atomic_store(&self->is_failed, true);
    }
    pthread_rwlock_unlock(&self->lock);
    return status;
}

static enum status rocksdb_write_batch(struct kv *kv, const struct kv_batch *batch,
                                       struct failure *failure)
{
    struct kv_rocksdb *self = rocksdb_of(kv);
    enum status status = STATUS_OK;
    pthread_mutex_lock(&self->writing);
    if (atomic_load(&self->is_failed))
        status = database_reopen(self, failure);
    if (status == STATUS_OK && batch->first != NULL)
        status = space_check(self, batch->bytes, failure);
    pthread_mutex_unlock(&self->writing);
    if (status == STATUS_OK && batch->first != NULL)
        status = database_write(self, batch, failure);
    atomic_store(&self->last_write_failed, status != STATUS_OK);
    return status;
}

static enum status rocksdb_rewrite(struct kv *kv, enum kv_space space, enum kv_space listed,
                                   struct failure *failure)
{
    struct kv_rocksdb *self = rocksdb_of(kv);
    if (!database_enter(self))
        return failure_set(
            failure, STATUS_IO,
            "nothing was erased: the store in %s has failed and is opened again with "
            "the next commit",
            self->directory);
    struct kv_rocksdb_rewrite rewrite = {self->database, self->spaces, space_names, self->directory,
                                         &self->is_failed};
    enum status status = kv_rocksdb_rewrite(&rewrite, space, listed, failure);
    pthread_rwlock_unlock(&self->lock);
    return status;
}

/* Held shared for the time of a flush and some links, not of a copy. */
static enum status rocksdb_checkpoint(struct kv *kv, const char *directory, struct failure *failure)
{
    struct kv_rocksdb *self = rocksdb_of(kv);
    char *error = NULL;
    if (!database_enter(self))
        return failure_set(failure, STATUS_IO,
                           "the store in %s has failed and is opened again with the next commit; "
                           "try again then",
                           self->directory);
    rocksdb_checkpoint_t *checkpoint = rocksdb_checkpoint_object_create(self->database, &error);
    if (error == NULL)
        rocksdb_checkpoint_create(checkpoint, directory, 0, &error);
    if (checkpoint != NULL)
        rocksdb_checkpoint_object_destroy(checkpoint);
    enum status status =
        error == NULL ? STATUS_OK
                      : status_of_error(error, failure, "taking a checkpoint of", self->directory);
    pthread_rwlock_unlock(&self->lock);
    return status;
}

static void rocksdb_read_stats(struct kv *kv, struct store_stats *stats)
{
    struct kv_rocksdb *self = rocksdb_of(kv);
    stats->syncs = atomic_load(&self->syncs);
    stats->is_failed = atomic_load(&self->last_write_failed);
    if (!disk_free(self, &stats->disk_free_bytes))
        stats->disk_free_bytes = 0;
}

static void rocksdb_close_map(struct kv *kv)
{
    struct kv_rocksdb *self = rocksdb_of(kv);
    database_close(self);
    kv_rocksdb_options_fini(&self->options);
    pthread_mutex_destroy(&self->writing);
    pthread_rwlock_destroy(&self->lock);
    free(self->directory);
    free(self);
}

static const struct kv_operations rocksdb_operations = {
    .get = rocksdb_get_row,
    .scan = rocksdb_scan,
    .write = rocksdb_write_batch,
    .rewrite = rocksdb_rewrite,
    .checkpoint = rocksdb_checkpoint,
    .read_stats = rocksdb_read_stats,
    .close = rocksdb_close_map,
};

/* FORMAT says "new" before the first file of the database exists, and stops saying so after the
 * last: see format_file.h. */
static enum status directory_open(struct kv_rocksdb *self, struct failure *failure)
{
    enum format_state state;
    enum status status = format_file_open(self->directory, &state, failure);
    if (status == STATUS_OK && state == FORMAT_ABSENT)
        status = format_file_write(self->directory, FORMAT_NEW, failure);
    if (status == STATUS_OK)
        status = database_open(self, state != FORMAT_READY, failure);
    if (status == STATUS_OK && state != FORMAT_READY)
        status = format_file_write(self->directory, FORMAT_READY, failure);
    return status;
}

enum status kv_rocksdb_open(const struct store_options *options, const char *tuning, struct kv **kv,
                            struct failure *failure)
{
    struct kv_rocksdb *self = memory_new(sizeof(*self));
    self->kv.operations = &rocksdb_operations;
    self->directory = memory_copy(options->directory, strlen(options->directory));
    pthread_mutex_init(&self->writing, NULL);
    pthread_rwlockattr_t fair;
    pthread_rwlockattr_init(&fair);
    pthread_rwlockattr_setkind_np(&fair, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    pthread_rwlock_init(&self->lock, &fair);
    pthread_rwlockattr_destroy(&fair);

    enum status status = kv_rocksdb_options_init(&self->options, options, tuning, failure);
    if (status == STATUS_OK)
        status = directory_open(self, failure);
    if (status != STATUS_OK) {
        rocksdb_close_map(&self->kv);
        return status;
    }
    *kv = &self->kv;
    return STATUS_OK;
}

void kv_rocksdb_set_faults(struct kv *kv, const struct kv_rocksdb_faults *faults)
{
    assert(kv->operations == &rocksdb_operations);
    rocksdb_of(kv)->faults = *faults;
}
