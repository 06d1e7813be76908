#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "access/identity.h"
#include "fake_server.h"
#include "scratch.h"
#include "trace.h"

#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

struct fixture {
    struct scratch scratch;
    struct fake_server server;
    struct trace trace;
    struct unsay *client;
    char *token;
    char address[64];
};

static char *token_for(const char *user)
{
    static const uint8_t secret[32] = "a secret of at least 32 bytes...";
    return identity_sign(view_make(secret, sizeof(secret)), user, "phone",
                         (uint64_t)time(NULL) * 1000, 3600000);
}

static void open_client_with(struct fixture *fixture, const char *scheme,
                             void (*on_event)(void *, const struct unsay_event *))
{
    char text[512];
    char address[96];
    snprintf(address, sizeof(address), "%s%s", scheme, fixture->address);
    struct unsay_options options = {
        .server = address,
        .token = fixture->token,
        .state_directory = fixture->scratch.path,
        .callbacks = trace_callbacks,
        .context = &fixture->trace,
        .ack_delay_ms = 1,
    };
    options.callbacks.on_event = on_event;
    fixture->client = unsay_new(&options, text, sizeof(text));
    if (fixture->client == NULL)
        fail_msg("%s", text);
    fixture->trace.client = fixture->client;
    fixture->trace.server = &fixture->server;
}

static void open_client(struct fixture *fixture)
{
    open_client_with(fixture, "", trace_callbacks.on_event);
}

static void start_client(struct fixture *fixture)
{
    unsay_start(fixture->client);
    trace_wait(&fixture->trace, "connection ONLINE", 1);
}

static void close_client(struct fixture *fixture)
{
    unsay_free(fixture->client);
    fixture->client = NULL;
}

static int setup(void **state)
{
    static struct fixture fixture;
    scratch_init(&fixture.scratch);
    trace_init(&fixture.trace);
    fake_server_start(&fixture.server);
    fixture.token = token_for("alice");
    snprintf(fixture.address, sizeof(fixture.address), "127.0.0.1:%d", fixture.server.port);
    open_client(&fixture);
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    unsay_free(fixture->client);
    fake_server_stop(&fixture->server);
    trace_fini(&fixture->trace);
    scratch_fini(&fixture->scratch);
    free(fixture->token);
    return 0;
}

static void send_text(struct fixture *fixture, const char *body, uint8_t id[16])
{
    assert_int_equal(unsay_send(fixture->client, "g:1", UNSAY_CONTENT_TEXT, body, strlen(body), id),
                     UNSAY_OK);
}

static enum unsay_result recall_seq(struct fixture *fixture, uint64_t seq, uint32_t timeout_ms)
{
    struct unsay_target target = {.seq = seq};
    struct unsay_recall recall = {
        .conversation = "g:1", .targets = &target, .count = 1, .timeout_ms = timeout_ms};
    return unsay_recall(fixture->client, &recall, trace_recall, &fixture->trace);
}

static void wait_until_erased(struct fixture *fixture, const char *body)
{
    struct timespec pause = {0, 10000000};
    time_t end = time(NULL) + 10;
    while (scratch_contains(&fixture->scratch, body, strlen(body)) && time(NULL) < end)
        nanosleep(&pause, NULL);
    assert_false(scratch_contains(&fixture->scratch, body, strlen(body)));
}

/* ---- Sending ---- */

static void a_message_is_sent_accepted_and_seen(void **state)
{
    struct fixture *fixture = *state;
    uint8_t id[16] = {0};
    start_client(fixture);
    assert_string_equal(unsay_user(fixture->client), "alice");
    assert_string_equal(unsay_device(fixture->client), "phone");
    send_text(fixture, "hello", id);
    assert_int_equal(id[6] >> 4, 7);
    trace_wait(&fixture->trace, "accepted 1", 1);
    trace_wait(&fixture->trace, "event 1 message normal hello", 1);
    assert_int_equal(unsay_outbox_count(fixture->client), 0);
    fake_server_wait_seq(&fixture->server, &fixture->server.acked, 1);
}

enum { MANY = 1000 };

