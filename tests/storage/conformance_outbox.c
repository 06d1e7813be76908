/* What is told outside: in the order of commits, none skipped, none shown too early; and letters
 * that nobody took. */
#include "conformance.h"

static void add_outgoing(struct fixture *fixture, const char *entry)
{
    add(fixture, CHANGE_OUTBOX, "")->bytes = view_of(entry);
}

/* The outbox as "1:a,b 3:c". */
static const char *outbox_text(struct fixture *fixture, uint64_t after, size_t limit)
{
    struct store_outbox rows[16];
    char *text = arena_zero(&fixture->arena, 512);
    size_t size = 0;
    size_t count;
    assert_true(limit <= 16);
    assert_int_equal(store_read_outbox(fixture->store, after, limit, &fixture->arena, rows, &count),
                     STATUS_OK);
    for (size_t i = 0; i < count; i++) {
        size += (size_t)snprintf(text + size, 512 - size, "%s%llu:", i == 0 ? "" : " ",
                                 (unsigned long long)rows[i].number);
        for (size_t j = 0; j < rows[i].count; j++)
            size += (size_t)snprintf(text + size, 512 - size, "%s%.*s", j == 0 ? "" : ",",
                                     VIEW_PRINT(rows[i].entries[j]));
    }
    return text;
}

static void settle(struct fixture *fixture, uint64_t number, const char *letter, size_t lost)
{
    struct view bytes = view_of(letter == NULL ? "" : letter);
    size_t found;
    assert_int_equal(
        store_settle_outbox(fixture->store, &number, 1, &bytes, letter != NULL, &found, NULL),
        STATUS_OK);
    assert_int_equal(found, lost);
}

static size_t letters(struct fixture *fixture, uint64_t after, struct store_dead_letter *found)
{
    size_t count;
    assert_int_equal(
        store_list_dead_letters(fixture->store, after, 4, &fixture->arena, found, &count),
        STATUS_OK);
    return count;
}

static void test_entries_of_a_commit_are_one_row(void **state)
{
    struct fixture *fixture = *state;
    assert_string_equal(outbox_text(fixture, 0, 9), "");
    add_outgoing(fixture, "a");
    add_event(fixture, "c", 1, 1, "between");
    add_outgoing(fixture, "b");
    commit(fixture);
    add_event(fixture, "c", 1, 2, "with nothing to tell");
    commit(fixture);
    add_outgoing(fixture, "c");
    commit(fixture);
    reopen(fixture);
    add_outgoing(fixture, "d");
    commit(fixture);
    assert_string_equal(outbox_text(fixture, 0, 9), "1:a,b 2:c 3:d");
    assert_string_equal(outbox_text(fixture, 0, 2), "1:a,b 2:c");
    assert_string_equal(outbox_text(fixture, 2, 9), "3:d");
    assert_int_equal(store_outbox_end(fixture->store), 4);
}

/* The way into the audit log lies beside it, and neither sees the other. */
static void test_the_journal_is_apart(void **state)
{
    struct fixture *fixture = *state;
    struct store_journal rows[4];
    size_t count;
    add_outgoing(fixture, "a");
    commit(fixture);
    add(fixture, CHANGE_AUDIT, "")->bytes = view_of("x");
    add_outgoing(fixture, "b");
    commit(fixture);
    add(fixture, CHANGE_AUDIT, "")->bytes = view_of("y");
    commit(fixture);
    reopen(fixture);
    assert_string_equal(outbox_text(fixture, 0, 9), "1:a 2:b");
    assert_int_equal(store_read_journal(fixture->store, 0, 4, &fixture->arena, rows, &count),
                     STATUS_OK);
    assert_int_equal(count, 2);
    assert_int_equal(rows[0].number, 2);
    assert_int_equal(rows[1].number, 3);
    assert_int_equal(store_settle_journal(fixture->store, 3, NULL, 0, NULL), STATUS_OK);
    assert_string_equal(outbox_text(fixture, 0, 9), "1:a 2:b");
    settle(fixture, 1, NULL, 0);
    settle(fixture, 2, NULL, 0);
    add(fixture, CHANGE_AUDIT, "")->bytes = view_of("z");
    commit(fixture);
    assert_int_equal(store_read_journal(fixture->store, 0, 4, &fixture->arena, rows, &count),
                     STATUS_OK);
    assert_int_equal(count, 1);
    assert_int_equal(rows[0].number, 4);
}

