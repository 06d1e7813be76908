/* What sync brings and what it skips, and older history on request. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api_fixture.h"

#include "base/memory.h"
#include "unsay/reading.h"

#include <assert.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void assert_spans(struct fixture *fixture, size_t count, uint64_t first, uint64_t last)
{
    struct unsay_span spans[8];
    size_t found;
    assert_int_equal(unsay_spans(fixture->client, "g:1", spans, 8, &found), UNSAY_OK);
    assert_int_equal(found, count);
    assert_int_equal(spans[count - 1].first, first);
    assert_int_equal(spans[count - 1].last, last);
}

static void fetch(struct fixture *fixture, const char *answer)
{
    assert_int_equal(unsay_older(fixture->client, "g:1", 0, trace_history, &fixture->trace),
                     UNSAY_OK);
    trace_wait(&fixture->trace, answer, 1);
}

/* Messages 1 to 5 are there; while the client is away it becomes 600 more, and the recall of 3. */
static void go_away_for_long(struct fixture *fixture)
{
    fake_server_say_many(&fixture->server, 2);
    fake_server_say(&fixture->server, "body-of-three");
    fake_server_say_many(&fixture->server, 2);
    fixture_start(fixture);
    trace_wait(&fixture->trace, "event 5 message normal one of many", 1);
    fake_server_wait_seq(&fixture->server, &fixture->server.acked, 5);
    fixture_close(fixture);
    fake_server_say_many(&fixture->server, 300);
    fake_server_recall(&fixture->server, 3);
    fake_server_say_many(&fixture->server, 300);
    fixture->server.begin = 581;
}

static void a_long_absence_is_skipped_and_recalls_are_applied(void **state)
{
    struct fixture *fixture = *state;
    uint32_t unread;
    uint32_t mentions;
    go_away_for_long(fixture);
    fixture_open(fixture);
    unsay_start(fixture->client);
    trace_wait(&fixture->trace, "connection ONLINE", 2);
    /* The page of recalls ended at its limit of events: two parts, or one. */
    trace_wait(&fixture->trace, "recalled 3 by bob", 1);
    trace_wait(&fixture->trace, "skipped g:1 6-580", 1);
    trace_wait(&fixture->trace, "event 606 message normal one of many", 1);
    assert_int_equal(trace_count(&fixture->trace, "event 580 message normal one of many"), 0);
    assert_int_equal(trace_count(&fixture->trace, "event 581 message normal one of many"), 1);
    trace_assert_order(&fixture->trace, "recalled 3 by bob",
                       "event 581 message normal one of many");
    fixture_wait_until_erased(fixture, "body-of-three");
    assert_spans(fixture, 2, 581, 606);
    assert_int_equal(unsay_unread(fixture->client, "g:1", &unread, &mentions), UNSAY_OK);
    assert_int_equal(unread, 4 + 26);
}

static void older_history_fills_what_was_skipped(void **state)
{
    struct fixture *fixture = *state;
    uint32_t unread;
    uint32_t mentions;
    go_away_for_long(fixture);
    fixture_open(fixture);
    unsay_start(fixture->client);
    trace_wait(&fixture->trace, "connection ONLINE", 2);
    fetch(fixture, "history ok 200 from 381 more 1");
    assert_spans(fixture, 2, 381, 606);
    fetch(fixture, "history ok 200 from 181 more 1");
    fetch(fixture, "history ok 175 from 6 more 1");
    assert_spans(fixture, 1, 1, 606);
    fetch(fixture, "history ok 0 from 0 more 0");
    assert_int_equal(unsay_unread(fixture->client, "g:1", &unread, &mentions), UNSAY_OK);
    assert_int_equal(unread, 4 + 26);
    assert_int_equal(trace_count(&fixture->trace, "event 500 message normal one of many"), 0);
    struct unsay_history query = {.conversation = "g:1", .after = 499, .limit = 1};
    assert_int_equal(unsay_stored(fixture->client, &query, trace_history, &fixture->trace),
                     UNSAY_OK);
    assert_int_equal(trace_count(&fixture->trace, "history ok 1 from 500 more 1"), 1);
}

