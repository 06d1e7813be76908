#include "base/memory.h"
#include "storage/kv_memory.h"
#include "storage/kv_rocksdb.h"
#include "storage/rows.h"
#include "storage/store_kv.h"
#include "storage/store_memory.h"

#include <assert.h>
#include <sys/random.h>

struct store *store_new(struct kv *kv, const char *evidence_directory)
{
    struct store *store = memory_new(sizeof(*store));
    store->kv = kv;
    store->evidence = evidence_keys_new(evidence_directory);
    journal_init(&store->journal);
    pthread_rwlockattr_t fair;
    pthread_rwlockattr_init(&fair);
    pthread_rwlockattr_setkind_np(&fair, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    pthread_rwlock_init(&store->marking, &fair);
    pthread_rwlockattr_destroy(&fair);
    pthread_mutex_init(&store->scrubbing, NULL);
    return store;
}

struct kv *store_kv(struct store *store)
{
    return store->kv;
}

static enum status store_put_id(struct store *store, const struct uuid *id, struct failure *failure)
{
    struct kv_batch batch = {.first = NULL};
    struct key key;
    struct arena arena;
    arena_init(&arena);
    key_of_store(&key);
    batch_put(&arena, &batch, KV_REST, &key, row_encode_bytes(&arena, uuid_view(id)));
    enum status status = store->kv->operations->write(store->kv, &batch, failure);
    arena_fini(&arena);
    return status;
}

struct store *store_open_memory(void)
{
    static const struct uuid id = {{[UUID_BYTES - 1] = 1}};
    struct store *store = store_new(kv_memory_new(), NULL);
    enum status status = store_put_id(store, &id, NULL);
    assert(status == STATUS_OK);
    return store;
}

/* A store that has just been made gets its id, and so does one whose making was interrupted before
 * that: nothing was served from it yet. */
static enum status store_make_id(struct store *store, struct failure *failure)
{
    struct uuid id;
    enum status status = store_get_id(store, &id);
    if (status == STATUS_NOT_FOUND) {
        if (getrandom(id.bytes, sizeof(id.bytes), 0) != (ssize_t)sizeof(id.bytes))
            return failure_set(failure, STATUS_IO, "the system has no source of randomness");
        return store_put_id(store, &id, failure);
    }
    if (status != STATUS_OK)
        failure_set(failure, status, "the store's id cannot be read (%s): restore a backup",
                    status_text(status));
    return status;
}

enum status store_start(struct store *store, struct failure *failure)
{
    enum status status = store_make_id(store, failure);
    if (status != STATUS_OK)
        return status;
    status = store_start_journal(store);
    if (status == STATUS_OK)
        status = store_start_outbox(store);
    if (status != STATUS_OK)
        failure_set(failure, status, "the store's journal cannot be read (%s): restore a backup",
                    status_text(status));
    return status;
}

static struct store *store_make(struct kv *kv, const struct store_options *options)
{
    static const char evidence[] = "/../evidence";
    if (options->evidence_directory != NULL)
        return store_new(kv, options->evidence_directory);
    size_t size = strlen(options->directory) + sizeof(evidence);
    char *directory = memory_new(size);
    snprintf(directory, size, "%s%s", options->directory, evidence);
    struct store *store = store_new(kv, directory);
    free(directory);
    return store;
}

enum status store_open_rocksdb(const struct store_options *options, struct store **store,
                               struct failure *failure)
{
    struct kv *kv;
    *store = NULL;
    enum status status = kv_rocksdb_open(options, NULL, &kv, failure);
    if (status != STATUS_OK)
        return status;
    *store = store_make(kv, options);
    status = store_start(*store, failure);
    if (status != STATUS_OK) {
        store_close(*store);
        *store = NULL;
    }
    return status;
}

void store_close(struct store *store)
{
    if (store == NULL)
        return;
    store->kv->operations->close(store->kv);
    evidence_keys_free(store->evidence);
    journal_fini(&store->journal);
    pthread_rwlock_destroy(&store->marking);
    pthread_mutex_destroy(&store->scrubbing);
    free(store);
}

void store_memory_fail(struct store *store, enum status status, bool applied)
{
    kv_memory_fail(store->kv, status, applied);
}

size_t store_memory_count(struct store *store, struct view needle)
{
    uint64_t bodies;
    enum status status = store_scrub(store, 0, &bodies, NULL);
    assert(status == STATUS_OK);
    return kv_memory_count(store->kv, needle);
}

void store_read_stats(struct store *store, struct store_stats *stats)
{
    *stats = (struct store_stats){
        .commits = atomic_load(&store->commits),
        .commits_failed = atomic_load(&store->commits_failed),
        .changes = atomic_load(&store->changes),
    };
    store->kv->operations->read_stats(store->kv, stats);
}
