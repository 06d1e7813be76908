/* The way into the audit log: in the order of commits, none skipped, none shown too early. */
#include "conformance.h"

#include <pthread.h>
#include <stdatomic.h>

static void add_audit(struct fixture *fixture, const char *entry)
{
    add(fixture, CHANGE_AUDIT, "")->bytes = view_of(entry);
}

/* The journal as "1:a,b 3:c". */
static const char *journal_text(struct fixture *fixture, uint64_t after, size_t limit)
{
    struct store_journal rows[16];
    char *text = arena_zero(&fixture->arena, 512);
    size_t size = 0;
    size_t count;
    assert_true(limit <= 16);
    assert_int_equal(
        store_read_journal(fixture->store, after, limit, &fixture->arena, rows, &count), STATUS_OK);
    for (size_t i = 0; i < count; i++) {
        size += (size_t)snprintf(text + size, 512 - size, "%s%llu:", i == 0 ? "" : " ",
                                 (unsigned long long)rows[i].number);
        for (size_t j = 0; j < rows[i].count; j++)
            size += (size_t)snprintf(text + size, 512 - size, "%s%.*s", j == 0 ? "" : ",",
                                     VIEW_PRINT(rows[i].entries[j]));
    }
    return text;
}

static struct store_posting posting(const char *word, uint64_t first, const char *bytes)
{
    return (struct store_posting){3, view_of(word), first, view_of(bytes)};
}

static void settle(struct fixture *fixture, uint64_t number, const struct store_posting *postings,
                   size_t count)
{
    struct failure failure = {STATUS_OK, ""};
    if (store_settle_journal(fixture->store, number, postings, count, &failure) != STATUS_OK)
        fail_msg("%s", failure.text);
}

static void test_entries_of_a_commit_are_one_row(void **state)
{
    struct fixture *fixture = *state;
    struct change_list lists[2];
    const struct change_list *pointers[] = {&lists[0], &lists[1]};
    assert_string_equal(journal_text(fixture, 0, 9), "");
    add_audit(fixture, "a");
    add_event(fixture, "c", 1, 1, "between");
    add_audit(fixture, "");
    lists[0] = fixture->list;
    fixture->list = (struct change_list){.count = 0};
    add_audit(fixture, "b");
    lists[1] = fixture->list;
    fixture->list = (struct change_list){.count = 0};
    assert_int_equal(store_commit(fixture->store, pointers, 2, NULL), STATUS_OK);
    add_event(fixture, "c", 1, 2, "without an entry");
    commit(fixture);
    add_audit(fixture, "c");
    commit(fixture);
    add_audit(fixture, "d");
    commit(fixture);
    reopen(fixture);
    assert_string_equal(journal_text(fixture, 0, 9), "1:a,,b 2:c 3:d");
    assert_string_equal(journal_text(fixture, 0, 2), "1:a,,b 2:c");
    assert_string_equal(journal_text(fixture, 1, 1), "2:c");
    assert_string_equal(journal_text(fixture, 3, 9), "");
    assert_string_equal(journal_text(fixture, UINT64_MAX, 9), "");
}

static void test_settling(void **state)
{
    struct fixture *fixture = *state;
    struct store_posting given[] = {posting("li", 4, "four"), posting("li", 0, "none"),
                                    posting("lia", 5, "another word")};
    struct store_posting found[4];
    size_t count;
    for (int i = 0; i < 3; i++) {
        add_audit(fixture, "x");
        commit(fixture);
    }
    for (int again = 0; again < 3; again++) {
        settle(fixture, 2, given, 3);
        assert_string_equal(journal_text(fixture, 0, 9), "3:x");
        assert_int_equal(store_list_postings(fixture->store, 3, view_of("li"), 0, 4,
                                             &fixture->arena, found, &count),
                         STATUS_OK);
        assert_int_equal(count, 2);
        assert_int_equal(found[0].first, 4);
        assert_int_equal(found[0].dimension, 3);
        assert_view(found[0].word, "li");
        assert_view(found[0].bytes, "four");
        assert_int_equal(found[1].first, 0);
        reopen(fixture);
    }
    assert_int_equal(
        store_list_postings(fixture->store, 3, view_of("li"), 4, 4, &fixture->arena, found, &count),
        STATUS_OK);
    assert_int_equal(count, 1);
    assert_view(found[0].bytes, "none");
    assert_int_equal(
        store_list_postings(fixture->store, 4, view_of("li"), 0, 4, &fixture->arena, found, &count),
        STATUS_OK);
    assert_int_equal(count, 0);

    struct store_posting wrong = posting("", 1, "a word that no store holds");
    assert_int_equal(store_settle_journal(fixture->store, 3, &wrong, 1, NULL), STATUS_MALFORMED);
    assert_string_equal(journal_text(fixture, 0, 9), "3:x");
}

