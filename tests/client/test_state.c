#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api_fixture.h"

#include "events.h"
#include "unsay/device.h"
#include "unsay/reading.h"

#include <fcntl.h>
#include <unistd.h>

static const uint8_t first_key[UNSAY_KEY_BYTES] = "the application's first key ....";
static const uint8_t second_key[UNSAY_KEY_BYTES] = "the application's second key ...";

static struct unsay *new_client(struct fixture *fixture, const uint8_t *key, char text[512])
{
    struct unsay_options options = {
        .server = fixture->address,
        .token = fixture->token,
        .state_directory = fixture->scratch.path,
        .key = key,
    };
    return unsay_new(&options, text, 512);
}

static enum unsay_state_kind kind_of(struct fixture *fixture)
{
    struct unsay_state state;
    assert_int_equal(unsay_state(fixture->scratch.path, &state), UNSAY_OK);
    return state.kind;
}

static void receive_canary(struct fixture *fixture)
{
    fixture_start(fixture);
    fake_server_say(&fixture->server, "canary-one");
    trace_wait(&fixture->trace, "event 1 message normal canary-one", 1);
}

static void the_state_is_told_without_a_key(void **state)
{
    struct fixture *fixture = *state;
    struct unsay_state told;
    char text[512];
    assert_int_equal(kind_of(fixture), UNSAY_STATE_PLAIN);
    receive_canary(fixture);
    fixture_close(fixture);
    assert_int_equal(unsay_state(fixture->scratch.path, &told), UNSAY_OK);
    assert_true(told.bytes >= 4096);
    assert_int_equal(told.set_aside, 0);
    assert_int_equal(unsay_change_key(fixture->scratch.path, NULL, first_key, text, sizeof(text)),
                     UNSAY_OK);
    assert_int_equal(kind_of(fixture), UNSAY_STATE_ENCRYPTED);
    assert_int_equal(unsay_state("/nonexistent", &told), UNSAY_OK);
    assert_int_equal(told.kind, UNSAY_STATE_NONE);
    assert_int_equal(unsay_state(NULL, &told), UNSAY_INVALID);
    scratch_overwrite(&fixture->scratch, "unsay.db", 0, "x", 1);
    scratch_overwrite(&fixture->scratch, "unsay.db", 2048, "x", 1);
    assert_int_equal(kind_of(fixture), UNSAY_STATE_DAMAGED);
}

static void wrong_keys_lose_nothing(void **state)
{
    struct fixture *fixture = *state;
    char text[512];
    receive_canary(fixture);
    fixture_close(fixture);
    assert_null(new_client(fixture, first_key, text));
    assert_non_null(strstr(text, "is not encrypted"));
    assert_int_equal(
        unsay_change_key(fixture->scratch.path, second_key, first_key, text, sizeof(text)),
        UNSAY_WRONG_KEY);
    assert_int_equal(unsay_change_key(fixture->scratch.path, NULL, first_key, text, sizeof(text)),
                     UNSAY_OK);
    assert_null(new_client(fixture, NULL, text));
    assert_non_null(strstr(text, "no key was given"));
    assert_null(new_client(fixture, second_key, text));
    assert_non_null(strstr(text, "another key"));
    assert_int_equal(
        unsay_change_key(fixture->scratch.path, second_key, first_key, text, sizeof(text)),
        UNSAY_WRONG_KEY);
    assert_int_equal(unsay_change_key("/nonexistent", NULL, first_key, text, sizeof(text)),
                     UNSAY_STORAGE);

    fixture->key = first_key;
    fixture_open(fixture);
    assert_int_equal(unsay_change_key(fixture->scratch.path, first_key, NULL, text, sizeof(text)),
                     UNSAY_STORAGE);
    fixture_start(fixture);
    struct unsay_history query = {.conversation = "g:1"};
    assert_int_equal(unsay_stored(fixture->client, &query, trace_history, &fixture->trace),
                     UNSAY_OK);
    trace_wait(&fixture->trace, "history ok 1 from 1 more 0", 1);
    assert_false(scratch_contains(&fixture->scratch, "canary", 6));
}

