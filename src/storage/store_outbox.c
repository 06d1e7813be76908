/* What is told outside: the outbox, and the letters that nobody took. */
#include "base/limits.h"
#include "storage/rows.h"
#include "storage/store_kv.h"

static enum status take_row(struct listing *listing, struct view rest, struct view value)
{
    struct store_outbox *row = (struct store_outbox *)listing->entries + listing->count;
    if (!key_take_seq(&rest, &row->number) || rest.size > 0)
        return STATUS_CORRUPT;
    return row_decode_entries(value, listing->arena, &row->entries, &row->count);
}

enum status store_read_outbox(struct store *store, uint64_t after, size_t limit,
                              struct arena *arena, struct store_outbox *rows, size_t *count)
{
    struct listing listing = {.arena = arena, .entries = rows, .limit = limit, .take = take_row};
    struct key_range range;
    key_range_of_outbox(&range, after, journal_bound(&store->journal));
    return store_list(store, KV_JOURNAL, &range, false, &listing, count);
}

uint64_t store_outbox_end(struct store *store)
{
    return journal_bound(&store->journal);
}

static enum status take_letter(struct listing *listing, struct view rest, struct view value)
{
    struct store_dead_letter *letter =
        (struct store_dead_letter *)listing->entries + listing->count;
    if (!key_take_seq(&rest, &letter->number) || rest.size > 0)
        return STATUS_CORRUPT;
    return row_decode_bytes(value, &letter->bytes);
}

enum status store_list_dead_letters(struct store *store, uint64_t after, size_t limit,
                                    struct arena *arena, struct store_dead_letter *letters,
                                    size_t *count)
{
    struct listing listing = {
        .arena = arena, .entries = letters, .limit = limit, .take = take_letter};
    struct key_range range;
    key_range_of_dead_letters(&range, after, UINT64_MAX);
    return store_list(store, KV_JOURNAL, &range, false, &listing, count);
}

enum status store_start_outbox(struct store *store)
{
    struct store_outbox row = {.number = 0};
    struct store_dead_letter letter = {.number = 0};
    struct listing rows = {.entries = &row, .limit = 1, .take = take_row};
    struct listing letters = {.entries = &letter, .limit = 1, .take = take_letter};
    struct key_range range;
    struct arena arena;
    size_t count = 0;
    arena_init(&arena);
    rows.arena = letters.arena = &arena;
    key_range_of_outbox(&range, 0, UINT64_MAX);
    enum status status = store_list(store, KV_JOURNAL, &range, true, &rows, &count);
    if (status == STATUS_OK)
        journal_skip(&store->journal, row.number);
    key_range_of_dead_letters(&range, 0, UINT64_MAX);
    if (status == STATUS_OK)
        status = store_list(store, KV_JOURNAL, &range, true, &letters, &count);
    if (status == STATUS_OK)
        atomic_store(&store->dead_letters, letter.number);
    arena_fini(&arena);
    return status;
}

/* Puts a letter, in the place of the oldest one where there are as many as may be. */
static enum status outbox_bury(struct store *store, struct arena *arena, struct kv_batch *batch,
                               struct view letter, size_t *lost)
{
    struct key key;
    struct view oldest;
    uint64_t number = atomic_fetch_add(&store->dead_letters, 1) + 1;
    key_of_dead_letter(&key, number);
    batch_put(arena, batch, KV_JOURNAL, &key, row_encode_bytes(arena, letter));
    if (number <= LIMIT_DEAD_LETTERS_MAX)
        return STATUS_OK;
    key_of_dead_letter(&key, number - LIMIT_DEAD_LETTERS_MAX);
    enum status status = store_get(store, true, KV_JOURNAL, &key, arena, &oldest);
    if (status == STATUS_NOT_FOUND)
        return STATUS_OK;
    *lost += status == STATUS_OK;
    batch_remove(arena, batch, KV_JOURNAL, &key);
    return status;
}

enum status store_settle_outbox(struct store *store, const uint64_t *numbers, size_t count,
                                const struct view *letters, size_t letter_count, size_t *lost,
                                struct failure *failure)
{
    struct kv_batch batch = {.first = NULL, .is_lazy = letter_count == 0};
    struct arena arena;
    struct key key;
    enum status status = STATUS_OK;
    arena_init(&arena);
    *lost = 0;
    for (size_t i = 0; i < letter_count && status == STATUS_OK; i++)
        status = outbox_bury(store, &arena, &batch, letters[i], lost);
    for (size_t i = 0; i < count; i++) {
        key_of_outbox(&key, numbers[i]);
        batch_remove(&arena, &batch, KV_JOURNAL, &key);
    }
    if (status != STATUS_OK)
        failure_set(failure, status, "the dead letters of the store cannot be read: %s",
                    status_text(status));
    else if (batch.first != NULL)
        status = store->kv->operations->write(store->kv, &batch, failure);
    arena_fini(&arena);
    return status;
}

enum status store_drop_dead_letters(struct store *store, const uint64_t *numbers, size_t count,
                                    struct failure *failure)
{
    struct kv_batch batch = {.first = NULL};
    struct arena arena;
    struct key key;
    arena_init(&arena);
    for (size_t i = 0; i < count; i++) {
        key_of_dead_letter(&key, numbers[i]);
        batch_remove(&arena, &batch, KV_JOURNAL, &key);
    }
    enum status status =
        count == 0 ? STATUS_OK : store->kv->operations->write(store->kv, &batch, failure);
    arena_fini(&arena);
    return status;
}
