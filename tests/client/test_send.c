#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api_fixture.h"

static void a_message_is_sent_accepted_and_seen(void **state)
{
    struct fixture *fixture = *state;
    uint8_t id[16] = {0};
    fixture_start(fixture);
    assert_string_equal(unsay_user(fixture->client), "alice");
    assert_string_equal(unsay_device(fixture->client), "phone");
    fixture_send(fixture, "hello", id);
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
        messages[i] = (struct unsay_outgoing){
            .content_type = UNSAY_CONTENT_TEXT, .body = bodies[i], .body_bytes = (size_t)size};
    }
    assert_int_equal(unsay_send_many(fixture->client, "g:1", messages, MANY / 2), UNSAY_OK);
    assert_int_equal(unsay_outbox_count(fixture->client), MANY / 2);
    fixture_start(fixture);
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
    fixture_start(fixture);
    fake_server_set(&fixture->server, FAKE_IGNORES, FAKE_ANSWERS);
    fixture_send(fixture, "first", NULL);
    fixture_send(fixture, "second", NULL);
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
    fixture_start(fixture);
    fixture_send(fixture, "stays", NULL);
    fake_server_wait(&fixture->server, &fixture->server.sends_seen, 1);
    fixture_close(fixture);
    assert_int_equal(trace_count(&fixture->trace, "connection STOPPED"), 1);
    fake_server_wait(&fixture->server, &fixture->server.goodbyes_seen, 1);
    fake_server_set(&fixture->server, FAKE_ANSWERS, FAKE_ANSWERS);
    fixture_open(fixture);
    assert_int_equal(unsay_outbox_count(fixture->client), 1);
    unsay_start(fixture->client);
    trace_wait(&fixture->trace, "accepted 1", 1);
}

static void a_refused_message_can_be_sent_again(void **state)
{
    struct fixture *fixture = *state;
    uint8_t id[16];
    fake_server_set(&fixture->server, FAKE_REFUSES, FAKE_ANSWERS);
    fixture_start(fixture);
    fixture_send(fixture, "again", id);
    trace_wait(&fixture->trace, "failed not_a_member", 1);
    assert_int_equal(unsay_outbox_count(fixture->client), 0);
    fake_server_set(&fixture->server, FAKE_ANSWERS, FAKE_ANSWERS);
    assert_int_equal(unsay_resend(fixture->client, id), UNSAY_OK);
    trace_wait(&fixture->trace, "accepted 1", 1);
    assert_int_equal(unsay_resend(fixture->client, id), UNSAY_INVALID);
    assert_memory_equal(fixture->server.events[0].message_id, id, 16);
}

/* The reason and the id are there after a restart, and the same message goes out again. */
static void the_outbox_tells_what_failed(void **state)
{
    struct fixture *fixture = *state;
    uint8_t id[16];
    fake_server_set(&fixture->server, FAKE_REFUSES, FAKE_ANSWERS);
    fixture_start(fixture);
    fixture_send(fixture, "first", id);
    trace_wait(&fixture->trace, "failed not_a_member", 1);
    fake_server_set(&fixture->server, FAKE_IGNORES, FAKE_ANSWERS);
    fixture_send(fixture, "second", NULL);
    fake_server_wait(&fixture->server, &fixture->server.sends_seen, 2);
    fixture_close(fixture);
    fixture_open(fixture);
    assert_int_equal(unsay_outbox(fixture->client, NULL, 0, 0, trace_outbox, &fixture->trace),
                     UNSAY_OK);
    trace_wait(&fixture->trace,
               "outbox 2 more 0\nwaits g:1 first not_a_member\nwaits g:1 second sending", 1);
    assert_int_equal(unsay_outbox(fixture->client, "g:1", 0, 1, trace_outbox, &fixture->trace),
                     UNSAY_OK);
    trace_wait(&fixture->trace, "outbox 1 more 1\nwaits g:1 first not_a_member", 1);
    assert_int_equal(unsay_outbox(fixture->client, "g:1", 1, 1, trace_outbox, &fixture->trace),
                     UNSAY_OK);
    trace_wait(&fixture->trace, "outbox 1 more 0\nwaits g:1 second sending", 1);
    assert_int_equal(unsay_outbox(fixture->client, "g:2", 0, 1, trace_outbox, &fixture->trace),
                     UNSAY_OK);
    trace_wait(&fixture->trace, "outbox 0 more 0", 1);
    assert_int_equal(unsay_outbox(fixture->client, "no id", 0, 0, NULL, NULL), UNSAY_INVALID);
    fake_server_set(&fixture->server, FAKE_ANSWERS, FAKE_ANSWERS);
    assert_int_equal(unsay_resend(fixture->client, id), UNSAY_OK);
    unsay_start(fixture->client);
    trace_wait(&fixture->trace, "accepted 2", 1);
    assert_memory_equal(fixture->server.events[1].message_id, id, 16);
    assert_int_equal(unsay_outbox(fixture->client, NULL, 0, 0, trace_outbox, &fixture->trace),
                     UNSAY_OK);
    trace_wait(&fixture->trace, "outbox 0 more 0", 2);
}