static void many_messages_keep_their_order(void **state)
{
    struct fixture *fixture = *state;
    static struct unsay_outgoing messages[MANY];
    static char bodies[MANY][8];
    for (int i = 0; i < MANY; i++) {
        int size = snprintf(bodies[i], sizeof(bodies[i]), "%d", i);
        messages[i] = (struct unsay_outgoing){UNSAY_CONTENT_TEXT, bodies[i], (size_t)size, {0}};
    }
    assert_int_equal(unsay_send_many(fixture->client, "g:1", messages, MANY / 2), UNSAY_OK);
    assert_int_equal(unsay_outbox_count(fixture->client), MANY / 2);
    start_client(fixture);
    assert_int_equal(unsay_send_many(fixture->client, "g:1", messages + MANY / 2, MANY - MANY / 2),
                     UNSAY_OK);
    for (int i = 1; i < MANY; i++)
        assert_true(memcmp(messages[i - 1].message_id, messages[i].message_id, 16) < 0);
    trace_wait(&fixture->trace, "accepted 1000", 1);
    trace_wait(&fixture->trace, "event 1000 message normal 999", 1);
    assert_int_equal(fixture->server.event_count, MANY);
    for (int i = 0; i < MANY; i++)
        assert_string_equal(fixture->server.events[i].body, bodies[i]);
    assert_int_equal(unsay_outbox_count(fixture->client), 0);
}

static void unanswered_messages_are_sent_again_on_the_next_connection(void **state)
{
    struct fixture *fixture = *state;
    start_client(fixture);
    fake_server_set(&fixture->server, FAKE_IGNORES, FAKE_ANSWERS);
    send_text(fixture, "first", NULL);
    send_text(fixture, "second", NULL);
    fake_server_wait(&fixture->server, &fixture->server.sends_seen, 2);
    fake_server_set(&fixture->server, FAKE_ANSWERS, FAKE_ANSWERS);
    fake_server_drop(&fixture->server);
    trace_wait(&fixture->trace, "connection CONNECTING unreachable", 1);
    trace_wait(&fixture->trace, "accepted 1", 1);
    trace_wait(&fixture->trace, "accepted 2", 1);
    trace_wait(&fixture->trace, "event 2 message normal second", 1);
    assert_int_equal(fixture->server.event_count, 2);
}

static void the_outbox_survives_a_restart(void **state)
{
    struct fixture *fixture = *state;
    fake_server_set(&fixture->server, FAKE_IGNORES, FAKE_ANSWERS);
    start_client(fixture);
    send_text(fixture, "stays", NULL);
    fake_server_wait(&fixture->server, &fixture->server.sends_seen, 1);
    close_client(fixture);
    assert_int_equal(trace_count(&fixture->trace, "connection STOPPED"), 1);
    fake_server_wait(&fixture->server, &fixture->server.goodbyes_seen, 1);
    fake_server_set(&fixture->server, FAKE_ANSWERS, FAKE_ANSWERS);
    open_client(fixture);
    assert_int_equal(unsay_outbox_count(fixture->client), 1);
    unsay_start(fixture->client);
    trace_wait(&fixture->trace, "accepted 1", 1);
}

static void a_refused_message_can_be_sent_again(void **state)
{
    struct fixture *fixture = *state;
    uint8_t id[16];
    fake_server_set(&fixture->server, FAKE_REFUSES, FAKE_ANSWERS);
    start_client(fixture);
    send_text(fixture, "again", id);
    trace_wait(&fixture->trace, "failed not_a_member", 1);
    assert_int_equal(unsay_outbox_count(fixture->client), 0);
    fake_server_set(&fixture->server, FAKE_ANSWERS, FAKE_ANSWERS);
    assert_int_equal(unsay_resend(fixture->client, id), UNSAY_OK);
    trace_wait(&fixture->trace, "accepted 1", 1);
    assert_int_equal(unsay_resend(fixture->client, id), UNSAY_INVALID);
    assert_memory_equal(fixture->server.events[0].message_id, id, 16);
}

/* A retry may be in the log from before, so it vouches for nothing: the next message does not name
 * it. */