/* In the middle of what was skipped something is not for this user. */
static void what_is_hidden_is_no_gap(void **state)
{
    struct fixture *fixture = *state;
    go_away_for_long(fixture);
    fixture->server.hidden_first = 301;
    fixture->server.hidden_last = 450;
    fixture_open(fixture);
    unsay_start(fixture->client);
    trace_wait(&fixture->trace, "connection ONLINE", 2);
    fetch(fixture, "history ok 130 from 451 more 1");
    assert_spans(fixture, 2, 451, 606);
    fetch(fixture, "history ok 200 from 101 more 1");
    assert_spans(fixture, 2, 101, 606);
    fetch(fixture, "history ok 95 from 6 more 1");
    assert_spans(fixture, 1, 1, 606);
}

static void check_page(void *context, const struct unsay_error *error,
                       const struct unsay_event *events, size_t count, bool more)
{
    assert(count == 2 && events[0].seq == 1 && events[0].body == NULL &&
           events[0].state == UNSAY_MESSAGE_RECALLED && events[1].body != NULL);
    trace_history(context, error, events, count, more);
}

/* The message is taken back when its page is half there: no body of it is ever stored or shown. */
static void a_recall_that_races_an_older_page_wins(void **state)
{
    struct fixture *fixture = *state;
    for (unsigned follow = UNSAY_FOLLOW_PATCH; follow <= UNSAY_FOLLOW_REPLACE; follow++) {
        if (follow == UNSAY_FOLLOW_REFRESH)
            continue; /* the recall itself comes later: what was shown till then is erased then */
        int failed = fixture_teardown(state);
        assert_int_equal(failed, 0);
        fixture_setup(state);
        fixture = *state;
        fixture_close(fixture);
        fixture->follow = (enum unsay_follow)follow;
        fixture->first_sync = 3;
        fake_server_say(&fixture->server, "secret-one");
        fake_server_say_many(&fixture->server, 4);
        fixture_open(fixture);
        fixture_start(fixture);
        trace_wait(&fixture->trace, "event 3 message normal one of many", 1);
        fixture->server.recall_amidst = 1;
        assert_int_equal(unsay_older(fixture->client, "g:1", 0, check_page, &fixture->trace),
                         UNSAY_OK);
        trace_wait(&fixture->trace, "history ok 2 from 1 more 0", 1);
        trace_wait(&fixture->trace, "event 6 recall 1", 1);
        fixture_wait_until_erased(fixture, "secret-one");
    }
}

static void a_new_device_begins_with_the_last_page(void **state)
{
    struct fixture *fixture = *state;
    fixture_close(fixture);
    fixture->first_sync = 0;
    fake_server_say_many(&fixture->server, 450);
    fixture_open(fixture);
    fixture_start(fixture);
    trace_wait(&fixture->trace, "skipped g:1 1-250", 1);
    trace_wait(&fixture->trace, "event 450 message normal one of many", 1);
    assert_int_equal(trace_count(&fixture->trace, "event 250 message normal one of many"), 0);
    assert_int_equal(trace_count(&fixture->trace, "event 251 message normal one of many"), 1);
    fixture_close(fixture);
    /* From then on nothing is left out. */
    fake_server_say_many(&fixture->server, 450);
    fixture_open(fixture);
    unsay_start(fixture->client);
    trace_wait(&fixture->trace, "event 900 message normal one of many", 1);
    assert_spans(fixture, 1, 251, 900);
}

static void a_new_device_may_begin_with_nothing(void **state)
{
    struct fixture *fixture = *state;
    fixture_close(fixture);
    fixture->first_sync = UNSAY_FIRST_SYNC_NONE;
    fake_server_say_many(&fixture->server, 450);
    fixture_open(fixture);
    fixture_start(fixture);
    trace_wait(&fixture->trace, "skipped g:1 1-450", 1);
    fake_server_say(&fixture->server, "new");
    trace_wait(&fixture->trace, "event 451 message normal new", 1);
    fetch(fixture, "history ok 200 from 251 more 1");
}

