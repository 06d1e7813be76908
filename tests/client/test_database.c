#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "database_fixture.h"

static void a_message_is_read_as_it_was_stored(void **state)
{
    struct fixture *fixture = *state;
    fixture_put(fixture, make_message(&fixture->arena, "g:1", 7, "hello"));
    fixture_reopen(fixture);
    struct unsay_event event = fixture_get(fixture, "g:1", 7);
    assert_int_equal(event.kind, UNSAY_EVENT_MESSAGE);
    assert_string_equal(event.conversation, "g:1");
    assert_int_equal(event.seq, 7);
    assert_int_equal(event.time_ms, 1700000000007);
    assert_string_equal(event.sender, "bob");
    assert_string_equal(event.device, "laptop");
    assert_int_equal(event.content_type, UNSAY_CONTENT_TEXT);
    assert_int_equal(event.state, UNSAY_MESSAGE_NORMAL);
    assert_int_equal(event.body_bytes, 5);
    assert_memory_equal(event.body, "hello", 5);
    assert_memory_equal(event.message_id, message_id_of(&fixture->arena, 7).data, 16);
    assert_int_equal(fixture_get(fixture, "g:1", 8).kind, 0);
}

static void a_recall_leaves_a_tombstone_once(void **state)
{
    struct fixture *fixture = *state;
    fixture_put(fixture, make_message(&fixture->arena, "g:1", 1, "hello"));
    const wire_event *event = make_recall(&fixture->arena, "g:1", 2, 1);
    assert_true(fixture_recall(fixture, event));
    assert_false(fixture_recall(fixture, event));
    fixture_put(fixture, make_message(&fixture->arena, "g:1", 1, "hello")); /* a late repetition */

    struct unsay_event tombstone = fixture_get(fixture, "g:1", 1);
    assert_int_equal(tombstone.state, UNSAY_MESSAGE_RECALLED);
    assert_null(tombstone.body);
    assert_int_equal(tombstone.body_bytes, 0);
    assert_string_equal(tombstone.operator_user, "bob");
    assert_int_equal(tombstone.recall_time_ms, 1700000000002);
    assert_string_equal(tombstone.sender, "bob");
}

static void a_recall_of_something_else_changes_nothing(void **state)
{
    struct fixture *fixture = *state;
    fixture_put(fixture, make_message(&fixture->arena, "g:1", 1, "hello"));
    assert_false(fixture_recall(fixture, make_recall(&fixture->arena, "g:1", 9, 5)));
    assert_false(fixture_recall(fixture, make_recall(&fixture->arena, "g:2", 9, 1)));
    assert_false(fixture_recall(fixture, make_message(&fixture->arena, "g:1", 9, "not a recall")));
    assert_int_equal(fixture_get(fixture, "g:1", 1).state, UNSAY_MESSAGE_NORMAL);
}

static void pages_are_read_from_both_ends(void **state)
{
    struct fixture *fixture = *state;
    for (uint64_t seq = 1; seq <= 10; seq++)
        fixture_put(fixture, make_message(&fixture->arena, "g:1", seq, "x"));
    fixture_put(fixture, make_message(&fixture->arena, "g:2", 1, "y"));
    static const struct {
        struct unsay_history query;
        uint64_t first;
        size_t count;
        bool more;
    } cases[] = {
        {{"g:1", 0, 0, 200, false}, 1, 10, false}, {{"g:1", 0, 0, 3, false}, 1, 3, true},
        {{"g:1", 0, 0, 3, true}, 8, 3, true},      {{"g:1", 4, 8, 200, false}, 5, 3, false},
        {{"g:1", 4, 8, 2, true}, 6, 2, true},      {{"g:1", 10, 0, 200, false}, 0, 0, false},
        {{"g:2", 0, 0, 1, true}, 1, 1, false},     {{"g:3", 0, UINT64_MAX, 1, true}, 0, 0, false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct unsay_event *events;
        size_t count;
        bool more;
        assert_int_equal(database_events(fixture->database, &cases[i].query, &fixture->arena,
                                         &events, &count, &more),
                         STATUS_OK);
        assert_int_equal(count, cases[i].count);
        assert_int_equal(more, cases[i].more);
        for (size_t at = 0; at < count; at++)
            assert_int_equal(events[at].seq, cases[i].first + at);
    }
}

static void expect_cursor(void *context, const struct client_cursor *cursor)
{
    const uint64_t *expected = context;
    assert_true(view_equal(cursor->conversation, view_of("g:1")));
    assert_int_equal(cursor->origin, 1);
    assert_int_equal(cursor->stored, expected[0]);
    assert_int_equal(cursor->displayed, expected[1]);
    assert_int_equal(cursor->recalled, expected[2]);
}

static void put_cursor(struct fixture *fixture, uint64_t stored, uint64_t displayed,
                       uint64_t recalled)
{
    struct client_cursor cursor = {view_of("g:1"), 1, stored, displayed, recalled};
    database_put_cursor(fixture->database, &cursor);
}

static void cursors_never_move_back(void **state)
{
    struct fixture *fixture = *state;
    database_begin(fixture->database);
    put_cursor(fixture, 10, 4, 7);
    put_cursor(fixture, 9, 3, 0);
    database_put_displayed(fixture->database, view_of("g:1"), 1, 6);
    database_put_displayed(fixture->database, view_of("g:1"), 1, 5);
    database_put_displayed(fixture->database, view_of("g:other"), 1, 5);
    assert_int_equal(database_commit(fixture->database, NULL), STATUS_OK);
    uint64_t expected[] = {10, 6, 7};
    assert_int_equal(database_cursors(fixture->database, expect_cursor, expected), STATUS_OK);

    database_begin(fixture->database);
    database_put_displayed(fixture->database, view_of("g:1"), 1, UINT64_MAX);
    assert_int_equal(database_commit(fixture->database, NULL), STATUS_OK);
    expected[1] = 10;
    fixture_reopen(fixture);
    assert_int_equal(database_cursors(fixture->database, expect_cursor, expected), STATUS_OK);
}

static void requests_wait_for_the_next_start(void **state)
{
    struct fixture *fixture = *state;
    database_begin(fixture->database);
    assert_int_equal(database_request_add(fixture->database, view_of("one")), 1);
    assert_int_equal(database_request_add(fixture->database, view_of("two")), 2);
    assert_int_equal(database_request_add(fixture->database, view_of("three")), 3);
    database_request_remove(fixture->database, 2);
    assert_int_equal(database_commit(fixture->database, NULL), STATUS_OK);
    fixture_reopen(fixture);
    char text[64] = "";
    assert_int_equal(database_requests(fixture->database, 9, gather_requests, text), STATUS_OK);
    assert_string_equal(text, "1:one 3:three ");
}

static enum status open_again(struct fixture *fixture, const char *user, struct failure *failure)
{
    struct database *other = NULL;
    struct database_options options = {
        .directory = fixture->scratch.path, .user = user, .device = "phone"};
    enum status status = database_open(&options, &other, failure);
    database_close(other);
    return status;
}

static void a_directory_in_use_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct failure failure;
    assert_int_equal(open_again(fixture, "alice", &failure), STATUS_IN_USE);
    assert_non_null(strstr(failure.text, "in use"));
}

