#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api_fixture.h"

static void a_recall_from_elsewhere_erases_the_body(void **state)
{
    struct fixture *fixture = *state;
    fixture_start(fixture);
    fake_server_say(&fixture->server, "taken-back");
    trace_wait(&fixture->trace, "event 1 message normal taken-back", 1);
    assert_true(scratch_contains(&fixture->scratch, "taken-back", 10));
    fake_server_recall(&fixture->server, 1);
    trace_wait(&fixture->trace, "event 2 recall 1", 1);
    assert_int_equal(trace_count(&fixture->trace, "recalled 1 by bob"), 1);
    trace_assert_order(&fixture->trace, "\nrecalled 1 by bob\n", "\nevent 2 recall 1\n");

    fixture_wait_until_erased(fixture, "taken-back");
    fixture_close(fixture);
    assert_false(scratch_contains(&fixture->scratch, "taken-back", 10));
}

static void a_message_that_came_with_its_recall_is_never_shown(void **state)
{
    struct fixture *fixture = *state;
    fake_server_say(&fixture->server, "never-shown");
    fake_server_recall(&fixture->server, 1);
    fixture_start(fixture);
    trace_wait(&fixture->trace, "event 2 recall 1", 1);
    assert_int_equal(trace_count(&fixture->trace, "event 1 message recalled "), 1);
    assert_int_equal(trace_count(&fixture->trace, "recalled 1 by bob"), 0);
    assert_false(scratch_contains(&fixture->scratch, "never-shown", 11));
}

static void a_message_of_ours_is_taken_back(void **state)
{
    struct fixture *fixture = *state;
    uint8_t id[16];
    fixture_start(fixture);
    fixture_send(fixture, "oops", id);
    trace_wait(&fixture->trace, "event 1 message normal oops", 1);
    struct unsay_target target = {.seq = 0};
    memcpy(target.message_id, id, 16);
    struct unsay_recall recall = {
        .conversation = "g:1", .targets = &target, .count = 1, .request_id = "request-1"};
    assert_int_equal(unsay_recall(fixture->client, &recall, trace_recall, &fixture->trace),
                     UNSAY_OK);
    trace_wait(&fixture->trace, "recall ok 1 outcome 1 seq 1 ", 1);
    trace_wait(&fixture->trace, "event 2 recall 1", 1);
    assert_int_equal(trace_count(&fixture->trace, "recalled 1 by alice"), 1);
    assert_string_equal(fixture->server.last_request_id, "request-1");
    assert_int_equal(fixture_recall(fixture, 99, 0), UNSAY_OK);
    trace_wait(&fixture->trace, "recall ok 1 outcome 4 seq 99 unknown_message", 1);
}

static void an_unanswered_recall_is_repeated_after_a_restart(void **state)
{
    struct fixture *fixture = *state;
    fixture_start(fixture);
    fake_server_say(&fixture->server, "regret");
    trace_wait(&fixture->trace, "event 1 message normal regret", 1);
    fake_server_set(&fixture->server, FAKE_ANSWERS, FAKE_IGNORES);
    assert_int_equal(fixture_recall(fixture, 1, 0), UNSAY_OK);
    fake_server_wait(&fixture->server, &fixture->server.recalls_seen, 1);
    char request_id[65];
    memcpy(request_id, fixture->server.last_request_id, sizeof(request_id));
    fixture_close(fixture);
    assert_int_equal(trace_count(&fixture->trace, "recall stopped"), 1);

    fake_server_set(&fixture->server, FAKE_ANSWERS, FAKE_ANSWERS);
    fixture_open(fixture);
    unsay_start(fixture->client);
    trace_wait(&fixture->trace, "event 2 recall 1", 1);
    assert_int_equal(trace_count(&fixture->trace, "recalled 1 by alice"), 1);
    assert_string_equal(fixture->server.last_request_id, request_id);
    assert_int_equal(fixture->server.recalls_seen, 2);

    /* Answered: the third run does not repeat it. */
    assert_int_equal(fixture_recall(fixture, 1, 0), UNSAY_OK);
    trace_wait(&fixture->trace, "recall ok 1 outcome 2 seq 1 ", 1);
    fixture_close(fixture);
    fixture_open(fixture);
    unsay_start(fixture->client);
    trace_wait(&fixture->trace, "connection ONLINE", 3);
    assert_int_equal(fixture_recall(fixture, 1, 0), UNSAY_OK);
    trace_wait(&fixture->trace, "recall ok 1 outcome 2 seq 1 ", 2);
    assert_int_equal(fixture->server.recalls_seen, 4);
}

