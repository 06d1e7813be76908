/* What backups need of a store: its files at one moment, and another id once it was put back. */
#include "storage/rows.h"
#include "storage/store_kv.h"

#include <sys/random.h>

enum { PAST_BYTES = UUID_BYTES + 8 };

enum status store_checkpoint(struct store *store, const char *directory, struct failure *failure)
{
    return store->kv->operations->checkpoint(store->kv, directory, failure);
}

static void past_write(uint8_t bytes[PAST_BYTES], const struct store_past *past)
{
    memcpy(bytes, past->id.bytes, UUID_BYTES);
    for (unsigned i = 0; i < 8; i++)
        bytes[UUID_BYTES + i] = (uint8_t)(past->lost_from_ms >> (8 * (7 - i)));
}

static void past_read(const uint8_t *bytes, struct store_past *past)
{
    memcpy(past->id.bytes, bytes, UUID_BYTES);
    past->lost_from_ms = 0;
    for (unsigned i = 0; i < 8; i++)
        past->lost_from_ms = past->lost_from_ms << 8 | bytes[UUID_BYTES + i];
}

enum status store_get_pasts(struct store *store, struct store_past pasts[LIMIT_STORE_PASTS_MAX],
                            size_t *count)
{
    struct key key;
    struct view value;
    struct arena arena;
    *count = 0;
    arena_init(&arena);
    key_of_pasts(&key);
    enum status status = store_get(store, true, KV_REST, &key, &arena, &value);
    if (status == STATUS_OK)
        status = row_decode_bytes(value, &value);
    if (status == STATUS_OK &&
        (value.size % PAST_BYTES != 0 || value.size / PAST_BYTES > LIMIT_STORE_PASTS_MAX))
        status = STATUS_CORRUPT;
    for (size_t at = 0; status == STATUS_OK && at < value.size; at += PAST_BYTES)
        past_read(value.data + at, &pasts[(*count)++]);
    arena_fini(&arena);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

/* What was lost under a newer id was lost under the older ones, too. */
static void pasts_add(struct store_past pasts[LIMIT_STORE_PASTS_MAX], size_t *count,
                      struct store_past past)
{
    if (*count == LIMIT_STORE_PASTS_MAX)
        memmove(pasts, pasts + 1, --*count * sizeof(*pasts));
    for (size_t i = 0; i < *count; i++) {
        if (pasts[i].lost_from_ms > past.lost_from_ms)
            pasts[i].lost_from_ms = past.lost_from_ms;
    }
    pasts[(*count)++] = past;
}

enum status store_begin_anew(struct store *store, uint64_t lost_from_ms, struct failure *failure)
{
    struct store_past pasts[LIMIT_STORE_PASTS_MAX];
    struct store_past past = {.lost_from_ms = lost_from_ms};
    uint8_t bytes[LIMIT_STORE_PASTS_MAX * PAST_BYTES];
    struct kv_batch batch = {.first = NULL};
    struct uuid id;
    struct key key;
    struct arena arena;
    size_t count;
    enum status status = store_get_id(store, &past.id);
    if (status == STATUS_OK)
        status = store_get_pasts(store, pasts, &count);
    if (status != STATUS_OK)
        return failure_set(failure, status, "the store's id cannot be read: %s",
                           status_text(status));
    if (getrandom(id.bytes, sizeof(id.bytes), 0) != (ssize_t)sizeof(id.bytes))
        return failure_set(failure, STATUS_IO, "the system has no source of randomness");
    pasts_add(pasts, &count, past);
    for (size_t i = 0; i < count; i++)
        past_write(bytes + i * PAST_BYTES, &pasts[i]);
    arena_init(&arena);
    key_of_store(&key);
    batch_put(&arena, &batch, KV_REST, &key, row_encode_bytes(&arena, uuid_view(&id)));
    key_of_pasts(&key);
    batch_put(&arena, &batch, KV_REST, &key,
              row_encode_bytes(&arena, view_make(bytes, count * PAST_BYTES)));
    status = store->kv->operations->write(store->kv, &batch, failure);
    arena_fini(&arena);
    return status;
}
