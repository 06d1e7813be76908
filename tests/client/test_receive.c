#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api_fixture.h"
#include "events.h"
#include "unsay/reading.h"

#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static void a_server_that_began_anew_is_read_from_its_beginning(void **state)
{
    struct fixture *fixture = *state;
    fixture->server.store = 1;
    fixture_start(fixture);
    for (int i = 0; i < 3; i++)
        fake_server_say(&fixture->server, "of-the-old-log");
    trace_wait(&fixture->trace, "event 3 message normal of-the-old-log", 1);
    fake_server_set(&fixture->server, FAKE_IGNORES, FAKE_ANSWERS);
    fixture_send(fixture, "waiting", NULL);
    fake_server_wait(&fixture->server, &fixture->server.sends_seen, 1);
    fake_server_set(&fixture->server, FAKE_ANSWERS, FAKE_ANSWERS);
    fake_server_begin_anew(&fixture->server, 2);
    trace_wait(&fixture->trace, "accepted 1", 1);
    trace_wait(&fixture->trace, "event 1 message normal waiting", 1);
    fake_server_say(&fixture->server, "new");
    trace_wait(&fixture->trace, "event 2 message normal new", 1);
    fake_server_wait_seq(&fixture->server, &fixture->server.acked, 2);
    fixture_wait_until_erased(fixture, "of-the-old-log");

    /* Also when the store changes while the client is not running, and not when it stays. */
    fixture_close(fixture);
    fixture_open(fixture);
    unsay_start(fixture->client);
    trace_wait(&fixture->trace, "connection ONLINE", 3);
    assert_int_equal(trace_count(&fixture->trace, "event 1 message normal waiting"), 1);
    fixture_close(fixture);
    fake_server_begin_anew(&fixture->server, 3);
    fake_server_say(&fixture->server, "newest");
    fixture_open(fixture);
    unsay_start(fixture->client);
    trace_wait(&fixture->trace, "event 1 message normal newest", 1);
}

static void count_stored(void *context, const struct unsay_error *error,
                         const struct unsay_event *events, size_t count, bool more)
{
    (void)error;
    (void)events;
    (void)more;
    *(size_t *)context = count;
}

static void check_stored(void *context, const struct unsay_event *event)
{
    struct trace *trace = context;
    struct unsay_history query = {.conversation = "g:1", .after = event->seq - 1, .limit = 1};
    size_t count = 0;
    if (unsay_stored(trace->client, &query, count_stored, &count) != UNSAY_OK || count != 1)
        fail_msg("event %llu was shown before it was stored", (unsigned long long)event->seq);
    trace_callbacks.on_event(context, event);
}

static void wait_for_more(void *context, const struct unsay_event *event)
{
    struct trace *trace = context;
    trace_callbacks.on_event(context, event);
    if (event->seq == 1)
        fake_server_wait(trace->server, &trace->server->event_count, 3);
}

/* SQLite's sync, linked here instead of the C library's. */
static atomic_uint sync_count;

int fdatasync(int file)
{
    atomic_fetch_add(&sync_count, 1);
    return (int)syscall(SYS_fdatasync, file);
}

static void many_events_of_one_turn_cost_few_syncs(void **state)
{
    struct fixture *fixture = *state;
    fixture_close(fixture);
    fixture_open_with(fixture, "", wait_for_more);
    fixture_start(fixture);
    fake_server_say(&fixture->server, "first");
    trace_wait(&fixture->trace, "event 1 message normal first", 1);
    unsigned before = atomic_load(&sync_count);
    fake_server_say_many(&fixture->server, 200);
    trace_wait(&fixture->trace, "event 201 message normal one of many", 1);
    unsigned syncs = atomic_load(&sync_count) - before;
    assert_in_range(syncs, 1, 10);
}