static void a_running_client_is_wiped(void **state)
{
    struct fixture *fixture = *state;
    char text[512];
    receive_canary(fixture);
    assert_true(scratch_contains(&fixture->scratch, "canary-one", 10));
    int file = openat(AT_FDCWD, fixture->scratch.path, O_DIRECTORY | O_RDONLY);
    int database = openat(file, "unsay.db", O_RDONLY);
    int log = openat(file, "unsay.db-wal", O_RDONLY);
    assert_true(database >= 0 && log >= 0);
    assert_int_equal(unsay_wipe_client(fixture->client, text, sizeof(text)), UNSAY_OK);
    fixture->client = NULL;
    assert_int_equal(scratch_count(&fixture->scratch, "unsay.db"), 0);
    assert_int_equal(scratch_count(&fixture->scratch, "wiping"), 0);
    char byte;
    for (off_t at = 0; pread(database, &byte, 1, at) == 1; at++)
        assert_int_equal(byte, 0);
    close(database);
    close(log);
    close(file);
    fixture_open(fixture);
    fixture_start(fixture);
    trace_wait(&fixture->trace, "event 1 message normal canary-one", 2);
}

static void a_wipe_needs_no_key_and_no_client(void **state)
{
    struct fixture *fixture = *state;
    char text[512];
    assert_int_equal(unsay_wipe(fixture->scratch.path, text, sizeof(text)), UNSAY_STORAGE);
    assert_non_null(strstr(text, "in use"));
    receive_canary(fixture);
    fixture_close(fixture);
    assert_int_equal(unsay_wipe(fixture->scratch.path, text, sizeof(text)), UNSAY_OK);
    assert_int_equal(kind_of(fixture), UNSAY_STATE_NONE);
    assert_int_equal(unsay_wipe("/nonexistent", text, sizeof(text)), UNSAY_STORAGE);
    assert_int_equal(unsay_wipe(NULL, text, sizeof(text)), UNSAY_INVALID);
}

static void an_interrupted_wipe_goes_on_at_the_next_start(void **state)
{
    struct fixture *fixture = *state;
    char path[128];
    receive_canary(fixture);
    fixture_close(fixture);
    snprintf(path, sizeof(path), "%s/wiping", fixture->scratch.path);
    close(open(path, O_WRONLY | O_CREAT, 0600));
    assert_int_equal(kind_of(fixture), UNSAY_STATE_WIPING);
    fixture->key = first_key; /* which the old database would not open with */
    fixture_open(fixture);
    assert_int_equal(kind_of(fixture), UNSAY_STATE_ENCRYPTED);
    struct unsay_history query = {.conversation = "g:1"};
    assert_int_equal(unsay_stored(fixture->client, &query, trace_history, &fixture->trace),
                     UNSAY_OK);
    assert_int_equal(trace_count(&fixture->trace, "history ok 0 from 0 more 0"), 1);
}

static void damage_is_told_and_the_outbox_goes_on(void **state)
{
    struct fixture *fixture = *state;
    uint8_t id[16];
    fixture_send(fixture, "from before", id);
    fixture_close(fixture);
    long event_root = 2 * 4096;
    scratch_overwrite(&fixture->scratch, "unsay.db", event_root, "\xff\xff\xff\xff", 4);
    fixture_open(fixture);
    fake_server_set(&fixture->server, FAKE_IGNORES, FAKE_ANSWERS);
    fake_server_say(&fixture->server, "meets damage");
    unsay_start(fixture->client);
    trace_wait(&fixture->trace, "damaged unsay.db outbox 1 recalls 0", 1);
    fake_server_set(&fixture->server, FAKE_ANSWERS, FAKE_ANSWERS);
    fake_server_drop(&fixture->server);
    trace_wait(&fixture->trace, "accepted 2", 1);
    trace_wait(&fixture->trace, "event 1 message normal meets damage", 1);
    assert_int_equal(trace_count(&fixture->trace, "damaged unsay.db outbox 1 recalls 0"), 1);
    trace_assert_order(&fixture->trace, "damaged unsay.db outbox 1 recalls 0",
                       "event 1 message normal meets damage");
}