static void a_message_behind_a_retry_does_not_name_it(void **state)
{
    struct fixture *fixture = *state;
    uint8_t retried[16];
    uint8_t earlier[16];
    fake_server_set(&fixture->server, FAKE_REFUSES, FAKE_ANSWERS);
    start_client(fixture);
    send_text(fixture, "again", retried);
    trace_wait(&fixture->trace, "failed not_a_member", 1);
    fake_server_set(&fixture->server, FAKE_IGNORES, FAKE_ANSWERS);
    assert_int_equal(unsay_resend(fixture->client, retried), UNSAY_OK);
    send_text(fixture, "first behind it", earlier);
    fake_server_wait(&fixture->server, &fixture->server.sends_seen, 3);
    assert_true(uuid_is_zero(&fixture->server.last_after));
    send_text(fixture, "second behind it", NULL);
    fake_server_wait(&fixture->server, &fixture->server.sends_seen, 4);
    assert_memory_equal(fixture->server.last_after.bytes, earlier, 16);

    /* Nor after a restart, when the outbox is loaded; the third send is the one looked at. */
    close_client(fixture);
    open_client(fixture);
    unsay_start(fixture->client);
    fake_server_wait(&fixture->server, &fixture->server.sends_seen, 7);
    assert_memory_equal(fixture->server.last_after.bytes, earlier, 16);
    fake_server_set(&fixture->server, FAKE_ANSWERS, FAKE_ANSWERS);
    fake_server_drop(&fixture->server);
    trace_wait(&fixture->trace, "event 3 message normal second behind i", 1);
}

/* The client gave up on a message that the log turns out to hold. */
static void a_failed_message_that_was_accepted_and_recalled_leaves_no_body(void **state)
{
    struct fixture *fixture = *state;
    uint8_t id[16];
    fake_server_set(&fixture->server, FAKE_REFUSES, FAKE_ANSWERS);
    start_client(fixture);
    send_text(fixture, "own-secret", id);
    trace_wait(&fixture->trace, "failed not_a_member", 1);
    assert_true(scratch_contains(&fixture->scratch, "own-secret", 10));
    fake_server_say_as(&fixture->server, id, "own-secret");
    fake_server_recall(&fixture->server, 1);
    trace_wait(&fixture->trace, "event 2 recall 1", 1);
    assert_int_equal(unsay_resend(fixture->client, id), UNSAY_INVALID);
    wait_until_erased(fixture, "own-secret");
}

/* Stored, but its answer was lost; then refused, as when the sender was removed meanwhile. */
static void a_refused_message_that_was_stored_and_recalled_leaves_no_body(void **state)
{
    struct fixture *fixture = *state;
    uint8_t id[16];
    fixture->server.loses_answers = true;
    start_client(fixture);
    send_text(fixture, "own-secret", id);
    trace_wait(&fixture->trace, "event 1 message normal own-secret", 1);
    assert_int_equal(unsay_outbox_count(fixture->client), 1);
    fake_server_set(&fixture->server, FAKE_REFUSES, FAKE_ANSWERS);
    fake_server_drop(&fixture->server);
    trace_wait(&fixture->trace, "failed not_a_member", 1);
    assert_int_equal(unsay_resend(fixture->client, id), UNSAY_INVALID);
    fake_server_recall(&fixture->server, 1);
    trace_wait(&fixture->trace, "event 2 recall 1", 1);
    wait_until_erased(fixture, "own-secret");
}

/* ---- Another store ---- */

