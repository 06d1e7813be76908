#include "storage/kv_rocksdb_rewrite.h"

#include "base/memory.h"
#include "storage/keys.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>
#include <time.h>

enum {
    VANISH_POLL_MS = 5,
    VANISH_MS_MAX = 300000,
    PASSES_MAX = 3, /* the first may only move a file to a deeper level; the next one rewrites it */
};

/* A table file. RocksDB numbers all its files in one sequence. */
struct table_file {
    uint64_t number;
    int level;
    bool is_in_space;
    char *smallest; /* owned, as largest */
    size_t smallest_size;
    char *largest;
    size_t largest_size;
};

struct table_files {
    struct table_file *files; /* owned */
    size_t count;
};

static void table_files_free(struct table_files *tables)
{
    for (size_t i = 0; i < tables->count; i++) {
        free(tables->files[i].smallest);
        free(tables->files[i].largest);
    }
    free(tables->files);
}

static struct view table_largest(const struct table_file *file)
{
    return view_make(file->largest, file->largest_size);
}

static int table_compare(const void *a, const void *b)
{
    return view_compare(table_largest(a), table_largest(b));
}

static struct table_files tables_list(const struct kv_rocksdb_rewrite *self, const char *space)
{
    const rocksdb_livefiles_t *live = rocksdb_livefiles(self->database);
    struct table_files tables = {.count = (size_t)rocksdb_livefiles_count(live)};
    tables.files = memory_new_array(tables.count, sizeof(*tables.files));
    for (size_t i = 0; i < tables.count; i++) {
        struct table_file *file = &tables.files[i];
        const char *name = rocksdb_livefiles_name(live, (int)i);
        file->number = strtoull(name[0] == '/' ? name + 1 : name, NULL, 10);
        file->level = rocksdb_livefiles_level(live, (int)i);
        file->is_in_space = strcmp(rocksdb_livefiles_column_family_name(live, (int)i), space) == 0;
        const char *key = rocksdb_livefiles_smallestkey(live, (int)i, &file->smallest_size);
        file->smallest = memory_copy(key, file->smallest_size);
        key = rocksdb_livefiles_largestkey(live, (int)i, &file->largest_size);
        file->largest = memory_copy(key, file->largest_size);
    }
    rocksdb_livefiles_destroy(live);
    return tables;
}

/* Leaves the files of the space's deepest level, by key. The others are freed. */
static void tables_keep_deepest(struct table_files *tables)
{
    int deepest = 0;
    size_t kept = 0;
    for (size_t i = 0; i < tables->count; i++) {
        if (tables->files[i].is_in_space && tables->files[i].level > deepest)
            deepest = tables->files[i].level;
    }
    for (size_t i = 0; i < tables->count; i++) {
        struct table_file *file = &tables->files[i];
        if (file->is_in_space && file->level == deepest) {
            tables->files[kept++] = *file;
        } else {
            free(file->smallest);
            free(file->largest);
        }
    }
    tables->count = kept;
    if (kept > 1)
        qsort(tables->files, kept, sizeof(*tables->files), table_compare);
}

/* Files "NUMBER.log" or "NUMBER.sst" in the directory that are not empty. */
struct file_names {
    uint64_t *numbers; /* owned */
    size_t count;
    uint64_t largest;
};

static bool names_list(const struct kv_rocksdb_rewrite *self, const char *suffix,
                       struct file_names *names)
{
    *names = (struct file_names){NULL, 0, 0};
    DIR *directory = opendir(self->directory);
    if (directory == NULL)
        return false;
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        char *rest;
        if (!isdigit((unsigned char)entry->d_name[0]))
            continue;
        struct stat file;
        uint64_t number = strtoull(entry->d_name, &rest, 10);
        if (strcmp(rest, suffix) != 0 || fstatat(dirfd(directory), entry->d_name, &file, 0) != 0 ||
            file.st_size == 0)
            continue;
        names->numbers = memory_resize(names->numbers, (names->count + 1) * sizeof(uint64_t));
        names->numbers[names->count++] = number;
        if (number > names->largest)
            names->largest = number;
    }
    closedir(directory);
    return true;
}