/* A retry may be in the log from before, so it vouches for nothing: the next message does not name
 * it. */
static void a_message_behind_a_retry_does_not_name_it(void **state)
{
    struct fixture *fixture = *state;
    uint8_t retried[16];
    uint8_t earlier[16];
    fake_server_set(&fixture->server, FAKE_REFUSES, FAKE_ANSWERS);
    fixture_start(fixture);
    fixture_send(fixture, "again", retried);
    trace_wait(&fixture->trace, "failed not_a_member", 1);
    fake_server_set(&fixture->server, FAKE_IGNORES, FAKE_ANSWERS);
    assert_int_equal(unsay_resend(fixture->client, retried), UNSAY_OK);
    fixture_send(fixture, "first behind it", earlier);
    fake_server_wait(&fixture->server, &fixture->server.sends_seen, 3);
    assert_true(uuid_is_zero(&fixture->server.last_after));
    fixture_send(fixture, "second behind it", NULL);
    fake_server_wait(&fixture->server, &fixture->server.sends_seen, 4);
    assert_memory_equal(fixture->server.last_after.bytes, earlier, 16);

    /* Nor after a restart, when the outbox is loaded; the third send is the one looked at. */
    fixture_close(fixture);
    fixture_open(fixture);
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
    fixture_start(fixture);
    fixture_send(fixture, "own-secret", id);
    trace_wait(&fixture->trace, "failed not_a_member", 1);
    assert_true(scratch_contains(&fixture->scratch, "own-secret", 10));
    fake_server_say_as(&fixture->server, id, "own-secret");
    trace_wait(&fixture->trace, "event 1 message normal own-secret\naccepted 1", 1);
    fake_server_recall(&fixture->server, 1);
    trace_wait(&fixture->trace, "event 2 recall 1", 1);
    assert_int_equal(unsay_resend(fixture->client, id), UNSAY_INVALID);
    fixture_wait_until_erased(fixture, "own-secret");
}

/* Stored, but its answer was lost; then refused, as when the sender was removed meanwhile. */
static void a_refused_message_that_was_stored_and_recalled_leaves_no_body(void **state)
{
    struct fixture *fixture = *state;
    uint8_t id[16];
    fixture->server.loses_answers = true;
    fixture_start(fixture);
    fixture_send(fixture, "own-secret", id);
    trace_wait(&fixture->trace, "event 1 message normal own-secret", 1);
    assert_int_equal(unsay_outbox_count(fixture->client), 1);
    fake_server_set(&fixture->server, FAKE_REFUSES, FAKE_ANSWERS);
    fake_server_drop(&fixture->server);
    trace_wait(&fixture->trace, "accepted 1", 1); /* what the log holds was not refused */
    assert_int_equal(trace_count(&fixture->trace, "failed not_a_member"), 0);
    assert_int_equal(unsay_resend(fixture->client, id), UNSAY_INVALID);
    fake_server_recall(&fixture->server, 1);
    trace_wait(&fixture->trace, "event 2 recall 1", 1);
    fixture_wait_until_erased(fixture, "own-secret");
}

enum { THREADS = 4, PER_THREAD = 25 };