static void a_server_that_began_anew_is_read_from_its_beginning(void **state)
{
    struct fixture *fixture = *state;
    fixture->server.store = 1;
    start_client(fixture);
    for (int i = 0; i < 3; i++)
        fake_server_say(&fixture->server, "of-the-old-log");
    trace_wait(&fixture->trace, "event 3 message normal of-the-old-log", 1);
    fake_server_set(&fixture->server, FAKE_IGNORES, FAKE_ANSWERS);
    send_text(fixture, "waiting", NULL);
    fake_server_wait(&fixture->server, &fixture->server.sends_seen, 1);
    fake_server_set(&fixture->server, FAKE_ANSWERS, FAKE_ANSWERS);
    fake_server_begin_anew(&fixture->server, 2);
    trace_wait(&fixture->trace, "accepted 1", 1);
    trace_wait(&fixture->trace, "event 1 message normal waiting", 1);
    fake_server_say(&fixture->server, "new");
    trace_wait(&fixture->trace, "event 2 message normal new", 1);
    fake_server_wait_seq(&fixture->server, &fixture->server.acked, 2);
    wait_until_erased(fixture, "of-the-old-log");

    /* Also when the store changes while the client is not running, and not when it stays. */
    close_client(fixture);
    open_client(fixture);
    unsay_start(fixture->client);
    trace_wait(&fixture->trace, "connection ONLINE", 3);
    assert_int_equal(trace_count(&fixture->trace, "event 1 message normal waiting"), 1);
    close_client(fixture);
    fake_server_begin_anew(&fixture->server, 3);
    fake_server_say(&fixture->server, "newest");
    open_client(fixture);
    unsay_start(fixture->client);
    trace_wait(&fixture->trace, "event 1 message normal newest", 1);
}

enum { THREADS = 4, PER_THREAD = 25 };

static void *send_some(void *context)
{
    struct fixture *fixture = context;
    for (int i = 0; i < PER_THREAD; i++)
        send_text(fixture, "x", NULL);
    return NULL;
}

static void many_threads_may_send_at_once(void **state)
{
    struct fixture *fixture = *state;
    pthread_t threads[THREADS];
    unsay_start(fixture->client);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, send_some, fixture), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    trace_wait(&fixture->trace, "accepted 100", 1);
    assert_int_equal(fixture->server.event_count, THREADS * PER_THREAD);
}

/* ---- Receiving ---- */

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
    close_client(fixture);
    open_client_with(fixture, "", wait_for_more);
    start_client(fixture);
    fake_server_say(&fixture->server, "first");
    trace_wait(&fixture->trace, "event 1 message normal first", 1);
    unsigned before = atomic_load(&sync_count);
    fake_server_say_many(&fixture->server, 200);
    trace_wait(&fixture->trace, "event 201 message normal one of many", 1);
    unsigned syncs = atomic_load(&sync_count) - before;
    assert_in_range(syncs, 1, 10);
}

/* The callback of event 1 holds the client up until the message and its recall lie in the socket:
 * it finds them in one turn of the loop. */
static void a_message_that_is_overtaken_by_its_recall_is_never_shown(void **state)
{
    struct fixture *fixture = *state;
    close_client(fixture);
    open_client_with(fixture, "", wait_for_more);
    start_client(fixture);
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
    start_client(fixture);
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
    close_client(fixture);
    open_client_with(fixture, "ws://", trace_callbacks.on_event);
    start_client(fixture);
    send_text(fixture, "hello", NULL);
    trace_wait(&fixture->trace, "event 1 message normal hello", 1);
}

static void an_event_is_stored_before_it_is_shown(void **state)
{
    struct fixture *fixture = *state;
    close_client(fixture);
    open_client_with(fixture, "tcp://", check_stored);
    start_client(fixture);
    fake_server_say_many(&fixture->server, 200);
    trace_wait(&fixture->trace, "event 200 message normal one of many", 1);
}

static void what_was_missed_comes_once(void **state)
{
    struct fixture *fixture = *state;
    fake_server_say_many(&fixture->server, 450);
    start_client(fixture);
    trace_wait(&fixture->trace, "event 450 message normal one of many", 1);
    close_client(fixture);
    open_client(fixture);
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
    start_client(fixture);
    trace_wait(&fixture->trace, "event 5 message normal one of many", 1);
    close_client(fixture);
    open_client(fixture);
    struct unsay_history query = {.conversation = "g:1", .limit = 2, .newest = true};
    assert_int_equal(unsay_stored(fixture->client, &query, trace_history, &fixture->trace),
                     UNSAY_OK);
    assert_int_equal(trace_count(&fixture->trace, "history ok 2 from 4 more 1"), 1);
}

static void displayed_is_told_to_the_server(void **state)
{
    struct fixture *fixture = *state;
    fake_server_say_many(&fixture->server, 5);
    start_client(fixture);
    trace_wait(&fixture->trace, "event 5 message normal one of many", 1);
    assert_int_equal(unsay_displayed(fixture->client, "g:1", 3), UNSAY_OK);
    fake_server_wait_seq(&fixture->server, &fixture->server.displayed, 3);
}