static void test_numbers_are_never_used_again(void **state)
{
    struct fixture *fixture = *state;
    add_audit(fixture, "one");
    commit(fixture);
    add_audit(fixture, "two");
    commit(fixture);
    settle(fixture, 2, NULL, 0);
    settle(fixture, 1, NULL, 0);
    reopen(fixture);
    add_audit(fixture, "three");
    commit(fixture);
    assert_string_equal(journal_text(fixture, 0, 9), "3:three");
    /* A log that is ahead of the store, which came from a backup. */
    settle(fixture, 10, NULL, 0);
    add_audit(fixture, "eleven");
    commit(fixture);
    reopen(fixture);
    assert_string_equal(journal_text(fixture, 0, 9), "11:eleven");
}

/* A store that takes the place of another one, whose numbers a log knows. */
static void test_numbers_are_skipped(void **state)
{
    struct fixture *fixture = *state;
    add_audit(fixture, "one");
    commit(fixture);
    store_skip_journal(fixture->store, 10);
    store_skip_journal(fixture->store, 5);
    add_audit(fixture, "eleven");
    commit(fixture);
    assert_string_equal(journal_text(fixture, 0, 9), "1:one 11:eleven");
    reopen(fixture);
    store_skip_journal(fixture->store, 0);
    add_audit(fixture, "twelve");
    commit(fixture);
    assert_string_equal(journal_text(fixture, 0, 9), "1:one 11:eleven 12:twelve");
}

static void test_number_of_a_failed_commit(void **state)
{
    struct fixture *fixture = *state;
    for (int applied = 0; applied < 2; applied++) {
        fail_next(fixture, STATUS_IO, applied == 1);
        add_audit(fixture, "failed");
        assert_int_equal(commit_status(fixture), STATUS_IO);
        fail_next(fixture, STATUS_OK, false);
        if (applied == 1)
            reopen(fixture);
        add_audit(fixture, "after");
        commit(fixture);
        assert_string_equal(journal_text(fixture, (uint64_t)applied * 2, 9),
                            applied == 0 ? "2:after" : "3:failed 4:after");
    }
}

enum { WRITERS = 4, ROUNDS = 200 };

struct race {
    struct fixture *fixture;
    atomic_int writers;
};

static void *race_write(void *context)
{
    struct race *race = context;
    struct change change = {.kind = CHANGE_AUDIT, .bytes = view_of("entry")};
    struct change_list list = {.count = 0};
    const struct change_list *lists[] = {&list};
    bool is_good = true;
    change_list_add(&list, &change);
    for (int i = 0; i < ROUNDS; i++)
        is_good = store_commit(race->fixture->store, lists, 1, NULL) == STATUS_OK && is_good;
    atomic_fetch_sub(&race->writers, 1);
    return is_good ? race : NULL;
}

/* One who reads behind four who commit sees every row, once, in order. */
static void test_reading_while_others_commit(void **state)
{
    struct race race = {*state, WRITERS};
    pthread_t threads[WRITERS];
    struct arena arena;
    uint64_t last = 0;
    size_t count;
    bool is_over;
    arena_init(&arena);
    for (size_t i = 0; i < WRITERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, race_write, &race), 0);
    do {
        struct store_journal rows[8];
        is_over = atomic_load(&race.writers) == 0;
        assert_int_equal(store_read_journal(race.fixture->store, last, 8, &arena, rows, &count),
                         STATUS_OK);
        for (size_t i = 0; i < count; i++)
            assert_int_equal(rows[i].number, ++last);
        arena_reset(&arena);
    } while (!is_over || count > 0);
    assert_int_equal(last, WRITERS * ROUNDS);
    for (size_t i = 0; i < WRITERS; i++) {
        void *result;
        assert_int_equal(pthread_join(threads[i], &result), 0);
        assert_non_null(result);
    }
    arena_fini(&arena);
}

const struct conformance_test conformance_journal[] = {
    TEST(test_entries_of_a_commit_are_one_row),
    TEST(test_settling),
    TEST(test_numbers_are_never_used_again),
    TEST(test_number_of_a_failed_commit),
    TEST(test_numbers_are_skipped),
    TEST(test_reading_while_others_commit),
    TESTS_END,
};
