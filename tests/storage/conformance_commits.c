/* Commits: whole or not at all. */
#include "conformance.h"

static void test_many_lists_are_one_commit(void **state)
{
    struct fixture *fixture = *state;
    struct change_list lists[3] = {{NULL, NULL, 0, 0}};
    const struct change_list *const pointers[] = {&lists[0], &lists[1], &lists[2]};
    struct store_stats stats;
    store_read_stats(fixture->store, &stats);
    uint64_t syncs_before = stats.syncs;
    add_event(fixture, "c", 1, 1, "one");
    lists[0] = fixture->list;
    fixture->list = (struct change_list){NULL, NULL, 0, 0};
    add_event(fixture, "c", 1, 1, "two");
    add_event(fixture, "c", 1, 2, "three");
    lists[2] = fixture->list;
    assert_int_equal(store_commit(fixture->store, pointers, 3, NULL), STATUS_OK);
    assert_string_equal(event_text(fixture, "c", 1, 1), "two");
    assert_string_equal(event_text(fixture, "c", 1, 2), "three");

    assert_int_equal(store_commit(fixture->store, NULL, 0, NULL), STATUS_OK);
    store_read_stats(fixture->store, &stats);
    assert_int_equal(stats.commits, 2);
    assert_int_equal(stats.changes, 3);
    assert_int_equal(stats.commits_failed, 0);
    assert_int_equal(stats.syncs - syncs_before, fixture->adapter->is_on_disk ? 1 : 0);
    assert_true(fixture->adapter->is_on_disk == (stats.disk_free_bytes > 0));
    assert_false(stats.is_failed);
}

static void test_store_has_an_id_for_ever(void **state)
{
    struct fixture *fixture = *state;
    struct uuid first;
    struct uuid again;
    assert_int_equal(store_get_id(fixture->store, &first), STATUS_OK);
    assert_false(uuid_is_zero(&first));
    for (int i = 0; i < 2; i++) {
        reopen(fixture);
        assert_int_equal(store_get_id(fixture->store, &again), STATUS_OK);
        assert_memory_equal(first.bytes, again.bytes, UUID_BYTES);
    }
}

/* A failed commit is there whole or not at all, and the next one works. */
static void test_failed_commit(void **state)
{
    struct fixture *fixture = *state;
    struct store_stats stats;
    for (int applied = 0; applied < 2; applied++) {
        const char *conversation = applied == 1 ? "applied" : "lost";
        if (applied == 1)
            reopen(fixture);
        add_event(fixture, conversation, 1, 1, "before");
        commit(fixture);
        fail_next(fixture, STATUS_IO, applied == 1);
        add_event(fixture, conversation, 1, 1, "during");
        add_event(fixture, conversation, 1, 2, "during");
        add_member(fixture, conversation, "u", 1);
        assert_int_equal(commit_status(fixture), STATUS_IO);
        store_read_stats(fixture->store, &stats);
        assert_true(stats.is_failed);
        assert_int_equal(stats.commits_failed, fixture->adapter->is_on_disk ? 1 : applied + 1);

        fail_next(fixture, STATUS_OK, false);
        add_event(fixture, conversation, 1, 3, "after");
        commit(fixture);
        store_read_stats(fixture->store, &stats);
        assert_false(stats.is_failed);

        struct member_row member;
        enum status found =
            store_get_member(fixture->store, view_of(conversation), view_of("u"), &member);
        assert_int_equal(found, applied == 1 ? STATUS_OK : STATUS_NOT_FOUND);
        assert_string_equal(event_text(fixture, conversation, 1, 1),
                            applied == 1 ? "during" : "before");
        assert_true((event_text(fixture, conversation, 1, 2) != NULL) == (applied == 1));
        assert_string_equal(event_text(fixture, conversation, 1, 3), "after");
    }
}

const struct conformance_test conformance_commits[] = {
    TEST(test_many_lists_are_one_commit),
    TEST(test_store_has_an_id_for_ever),
    TEST(test_failed_commit),
    TESTS_END,
};
