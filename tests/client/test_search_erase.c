/* What was taken back is in no byte of the index. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "search_fixture.h"

/* One that lies on two pages is whole on neither. */
static bool files_hold_half(struct fixture *fixture, struct view filter)
{
    size_t half = filter.size / 2;
    return files_hold(fixture, view_make(filter.data, half)) ||
           files_hold(fixture, view_make(filter.data + half, half));
}

static void a_recalled_message_is_in_no_byte_of_the_index(void **state)
{
    struct fixture *fixture = *state;
    struct view filter = filter_of(fixture, canary);
    fixture_put(fixture, make_message(&fixture->arena, "g:1", 1, "another one"));
    fixture_put(fixture, make_message(&fixture->arena, "g:1", 2, canary));
    assert_string_equal(find(fixture, "quetzalcoatluscanary 丝雀"), "g:1:2 ");
    assert_true(files_hold(fixture, filter));
    assert_true(files_hold(fixture, view_of("QuetzalcoatlusCanary")));
    assert_false(files_hold(fixture, view_of("quetzalcoatluscanary")));

    assert_true(fixture_recall(fixture, make_recall(&fixture->arena, "g:1", 3, 2)));
    assert_string_equal(find(fixture, "quetzalcoatluscanary"), "");
    assert_string_equal(find(fixture, "金丝雀"), "");
    fixture_scrub(fixture);
    assert_false(files_hold(fixture, filter));
    assert_false(files_hold(fixture, view_of("QuetzalcoatlusCanary")));
    assert_false(files_hold(fixture, view_of("quetzalcoatluscanary")));
    assert_false(files_hold(fixture, view_of("丝雀")));
    assert_string_equal(find(fixture, "another"), "g:1:1 ");
    fixture_reopen(fixture);
    assert_string_equal(find(fixture, "another"), "g:1:1 ");
    assert_string_equal(find(fixture, "midnight"), "");
    assert_false(files_hold(fixture, filter));
}

static void a_message_that_comes_with_its_recall_is_never_indexed(void **state)
{
    struct fixture *fixture = *state;
    database_begin(fixture->database);
    database_put_event(fixture->database,
                       make_message(&fixture->arena, "g:1", 1, "before the canary"));
    database_put_event(fixture->database, make_message(&fixture->arena, "g:1", 2, canary));
    database_put_event(fixture->database,
                       make_message(&fixture->arena, "g:1", 3, "behind the canary"));
    database_recall(fixture->database, make_recall(&fixture->arena, "g:1", 4, 2));
    assert_int_equal(database_commit(fixture->database, NULL), STATUS_OK);
    assert_false(files_hold(fixture, filter_of(fixture, canary)));
    assert_true(files_hold(fixture, filter_of(fixture, "before the canary")));
    assert_string_equal(find(fixture, "the canary"), "g:1:3 g:1:1 ");
    assert_string_equal(find(fixture, "midnight"), "");
}

/* The first ones are on their way to the disk by then, the last ones are not. */
static void one_transaction_takes_back_what_it_stored_long_ago(void **state)
{
    struct fixture *fixture = *state;
    enum { MESSAGES = 1000 };
    struct view filter = filter_of(fixture, canary);
    database_begin(fixture->database);
    for (unsigned i = 1; i <= MESSAGES; i++)
        database_put_event(fixture->database, make_message(&fixture->arena, "g:1", i,
                                                           i % 100 == 0 ? canary : "other"));
    for (unsigned i = 100; i <= MESSAGES; i += 100)
        assert_true(database_recall(fixture->database,
                                    make_recall(&fixture->arena, "g:1", MESSAGES + i, i)));
    assert_int_equal(database_commit(fixture->database, NULL), STATUS_OK);
    fixture_scrub(fixture);
    assert_false(files_hold_half(fixture, filter));
    assert_string_equal(find(fixture, "midnight"), "");
}

/* Rows of one and of many entries, long ones that lie on several pages, every second message taken
 * back. */
static void many_recalls_leave_no_filter(void **state)
{
    struct fixture *fixture = *state;
    enum { MESSAGES = 600 };
    static struct view filters[MESSAGES];
    char text[1024];
    database_begin(fixture->database);
    for (unsigned i = 0; i < MESSAGES; i++) {
        int size = 0;
        for (unsigned word = 0; word < 20 + i % 31; word++)
            size += snprintf(text + size, 32, "word%ux%u ", i, word);
        filters[i] = filter_of(fixture, text);
        database_put_event(fixture->database,
                           make_message(&fixture->arena, i % 3 == 0 ? "g:1" : "g:2", i + 1, text));
        if (i % 100 == 99 || i > 500) {
            assert_int_equal(database_commit(fixture->database, NULL), STATUS_OK);
            database_begin(fixture->database);
        }
    }
    for (unsigned i = 1; i < MESSAGES; i += 2) {
        assert_true(database_recall(
            fixture->database,
            make_recall(&fixture->arena, i % 3 == 0 ? "g:1" : "g:2", 10000 + i, i + 1)));
    }
    assert_int_equal(database_commit(fixture->database, NULL), STATUS_OK);
    fixture_scrub(fixture);
    for (unsigned i = 0; i < MESSAGES; i++)
        assert_int_equal(files_hold_half(fixture, filters[i]), i % 2 == 0);
    for (unsigned i = 0; i < MESSAGES; i++) {
        snprintf(text, sizeof(text), "word%ux3", i);
        assert_int_equal(strlen(find(fixture, text)) != 0, i % 2 == 0);
    }
}

static void another_store_empties_the_index(void **state)
{
    struct fixture *fixture = *state;
    struct view filter = filter_of(fixture, canary);
    fixture_put(fixture, make_message(&fixture->arena, "g:1", 1, canary));
    database_begin(fixture->database);
    database_put_event(fixture->database, make_message(&fixture->arena, "g:1", 2, canary));
    database_forget(fixture->database);
    database_put_event(fixture->database, make_message(&fixture->arena, "g:1", 1, "the new log"));
    assert_int_equal(database_commit(fixture->database, NULL), STATUS_OK);
    fixture_scrub(fixture);
    assert_false(files_hold(fixture, filter));
    assert_string_equal(find(fixture, "midnight"), "");
    assert_string_equal(find(fixture, "the"), "g:1:1 ");
}

#define fixture_test(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(a_recalled_message_is_in_no_byte_of_the_index),
        fixture_test(a_message_that_comes_with_its_recall_is_never_indexed),
        fixture_test(one_transaction_takes_back_what_it_stored_long_ago),
        fixture_test(many_recalls_leave_no_filter),
        fixture_test(another_store_empties_the_index),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
