#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "database_fixture.h"

enum { CANARIES = 400 };

/* Many messages in many conversations make pages split; every second one is taken back, and neither
 * end of its body may be found in any file afterwards. */
static void erased_bodies_are_in_no_file(void **state)
{
    struct fixture *fixture = *state;
    char text[4096];
    for (unsigned i = 0; i < CANARIES; i++) {
        char conversation[16];
        snprintf(conversation, sizeof(conversation), "g:%u", i * 7 % 13);
        canary_write(text, i);
        fixture_put(fixture, make_message(&fixture->arena, conversation, i + 1, text));
    }
    canary_write(text, 3);
    assert_true(scratch_contains(&fixture->scratch, text, strlen(text)));
    for (unsigned i = 1; i < CANARIES; i += 2) {
        char conversation[16];
        snprintf(conversation, sizeof(conversation), "g:%u", i * 7 % 13);
        assert_true(
            fixture_recall(fixture, make_recall(&fixture->arena, conversation, 1000 + i, i + 1)));
    }
    fixture_scrub(fixture);
    for (unsigned i = 0; i < CANARIES; i++) {
        char needle[32];
        bool is_recalled = i % 2 == 1;
        snprintf(needle, sizeof(needle), "canary-%05u-", i);
        assert_int_equal(scratch_contains(&fixture->scratch, needle, 13), !is_recalled);
        snprintf(needle, sizeof(needle), "-end-%05u", i);
        assert_int_equal(scratch_contains(&fixture->scratch, needle, 10), !is_recalled);
    }
    fixture_reopen(fixture);
    assert_false(scratch_contains(&fixture->scratch, "canary-00003-", 13));
    assert_true(scratch_contains(&fixture->scratch, "canary-00004-", 13));
}

static void a_large_body_is_erased_too(void **state)
{
    struct fixture *fixture = *state;
    static char body[LIMIT_BODY_BYTES_MAX + 1];
    memset(body, 'x', LIMIT_BODY_BYTES_MAX);
    memcpy(body + 60000, "needle-in-a-large-body", 22);
    fixture_put(fixture, make_message(&fixture->arena, "g:1", 1, body));
    assert_true(scratch_contains(&fixture->scratch, "needle-in-a-large-body", 22));
    assert_true(fixture_recall(fixture, make_recall(&fixture->arena, "g:1", 2, 1)));
    fixture_scrub(fixture);
    assert_false(scratch_contains(&fixture->scratch, "needle-in-a-large-body", 22));
    assert_false(scratch_contains(&fixture->scratch, "xxxxxxxxxxxxxxxx", 16));
}

static void count_cursor(void *context, const struct client_cursor *cursor)
{
    (void)cursor;
    ++*(size_t *)context;
}

static void another_store_leaves_the_outbox_only(void **state)
{
    struct fixture *fixture = *state;
    static char text[4096];
    struct uuid store;
    struct uuid other = fixture_id(9);
    assert_int_equal(database_store(fixture->database, &store), STATUS_OK);
    assert_true(uuid_is_zero(&store));
    for (unsigned i = 0; i < CANARIES; i++) {
        canary_write(text, i);
        fixture_put(fixture, make_message(&fixture->arena, "g:1", i + 1, text));
    }
    static char large[LIMIT_BODY_BYTES_MAX + 1];
    memset(large, 'y', LIMIT_BODY_BYTES_MAX);
    fixture_put(fixture, make_message(&fixture->arena, "g:1", CANARIES + 1, large));
    fixture_send(fixture, 1, "kept");
    database_begin(fixture->database);
    struct client_cursor cursor = {view_of("g:1"), 1, CANARIES, 3, 0};
    database_put_cursor(fixture->database, &cursor);
    database_request_add(fixture->database, view_of("request"));
    assert_int_equal(database_commit(fixture->database, NULL), STATUS_OK);

    database_begin(fixture->database);
    database_forget(fixture->database);
    database_put_store(fixture->database, &other);
    assert_int_equal(database_commit(fixture->database, NULL), STATUS_OK);
    fixture_scrub(fixture);
    assert_false(scratch_contains(&fixture->scratch, "canary-", 7));
    assert_false(scratch_contains(&fixture->scratch, "-end-", 5));
    assert_false(scratch_contains(&fixture->scratch, "yyyyyyyyyyyyyyyy", 16));
    fixture_reopen(fixture);
    assert_int_equal(fixture_get(fixture, "g:1", 1).kind, 0);
    size_t cursors = 0;
    assert_int_equal(database_cursors(fixture->database, count_cursor, &cursors), STATUS_OK);
    assert_int_equal(cursors, 0);
    fixture_assert_outbox(fixture, "k");
    char requests[64] = "";
    assert_int_equal(database_requests(fixture->database, 9, gather_requests, requests), STATUS_OK);
    assert_string_equal(requests, "1:request ");
    assert_int_equal(database_store(fixture->database, &store), STATUS_OK);
    assert_memory_equal(store.bytes, other.bytes, UUID_BYTES);

    fixture_put(fixture, make_message(&fixture->arena, "g:1", 1, "of the new log"));
    assert_memory_equal(fixture_get(fixture, "g:1", 1).body, "of the new log", 14);
}

static void send_canary(struct fixture *fixture, unsigned number)
{
    struct uuid id = {{(uint8_t)(number >> 8), (uint8_t)number}};
    char text[4096];
    canary_write(text, number);
    fixture_add(fixture, id, text);
}

static void accept_canary(struct fixture *fixture, unsigned number)
{
    struct uuid id = {{(uint8_t)(number >> 8), (uint8_t)number}};
    database_outbox_accepted(fixture->database, &id);
}

/* Every fifth entry stays, so that pages merge around them; no copy of the others may remain, and
 * none of these may suffer. */
static void accepted_messages_leave_no_copy_in_the_outbox(void **state)
{
    struct fixture *fixture = *state;
    enum { ENTRIES = 1500 };
    database_begin(fixture->database);
    for (unsigned i = 0; i < ENTRIES; i++)
        send_canary(fixture, i);
    assert_int_equal(database_commit(fixture->database, NULL), STATUS_OK);
    database_begin(fixture->database);
    for (unsigned i = 0; i < ENTRIES; i++) {
        if (i % 5 != 0)
            accept_canary(fixture, i);
    }
    assert_int_equal(database_commit(fixture->database, NULL), STATUS_OK);
    assert_int_equal(database_scrub(fixture->database), STATUS_OK);
    for (unsigned i = 0; i < ENTRIES; i++) {
        char needle[32];
        snprintf(needle, sizeof(needle), "canary-%05u-", i);
        assert_int_equal(scratch_contains(&fixture->scratch, needle, 13), i % 5 == 0);
    }
    database_begin(fixture->database);
    for (unsigned i = 0; i < ENTRIES; i += 5)
        accept_canary(fixture, i);
    assert_int_equal(database_commit(fixture->database, NULL), STATUS_OK);
    assert_int_equal(database_scrub(fixture->database), STATUS_OK);
    assert_false(scratch_contains(&fixture->scratch, "canary-", 7));
    assert_false(scratch_contains(&fixture->scratch, "-end-", 5));
    fixture_send(fixture, 1, "a");
    fixture_assert_outbox(fixture, "a");
}

#define fixture_test(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(erased_bodies_are_in_no_file),
        fixture_test(a_large_body_is_erased_too),
        fixture_test(another_store_leaves_the_outbox_only),
        fixture_test(accepted_messages_leave_no_copy_in_the_outbox),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
