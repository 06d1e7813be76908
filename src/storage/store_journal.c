#include "storage/rows.h"
#include "storage/store_kv.h"

#include <assert.h>

static enum status take_row(struct listing *listing, struct view rest, struct view value)
{
    struct store_journal *row = (struct store_journal *)listing->entries + listing->count;
    if (!key_take_seq(&rest, &row->number) || rest.size > 0)
        return STATUS_CORRUPT;
    return row_decode_entries(value, listing->arena, &row->entries, &row->count);
}

enum status store_read_journal(struct store *store, uint64_t after, size_t limit,
                               struct arena *arena, struct store_journal *rows, size_t *count)
{
    struct listing listing = {.arena = arena, .entries = rows, .limit = limit, .take = take_row};
    struct key_range range;
    key_range_of_journal(&range, after, journal_bound(&store->journal));
    return store_list(store, KV_JOURNAL, &range, false, &listing, count);
}

static enum status read_settled(struct store *store, uint64_t *number)
{
    struct key key;
    struct view value;
    struct arena arena;
    *number = 0;
    arena_init(&arena);
    key_of_settled(&key);
    enum status status = store_get(store, true, KV_REST, &key, &arena, &value);
    if (status == STATUS_OK)
        status = row_decode_number(value, number);
    arena_fini(&arena);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

enum status store_start_journal(struct store *store)
{
    struct store_journal last = {.number = 0};
    struct listing listing = {.entries = &last, .limit = 1, .take = take_row};
    struct key_range range;
    struct arena arena;
    uint64_t settled;
    size_t count = 0;
    arena_init(&arena);
    listing.arena = &arena;
    key_range_of_journal(&range, 0, UINT64_MAX);
    enum status status = read_settled(store, &settled);
    if (status == STATUS_OK)
        status = store_list(store, KV_JOURNAL, &range, true, &listing, &count);
    if (status == STATUS_OK)
        journal_skip(&store->journal, last.number > settled ? last.number : settled);
    arena_fini(&arena);
    return status;
}

struct drop {
    struct arena *arena;
    struct kv_batch *batch;
};

static bool drop_row(void *context, struct view key, struct view value)
{
    struct drop *drop = context;
    struct key dropped = {.size = key.size};
    (void)value;
    if (key.size > sizeof(dropped.bytes))
        return true;
    memcpy(dropped.bytes, key.data, key.size);
    batch_remove(drop->arena, drop->batch, KV_JOURNAL, &dropped);
    return true;
}

static enum status settle(struct store *store, uint64_t number,
                          const struct store_posting *postings, size_t count, struct arena *arena,
                          struct failure *failure)
{
    struct kv_batch batch = {.first = NULL};
    struct drop drop = {arena, &batch};
    struct key_range range;
    struct key key;
    uint64_t settled;
    /* Not from the first row on: what was dropped long ago is skipped at a cost, and a row that
     * turns up there, because a write that had failed was made good, nobody has read yet. */
    uint64_t dropped = atomic_load(&store->journal_dropped);
    enum status status = read_settled(store, &settled);
    key_range_of_journal(&range, dropped, number + 1);
    if (status == STATUS_OK && dropped < number)
        status = store_scan(store, KV_JOURNAL, &range, false, drop_row, &drop);
    if (status != STATUS_OK)
        return failure_set(failure, status, "the journal of the store cannot be read: %s",
                           status_text(status));
    for (size_t i = 0; i < count; i++) {
        if (!key_of_posting(&key, postings[i].dimension, postings[i].word, postings[i].first))
            return failure_set(failure, STATUS_MALFORMED,
                               "nothing was settled: the word of posting %zu is empty, too long or "
                               "contains a NUL",
                               i + 1);
        batch_put(arena, &batch, KV_REST, &key, row_encode_bytes(arena, postings[i].bytes));
    }
    key_of_settled(&key);
    if (number > settled)
        batch_put(arena, &batch, KV_REST, &key, row_encode_number(arena, number));
    if (batch.first != NULL)
        status = store->kv->operations->write(store->kv, &batch, failure);
    if (status == STATUS_OK && dropped < number)
        atomic_store(&store->journal_dropped, number);
    return status;
}

enum status store_settle_journal(struct store *store, uint64_t number,
                                 const struct store_posting *postings, size_t count,
                                 struct failure *failure)
{
    struct arena arena;
    /* A log that is ahead of a restored store: its numbers are used, too. */
    journal_skip(&store->journal, number);
    if (number >= journal_bound(&store->journal))
        return failure_set(failure, STATUS_MALFORMED,
                           "nothing was settled: commit %llu of the journal is still under way",
                           (unsigned long long)journal_bound(&store->journal));
    arena_init(&arena);
    enum status status = settle(store, number, postings, count, &arena, failure);
    arena_fini(&arena);
    return status;
}

void store_skip_journal(struct store *store, uint64_t number)
{
    journal_skip(&store->journal, number);
}

static enum status take_posting(struct listing *listing, struct view rest, struct view value)
{
    struct store_posting *posting = (struct store_posting *)listing->entries + listing->count;
    if (!key_take_number(&rest, &posting->first) || rest.size > 0)
        return STATUS_CORRUPT;
    return row_decode_bytes(value, &posting->bytes);
}

enum status store_list_postings(struct store *store, uint8_t dimension, struct view word,
                                uint64_t before, size_t limit, struct arena *arena,
                                struct store_posting *postings, size_t *count)
{
    struct listing listing = {
        .arena = arena, .entries = postings, .limit = limit, .take = take_posting};
    struct key_range range;
    *count = 0;
    if (!key_range_of_postings(&range, dimension, word, before))
        return STATUS_OK;
    enum status status = store_list(store, KV_REST, &range, true, &listing, count);
    for (size_t i = 0; i < *count; i++) {
        postings[i].dimension = dimension;
        postings[i].word = arena_copy(arena, word);
    }
    return status;
}
