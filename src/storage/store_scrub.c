#include "storage/store_kv.h"

enum { CHUNK_MARKS = 256, CHUNK_BYTES = 1 << 20 };

/* Some marks, in order of their keys. */
struct chunk {
    struct arena *arena;
    struct kv_entry entries[CHUNK_MARKS];
    size_t count;
    size_t bytes;
};

static bool chunk_visit(void *context, struct view key, struct view value)
{
    struct chunk *chunk = context;
    if (chunk->count == CHUNK_MARKS || chunk->bytes >= CHUNK_BYTES)
        return false;
    struct kv_entry *entry = &chunk->entries[chunk->count++];
    *entry = (struct kv_entry){.key = arena_copy(chunk->arena, key),
                               .value = arena_copy(chunk->arena, value)};
    chunk->bytes += key.size + value.size;
    return true;
}

/* The marks from `from` on, which becomes the place after them. */
static enum status chunk_read(struct store *store, struct chunk *chunk, struct key *from,
                              struct failure *failure)
{
    uint8_t end[KEY_BYTES_MAX];
    memset(end, 0xff, sizeof(end));
    struct kv_range range = {
        .space = KV_MARKS, .lower = key_view(from), .upper = view_make(end, sizeof(end))};
    chunk->count = chunk->bytes = 0;
    arena_reset(chunk->arena);
    enum status status = store->kv->operations->scan(store->kv, &range, chunk_visit, chunk);
    struct view last =
        chunk->count == 0 ? view_make(NULL, 0) : chunk->entries[chunk->count - 1].key;
    if (status == STATUS_OK && last.size >= sizeof(from->bytes)) /* none of ours */
        status = STATUS_CORRUPT;
    if (status == STATUS_OK && chunk->count == 0)
        return STATUS_OK;
    if (status != STATUS_OK)
        return failure_set(failure, status, "the marks of recalls cannot be read: %s",
                           status_text(status));
    memcpy(from->bytes, last.data, last.size);
    from->bytes[last.size] = 0;
    from->size = last.size + 1;
    return STATUS_OK;
}

static void chunk_batch(struct chunk *chunk, struct kv_batch *batch)
{
    *batch = (struct kv_batch){.bytes = chunk->bytes};
    for (size_t i = 0; i < chunk->count; i++) {
        if (batch->last == NULL)
            batch->first = &chunk->entries[i];
        else
            batch->last->next = &chunk->entries[i];
        batch->last = &chunk->entries[i];
    }
}

/* Puts every mark in the place of its event, where it leaves the body without a key. */
static enum status marks_move(struct store *store, struct chunk *chunk, uint64_t *bodies,
                              struct failure *failure)
{
    struct key from = {.size = 0};
    struct kv_batch batch;
    for (;;) {
        enum status status = chunk_read(store, chunk, &from, failure);
        if (status != STATUS_OK || chunk->count == 0)
            return status;
        for (size_t i = 0; i < chunk->count; i++)
            chunk->entries[i].space = KV_EVENTS;
        chunk_batch(chunk, &batch);
        status = store->kv->operations->write(store->kv, &batch, failure);
        if (status != STATUS_OK)
            return status;
        *bodies += chunk->count;
    }
}

/* A mark goes when its event says the same; one that came or changed meanwhile stays. */
static enum status chunk_drop(struct store *store, struct chunk *chunk, struct failure *failure)
{
    struct kv_batch batch;
    size_t dropped = 0;
    for (size_t i = 0; i < chunk->count; i++) {
        struct kv_entry *entry = &chunk->entries[i];
        struct view moved;
        enum status status =
            store->kv->operations->get(store->kv, KV_EVENTS, entry->key, chunk->arena, &moved);
        if (status != STATUS_OK && status != STATUS_NOT_FOUND)
            return failure_set(failure, status, "an event cannot be read: %s", status_text(status));
        if (status == STATUS_OK && view_equal(moved, entry->value))
            chunk->entries[dropped++] =
                (struct kv_entry){.space = KV_MARKS, .is_removal = true, .key = entry->key};
    }
    chunk->count = dropped;
    chunk_batch(chunk, &batch);
    batch.is_lazy = true;
    return dropped == 0 ? STATUS_OK : store->kv->operations->write(store->kv, &batch, failure);
}

static enum status marks_drop(struct store *store, struct chunk *chunk, struct failure *failure)
{
    struct key from = {.size = 0};
    enum status status;
    do {
        pthread_rwlock_wrlock(&store->marking);
        status = chunk_read(store, chunk, &from, failure);
        size_t count = chunk->count;
        if (status == STATUS_OK && count > 0)
            status = chunk_drop(store, chunk, failure);
        pthread_rwlock_unlock(&store->marking);
        if (count == 0)
            break;
    } while (status == STATUS_OK);
    return status;
}

enum status store_scrub(struct store *store, uint64_t now_ms, uint64_t *bodies,
                        struct failure *failure)
{
    struct arena arena;
    arena_init(&arena);
    struct chunk *chunk = arena_alloc(&arena, sizeof(*chunk));
    struct arena values;
    arena_init(&values);
    chunk->arena = &values;
    *bodies = 0;
    pthread_mutex_lock(&store->scrubbing);
    enum status status = marks_move(store, chunk, bodies, failure);
    if (status == STATUS_OK && *bodies > 0)
        status = store->kv->operations->rewrite(store->kv, KV_EVENTS, KV_MARKS, failure);
    if (status == STATUS_OK && *bodies > 0)
        status = marks_drop(store, chunk, failure);
    pthread_mutex_unlock(&store->scrubbing);
    enum status keys_status =
        evidence_keys_destroy(store->evidence, now_ms, status == STATUS_OK ? failure : NULL);
    arena_fini(&values);
    arena_fini(&arena);
    return status == STATUS_OK ? keys_status : status;
}