/* ---- Recall ---- */

static void a_recall_from_elsewhere_erases_the_body(void **state)
{
    struct fixture *fixture = *state;
    start_client(fixture);
    fake_server_say(&fixture->server, "taken-back");
    trace_wait(&fixture->trace, "event 1 message normal taken-back", 1);
    assert_true(scratch_contains(&fixture->scratch, "taken-back", 10));
    fake_server_recall(&fixture->server, 1);
    trace_wait(&fixture->trace, "event 2 recall 1", 1);
    assert_int_equal(trace_count(&fixture->trace, "recalled 1 by bob"), 1);
    trace_assert_order(&fixture->trace, "\nrecalled 1 by bob\n", "\nevent 2 recall 1\n");

    wait_until_erased(fixture, "taken-back");
    close_client(fixture);
    assert_false(scratch_contains(&fixture->scratch, "taken-back", 10));
}

static void a_message_that_came_with_its_recall_is_never_shown(void **state)
{
    struct fixture *fixture = *state;
    fake_server_say(&fixture->server, "never-shown");
    fake_server_recall(&fixture->server, 1);
    start_client(fixture);
    trace_wait(&fixture->trace, "event 2 recall 1", 1);
    assert_int_equal(trace_count(&fixture->trace, "event 1 message recalled "), 1);
    assert_int_equal(trace_count(&fixture->trace, "recalled 1 by bob"), 0);
    assert_false(scratch_contains(&fixture->scratch, "never-shown", 11));
}

static void a_message_of_ours_is_taken_back(void **state)
{
    struct fixture *fixture = *state;
    uint8_t id[16];
    start_client(fixture);
    send_text(fixture, "oops", id);
    trace_wait(&fixture->trace, "event 1 message normal oops", 1);
    struct unsay_target target = {.seq = 0};
    memcpy(target.message_id, id, 16);
    struct unsay_recall recall = {
        .conversation = "g:1", .targets = &target, .count = 1, .request_id = "request-1"};
    assert_int_equal(unsay_recall(fixture->client, &recall, trace_recall, &fixture->trace),
                     UNSAY_OK);
    trace_wait(&fixture->trace, "recall ok 1 outcome 1 seq 1 ", 1);
    trace_wait(&fixture->trace, "event 2 recall 1", 1);
    assert_int_equal(trace_count(&fixture->trace, "recalled 1 by bob"), 1);
    assert_string_equal(fixture->server.last_request_id, "request-1");
    assert_int_equal(recall_seq(fixture, 99, 0), UNSAY_OK);
    trace_wait(&fixture->trace, "recall ok 1 outcome 4 seq 99 unknown_message", 1);
}

static void an_unanswered_recall_is_repeated_after_a_restart(void **state)
{
    struct fixture *fixture = *state;
    start_client(fixture);
    fake_server_say(&fixture->server, "regret");
    trace_wait(&fixture->trace, "event 1 message normal regret", 1);
    fake_server_set(&fixture->server, FAKE_ANSWERS, FAKE_IGNORES);
    assert_int_equal(recall_seq(fixture, 1, 0), UNSAY_OK);
    fake_server_wait(&fixture->server, &fixture->server.recalls_seen, 1);
    char request_id[65];
    memcpy(request_id, fixture->server.last_request_id, sizeof(request_id));
    close_client(fixture);
    assert_int_equal(trace_count(&fixture->trace, "recall stopped"), 1);

    fake_server_set(&fixture->server, FAKE_ANSWERS, FAKE_ANSWERS);
    open_client(fixture);
    unsay_start(fixture->client);
    trace_wait(&fixture->trace, "event 2 recall 1", 1);
    assert_int_equal(trace_count(&fixture->trace, "recalled 1 by bob"), 1);
    assert_string_equal(fixture->server.last_request_id, request_id);
    assert_int_equal(fixture->server.recalls_seen, 2);

    /* Answered: the third run does not repeat it. */
    assert_int_equal(recall_seq(fixture, 1, 0), UNSAY_OK);
    trace_wait(&fixture->trace, "recall ok 1 outcome 2 seq 1 ", 1);
    close_client(fixture);
    open_client(fixture);
    unsay_start(fixture->client);
    trace_wait(&fixture->trace, "connection ONLINE", 3);
    assert_int_equal(recall_seq(fixture, 1, 0), UNSAY_OK);
    trace_wait(&fixture->trace, "recall ok 1 outcome 2 seq 1 ", 2);
    assert_int_equal(fixture->server.recalls_seen, 4);
}

