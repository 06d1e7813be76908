/* Which parts of a log are stored. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "database_fixture.h"

#include "base/prng.h"
#include "unsay/reading.h"

static void skip_to(struct fixture *fixture, uint64_t seq)
{
    database_begin(fixture->database);
    database_skip(fixture->database, view_of("g:1"), 1, seq);
    assert_int_equal(database_commit(fixture->database, NULL), STATUS_OK);
}

static void put_cursor(struct fixture *fixture, uint64_t stored)
{
    struct client_cursor cursor = {view_of("g:1"), 1, stored, 0, 0};
    database_begin(fixture->database);
    database_put_cursor(fixture->database, &cursor);
    assert_int_equal(database_commit(fixture->database, NULL), STATUS_OK);
}

static void put_older(struct fixture *fixture, uint64_t first, uint64_t before)
{
    database_begin(fixture->database);
    database_put_older(fixture->database, view_of("g:1"), 1, first, before);
    assert_int_equal(database_commit(fixture->database, NULL), STATUS_OK);
}

/* "1-5 9-12 | 6-9": the spans, and what is missing before the last one. */
static const char *shown(struct fixture *fixture)
{
    static char text[256];
    struct unsay_span spans[8];
    size_t count;
    uint64_t after;
    uint64_t before;
    text[0] = 0;
    assert_int_equal(database_spans(fixture->database, view_of("g:1"), spans, 8, &count),
                     STATUS_OK);
    for (size_t i = 0; i < count && i < 8; i++)
        snprintf(text + strlen(text), sizeof(text) - strlen(text), "%llu-%llu ",
                 (unsigned long long)spans[i].first, (unsigned long long)spans[i].last);
    assert_int_equal(database_missing(fixture->database, view_of("g:1"), &after, &before),
                     STATUS_OK);
    snprintf(text + strlen(text), sizeof(text) - strlen(text), "| %llu-%llu",
             (unsigned long long)after + 1, (unsigned long long)before - 1);
    return text;
}

static void what_is_skipped_is_missing_until_it_is_fetched(void **state)
{
    struct fixture *fixture = *state;
    assert_string_equal(shown(fixture), "| 1-0");
    put_cursor(fixture, 5);
    assert_string_equal(shown(fixture), "1-5 | 1-0");
    skip_to(fixture, 60);
    skip_to(fixture, 100);
    assert_string_equal(shown(fixture), "1-5 | 6-100");
    put_cursor(fixture, 110);
    fixture_reopen(fixture);
    assert_string_equal(shown(fixture), "1-5 101-110 | 6-100");
    skip_to(fixture, 200);
    put_cursor(fixture, 201);
    assert_string_equal(shown(fixture), "1-5 101-110 201-201 | 111-200");
    put_older(fixture, 150, 201);
    assert_string_equal(shown(fixture), "1-5 101-110 150-201 | 111-149");
    put_older(fixture, 111, 201); /* of a beginning that is no longer the one */
    assert_string_equal(shown(fixture), "1-5 101-110 150-201 | 111-149");
    put_older(fixture, 111, 150);
    assert_string_equal(shown(fixture), "1-5 101-201 | 6-100");
    put_older(fixture, 6, 101);
    assert_string_equal(shown(fixture), "1-201 | 1-0");
}

static void what_is_fetched_is_not_unread_and_no_preview(void **state)
{
    struct fixture *fixture = *state;
    uint32_t unread;
    uint32_t mentions;
    struct unsay_event event;
    skip_to(fixture, 100);
    fixture_put(fixture, make_message(&fixture->arena, "g:1", 101, "new"));
    put_cursor(fixture, 101);
    wire_event *older = make_message(&fixture->arena, "g:1", 100, "fetched-text");
    make_mention(&fixture->arena, older, "alice");
    database_begin(fixture->database);
    assert_false(database_put_fetched(fixture->database, older));
    assert_int_equal(database_commit(fixture->database, NULL), STATUS_OK);
    put_older(fixture, 100, 101);
    assert_int_equal(database_unread(fixture->database, view_of("g:1"), &unread, &mentions),
                     STATUS_OK);
    assert_int_equal(unread, 1);
    assert_int_equal(mentions, 0);
    assert_int_equal(database_preview(fixture->database, view_of("g:1"), &fixture->arena, &event),
                     STATUS_OK);
    assert_int_equal(event.seq, 101);
    assert_true(fixture_recall(fixture, make_recall(&fixture->arena, "g:1", 102, 100)));
    fixture_scrub(fixture);
    assert_false(scratch_contains(&fixture->scratch, "fetched-text", 12));
}