static void a_recall_without_an_answer_times_out(void **state)
{
    struct fixture *fixture = *state;
    fake_server_set(&fixture->server, FAKE_ANSWERS, FAKE_IGNORES);
    fixture_start(fixture);
    assert_int_equal(fixture_recall(fixture, 1, 50), UNSAY_OK);
    trace_wait(&fixture->trace, "recall unreachable", 1);
}

static void a_recall_says_what_it_asks_for_and_hears_who_was_reached(void **state)
{
    struct fixture *fixture = *state;
    struct arena arena;
    fixture_start(fixture);
    fake_server_say(&fixture->server, "regret");
    trace_wait(&fixture->trace, "event 1 message normal regret", 1);
    struct unsay_target target = {.seq = 1};
    struct unsay_recall recall = {.conversation = "g:1",
                                  .targets = &target,
                                  .count = 1,
                                  .extension = "ex",
                                  .extension_bytes = 2,
                                  .condition = UNSAY_IF_UNREAD,
                                  .wait = UNSAY_WAIT_ALL,
                                  .wait_ms = 5000};
    assert_int_equal(unsay_recall(fixture->client, &recall, trace_recall, &fixture->trace),
                     UNSAY_OK);
    trace_wait(&fixture->trace, "reach 2 of 3 missing 1 tablet", 1);
    arena_init(&arena);
    const wire_recall_request *request = fake_server_last(&fixture->server, &arena)->recall;
    assert_int_equal(request->condition, WIRE(RECALL_CONDITION, IF_UNREAD));
    assert_int_equal(request->wait, WIRE(RECALL_WAIT, ALL));
    assert_int_equal(request->wait_ms, 5000);
    assert_true(view_equal(bytes_view(request->extension), view_of("ex")));
    arena_fini(&arena);
    recall.wait_ms = 60001;
    assert_int_equal(unsay_recall(fixture->client, &recall, NULL, NULL), UNSAY_INVALID);
    recall.wait_ms = 0;
    recall.extension_bytes = 1025;
    assert_int_equal(unsay_recall(fixture->client, &recall, NULL, NULL), UNSAY_INVALID);
}

/* ---- Receipts ---- */

/* The fake server verifies the signature; when it has the receipt, no file has the body. */
static void a_receipt_is_signed_when_the_body_is_gone(void **state)
{
    struct fixture *fixture = *state;
    fixture->server.store = 1;
    fixture_start(fixture);
    fake_server_say(&fixture->server, "soon-gone");
    trace_wait(&fixture->trace, "event 1 message normal soon-gone", 1);
    fake_server_wait_seq(&fixture->server, &fixture->server.acked, 1);
    assert_int_equal(fixture->server.receipts, 0);
    fake_server_recall(&fixture->server, 1);
    fake_server_wait(&fixture->server, &fixture->server.receipts, 1);
    assert_false(scratch_contains(&fixture->scratch, "soon-gone", 9));
    assert_int_equal(fixture->server.receipt_at, 2);

    /* The key stays the same over a restart. */
    uint8_t key[32];
    memcpy(key, fixture->server.key, sizeof(key));
    fixture_close(fixture);
    fixture_open(fixture);
    unsay_start(fixture->client);
    trace_wait(&fixture->trace, "connection ONLINE", 2);
    assert_memory_equal(key, fixture->server.key, sizeof(key));
}

/* ---- Ways to follow ---- */

static void follow_and_recall(struct fixture *fixture, enum unsay_follow follow)
{
    fixture_close(fixture);
    fixture->follow = follow;
    fixture_open(fixture);
    fixture_start(fixture);
    fake_server_say(&fixture->server, "taken-back");
    trace_wait(&fixture->trace, "event 1 message normal taken-back", 1);
    assert_int_equal(fixture->server.follow, follow);
    fake_server_recall(&fixture->server, 1);
    trace_wait(&fixture->trace, "event 2 recall 1", 1);
    assert_int_equal(trace_count(&fixture->trace, "recalled 1 by bob"), 1);
    trace_assert_order(&fixture->trace, "\nrecalled 1 by bob\n", "\nevent 2 recall 1\n");
    fixture_wait_until_erased(fixture, "taken-back");
    fake_server_say_and_recall(&fixture->server, "never-there");
    trace_wait(&fixture->trace, "event 4 recall 3", 1);
    fake_server_wait_seq(&fixture->server, &fixture->server.acked, 4);
    fixture_wait_until_erased(fixture, "never-there");
}

static void a_refresh_ends_in_the_same_state(void **state)
{
    follow_and_recall(*state, UNSAY_FOLLOW_REFRESH);
}

