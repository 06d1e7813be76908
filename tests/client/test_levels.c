/* Levels of delivery, as the application sees them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api_fixture.h"
#include "unsay/levels.h"
#include "unsay/reading.h"

static void assert_level(struct fixture *fixture, uint64_t seq, enum unsay_level level)
{
    struct unsay_levels levels;
    assert_int_equal(unsay_level(fixture->client, "g:1", seq, &levels), UNSAY_OK);
    assert_int_equal(levels.level, level);
}

static void the_sender_sees_each_level(void **state)
{
    struct fixture *fixture = *state;
    struct unsay_levels levels;
    fake_server_join(&fixture->server, "alice", 0);
    fake_server_join(&fixture->server, "bob", 0);
    fake_server_join(&fixture->server, "carol", 0);
    fixture_start(fixture);
    trace_wait(&fixture->trace, "privacy tells", 1);
    fixture_send(fixture, "hello", NULL);
    trace_wait(&fixture->trace, "accepted 1", 1);
    trace_wait(&fixture->trace, "event 1 message normal hello", 1);
    assert_level(fixture, 1, UNSAY_LEVEL_ACCEPTED);
    fake_server_move(&fixture->server, "bob", 1, 0);
    trace_wait(&fixture->trace, "progress g:1 of 1\nplace bob 1/0", 1);
    assert_level(fixture, 1, UNSAY_LEVEL_ACCEPTED);
    fake_server_move(&fixture->server, "carol", 1, 1);
    trace_wait(&fixture->trace, "progress g:1 of 1\nplace carol 1/1", 1);
    assert_int_equal(unsay_level(fixture->client, "g:1", 1, &levels), UNSAY_OK);
    assert_int_equal(levels.level, UNSAY_LEVEL_STORED);
    assert_true(levels.is_known);
    assert_int_equal(levels.receivers, 2);
    assert_int_equal(levels.stored, 2);
    assert_int_equal(levels.displayed, 1);
    assert_int_equal(unsay_places(fixture->client, "g:1", trace_places, &fixture->trace), UNSAY_OK);
    trace_wait(&fixture->trace, "places 2\nat bob 1/0\nat carol 1/1", 1);
    fake_server_move(&fixture->server, "bob", 1, 1);
    trace_wait(&fixture->trace, "progress g:1 of 1\nplace bob 1/1", 1);
    assert_level(fixture, 1, UNSAY_LEVEL_DISPLAYED);
    /* It is stored. */
    fixture_close(fixture);
    fixture_open(fixture);
    assert_level(fixture, 1, UNSAY_LEVEL_DISPLAYED);
    assert_level(fixture, 2, UNSAY_LEVEL_NONE);
    assert_int_equal(unsay_level(fixture->client, "no id", 1, &levels), UNSAY_INVALID);
    assert_int_equal(unsay_level(fixture->client, "g:1", 0, &levels), UNSAY_INVALID);
}

static void what_was_missed_is_asked_for(void **state)
{
    struct fixture *fixture = *state;
    fake_server_join(&fixture->server, "alice", 0);
    fake_server_join(&fixture->server, "bob", 0);
    fixture_start(fixture);
    fixture_send(fixture, "hello", NULL);
    trace_wait(&fixture->trace, "event 1 message normal hello", 1);
    fake_server_wait(&fixture->server, &fixture->server.progress_asked, 1);
    pthread_mutex_lock(&fixture->server.lock);
    fixture->server.places[1].stored = 1; /* and nobody is told */
    pthread_mutex_unlock(&fixture->server.lock);
    fake_server_drop(&fixture->server);
    trace_wait(&fixture->trace, "progress g:1 of 1\nplace bob 1/0", 1);
    assert_level(fixture, 1, UNSAY_LEVEL_STORED);
    /* It becomes large: nothing is known. */
    pthread_mutex_lock(&fixture->server.lock);
    fixture->server.is_large = true;
    pthread_mutex_unlock(&fixture->server.lock);
    fake_server_tell_whole(&fixture->server);
    trace_wait(&fixture->trace, "progress g:1 of 0", 2);
    assert_level(fixture, 1, UNSAY_LEVEL_ACCEPTED);
}