static void *send_some(void *context)
{
    struct fixture *fixture = context;
    for (int i = 0; i < PER_THREAD; i++)
        fixture_send(fixture, "x", NULL);
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

/* ---- Quotes, mentions, forwards ---- */

static const wire_send *last_send(struct fixture *fixture, struct arena *arena)
{
    const wire_client_frame *frame = fake_server_last(&fixture->server, arena);
    assert_int_equal(frame->body_case, CLIENT_FRAME(SEND));
    return frame->send;
}

static void quotes_and_mentions_survive_a_restart(void **state)
{
    struct fixture *fixture = *state;
    static const char *const mentions[] = {"bob", "*"};
    struct arena arena;
    struct unsay_outgoing outgoing = {.content_type = UNSAY_CONTENT_TEXT,
                                      .body = "yes",
                                      .body_bytes = 3,
                                      .quote_seq = 5,
                                      .mentions = mentions,
                                      .mention_count = 2};
    assert_int_equal(unsay_send_many(fixture->client, "g:1", &outgoing, 1), UNSAY_OK);
    fixture_close(fixture);
    fixture_open(fixture);
    fixture_start(fixture);
    trace_wait(&fixture->trace, "accepted 1", 1);
    arena_init(&arena);
    const wire_send *send = last_send(fixture, &arena);
    assert_int_equal(send->quote->origin, 1);
    assert_int_equal(send->quote->seq, 5);
    assert_null(send->forward);
    assert_int_equal(send->n_mentions, 2);
    assert_string_equal(send->mentions[0], "bob");
    assert_memory_equal(send->message_id.data, outgoing.message_id, 16);
    arena_fini(&arena);
}

static void a_forward_names_its_source_and_has_no_body(void **state)
{
    struct fixture *fixture = *state;
    struct arena arena;
    struct unsay_source source = {.conversation = "g:other", .seq = 9};
    struct unsay_outgoing outgoing = {.forward = &source};
    fixture_start(fixture);
    assert_int_equal(unsay_send_many(fixture->client, "g:1", &outgoing, 1), UNSAY_OK);
    trace_wait(&fixture->trace, "accepted 1", 1);
    arena_init(&arena);
    const wire_send *send = last_send(fixture, &arena);
    assert_string_equal(send->forward->conversation, "g:other");
    assert_int_equal(send->forward->seq, 9);
    assert_int_equal(send->content_type, WIRE(CONTENT_TYPE, UNSPECIFIED));
    assert_int_equal(send->body.len, 0);
    arena_fini(&arena);
    outgoing.content_type = UNSAY_CONTENT_TEXT;
    assert_int_equal(unsay_send_many(fixture->client, "g:1", &outgoing, 1), UNSAY_INVALID);
    struct unsay_outgoing crowd = {.content_type = UNSAY_CONTENT_TEXT,
                                   .mentions = (const char *const[]){"no:colon"}};
    crowd.mention_count = 1;
    assert_int_equal(unsay_send_many(fixture->client, "g:1", &crowd, 1), UNSAY_INVALID);
    crowd.mention_count = 65;
    assert_int_equal(unsay_send_many(fixture->client, "g:1", &crowd, 1), UNSAY_INVALID);
}

/* What was quoted has another number in the log of another store. */
static void a_quote_does_not_go_to_another_store(void **state)
{
    struct fixture *fixture = *state;
    fixture->server.store = 1;
    fixture_start(fixture);
    fake_server_set(&fixture->server, FAKE_IGNORES, FAKE_ANSWERS);
    struct unsay_outgoing outgoing = {
        .content_type = UNSAY_CONTENT_TEXT, .body = "yes", .body_bytes = 3, .quote_seq = 5};
    assert_int_equal(unsay_send_many(fixture->client, "g:1", &outgoing, 1), UNSAY_OK);
    fixture_send(fixture, "plain", NULL);
    fake_server_wait(&fixture->server, &fixture->server.sends_seen, 2);
    fake_server_set(&fixture->server, FAKE_ANSWERS, FAKE_ANSWERS);
    fake_server_begin_anew(&fixture->server, 2);
    trace_wait(&fixture->trace, "failed unknown_message", 1);
    trace_wait(&fixture->trace, "event 1 message normal plain", 1);
}

#define fixture_test(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(a_message_is_sent_accepted_and_seen),
        fixture_test(many_messages_keep_their_order),
        fixture_test(unanswered_messages_are_sent_again_on_the_next_connection),
        fixture_test(the_outbox_survives_a_restart),
        fixture_test(a_refused_message_can_be_sent_again),
        fixture_test(the_outbox_tells_what_failed),
        fixture_test(a_message_behind_a_retry_does_not_name_it),
        fixture_test(a_failed_message_that_was_accepted_and_recalled_leaves_no_body),
        fixture_test(a_refused_message_that_was_stored_and_recalled_leaves_no_body),
        fixture_test(many_threads_may_send_at_once),
        fixture_test(quotes_and_mentions_survive_a_restart),
        fixture_test(a_forward_names_its_source_and_has_no_body),
        fixture_test(a_quote_does_not_go_to_another_store),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