static void an_unknown_conversation_has_no_older_history(void **state)
{
    struct fixture *fixture = *state;
    fixture_start(fixture);
    assert_int_equal(unsay_older(fixture->client, "g:2", 0, trace_history, &fixture->trace),
                     UNSAY_OK);
    trace_wait(&fixture->trace, "history unknown_conversation 0 from 0 more 0", 1);
    assert_int_equal(unsay_older(fixture->client, "g 2", 0, NULL, NULL), UNSAY_INVALID);
    assert_int_equal(unsay_older(fixture->client, "g:1", 201, NULL, NULL), UNSAY_INVALID);
    assert_int_equal(unsay_set_open(fixture->client, "g:2", true), UNSAY_OK);
    assert_int_equal(unsay_set_open(fixture->client, "", true), UNSAY_INVALID);
}

static size_t batches;
static uint64_t batched;

/* Every event of a batch is stored before it is shown, in order, once. */
static void check_batch(void *context, const struct unsay_event *events, size_t count)
{
    struct trace *trace = context;
    struct unsay_span span;
    size_t spans;
    enum unsay_result result = unsay_spans(trace->client, "g:1", &span, 1, &spans);
    assert(result == UNSAY_OK && spans == 1 && span.last >= events[count - 1].seq);
    for (size_t i = 0; i < count; i++)
        assert(events[i].seq == ++batched);
    assert(count <= 256);
    batches++;
    if (events[count - 1].seq == 3000)
        trace_add(trace, "all");
}

static void events_may_come_in_batches(void **state)
{
    struct fixture *fixture = *state;
    fixture_close(fixture);
    batches = batched = 0;
    fixture->on_events = check_batch;
    fake_server_say_many(&fixture->server, 3000);
    fixture_open(fixture);
    fixture_start(fixture);
    trace_wait(&fixture->trace, "all", 1);
    assert_int_equal(batched, 3000);
    assert_true(batches < 1000);
}

static void free_it(void *context, enum unsay_connection connection,
                    const struct unsay_error *error)
{
    (void)error;
    if (connection == UNSAY_CONNECTION_CONNECTING)
        unsay_free(*(struct unsay **)context);
}

/* What the test below runs in a process of its own. */
static int free_from_a_callback(const char *directory)
{
    char text[512];
    struct unsay *client = NULL;
    char *token = token_for("alice");
    struct unsay_options options = {
        .server = "127.0.0.1:1",
        .token = token,
        .state_directory = directory,
        .callbacks = {.on_connection = free_it},
        .context = &client,
    };
    client = unsay_new(&options, text, sizeof(text));
    free(token);
    unsay_start(client);
    sleep(20);
    return 0;
}

static void free_from_a_callback_is_caught(void **state)
{
    struct fixture *fixture = *state;
    int out[2];
    int status;
    fixture_close(fixture);
    assert_int_equal(pipe(out), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        dup2(out[1], STDERR_FILENO);
        execl("/proc/self/exe", "test_client_sync", fixture->scratch.path, (char *)NULL);
        _exit(1);
    }
    close(out[1]);
    char text[512] = "";
    ssize_t size = read(out[0], text, sizeof(text) - 1);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    assert_true(size > 0);
    assert_non_null(strstr(text, "unsay_free must not be called from a callback"));
    close(out[0]);
    fixture_open(fixture);
}

#define fixture_test(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(int count, char **arguments)
{
    if (count > 1)
        return free_from_a_callback(arguments[1]);
    const struct CMUnitTest tests[] = {
        fixture_test(a_long_absence_is_skipped_and_recalls_are_applied),
        fixture_test(older_history_fills_what_was_skipped),
        fixture_test(what_is_hidden_is_no_gap),
        fixture_test(a_recall_that_races_an_older_page_wins),
        fixture_test(a_new_device_begins_with_the_last_page),
        fixture_test(a_new_device_may_begin_with_nothing),
        fixture_test(an_unknown_conversation_has_no_older_history),
        fixture_test(events_may_come_in_batches),
        fixture_test(free_from_a_callback_is_caught),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
