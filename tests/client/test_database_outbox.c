#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "database_fixture.h"

static void the_outbox_keeps_its_order_over_a_restart(void **state)
{
    struct fixture *fixture = *state;
    fixture_send(fixture, 1, "a");
    fixture_send(fixture, 2, "b");
    fixture_send(fixture, 3, "c");
    fixture_assert_outbox(fixture, "abc");
    fixture_finish(fixture, 1, true);
    fixture_finish(fixture, 2, false);
    fixture_assert_outbox(fixture, "c");
    fixture_reopen(fixture);
    fixture_assert_outbox(fixture, "c");
    assert_false(fixture_resend(fixture, 3));
    assert_false(fixture_resend(fixture, 1));
    assert_true(fixture_resend(fixture, 2));
    fixture_send(fixture, 4, "d");
    fixture_assert_outbox(fixture, "cbd");
    fixture_reopen(fixture);
    fixture_assert_outbox(fixture, "cbd");
}

static void a_failed_message_that_is_taken_back_leaves(void **state)
{
    struct fixture *fixture = *state;
    struct uuid ids[] = {fixture_id(1), fixture_id(2)};
    fixture_send(fixture, 1, "first-secret");
    fixture_send(fixture, 2, "second-secret");
    fixture_finish(fixture, 1, false);
    database_begin(fixture->database);
    database_outbox_recalled(fixture->database, &ids[0]);
    database_outbox_recalled(fixture->database, &ids[1]);
    assert_int_equal(database_commit(fixture->database, NULL), STATUS_OK);
    fixture_assert_outbox(fixture, "s");
    assert_false(fixture_resend(fixture, 1));
    fixture_finish(fixture, 2, false);
    assert_false(fixture_resend(fixture, 2));
    fixture_scrub(fixture);
    assert_false(scratch_contains(&fixture->scratch, "-secret", 7));
}

static const char own_secret[] = "own-secret";

static wire_event *make_own(wire_event *event)
{
    event->message->sender = string_of("alice");
    return event;
}

static struct uuid own_id(struct fixture *fixture)
{
    struct uuid id;
    memcpy(id.bytes, message_id_of(&fixture->arena, 1).data, UUID_BYTES);
    return id;
}

/* A message in the outbox, of the id that the event at seq 1 has. */
static void send_own(struct fixture *fixture)
{
    struct uuid id = own_id(fixture);
    database_begin(fixture->database);
    fixture_add(fixture, id, own_secret);
    assert_int_equal(database_commit(fixture->database, NULL), STATUS_OK);
}

static void fail_own(struct fixture *fixture)
{
    struct uuid id = own_id(fixture);
    database_begin(fixture->database);
    database_outbox_failed(fixture->database, &id, WIRE(ERROR_CODE, NOT_A_MEMBER), "no");
    assert_int_equal(database_commit(fixture->database, NULL), STATUS_OK);
}

static bool resend_own(struct fixture *fixture)
{
    struct uuid id = own_id(fixture);
    database_begin(fixture->database);
    bool is_failed = database_outbox_retry(fixture->database, &id);
    assert_int_equal(database_commit(fixture->database, NULL), STATUS_OK);
    return is_failed;
}

static void assert_erased(struct fixture *fixture)
{
    assert_false(resend_own(fixture));
    assert_int_equal(database_outbox_count(fixture->database), 0);
    fixture_scrub(fixture);
    assert_false(scratch_contains(&fixture->scratch, own_secret, strlen(own_secret)));
    fixture_reopen(fixture);
    assert_false(scratch_contains(&fixture->scratch, own_secret, strlen(own_secret)));
}

static void a_message_that_comes_as_a_tombstone_leaves_the_outbox(void **state)
{
    struct fixture *fixture = *state;
    send_own(fixture);
    fixture_put(fixture, make_own(make_tombstone(&fixture->arena, "g:1", 1)));
    assert_erased(fixture);
}

static void a_failed_message_that_comes_as_a_tombstone_leaves_the_outbox(void **state)
{
    struct fixture *fixture = *state;
    send_own(fixture);
    fail_own(fixture);
    assert_int_equal(database_scrub(fixture->database), STATUS_OK);
    assert_true(scratch_contains(&fixture->scratch, own_secret, strlen(own_secret)));
    fixture_put(fixture, make_own(make_tombstone(&fixture->arena, "g:1", 1)));
    assert_erased(fixture);
}

static void a_failed_message_that_comes_after_all_leaves_the_outbox(void **state)
{
    struct fixture *fixture = *state;
    send_own(fixture);
    fail_own(fixture);
    fixture_put(fixture, make_own(make_message(&fixture->arena, "g:1", 1, own_secret)));
    assert_false(resend_own(fixture));
    assert_true(fixture_recall(fixture, make_recall(&fixture->arena, "g:1", 2, 1)));
    assert_erased(fixture);
}

static void a_message_that_fails_after_it_came_leaves_the_outbox(void **state)
{
    struct fixture *fixture = *state;
    send_own(fixture);
    fixture_put(fixture, make_own(make_message(&fixture->arena, "g:1", 1, own_secret)));
    assert_int_equal(database_outbox_count(fixture->database), 1);
    fail_own(fixture);
    assert_false(resend_own(fixture));
    assert_true(fixture_recall(fixture, make_recall(&fixture->arena, "g:1", 2, 1)));
    assert_erased(fixture);
}