/* How far others have come is asked for again anyway. */
static void news_of_others_cost_no_sync(void **state)
{
    struct fixture *fixture = *state;
    fake_server_join(&fixture->server, "alice", 0);
    fake_server_join(&fixture->server, "bob", 0);
    fixture_start(fixture);
    fake_server_say(&fixture->server, "first");
    trace_wait(&fixture->trace, "event 1 message normal first", 1);
    fake_server_wait_seq(&fixture->server, &fixture->server.acked, 1);
    unsigned before = atomic_load(&sync_count);
    fake_server_move(&fixture->server, "bob", 1, 0);
    trace_wait(&fixture->trace, "place bob 1/0", 1);
    fake_server_move(&fixture->server, "bob", 1, 1);
    trace_wait(&fixture->trace, "place bob 1/1", 1);
    assert_int_equal(atomic_load(&sync_count), before);
    fake_server_say(&fixture->server, "second");
    trace_wait(&fixture->trace, "event 2 message normal second", 1);
    assert_true(atomic_load(&sync_count) > before);
}

/* The callback of event 1 holds the client up until the message and its recall lie in the socket:
 * it finds them in one turn of the loop. */
static void a_message_that_is_overtaken_by_its_recall_is_never_shown(void **state)
{
    struct fixture *fixture = *state;
    fixture_close(fixture);
    fixture_open_with(fixture, "", wait_for_more);
    fixture_start(fixture);
    fake_server_say(&fixture->server, "first");
    trace_wait(&fixture->trace, "event 1 message normal first", 1);
    fake_server_say_and_recall(&fixture->server, "never-shown");
    trace_wait(&fixture->trace, "event 3 recall 2", 1);
    assert_int_equal(trace_count(&fixture->trace, "event 2 message recalled "), 1);
    assert_int_equal(trace_count(&fixture->trace, "event 2 message normal never-shown"), 0);
    assert_int_equal(trace_count(&fixture->trace, "recalled 2 by bob"), 0);
}

/* No file may grow any more: the transaction fails, and nothing is shown or acknowledged that is
 * not stored. When there is room again, everything comes. */
static void what_cannot_be_stored_is_not_shown(void **state)
{
    struct fixture *fixture = *state;
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    struct rlimit full = {0, before.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    fixture_start(fixture);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &full), 0);
    fake_server_say(&fixture->server, "kept");
    trace_wait(&fixture->trace, "connection CONNECTING storage", 1);
    assert_int_equal(trace_count(&fixture->trace, "event 1 message normal kept"), 0);
    assert_int_equal(unsay_send(fixture->client, "g:1", UNSAY_CONTENT_TEXT, "x", 1, NULL),
                     UNSAY_STORAGE);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    trace_wait(&fixture->trace, "event 1 message normal kept", 1);
    trace_wait(&fixture->trace, "connection ONLINE", 2);
    fake_server_wait_seq(&fixture->server, &fixture->server.acked, 1);
}

static void a_websocket_carries_the_same(void **state)
{
    struct fixture *fixture = *state;
    fixture_close(fixture);
    fixture_open_with(fixture, "ws://", trace_callbacks.on_event);
    fixture_start(fixture);
    fixture_send(fixture, "hello", NULL);
    trace_wait(&fixture->trace, "event 1 message normal hello", 1);
}

static void an_event_is_stored_before_it_is_shown(void **state)
{
    struct fixture *fixture = *state;
    fixture_close(fixture);
    fixture_open_with(fixture, "tcp://", check_stored);
    fixture_start(fixture);
    fake_server_say_many(&fixture->server, 200);
    trace_wait(&fixture->trace, "event 200 message normal one of many", 1);
}

static void what_was_missed_comes_once(void **state)
{
    struct fixture *fixture = *state;
    fake_server_say_many(&fixture->server, 450);
    fixture_start(fixture);
    trace_wait(&fixture->trace, "event 450 message normal one of many", 1);
    fixture_close(fixture);
    fixture_open(fixture);
    unsay_start(fixture->client);
    trace_wait(&fixture->trace, "connection ONLINE", 2);
    fake_server_say(&fixture->server, "new");
    trace_wait(&fixture->trace, "event 451 message normal new", 1);
    for (int i = 1; i <= 450; i++) {
        char line[64];
        snprintf(line, sizeof(line), "event %d message normal one of many", i);
        assert_int_equal(trace_count(&fixture->trace, line), 1);
    }
}

