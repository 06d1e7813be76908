#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api_fixture.h"
#include "unsay/conversation.h"
#include "unsay/reading.h"

static void history_and_conversations_come_from_the_server(void **state)
{
    struct fixture *fixture = *state;
    fake_server_say_many(&fixture->server, 30);
    fixture_start(fixture);
    struct unsay_history query = {.conversation = "g:1", .after = 10, .limit = 5};
    for (int i = 0; i < 40; i++) /* more than one connection may ask for at once */
        assert_int_equal(unsay_history(fixture->client, &query, trace_history, &fixture->trace),
                         UNSAY_OK);
    trace_wait(&fixture->trace, "history ok 5 from 11 more 1", 40);
    assert_int_equal(unsay_open_direct(fixture->client, "bob", trace_opened, &fixture->trace),
                     UNSAY_OK);
    trace_wait(&fixture->trace, "opened ok d:alice:bob 1", 1);
    struct unsay_member members[] = {{.user = "bob"}, {.user = "carol", .role = UNSAY_ROLE_ADMIN}};
    assert_int_equal(
        unsay_create_group(fixture->client, "the group", members, 2, trace_opened, &fixture->trace),
        UNSAY_OK);
    trace_wait(&fixture->trace, "opened ok g:created 1", 1);
}

static void recall_again(void *context, const struct unsay_error *error,
                         const struct unsay_recall_answer *answer)
{
    struct trace *trace = context;
    trace_recall(context, error, answer);
    struct unsay_history query = {.conversation = "g:1"};
    if (error->result == UNSAY_STOPPED &&
        unsay_history(trace->client, &query, trace_history, trace) != UNSAY_STOPPED)
        fail_msg("a request was taken by a client that stops");
}

static void pending_requests_are_answered_when_the_client_stops(void **state)
{
    struct fixture *fixture = *state;
    fake_server_set(&fixture->server, FAKE_ANSWERS, FAKE_IGNORES);
    fixture_start(fixture);
    assert_int_equal(fixture_recall(fixture, 1, 0), UNSAY_OK);
    struct unsay_target target = {.seq = 2};
    struct unsay_recall recall = {.conversation = "g:1", .targets = &target, .count = 1};
    assert_int_equal(unsay_recall(fixture->client, &recall, recall_again, &fixture->trace),
                     UNSAY_OK);
    assert_int_equal(unsay_open_direct(fixture->client, "bob", trace_opened, &fixture->trace),
                     UNSAY_OK);
    fixture_close(fixture);
    assert_int_equal(trace_count(&fixture->trace, "recall stopped"), 2);
    assert_int_equal(trace_count(&fixture->trace, "opened stopped  0"), 1);

    /* Also when it was never started. */
    fixture_open(fixture);
    assert_int_equal(unsay_open_direct(fixture->client, "bob", trace_opened, &fixture->trace),
                     UNSAY_OK);
    fixture_close(fixture);
    assert_int_equal(trace_count(&fixture->trace, "opened stopped  0"), 2);
}

static void arguments_are_checked(void **state)
{
    struct fixture *fixture = *state;
    struct unsay *client = fixture->client;
    static char large[65537];
    uint8_t id[16] = {0};
    assert_int_equal(unsay_send(client, "g 1", UNSAY_CONTENT_TEXT, "x", 1, NULL), UNSAY_INVALID);
    assert_int_equal(unsay_send(client, "g:1", UNSAY_CONTENT_TEXT, NULL, 1, NULL), UNSAY_INVALID);
    assert_int_equal(unsay_send(client, "g:1", (enum unsay_content_type)0, "x", 1, NULL),
                     UNSAY_INVALID);
    assert_int_equal(unsay_send(client, "g:1", UNSAY_CONTENT_FILE, large, sizeof(large), NULL),
                     UNSAY_INVALID);
    assert_int_equal(unsay_send(client, "g:1", UNSAY_CONTENT_FILE, large, 65536, NULL), UNSAY_OK);
    assert_int_equal(unsay_resend(client, id), UNSAY_INVALID);

    struct unsay_target target = {.seq = 1};
    struct unsay_recall recall = {.conversation = "g:1", .targets = &target, .count = 1};
    struct unsay_recall bad = recall;
    bad.count = 101;
    assert_int_equal(unsay_recall(client, &bad, NULL, NULL), UNSAY_INVALID);
    bad = recall;
    bad.request_id = "";
    assert_int_equal(unsay_recall(client, &bad, NULL, NULL), UNSAY_INVALID);
    bad = recall;
    char reason[300];
    memset(reason, 'r', sizeof(reason) - 1);
    reason[299] = 0;
    bad.reason = reason;
    assert_int_equal(unsay_recall(client, &bad, NULL, NULL), UNSAY_INVALID);
    target.seq = 0;
    assert_int_equal(unsay_recall(client, &recall, NULL, NULL), UNSAY_INVALID);

    struct unsay_history query = {.conversation = "g:1", .limit = 201};
    assert_int_equal(unsay_history(client, &query, trace_history, NULL), UNSAY_INVALID);
    assert_int_equal(unsay_stored(client, &query, trace_history, NULL), UNSAY_INVALID);
    assert_int_equal(unsay_open_direct(client, "no:colon", NULL, NULL), UNSAY_INVALID);
    assert_int_equal(unsay_create_group(client, "", NULL, 0, NULL, NULL), UNSAY_INVALID);
    assert_int_equal(unsay_displayed(client, "", 1), UNSAY_INVALID);
}

#define fixture_test(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(history_and_conversations_come_from_the_server),
        fixture_test(pending_requests_are_answered_when_the_client_stops),
        fixture_test(arguments_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