static void what_was_read_elsewhere_is_read(void **state)
{
    struct fixture *fixture = *state;
    uint32_t unread, mentions;
    fake_server_join(&fixture->server, "alice", 0);
    fixture_start(fixture);
    fake_server_say(&fixture->server, "one");
    fake_server_say(&fixture->server, "two");
    trace_wait(&fixture->trace, "event 2 message normal two", 1);
    assert_int_equal(unsay_unread(fixture->client, "g:1", &unread, &mentions), UNSAY_OK);
    assert_int_equal(unread, 2);
    fake_server_move(&fixture->server, "alice", 2, 1);
    trace_wait(&fixture->trace, "read g:1 1", 1);
    assert_int_equal(unsay_unread(fixture->client, "g:1", &unread, &mentions), UNSAY_OK);
    assert_int_equal(unread, 1);
    /* What this device has shown is no news to it. */
    assert_int_equal(unsay_displayed(fixture->client, "g:1", 2), UNSAY_OK);
    fake_server_move(&fixture->server, "alice", 2, 2);
    fake_server_say(&fixture->server, "three");
    trace_wait(&fixture->trace, "event 3 message normal three", 1);
    assert_int_equal(trace_count(&fixture->trace, "read g:1 2"), 0);
    assert_int_equal(trace_count(&fixture->trace, "progress g:1 of 0"), 0);
}

static void receipts_come_from_the_server(void **state)
{
    struct fixture *fixture = *state;
    struct unsay_receipts_query query = {.conversation = "g:1", .seq = 7};
    fake_server_join(&fixture->server, "bob", 0);
    fixture_start(fixture);
    assert_int_equal(unsay_receipts(fixture->client, &query, trace_receipts, &fixture->trace),
                     UNSAY_OK);
    trace_wait(&fixture->trace, "receipts 7 stored 2 displayed 1 of 3 listed 1 next bob", 1);
    query.after = "bob";
    assert_int_equal(unsay_receipts(fixture->client, &query, trace_receipts, &fixture->trace),
                     UNSAY_OK);
    trace_wait(&fixture->trace, "receipts 7 stored 2 displayed 1 of 3 listed 1 next ", 1);
    query.limit = 201;
    assert_int_equal(unsay_receipts(fixture->client, &query, NULL, NULL), UNSAY_INVALID);
    query = (struct unsay_receipts_query){.conversation = "g:1"};
    assert_int_equal(unsay_receipts(fixture->client, &query, NULL, NULL), UNSAY_INVALID);
}

static void privacy_is_told(void **state)
{
    struct fixture *fixture = *state;
    fixture_start(fixture);
    trace_wait(&fixture->trace, "privacy tells", 1);
    assert_int_equal(unsay_set_privacy(fixture->client, true, trace_privacy, &fixture->trace),
                     UNSAY_OK);
    trace_wait(&fixture->trace, "answer ok hides", 1);
    assert_int_equal(trace_count(&fixture->trace, "privacy hides"), 1);
    assert_int_equal(unsay_get_privacy(fixture->client, trace_privacy, &fixture->trace), UNSAY_OK);
    trace_wait(&fixture->trace, "answer ok hides", 2);
    assert_int_equal(unsay_set_privacy(fixture->client, false, trace_privacy, &fixture->trace),
                     UNSAY_OK);
    trace_wait(&fixture->trace, "answer ok tells", 1);
    assert_int_equal(trace_count(&fixture->trace, "privacy tells"), 2);
}

#define fixture_test(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(the_sender_sees_each_level),
        fixture_test(what_was_missed_is_asked_for),
        fixture_test(what_was_read_elsewhere_is_read),
        fixture_test(receipts_come_from_the_server),
        fixture_test(privacy_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