static void append_large(struct fixture *fixture, size_t count)
{
    static char body[3001];
    struct arena arena;
    memset(body, 'b', sizeof(body) - 1);
    arena_init(&arena);
    for (size_t i = 0; i < count; i++)
        fake_server_append(&fixture->server, make_message(&arena, "g:1", 1, body));
    fake_server_wait_seq(&fixture->server, &fixture->server.acked, fixture->server.event_count);
    arena_fini(&arena);
}

static void assert_span(struct fixture *fixture, uint64_t first, uint64_t last)
{
    struct unsay_span span;
    size_t count;
    assert_int_equal(unsay_spans(fixture->client, "g:1", &span, 1, &count), UNSAY_OK);
    assert_int_equal(count, 1);
    assert_int_equal(span.first, first);
    assert_int_equal(span.last, last);
}

/* The first 200 of 600 large messages are displayed, then further ones come. */
static void what_makes_room_is_told(void **state)
{
    struct fixture *fixture = *state;
    struct unsay_history query = {.conversation = "g:1", .limit = 1};
    fixture_close(fixture);
    fixture->size_limit_bytes = 1; /* counts as 1 MiB */
    fixture_open(fixture);
    fixture_start(fixture);
    append_large(fixture, 600);
    assert_int_equal(unsay_displayed(fixture->client, "g:1", 150), UNSAY_OK);
    fake_server_wait_seq(&fixture->server, &fixture->server.displayed, 150);
    append_large(fixture, 300);
    trace_wait(&fixture->trace, "evicted g:1 1-150", 1);
    assert_int_equal(unsay_stored(fixture->client, &query, trace_history, &fixture->trace),
                     UNSAY_OK);
    assert_int_equal(trace_count(&fixture->trace, "history ok 1 from 151 more 1"), 1);
    assert_int_equal(unsay_history(fixture->client, &query, trace_history, &fixture->trace),
                     UNSAY_OK);
    trace_wait(&fixture->trace, "history ok 1 from 1 more 1", 1);

    /* A late recall. */
    fake_server_recall(&fixture->server, 3);
    trace_wait(&fixture->trace, "event 901 recall 3", 1);
    assert_int_equal(trace_count(&fixture->trace, "recalled 3 by bob"), 0);

    /* What is displayed goes as soon as anything is stored. */
    assert_int_equal(unsay_displayed(fixture->client, "g:1", 400), UNSAY_OK);
    fake_server_say(&fixture->server, "one more");
    trace_wait(&fixture->trace, "evicted g:1 151-350", 1);
    trace_wait(&fixture->trace, "evicted g:1 351-400", 1);
    trace_wait(&fixture->trace, "event 902 message normal one more", 1);
    assert_span(fixture, 401, 902);

    /* It can be fetched again, and is what goes next. */
    assert_int_equal(unsay_older(fixture->client, "g:1", 0, trace_history, &fixture->trace),
                     UNSAY_OK);
    trace_wait(&fixture->trace, "history ok 200 from 201 more 1", 1);
    assert_span(fixture, 201, 902);
    fake_server_recall(&fixture->server, 203);
    trace_wait(&fixture->trace, "recalled 203 by bob", 1);
    assert_int_equal(unsay_displayed(fixture->client, "g:1", 500), UNSAY_OK);
    fake_server_say(&fixture->server, "the last one");
    trace_wait(&fixture->trace, "evicted g:1 401-500", 1);
    assert_int_equal(trace_count(&fixture->trace, "evicted g:1 201-400"), 1);
    trace_wait(&fixture->trace, "event 904 message normal the last one", 1);
    assert_span(fixture, 501, 904);
}

#define fixture_test(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(the_state_is_told_without_a_key),
        fixture_test(wrong_keys_lose_nothing),
        fixture_test(a_running_client_is_wiped),
        fixture_test(a_wipe_needs_no_key_and_no_client),
        fixture_test(an_interrupted_wipe_goes_on_at_the_next_start),
        fixture_test(damage_is_told_and_the_outbox_goes_on),
        fixture_test(what_makes_room_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