static enum status rewrite_failure(const struct kv_rocksdb_rewrite *self, struct failure *failure,
                                   const char *what)
{
    return failure_set(
        failure, STATUS_IO,
        "erasing in the store in %s did not end: %s; it is tried again with the next "
        "run, check the disk if that fails too",
        self->directory, what);
}

static enum status spaces_flush(const struct kv_rocksdb_rewrite *self, struct failure *failure)
{
    enum status status = STATUS_OK;
    rocksdb_flushoptions_t *options = rocksdb_flushoptions_create();
    rocksdb_flushoptions_set_wait(options, 1);
    for (size_t space = 0; space < KV_SPACES && status == STATUS_OK; space++) {
        char *error = NULL;
        rocksdb_flush_cf(self->database, options, self->spaces[space], &error);
        if (error != NULL)
            status = rewrite_failure(self, failure, error);
        rocksdb_free(error);
    }
    rocksdb_flushoptions_destroy(options);
    return status;
}

static void range_compact(const struct kv_rocksdb_rewrite *self, enum kv_space space,
                          struct view first, struct view last)
{
    enum { FORCE = 2 }; /* BottommostLevelCompaction::kForce */
    rocksdb_compactoptions_t *options = rocksdb_compactoptions_create();
    rocksdb_compactoptions_set_exclusive_manual_compaction(options, 0);
    rocksdb_compactoptions_set_bottommost_level_compaction(options, FORCE);
    rocksdb_compact_range_cf_opt(self->database, self->spaces[space], options,
                                 (const char *)first.data, first.size, (const char *)last.data,
                                 last.size);
    rocksdb_compactoptions_destroy(options);
}

static struct view iterator_key(const rocksdb_iterator_t *keys)
{
    size_t size;
    const char *key = rocksdb_iter_key(keys, &size);
    return view_make(key, size);
}

/* Rewrites the files that hold listed keys. Most of a space is in its deepest level, so listed keys
 * are taken together as long as they are in the same or in neighbouring files of that level, and
 * files in which nothing is listed are left alone. */
static void keys_compact(const struct kv_rocksdb_rewrite *self, enum kv_space space,
                         rocksdb_iterator_t *keys, const struct table_files *deepest)
{
    struct key first = {.size = 0};
    struct key last = {.size = 0};
    size_t last_file = 0;
    size_t file = 0;
    for (rocksdb_iter_seek_to_first(keys);
         rocksdb_iter_valid(keys) && !atomic_load(self->is_cancelled); rocksdb_iter_next(keys)) {
        struct view key = iterator_key(keys);
        while (file < deepest->count && view_compare(table_largest(&deepest->files[file]), key) < 0)
            file++;
        if (first.size > 0 && file > last_file + 1) {
            range_compact(self, space, key_view(&first), key_view(&last));
            first.size = 0;
        }
        if (key.size > sizeof(last.bytes)) /* none of ours */
            continue;
        memcpy(last.bytes, key.data, key.size);
        last.size = key.size;
        last_file = file;
        if (first.size == 0)
            first = last;
    }
    if (first.size > 0)
        range_compact(self, space, key_view(&first), key_view(&last));
}

/* No file that was there before holds a listed key any more. */
static bool keys_are_rewritten(const struct kv_rocksdb_rewrite *self, const char *space,
                               rocksdb_iterator_t *keys, uint64_t last_old)
{
    struct table_files tables = tables_list(self, space);
    bool are_rewritten = true;
    for (size_t i = 0; i < tables.count && are_rewritten; i++) {
        const struct table_file *file = &tables.files[i];
        if (!file->is_in_space || file->number > last_old)
            continue;
        rocksdb_iter_seek(keys, file->smallest, file->smallest_size);
        are_rewritten =
            !rocksdb_iter_valid(keys) || view_compare(iterator_key(keys), table_largest(file)) > 0;
    }
    table_files_free(&tables);
    return are_rewritten;
}