static void a_stored_log_is_read_without_a_connection(void **state)
{
    struct fixture *fixture = *state;
    fake_server_say_many(&fixture->server, 5);
    fixture_start(fixture);
    trace_wait(&fixture->trace, "event 5 message normal one of many", 1);
    fixture_close(fixture);
    fixture_open(fixture);
    struct unsay_history query = {.conversation = "g:1", .limit = 2, .newest = true};
    assert_int_equal(unsay_stored(fixture->client, &query, trace_history, &fixture->trace),
                     UNSAY_OK);
    assert_int_equal(trace_count(&fixture->trace, "history ok 2 from 4 more 1"), 1);
}

static void displayed_is_told_to_the_server(void **state)
{
    struct fixture *fixture = *state;
    fake_server_say_many(&fixture->server, 5);
    fixture_start(fixture);
    trace_wait(&fixture->trace, "event 5 message normal one of many", 1);
    assert_int_equal(unsay_displayed(fixture->client, "g:1", 3), UNSAY_OK);
    fake_server_wait_seq(&fixture->server, &fixture->server.displayed, 3);
}

/* ---- Unread, preview, and the other kinds of events ---- */

static void expect_preview(void *context, const struct unsay_error *error,
                           const struct unsay_event *events, size_t count, bool more)
{
    assert_int_equal(error->result, UNSAY_OK);
    assert_false(more);
    *(uint64_t *)context = count == 0 ? 0 : events[0].seq;
}

static void assert_counts(struct fixture *fixture, uint32_t unread, uint32_t mentions,
                          uint64_t preview)
{
    uint32_t told_unread, told_mentions;
    uint64_t told_preview = UINT64_MAX;
    assert_int_equal(unsay_unread(fixture->client, "g:1", &told_unread, &told_mentions), UNSAY_OK);
    assert_int_equal(told_unread, unread);
    assert_int_equal(told_mentions, mentions);
    assert_int_equal(unsay_preview(fixture->client, "g:1", expect_preview, &told_preview),
                     UNSAY_OK);
    assert_int_equal(told_preview, preview);
}

static void unread_follows_recalls_and_what_was_displayed(void **state)
{
    struct fixture *fixture = *state;
    fixture_start(fixture);
    assert_counts(fixture, 0, 0, 0);
    fake_server_say_to(&fixture->server, "one", 0, "alice");
    fake_server_say_to(&fixture->server, "two", 1, "");
    fake_server_say_to(&fixture->server, "three", 0, "*");
    trace_wait(&fixture->trace, "event 3 message normal three", 1);
    assert_counts(fixture, 3, 2, 3);
    fake_server_recall(&fixture->server, 3);
    trace_wait(&fixture->trace, "event 4 recall 3", 1);
    assert_counts(fixture, 2, 1, 3);
    assert_int_equal(unsay_displayed(fixture->client, "g:1", 1), UNSAY_OK);
    assert_counts(fixture, 1, 0, 3);
    fixture_send(fixture, "mine", NULL);
    trace_wait(&fixture->trace, "event 5 message normal mine", 1);
    assert_counts(fixture, 1, 0, 5);
}

static void other_kinds_of_events_come_too(void **state)
{
    struct fixture *fixture = *state;
    struct arena arena;
    arena_init(&arena);
    fixture_start(fixture);
    fake_server_append(&fixture->server,
                       make_membership(&arena, "g:1", 1, "carol", WIRE(ROLE, ADMIN)));
    fake_server_append(&fixture->server, make_pin(&arena, "g:1", 2, 9));
    trace_wait(&fixture->trace, "event 1 membership bob carol 2", 1);
    trace_wait(&fixture->trace, "event 2 pin bob 9 1", 1);
    arena_fini(&arena);
}

#define fixture_test(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(a_server_that_began_anew_is_read_from_its_beginning),
        fixture_test(many_events_of_one_turn_cost_few_syncs),
        fixture_test(news_of_others_cost_no_sync),
        fixture_test(a_message_that_is_overtaken_by_its_recall_is_never_shown),
        fixture_test(what_cannot_be_stored_is_not_shown),
        fixture_test(a_websocket_carries_the_same),
        fixture_test(an_event_is_stored_before_it_is_shown),
        fixture_test(what_was_missed_comes_once),
        fixture_test(a_stored_log_is_read_without_a_connection),
        fixture_test(displayed_is_told_to_the_server),
        fixture_test(unread_follows_recalls_and_what_was_displayed),
        fixture_test(other_kinds_of_events_come_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