static void somebody_elses_directory_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct failure failure;
    database_close(fixture->database);
    assert_int_equal(open_again(fixture, "bob", &failure), STATUS_UNTRUSTED);
    assert_non_null(strstr(failure.text, "alice"));
    fixture_open(fixture);
}

static void a_newer_version_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct failure failure;
    database_close(fixture->database);
    fixture_execute(fixture, "PRAGMA user_version=99");
    assert_int_equal(open_again(fixture, "alice", &failure), STATUS_VERSION);
    assert_non_null(strstr(failure.text, "newer version"));
    fixture_execute(fixture, "PRAGMA user_version=8");
    fixture_open(fixture);
}

static void a_file_that_is_no_database_is_set_aside(void **state)
{
    struct fixture *fixture = *state;
    fixture_put(fixture, make_message(&fixture->arena, "g:1", 1, "body-in-a-damaged-file"));
    database_close(fixture->database);
    scratch_overwrite(&fixture->scratch, "unsay.db", 0, "not a database at all", 21);
    fixture_open(fixture);
    assert_int_equal(scratch_count(&fixture->scratch, "unsay.db.damaged-"), 1);
    assert_int_equal(fixture_get(fixture, "g:1", 1).kind, 0);
    bool is_synced;
    assert_int_equal(database_synced(fixture->database, &is_synced), STATUS_OK);
    assert_true(is_synced); /* this device is not new */

    /* Sync brings the log again, and what was taken back meanwhile as a tombstone. */
    fixture_put(fixture, make_tombstone(&fixture->arena, "g:1", 1));
    fixture_scrub(fixture);
    assert_int_equal(scratch_count(&fixture->scratch, "unsay.db.damaged-"), 0);
    assert_false(scratch_contains(&fixture->scratch, "body-in-a-damaged-file", 22));
}

static void the_outbox_of_a_damaged_file_is_carried_over(void **state)
{
    struct fixture *fixture = *state;
    fixture_put(fixture, make_message(&fixture->arena, "g:1", 1, "x"));
    fixture_send(fixture, 1, "a");
    fixture_send(fixture, 2, "b");
    fixture_finish(fixture, 1, false);
    database_close(fixture->database);
    long offset = fixture_root_offset(fixture, "event");
    scratch_overwrite(&fixture->scratch, "unsay.db", offset, "\xff\xff\xff\xff\xff\xff\xff\xff", 8);

    fixture_open(fixture);
    struct unsay_event event;
    assert_int_equal(
        database_event(fixture->database, view_of("g:1"), 1, 1, &fixture->arena, &event),
        STATUS_CORRUPT);
    assert_int_equal(database_repair(fixture->database, NULL), STATUS_OK);
    assert_int_equal(scratch_count(&fixture->scratch, "unsay.db.damaged-"), 1);
    fixture_assert_outbox(fixture, "b");
    assert_true(fixture_resend(fixture, 1));
    fixture_assert_outbox(fixture, "ba");
    assert_int_equal(fixture_get(fixture, "g:1", 1).kind, 0);
}

#define fixture_test(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(a_message_is_read_as_it_was_stored),
        fixture_test(a_recall_leaves_a_tombstone_once),
        fixture_test(a_recall_of_something_else_changes_nothing),
        fixture_test(pages_are_read_from_both_ends),
        fixture_test(cursors_never_move_back),
        fixture_test(requests_wait_for_the_next_start),
        fixture_test(a_directory_in_use_is_refused),
        fixture_test(somebody_elses_directory_is_refused),
        fixture_test(a_newer_version_is_refused),
        fixture_test(a_file_that_is_no_database_is_set_aside),
        fixture_test(the_outbox_of_a_damaged_file_is_carried_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
