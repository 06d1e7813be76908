/* The hash table against a naive map, and the list. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/list.h"
#include "base/prng.h"
#include "base/table.h"

enum { NAMES = 400 };

/* What the table should hold: value i is at index i, or NULL. Two values a name, to see replacing.
 */
struct model {
    char names[NAMES][8];
    int values[2][NAMES];
    void *held[NAMES];
    size_t count;
};

static struct view model_key(const struct model *model, size_t name)
{
    return view_of(model->names[name]);
}

static void model_compare(const struct model *model, const struct table *table)
{
    size_t walked = 0;
    assert_int_equal(table->count, model->count);
    for (size_t name = 0; name < NAMES; name++)
        assert_ptr_equal(table_get(table, model_key(model, name)), model->held[name]);
    for (size_t at = 0; table_next(table, &at) != NULL;)
        walked++;
    assert_int_equal(walked, model->count);
}

static void model_step(struct model *model, struct table *table, struct prng *prng, bool grows)
{
    size_t name = prng_below(prng, NAMES);
    void *held = model->held[name];
    if (prng_below(prng, 10) < (grows ? 7 : 3)) {
        void *value = &model->values[prng_below(prng, 2)][name];
        assert_ptr_equal(table_put(table, model_key(model, name), value), held);
        model->held[name] = value;
        model->count += held == NULL;
    } else {
        assert_ptr_equal(table_remove(table, model_key(model, name)), held);
        model->held[name] = NULL;
        model->count -= held != NULL;
    }
}

static void a_table_is_a_map(void **state)
{
    static struct model model;
    (void)state;
    for (size_t name = 0; name < NAMES; name++)
        snprintf(model.names[name], sizeof(model.names[name]), "n%zu", name);
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct prng prng = {seed};
        struct table table;
        uint8_t key[16] = {(uint8_t)seed};
        table_seed(key);
        table_init(&table);
        memset(model.held, 0, sizeof(model.held));
        model.count = 0;
        for (int step = 0; step < 4000; step++) {
            model_step(&model, &table, &prng, step / 1000 % 2 == 0);
            if (step % 50 == 0)
                model_compare(&model, &table);
        }
        model_compare(&model, &table);
        assert_true(table.capacity <= 1024);
        table_fini(&table);
    }
}

static void an_empty_table_answers(void **state)
{
    struct table table;
    size_t at = 0;
    (void)state;
    table_init(&table);
    assert_null(table_get(&table, view_of("a")));
    assert_null(table_remove(&table, view_of("a")));
    assert_null(table_next(&table, &at));
    int value = 0;
    assert_null(table_put(&table, view_make(NULL, 0), &value));
    assert_ptr_equal(table_get(&table, view_of("")), &value);
    table_fini(&table);
}

static void the_seed_changes_the_hash(void **state)
{
    (void)state;
    table_seed((const uint8_t[16]){1});
    uint64_t first = table_hash(view_of("a"));
    assert_true(table_hash(view_of("a")) == first);
    table_seed((const uint8_t[16]){2});
    assert_true(table_hash(view_of("a")) != first);
}

struct item {
    int number;
    struct list node;
};

static void a_list_keeps_order(void **state)
{
    struct list list;
    struct item items[5];
    (void)state;
    list_init(&list);
    assert_true(list_is_empty(&list));
    assert_null(list_pop_front(&list));
    for (int i = 0; i < 5; i++) {
        items[i].number = i;
        list_push_back(&list, &items[i].node);
    }
    list_remove(&items[2].node);
    list_remove(&items[2].node);
    list_remove(&items[4].node);
    list_push_back(&list, &items[2].node);
    static const int expected[] = {0, 1, 3, 2};
    for (int i = 0; i < 4; i++)
        assert_int_equal(LIST_ITEM(list_pop_front(&list), struct item, node)->number, expected[i]);
    assert_true(list_is_empty(&list));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_is_a_map),
        cmocka_unit_test(an_empty_table_answers),
        cmocka_unit_test(the_seed_changes_the_hash),
        cmocka_unit_test(a_list_keeps_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
