/* A commit that takes long hides the rows that were written after it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/memory.h"
#include "storage/kv_memory.h"
#include "storage/rows.h"
#include "storage/store_kv.h"

/* A map in memory of which one thread's write waits until it is let go. */
struct gate {
    struct kv kv;
    struct kv *map;
    pthread_mutex_t lock;
    pthread_cond_t moved;
    enum { OPEN, CLOSED, REACHED } state;
};

static struct gate *gate_of(struct kv *kv)
{
    return LIST_ITEM(kv, struct gate, kv);
}

static enum status gate_get(struct kv *kv, enum kv_space space, struct view key,
                            struct arena *arena, struct view *value)
{
    struct kv *map = gate_of(kv)->map;
    return map->operations->get(map, space, key, arena, value);
}

static enum status gate_scan(struct kv *kv, const struct kv_range *range, kv_visit *visit,
                             void *context)
{
    struct kv *map = gate_of(kv)->map;
    return map->operations->scan(map, range, visit, context);
}

static enum status gate_write(struct kv *kv, const struct kv_batch *batch, struct failure *failure)
{
    struct gate *gate = gate_of(kv);
    pthread_mutex_lock(&gate->lock);
    if (gate->state == CLOSED) {
        gate->state = REACHED;
        pthread_cond_broadcast(&gate->moved);
        while (gate->state == REACHED)
            pthread_cond_wait(&gate->moved, &gate->lock);
    }
    pthread_mutex_unlock(&gate->lock);
    return gate->map->operations->write(gate->map, batch, failure);
}

static void gate_close(struct kv *kv)
{
    gate_of(kv)->map->operations->close(gate_of(kv)->map);
}

static const struct kv_operations gate_operations = {
    .get = gate_get, .scan = gate_scan, .write = gate_write, .close = gate_close};

static enum status audit_commit(struct store *store, const char *entry)
{
    struct change change = {.kind = CHANGE_AUDIT, .bytes = view_of(entry)};
    struct change_list list = {.count = 0};
    const struct change_list *lists[] = {&list};
    change_list_add(&list, &change);
    return store_commit(store, lists, 1, NULL);
}

static void *slow_commit(void *store)
{
    return audit_commit(store, "slow") == STATUS_OK ? store : NULL;
}

static size_t rows_count(struct store *store)
{
    struct store_journal rows[4];
    struct arena arena;
    size_t count;
    arena_init(&arena);
    assert_int_equal(store_read_journal(store, 0, 4, &arena, rows, &count), STATUS_OK);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(rows[i].number, i + 1);
    arena_fini(&arena);
    return count;
}

static void test_rows_wait_for_those_before(void **state)
{
    struct gate gate = {.kv = {&gate_operations}, .map = kv_memory_new()};
    pthread_t thread;
    void *result;
    (void)state;
    pthread_mutex_init(&gate.lock, NULL);
    pthread_cond_init(&gate.moved, NULL);
    struct store *store = store_new(&gate.kv, NULL);
    assert_int_equal(audit_commit(store, "first"), STATUS_OK);

    gate.state = CLOSED;
    assert_int_equal(pthread_create(&thread, NULL, slow_commit, store), 0);
    pthread_mutex_lock(&gate.lock);
    while (gate.state == CLOSED)
        pthread_cond_wait(&gate.moved, &gate.lock);
    pthread_mutex_unlock(&gate.lock);
    assert_int_equal(audit_commit(store, "fast"), STATUS_OK);
    assert_int_equal(rows_count(store), 1);
    assert_int_equal(store_settle_journal(store, 3, NULL, 0, NULL), STATUS_MALFORMED);
    assert_int_equal(store_settle_journal(store, 0, NULL, 0, NULL), STATUS_OK);

    pthread_mutex_lock(&gate.lock);
    gate.state = OPEN;
    pthread_cond_broadcast(&gate.moved);
    pthread_mutex_unlock(&gate.lock);
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_non_null(result);
    assert_int_equal(rows_count(store), 3);
    store_close(store);
    pthread_cond_destroy(&gate.moved);
    pthread_mutex_destroy(&gate.lock);
}

/* A write that failed may turn out to be there after all, when later rows are settled. */
static void test_a_late_row_is_not_dropped_unread(void **state)
{
    struct store *store = store_new(kv_memory_new(), NULL);
    struct kv_batch batch = {.first = NULL};
    struct view entry = view_of("late");
    struct arena arena;
    struct key key;
    (void)state;
    arena_init(&arena);
    for (int i = 0; i < 3; i++)
        assert_int_equal(audit_commit(store, "x"), STATUS_OK);
    assert_int_equal(store_settle_journal(store, 2, NULL, 0, NULL), STATUS_OK);
    key_of_journal(&key, 1);
    batch_put(&arena, &batch, KV_JOURNAL, &key, row_encode_entries(&arena, &entry, 1));
    struct kv *kv = store_kv(store);
    assert_int_equal(kv->operations->write(kv, &batch, NULL), STATUS_OK);
    assert_int_equal(store_settle_journal(store, 3, NULL, 0, NULL), STATUS_OK);
    assert_int_equal(rows_count(store), 1);
    arena_fini(&arena);
    store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows_wait_for_those_before),
                                       cmocka_unit_test(test_a_late_row_is_not_dropped_unread)};
    return cmocka_run_group_tests_name("journal", tests, NULL, NULL);
}