static void a_recall_without_an_answer_times_out(void **state)
{
    struct fixture *fixture = *state;
    fake_server_set(&fixture->server, FAKE_ANSWERS, FAKE_IGNORES);
    start_client(fixture);
    assert_int_equal(recall_seq(fixture, 1, 50), UNSAY_OK);
    trace_wait(&fixture->trace, "recall unreachable", 1);
}

/* ---- Requests ---- */

static void history_and_conversations_come_from_the_server(void **state)
{
    struct fixture *fixture = *state;
    fake_server_say_many(&fixture->server, 30);
    start_client(fixture);
    struct unsay_history query = {.conversation = "g:1", .after = 10, .limit = 5};
    for (int i = 0; i < 40; i++) /* more than one connection may ask for at once */
        assert_int_equal(unsay_history(fixture->client, &query, trace_history, &fixture->trace),
                         UNSAY_OK);
    trace_wait(&fixture->trace, "history ok 5 from 11 more 1", 40);
    assert_int_equal(unsay_open_direct(fixture->client, "bob", trace_opened, &fixture->trace),
                     UNSAY_OK);
    trace_wait(&fixture->trace, "opened ok d:alice:bob 1", 1);
    struct unsay_member members[] = {{"bob", 0}, {"carol", UNSAY_ROLE_ADMIN}};
    assert_int_equal(
        unsay_create_group(fixture->client, "the group", members, 2, trace_opened, &fixture->trace),
        UNSAY_OK);
    trace_wait(&fixture->trace, "opened ok g:created 1", 1);
}

static void recall_again(void *context, const struct unsay_error *error,
                         const struct unsay_target_outcome *outcomes, size_t count)
{
    struct trace *trace = context;
    trace_recall(context, error, outcomes, count);
    struct unsay_history query = {.conversation = "g:1"};
    if (error->result == UNSAY_STOPPED &&
        unsay_history(trace->client, &query, trace_history, trace) != UNSAY_STOPPED)
        fail_msg("a request was taken by a client that stops");
}