static void a_message_that_is_recalled_before_its_answer_leaves_the_outbox(void **state)
{
    struct fixture *fixture = *state;
    send_own(fixture);
    fixture_put(fixture, make_own(make_message(&fixture->arena, "g:1", 1, own_secret)));
    assert_true(fixture_recall(fixture, make_recall(&fixture->arena, "g:1", 2, 1)));
    assert_erased(fixture);
}

static void a_message_of_somebody_else_leaves_the_outbox_alone(void **state)
{
    struct fixture *fixture = *state;
    send_own(fixture);
    fail_own(fixture);
    fixture_put(fixture, make_tombstone(&fixture->arena, "g:1", 1)); /* the same id, from bob */
    fixture_put(fixture, make_own(make_tombstone(&fixture->arena, "g:2", 1)));
    assert_true(resend_own(fixture));
    fixture_assert_outbox(fixture, "o");
}

static void a_message_that_is_sent_again_is_a_retry(void **state)
{
    struct fixture *fixture = *state;
    struct client_outgoing *entries;
    size_t count;
    fixture_send(fixture, 1, "a");
    fixture_send(fixture, 2, "b");
    fixture_finish(fixture, 1, false);
    assert_true(fixture_resend(fixture, 1));
    fixture_reopen(fixture);
    assert_int_equal(database_outbox(fixture->database, 0, 9, &fixture->arena, &entries, &count),
                     STATUS_OK);
    assert_int_equal(count, 2);
    assert_false(entries[0].is_retry);
    assert_true(entries[1].is_retry);
    assert_int_equal(entries[1].body.data[0], 'a');
}

static void the_outbox_has_a_limit(void **state)
{
    struct fixture *fixture = *state;
    database_begin(fixture->database);
    assert_false(database_outbox_has_room(fixture->database, LIMIT_OUTBOX_MAX + 1));
    assert_true(database_outbox_has_room(fixture->database, LIMIT_OUTBOX_MAX));
    for (uint32_t i = 0; i < LIMIT_OUTBOX_MAX; i++) {
        struct uuid id = {{(uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i}};
        fixture_add(fixture, id, "x");
    }
    assert_false(database_outbox_has_room(fixture->database, 1));
    assert_int_equal(database_commit(fixture->database, NULL), STATUS_OK);
    assert_int_equal(database_outbox_count(fixture->database), LIMIT_OUTBOX_MAX);
}

static void a_failed_transaction_changes_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct uuid id = fixture_id(1);
    fixture_send(fixture, 1, "a");
    database_begin(fixture->database);
    database_put_event(fixture->database, make_message(&fixture->arena, "g:1", 1, "x"));
    fixture_add(fixture, id, "b");
    struct failure failure;
    assert_int_equal(database_commit(fixture->database, &failure), STATUS_IO);
    assert_non_null(strstr(failure.text, "unsay.db"));
    fixture_assert_outbox(fixture, "a");
    assert_int_equal(fixture_get(fixture, "g:1", 1).kind, 0);
    fixture_send(fixture, 2, "b");
    fixture_assert_outbox(fixture, "ab");
}

#define fixture_test(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

/* The server was put back from a backup. Times of events are those of events.c, and ascend. */
static void what_was_sent_since_goes_behind_what_waits(void **state)
{
    struct fixture *fixture = *state;
    struct arena *arena = &fixture->arena;
    fixture_send(fixture, 1, "waits");
    fixture_put(fixture, make_own(make_message(arena, "g:1", 1, "old")));
    fixture_put(fixture, make_own(make_message(arena, "g:1", 2, "lost")));
    fixture_put(fixture, make_message(arena, "g:1", 3, "not mine"));
    fixture_put(fixture, make_own(make_message(arena, "g:1", 4, "taken back")));
    fixture_put(fixture, make_own(make_message(arena, "g:1", 5, "also lost")));
    assert_true(fixture_recall(fixture, make_recall(arena, "g:1", 6, 4)));
    uint64_t from_ms = fixture_get(fixture, "g:1", 2).time_ms;
    assert_true(fixture_get(fixture, "g:1", 1).time_ms < from_ms);
    for (int again = 0; again < 2; again++) {
        database_begin(fixture->database);
        database_send_again(fixture->database, from_ms);
        if (again == 1)
            database_forget(fixture->database);
        assert_int_equal(database_commit(fixture->database, NULL), STATUS_OK);
        fixture_assert_outbox(fixture, "wla");
    }
    fixture_reopen(fixture);
    fixture_assert_outbox(fixture, "wla");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(the_outbox_keeps_its_order_over_a_restart),
        fixture_test(what_was_sent_since_goes_behind_what_waits),
        fixture_test(a_failed_message_that_is_taken_back_leaves),
        fixture_test(a_message_that_comes_as_a_tombstone_leaves_the_outbox),
        fixture_test(a_failed_message_that_comes_as_a_tombstone_leaves_the_outbox),
        fixture_test(a_failed_message_that_comes_after_all_leaves_the_outbox),
        fixture_test(a_message_that_fails_after_it_came_leaves_the_outbox),
        fixture_test(a_message_that_is_recalled_before_its_answer_leaves_the_outbox),
        fixture_test(a_message_of_somebody_else_leaves_the_outbox_alone),
        fixture_test(a_message_that_is_sent_again_is_a_retry),
        fixture_test(the_outbox_has_a_limit),
        fixture_test(a_failed_transaction_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