static void test_settling(void **state)
{
    struct fixture *fixture = *state;
    for (int i = 0; i < 4; i++) {
        add_outgoing(fixture, "x");
        commit(fixture);
    }
    settle(fixture, 2, NULL, 0); /* in any order, and again */
    settle(fixture, 2, NULL, 0);
    settle(fixture, 9, NULL, 0);
    assert_string_equal(outbox_text(fixture, 0, 9), "1:x 3:x 4:x");
    settle(fixture, 1, NULL, 0);
    reopen(fixture);
    add_outgoing(fixture, "y");
    commit(fixture);
    assert_string_equal(outbox_text(fixture, 0, 9), "3:x 4:x 5:y");
}

static void test_dead_letters(void **state)
{
    struct fixture *fixture = *state;
    struct store_dead_letter found[4];
    add_outgoing(fixture, "x");
    commit(fixture);
    settle(fixture, 1, "one", 0);
    settle(fixture, 1, "two", 0);
    reopen(fixture);
    assert_string_equal(outbox_text(fixture, 0, 9), "");
    settle(fixture, 1, "three", 0);
    assert_int_equal(letters(fixture, 0, found), 3);
    assert_int_equal(found[0].number, 1);
    assert_view(found[0].bytes, "one");
    assert_int_equal(found[2].number, 3);
    assert_view(found[2].bytes, "three");
    uint64_t dropped[] = {1, 3, 7};
    assert_int_equal(store_drop_dead_letters(fixture->store, dropped, 3, NULL), STATUS_OK);
    assert_int_equal(letters(fixture, 0, found), 1);
    assert_view(found[0].bytes, "two");
    assert_int_equal(letters(fixture, 2, found), 0);
}

/* The oldest goes, and that is told, unless it had gone before. */
static void test_dead_letters_are_bounded(void **state)
{
    enum { AT_ONCE = 1000 };
    struct fixture *fixture = *state;
    struct store_dead_letter found[4];
    struct view *bytes = arena_alloc(&fixture->arena, AT_ONCE * sizeof(*bytes));
    size_t lost;
    for (int i = 0; i < AT_ONCE; i++)
        bytes[i] = view_of("letter");
    for (int i = 0; i < LIMIT_DEAD_LETTERS_MAX / AT_ONCE; i++)
        assert_int_equal(store_settle_outbox(fixture->store, NULL, 0, bytes, AT_ONCE, &lost, NULL),
                         STATUS_OK);
    assert_int_equal(lost, 0);
    settle(fixture, 1, "more", 1);
    assert_int_equal(letters(fixture, 0, found), 4);
    assert_int_equal(found[0].number, 2);
    uint64_t second = 2;
    assert_int_equal(store_drop_dead_letters(fixture->store, &second, 1, NULL), STATUS_OK);
    settle(fixture, 1, "more", 0);
    assert_int_equal(letters(fixture, LIMIT_DEAD_LETTERS_MAX, found), 2);
    assert_view(found[1].bytes, "more");
}

static void test_a_failed_commit_tells_nothing(void **state)
{
    struct fixture *fixture = *state;
    add_outgoing(fixture, "a");
    commit(fixture);
    fail_next(fixture, STATUS_IO, false);
    add_outgoing(fixture, "b");
    assert_int_not_equal(commit_status(fixture), STATUS_OK);
    fail_next(fixture, STATUS_OK, false);
    add_outgoing(fixture, "c");
    commit(fixture);
    const char *text = outbox_text(fixture, 0, 9);
    assert_non_null(strstr(text, ":a"));
    assert_non_null(strstr(text, ":c"));
    assert_null(strstr(text, ":b"));
}

const struct conformance_test conformance_outbox[] = {
    TEST(test_entries_of_a_commit_are_one_row),
    TEST(test_the_journal_is_apart),
    TEST(test_settling),
    TEST(test_dead_letters),
    TEST(test_dead_letters_are_bounded),
    TEST(test_a_failed_commit_tells_nothing),
    TESTS_END,
};