static void pending_requests_are_answered_when_the_client_stops(void **state)
{
    struct fixture *fixture = *state;
    fake_server_set(&fixture->server, FAKE_ANSWERS, FAKE_IGNORES);
    start_client(fixture);
    assert_int_equal(recall_seq(fixture, 1, 0), UNSAY_OK);
    struct unsay_target target = {.seq = 2};
    struct unsay_recall recall = {.conversation = "g:1", .targets = &target, .count = 1};
    assert_int_equal(unsay_recall(fixture->client, &recall, recall_again, &fixture->trace),
                     UNSAY_OK);
    assert_int_equal(unsay_open_direct(fixture->client, "bob", trace_opened, &fixture->trace),
                     UNSAY_OK);
    close_client(fixture);
    assert_int_equal(trace_count(&fixture->trace, "recall stopped"), 2);
    assert_int_equal(trace_count(&fixture->trace, "opened stopped  0"), 1);

    /* Also when it was never started. */
    open_client(fixture);
    assert_int_equal(unsay_open_direct(fixture->client, "bob", trace_opened, &fixture->trace),
                     UNSAY_OK);
    close_client(fixture);
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

/* ---- Connection ---- */

static void an_unreachable_server_is_told(void **state)
{
    struct fixture *fixture = *state;
    close_client(fixture);
    struct fake_server *server = &fixture->server;
    fake_server_stop(server);
    open_client(fixture);
    unsay_start(fixture->client);
    trace_wait(&fixture->trace, "connection CONNECTING unreachable", 1);
    send_text(fixture, "waits", NULL);
    assert_int_equal(recall_seq(fixture, 1, 50), UNSAY_OK);
    trace_wait(&fixture->trace, "recall unreachable", 1);
    assert_int_equal(unsay_outbox_count(fixture->client), 1);
    fake_server_start(server);
}

static void a_refused_token_needs_a_new_one(void **state)
{
    struct fixture *fixture = *state;
    fixture->server.refuses_token = true;
    unsay_start(fixture->client);
    trace_wait(&fixture->trace, "connection REJECTED token_expired", 1);
    char *other = token_for("bob");
    unsay_set_token(fixture->client, other);
    free(other);
    trace_wait(&fixture->trace, "connection REJECTED invalid", 1);
    pthread_mutex_lock(&fixture->server.lock);
    fixture->server.refuses_token = false;
    pthread_mutex_unlock(&fixture->server.lock);
    unsay_set_token(fixture->client, fixture->token);
    trace_wait(&fixture->trace, "connection ONLINE", 1);
}

static void a_change_of_network_connects_at_once(void **state)
{
    struct fixture *fixture = *state;
    start_client(fixture);
    unsay_network_changed(fixture->client);
    fake_server_wait(&fixture->server, &fixture->server.connections, 2);
    trace_wait(&fixture->trace, "connection ONLINE", 2);
}

static void bad_options_are_explained(void **state)
{
    struct fixture *fixture = *state;
    struct unsay_options good = {.server = fixture->address,
                                 .token = fixture->token,
                                 .state_directory = fixture->scratch.path};
    char text[512];
    struct unsay_options options = good;
    assert_null(unsay_new(&options, text, sizeof(text)));
    assert_non_null(strstr(text, "in use"));
    options = good;
    options.server = "ftp://x";
    assert_null(unsay_new(&options, text, sizeof(text)));
    assert_non_null(strstr(text, "ftp://x"));
    options = good;
    options.token = "not a token";
    assert_null(unsay_new(&options, text, sizeof(text)));
    assert_non_null(strstr(text, "Web Token"));
    options = good;
    options.state_directory = "/proc/nowhere";
    assert_null(unsay_new(&options, text, sizeof(text)));
    assert_non_null(strstr(text, "/proc/nowhere"));
    options = good;
    options.server = "tls://localhost:1";
    options.ca_file = "/nowhere.pem";
    assert_null(unsay_new(&options, NULL, 0));
    assert_string_equal(unsay_version(), UNSAY_VERSION);
}

#define api_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        api_test(a_message_is_sent_accepted_and_seen),
        api_test(many_messages_keep_their_order),
        api_test(unanswered_messages_are_sent_again_on_the_next_connection),
        api_test(the_outbox_survives_a_restart),
        api_test(a_refused_message_can_be_sent_again),
        api_test(a_message_behind_a_retry_does_not_name_it),
        api_test(a_failed_message_that_was_accepted_and_recalled_leaves_no_body),
        api_test(a_refused_message_that_was_stored_and_recalled_leaves_no_body),
        api_test(a_server_that_began_anew_is_read_from_its_beginning),
        api_test(many_threads_may_send_at_once),
        api_test(an_event_is_stored_before_it_is_shown),
        api_test(a_message_that_is_overtaken_by_its_recall_is_never_shown),
        api_test(many_events_of_one_turn_cost_few_syncs),
        api_test(what_cannot_be_stored_is_not_shown),
        api_test(a_websocket_carries_the_same),
        api_test(what_was_missed_comes_once),
        api_test(a_stored_log_is_read_without_a_connection),
        api_test(displayed_is_told_to_the_server),
        api_test(a_recall_from_elsewhere_erases_the_body),
        api_test(a_message_that_came_with_its_recall_is_never_shown),
        api_test(a_message_of_ours_is_taken_back),
        api_test(an_unanswered_recall_is_repeated_after_a_restart),
        api_test(a_recall_without_an_answer_times_out),
        api_test(history_and_conversations_come_from_the_server),
        api_test(pending_requests_are_answered_when_the_client_stops),
        api_test(arguments_are_checked),
        api_test(an_unreachable_server_is_told),
        api_test(a_refused_token_needs_a_new_one),
        api_test(a_change_of_network_connects_at_once),
        api_test(bad_options_are_explained),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