/* The log has it, in a range that was skipped. */
static void a_failed_message_is_taken_back_without_its_event(void **state)
{
    struct fixture *fixture = *state;
    fixture_send(fixture, 1, "a message that failed");
    fixture_finish(fixture, 1, false);
    fixture_assert_outbox(fixture, "");
    skip_to(fixture, 100);
    wire_event *recall = make_recall(&fixture->arena, "g:1", 101, 50);
    struct uuid id = fixture_id(1);
    recall->recall->target_message_id = bytes_of(uuid_view(&id));
    recall->recall->target_sender = string_of("bob");
    assert_false(fixture_recall(fixture, recall));
    assert_true(scratch_contains(&fixture->scratch, "a message that failed", 21));
    recall->recall->target_sender = string_of("alice");
    assert_false(fixture_recall(fixture, recall));
    fixture_scrub(fixture);
    assert_false(scratch_contains(&fixture->scratch, "a message that failed", 21));
    assert_false(fixture_resend(fixture, 1));
}

static void another_store_has_none_of_it(void **state)
{
    struct fixture *fixture = *state;
    bool is_synced;
    put_cursor(fixture, 5);
    skip_to(fixture, 100);
    database_begin(fixture->database);
    database_put_synced(fixture->database);
    assert_int_equal(database_commit(fixture->database, NULL), STATUS_OK);
    assert_int_equal(database_synced(fixture->database, &is_synced), STATUS_OK);
    assert_true(is_synced);
    database_begin(fixture->database);
    database_forget(fixture->database);
    assert_int_equal(database_commit(fixture->database, NULL), STATUS_OK);
    assert_string_equal(shown(fixture), "| 1-0");
    assert_int_equal(database_synced(fixture->database, &is_synced), STATUS_OK);
    assert_true(is_synced); /* the device is not new: it fetches all of the new log */
}

enum { LOG = 200 };

/* The same as a map of what is stored, after any sequence of steps. */
static void spans_are_what_is_stored(void **state)
{
    struct fixture *fixture = *state;
    struct prng prng = {7};
    for (unsigned round = 0; round < 30; round++) {
        bool has[LOG + 2] = {false};
        uint64_t stored = 0;
        database_begin(fixture->database);
        database_forget(fixture->database);
        assert_int_equal(database_commit(fixture->database, NULL), STATUS_OK);
        for (unsigned step = 0; step < 20; step++) {
            uint64_t after;
            uint64_t before;
            uint64_t to = stored + prng_below(&prng, (LOG - stored) / 2 + 1);
            assert_int_equal(database_missing(fixture->database, view_of("g:1"), &after, &before),
                             STATUS_OK);
            if (prng_below(&prng, 3) == 0 && before > after + 1) {
                uint64_t first = after + 1 + prng_below(&prng, before - after - 1);
                put_older(fixture, first, before);
                for (uint64_t seq = first; seq < before; seq++)
                    has[seq] = true;
                continue;
            }
            bool is_skip = prng_below(&prng, 2) == 0;
            if (is_skip)
                skip_to(fixture, to);
            else
                put_cursor(fixture, to);
            for (uint64_t seq = stored + 1; seq <= to; seq++)
                has[seq] = !is_skip;
            stored = to;
        }
        char expected[1024] = "";
        for (uint64_t seq = 1; seq <= LOG; seq++) {
            if (has[seq] && !has[seq - 1])
                snprintf(expected + strlen(expected), sizeof(expected) - strlen(expected), "%llu-",
                         (unsigned long long)seq);
            if (has[seq] && !has[seq + 1])
                snprintf(expected + strlen(expected), sizeof(expected) - strlen(expected), "%llu ",
                         (unsigned long long)seq);
        }
        const char *text = shown(fixture);
        assert_true(strncmp(text, expected, strlen(expected)) == 0 &&
                    text[strlen(expected)] == '|');
    }
}

#define fixture_test(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(what_is_skipped_is_missing_until_it_is_fetched),
        fixture_test(what_is_fetched_is_not_unread_and_no_preview),
        fixture_test(a_failed_message_is_taken_back_without_its_event),
        fixture_test(another_store_has_none_of_it),
        fixture_test(spans_are_what_is_stored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