static void a_replacement_ends_in_the_same_state(void **state)
{
    follow_and_recall(*state, UNSAY_FOLLOW_REPLACE);
}

/* ---- Take back and edit ---- */

static size_t recalled_text(struct fixture *fixture, const uint8_t id[16], char text[32])
{
    size_t size = unsay_recalled_text(fixture->client, "g:1", id, text, 31);
    text[size < 31 ? size : 0] = 0;
    return size;
}

static void recall_own(struct fixture *fixture, const uint8_t id[16])
{
    struct unsay_target target = {.seq = 0};
    memcpy(target.message_id, id, 16);
    struct unsay_recall recall = {.conversation = "g:1", .targets = &target, .count = 1};
    assert_int_equal(unsay_recall(fixture->client, &recall, trace_recall, &fixture->trace),
                     UNSAY_OK);
}

static void the_author_may_edit_what_was_taken_back(void **state)
{
    struct fixture *fixture = *state;
    uint8_t id[16];
    char text[32];
    fixture_start(fixture);
    fixture_send(fixture, "first-words", id);
    trace_wait(&fixture->trace, "event 1 message normal first-words", 1);
    assert_int_equal(recalled_text(fixture, id, text), 0); /* not taken back */
    recall_own(fixture, id);
    trace_wait(&fixture->trace, "event 2 recall 1", 1);
    assert_int_equal(recalled_text(fixture, id, text), 11);
    assert_string_equal(text, "first-words");
    assert_int_equal(unsay_recalled_text(fixture->client, "g:1", id, NULL, 0), 11);
    assert_int_equal(unsay_recalled_text(fixture->client, "g:2", id, text, 31), 0);
    fixture_wait_until_erased(fixture, "first-words");

    /* Not after a restart: it was never on disk. */
    fixture_close(fixture);
    fixture_open(fixture);
    assert_int_equal(recalled_text(fixture, id, text), 0);
}

static void what_somebody_else_takes_back_is_not_kept(void **state)
{
    struct fixture *fixture = *state;
    uint8_t id[16];
    char text[32];
    fixture_start(fixture);
    fixture_send(fixture, "first-words", id);
    trace_wait(&fixture->trace, "event 1 message normal first-words", 1);
    fake_server_recall(&fixture->server, 1);
    trace_wait(&fixture->trace, "event 2 recall 1", 1);
    assert_int_equal(recalled_text(fixture, id, text), 0);
}

static void a_message_in_the_outbox_may_be_edited_too(void **state)
{
    struct fixture *fixture = *state;
    uint8_t id[16];
    char text[32];
    fake_server_set(&fixture->server, FAKE_IGNORES, FAKE_ANSWERS);
    fixture_start(fixture);
    fixture_send(fixture, "unsent-words", id);
    recall_own(fixture, id);
    trace_wait(&fixture->trace, "recall ok 1 outcome 3 seq 0 ", 1);
    assert_int_equal(recalled_text(fixture, id, text), 12);
    assert_string_equal(text, "unsent-words");
}

static void the_time_to_edit_ends(void **state)
{
    struct fixture *fixture = *state;
    uint8_t id[16];
    char text[32];
    fixture_close(fixture);
    fixture->edit_ms = UNSAY_NEVER;
    fixture_open(fixture);
    fixture_start(fixture);
    fixture_send(fixture, "first-words", id);
    trace_wait(&fixture->trace, "event 1 message normal first-words", 1);
    recall_own(fixture, id);
    trace_wait(&fixture->trace, "event 2 recall 1", 1);
    assert_int_equal(recalled_text(fixture, id, text), 0);
}

#define fixture_test(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(a_recall_from_elsewhere_erases_the_body),
        fixture_test(a_message_that_came_with_its_recall_is_never_shown),
        fixture_test(a_message_of_ours_is_taken_back),
        fixture_test(an_unanswered_recall_is_repeated_after_a_restart),
        fixture_test(a_recall_without_an_answer_times_out),
        fixture_test(a_recall_says_what_it_asks_for_and_hears_who_was_reached),
        fixture_test(a_receipt_is_signed_when_the_body_is_gone),
        fixture_test(a_refresh_ends_in_the_same_state),
        fixture_test(a_replacement_ends_in_the_same_state),
        fixture_test(the_author_may_edit_what_was_taken_back),
        fixture_test(what_somebody_else_takes_back_is_not_kept),
        fixture_test(a_message_in_the_outbox_may_be_edited_too),
        fixture_test(the_time_to_edit_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