static bool tables_hold(const struct table_files *tables, uint64_t number)
{
    for (size_t i = 0; i < tables->count; i++) {
        if (tables->files[i].number == number)
            return true;
    }
    return false;
}

/* Old files that are no part of the database any longer are gone from the directory: they stay
 * while a reader has them open, and RocksDB removes them in the background. */
static bool old_files_are_gone(const struct kv_rocksdb_rewrite *self,
                               const struct file_names *old_logs, uint64_t last_old)
{
    struct file_names logs;
    struct file_names sst;
    if (!names_list(self, ".log", &logs))
        return false;
    bool are_gone = names_list(self, ".sst", &sst);
    struct table_files live = tables_list(self, "");
    for (size_t i = 0; i < logs.count; i++) {
        for (size_t j = 0; j < old_logs->count; j++)
            are_gone = are_gone && logs.numbers[i] != old_logs->numbers[j];
    }
    for (size_t i = 0; i < sst.count; i++)
        are_gone = are_gone && (sst.numbers[i] > last_old || tables_hold(&live, sst.numbers[i]));
    table_files_free(&live);
    free(logs.numbers);
    free(sst.numbers);
    return are_gone;
}

static enum status old_files_wait(const struct kv_rocksdb_rewrite *self,
                                  const struct file_names *old_logs, uint64_t last_old,
                                  struct failure *failure)
{
    for (int waited_ms = 0; !old_files_are_gone(self, old_logs, last_old);
         waited_ms += VANISH_POLL_MS) {
        if (waited_ms >= VANISH_MS_MAX || atomic_load(self->is_cancelled))
            return rewrite_failure(self, failure, "files that are no longer used are still there");
        nanosleep(&(struct timespec){.tv_nsec = VANISH_POLL_MS * 1000000L}, NULL);
    }
    return STATUS_OK;
}

static enum status tables_rewrite(const struct kv_rocksdb_rewrite *self, enum kv_space space,
                                  enum kv_space listed, uint64_t last_old, struct failure *failure)
{
    enum status status = STATUS_OK;
    rocksdb_readoptions_t *options = rocksdb_readoptions_create();
    rocksdb_iterator_t *keys =
        rocksdb_create_iterator_cf(self->database, options, self->spaces[listed]);
    bool are_rewritten = false;
    for (int pass = 0; pass < PASSES_MAX && !are_rewritten; pass++) {
        struct table_files deepest = tables_list(self, self->names[space]);
        tables_keep_deepest(&deepest);
        keys_compact(self, space, keys, &deepest);
        table_files_free(&deepest);
        are_rewritten = keys_are_rewritten(self, self->names[space], keys, last_old);
    }
    if (!are_rewritten)
        status = rewrite_failure(self, failure, "old files were not rewritten");
    char *error = NULL;
    rocksdb_iter_get_error(keys, &error);
    if (error != NULL)
        status = rewrite_failure(self, failure, error);
    rocksdb_free(error);
    rocksdb_iter_destroy(keys);
    rocksdb_readoptions_destroy(options);
    return status;
}

enum status kv_rocksdb_rewrite(const struct kv_rocksdb_rewrite *self, enum kv_space space,
                               enum kv_space listed, struct failure *failure)
{
    struct file_names old_logs;
    struct file_names old_tables;
    if (!names_list(self, ".log", &old_logs))
        return rewrite_failure(self, failure, strerror(errno));
    enum status status = spaces_flush(self, failure);
    if (status == STATUS_OK && !names_list(self, ".sst", &old_tables))
        status = rewrite_failure(self, failure, strerror(errno));
    if (status == STATUS_OK) {
        uint64_t last_old = old_tables.largest;
        free(old_tables.numbers);
        status = tables_rewrite(self, space, listed, last_old, failure);
        if (status == STATUS_OK)
            status = old_files_wait(self, &old_logs, last_old, failure);
    }
    free(old_logs.numbers);
    return status;
}
