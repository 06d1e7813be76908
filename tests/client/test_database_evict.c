#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "database_fixture.h"
#include "unsay/reading.h"
#include "unsay/search.h"

#include <sys/stat.h>

enum { CONVERSATIONS = 7, BATCH = 100, SIZE_LIMIT = 2 << 20 };

struct log {
    uint64_t count;
    uint64_t held; /* the first seq that was not evicted */
    uint64_t displayed;
};

static int limited_setup(void **state)
{
    fixture_setup(state);
    struct fixture *fixture = *state;
    fixture->size_limit_bytes = SIZE_LIMIT;
    fixture_reopen(fixture);
    return 0;
}

static void name_of(unsigned number, char name[16])
{
    snprintf(name, 16, "g:%u", number);
}

/* The words are the message's own: message 123 of g:4 has "word4x123". */
static void put_message(struct fixture *fixture, unsigned number, uint64_t seq)
{
    char text[4096];
    char name[16];
    unsigned canary = number * 10000 + (unsigned)seq;
    canary_write(text, canary);
    size_t size = strlen(text);
    snprintf(text + size, 64, " word%ux%llu", number, (unsigned long long)seq);
    name_of(number, name);
    wire_event *event = make_message(&fixture->arena, name, seq, text);
    event->time = (UINT64_C(1700000000000) + seq * CONVERSATIONS + number) << 16;
    database_put_event(fixture->database, event);
}

static void put_cursor(struct fixture *fixture, unsigned number, const struct log *log)
{
    char name[16];
    name_of(number, name);
    struct client_cursor cursor = {view_of(name), 1, log->count, log->displayed, 0};
    database_put_cursor(fixture->database, &cursor);
}

/* As the loop does, in the transaction of what was stored. */
static void evict(struct fixture *fixture, struct log logs[CONVERSATIONS])
{
    struct database_evicted evicted;
    for (int step = 0; step < 4 && database_evict(fixture->database, &fixture->arena, &evicted);
         step++) {
        struct log *log = &logs[evicted.conversation[2] - '0'];
        assert_int_equal(evicted.origin, 1);
        assert_int_equal(evicted.first, log->held);
        assert_true(evicted.last >= evicted.first && evicted.last <= log->displayed);
        assert_true(evicted.last + LIMIT_PAGE_EVENTS_MAX <= log->count);
        log->held = evicted.last + 1;
    }
}

static void store(struct fixture *fixture, struct log logs[CONVERSATIONS], unsigned number,
                  bool is_displayed)
{
    struct log *log = &logs[number];
    database_begin(fixture->database);
    for (int i = 0; i < BATCH; i++)
        put_message(fixture, number, ++log->count);
    if (is_displayed)
        log->displayed = log->count;
    put_cursor(fixture, number, log);
    evict(fixture, logs);
    assert_int_equal(database_commit(fixture->database, NULL), STATUS_OK);
    arena_reset(&fixture->arena);
}

static void logs_init(struct log logs[CONVERSATIONS])
{
    for (unsigned i = 0; i < CONVERSATIONS; i++)
        logs[i] = (struct log){.held = 1};
}

static uint64_t file_size(struct fixture *fixture)
{
    char path[128];
    struct stat status;
    snprintf(path, sizeof(path), "%s/unsay.db", fixture->scratch.path);
    assert_int_equal(stat(path, &status), 0);
    return (uint64_t)status.st_size;
}

static bool files_have(struct fixture *fixture, unsigned number, uint64_t seq)
{
    char needle[32];
    unsigned canary = number * 10000 + (unsigned)seq;
    snprintf(needle, sizeof(needle), "canary-%05u-", canary);
    bool is_there = scratch_contains(&fixture->scratch, needle, strlen(needle));
    snprintf(needle, sizeof(needle), "-end-%05u", canary);
    return is_there || scratch_contains(&fixture->scratch, needle, strlen(needle));
}

static size_t search_count(struct fixture *fixture, unsigned number, uint64_t seq)
{
    char text[32];
    struct unsay_found *found;
    size_t count;
    bool more;
    snprintf(text, sizeof(text), "word%ux%llu", number, (unsigned long long)seq);
    struct database_search request = {.text = view_of(text), .limit = 10};
    assert_int_equal(
        database_search(fixture->database, &request, &fixture->arena, &found, &count, &more),
        STATUS_OK);
    return count;
}

/* The spans say what is there, and what is missing before it. */
static void check_span(struct fixture *fixture, const struct log *log, const char *name)
{
    struct unsay_span span;
    size_t count;
    uint64_t after;
    uint64_t before;
    assert_int_equal(database_spans(fixture->database, view_of(name), &span, 1, &count), STATUS_OK);
    assert_int_equal(count, 1);
    assert_int_equal(span.first, log->held);
    assert_int_equal(span.last, log->count);
    assert_int_equal(database_missing(fixture->database, view_of(name), &after, &before),
                     STATUS_OK);
    assert_int_equal(after, 0);
    assert_int_equal(before, log->held);
}

static void check_held(struct fixture *fixture, const struct log *log, unsigned number)
{
    char name[16];
    name_of(number, name);
    check_span(fixture, log, name);
    for (uint64_t seq = 1; seq <= log->count; seq += 7) {
        assert_int_equal(fixture_get(fixture, name, seq).kind != 0, seq >= log->held);
        assert_int_equal(search_count(fixture, number, seq), seq >= log->held);
        arena_reset(&fixture->arena);
    }
    for (uint64_t seq = 1; seq <= log->count; seq += 97)
        assert_int_equal(files_have(fixture, number, seq), seq >= log->held);
}

static void the_oldest_messages_make_room(void **state)
{
    struct fixture *fixture = *state;
    struct log logs[CONVERSATIONS];
    logs_init(logs);
    fixture_send(fixture, 1, "kept");
    for (int round = 0; round < 12; round++) {
        for (unsigned number = 0; number < CONVERSATIONS; number++)
            store(fixture, logs, number, true);
    }
    fixture_scrub(fixture);
    assert_true(file_size(fixture) < SIZE_LIMIT + SIZE_LIMIT / 4);
    for (unsigned number = 0; number < CONVERSATIONS; number++) {
        assert_true(logs[number].held > 1);
        check_held(fixture, &logs[number], number);
    }
    fixture_assert_outbox(fixture, "k");
    fixture_reopen(fixture);
    check_held(fixture, &logs[3], 3);
    fixture_assert_outbox(fixture, "k");
}

/* Nothing else may go, so the limit cannot be kept. */
static void what_was_not_displayed_and_the_last_page_stay(void **state)
{
    struct fixture *fixture = *state;
    struct log logs[CONVERSATIONS];
    logs_init(logs);
    for (int round = 0; round < 30; round++) {
        store(fixture, logs, 0, false);
        store(fixture, logs, 1, round < 3);
    }
    assert_int_equal(logs[0].held, 1);
    assert_int_equal(logs[1].held, logs[1].displayed + 1);
    uint32_t unread, mentions;
    assert_int_equal(database_unread(fixture->database, view_of("g:0"), &unread, &mentions),
                     STATUS_OK);
    assert_int_equal(unread, LIMIT_UNREAD_MAX);
    assert_int_equal(fixture_get(fixture, "g:0", 1).kind, UNSAY_EVENT_MESSAGE);
}

static void the_preview_stays(void **state)
{
    struct fixture *fixture = *state;
    struct log logs[CONVERSATIONS];
    struct unsay_event event;
    logs_init(logs);
    store(fixture, logs, 0, true);
    database_begin(fixture->database);
    for (int i = 0; i < 300; i++) { /* a page of messages that vanished */
        wire_event *event_of = make_tombstone(&fixture->arena, "g:0", ++logs[0].count);
        event_of->message->tombstone->vanished = true;
        database_put_event(fixture->database, event_of);
    }
    logs[0].displayed = logs[0].count;
    put_cursor(fixture, 0, &logs[0]);
    assert_int_equal(database_commit(fixture->database, NULL), STATUS_OK);
    for (int round = 0; round < 40; round++)
        store(fixture, logs, 1, true);
    assert_true(logs[1].held > 1);
    assert_int_equal(logs[0].held, BATCH);
    assert_int_equal(database_preview(fixture->database, view_of("g:0"), &fixture->arena, &event),
                     STATUS_OK);
    assert_int_equal(event.seq, BATCH);
}

/* Of all conversations in turn, so that each page has something of each; five are displayed, so
 * that pages are merged. */
static void store_mixed(struct fixture *fixture, struct log logs[CONVERSATIONS])
{
    database_begin(fixture->database);
    for (unsigned i = 0; i < BATCH * CONVERSATIONS; i++)
        put_message(fixture, i % CONVERSATIONS, ++logs[i % CONVERSATIONS].count);
    for (unsigned number = 0; number < CONVERSATIONS; number++) {
        logs[number].displayed = number < 5 ? logs[number].count : 0;
        put_cursor(fixture, number, &logs[number]);
    }
    evict(fixture, logs);
    assert_int_equal(database_commit(fixture->database, NULL), STATUS_OK);
    arena_reset(&fixture->arena);
}

/* Deleting moves what stays, and no copy of that may outlive its recall. */
static void what_stays_is_erased_like_anything(void **state)
{
    struct fixture *fixture = *state;
    struct log logs[CONVERSATIONS];
    char name[16];
    logs_init(logs);
    for (int round = 0; round < 8; round++)
        store_mixed(fixture, logs);
    fixture_scrub(fixture);
    for (unsigned number = 0; number < CONVERSATIONS; number++) {
        assert_int_equal(logs[number].held > 1, number < 5);
        name_of(number, name);
        for (uint64_t seq = logs[number].held; seq <= logs[number].count; seq += 2)
            assert_true(
                fixture_recall(fixture, make_recall(&fixture->arena, name, 100000 + seq, seq)));
    }
    fixture_scrub(fixture);
    for (unsigned number = 0; number < CONVERSATIONS; number += 3) {
        for (uint64_t seq = 1; seq <= logs[number].count; seq++)
            assert_int_equal(files_have(fixture, number, seq),
                             seq >= logs[number].held && (seq - logs[number].held) % 2 != 0);
    }
}

static void a_late_recall_of_what_is_gone_is_harmless(void **state)
{
    struct fixture *fixture = *state;
    struct log logs[CONVERSATIONS];
    logs_init(logs);
    for (int round = 0; round < 40; round++)
        store(fixture, logs, 1, true);
    assert_true(logs[1].held > 3);
    assert_false(fixture_recall(fixture, make_recall(&fixture->arena, "g:1", 100000, 2)));
    assert_int_equal(fixture_get(fixture, "g:1", 2).kind, 0);
    assert_int_equal(search_count(fixture, 1, 2), 0);
    for (int round = 0; round < 3; round++)
        store(fixture, logs, 1, true);
    fixture_scrub(fixture);
    check_held(fixture, &logs[1], 1);
}

/* Of a log of which parts were skipped, whole spans go, and the next is cut. */
static void spans_go_from_the_first_on(void **state)
{
    struct fixture *fixture = *state;
    struct log logs[CONVERSATIONS];
    struct unsay_span spans[4];
    size_t count;
    logs_init(logs);
    store(fixture, logs, 1, true);
    database_begin(fixture->database);
    database_skip(fixture->database, view_of("g:1"), 1, 150);
    logs[1].count = 150;
    assert_int_equal(database_commit(fixture->database, NULL), STATUS_OK);
    for (int round = 0; round < 5; round++)
        store(fixture, logs, 1, true);
    assert_int_equal(database_spans(fixture->database, view_of("g:1"), spans, 4, &count),
                     STATUS_OK);
    assert_int_equal(count, 2);
    assert_int_equal(spans[1].first, 151);
    for (int round = 0; round < 40; round++)
        store(fixture, logs, 1, true);
    assert_true(logs[1].held > 151);
    fixture_scrub(fixture);
    check_held(fixture, &logs[1], 1);
}

#define limited_test(name) cmocka_unit_test_setup_teardown(name, limited_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        limited_test(the_oldest_messages_make_room),
        limited_test(what_was_not_displayed_and_the_last_page_stay),
        limited_test(the_preview_stays),
        limited_test(what_stays_is_erased_like_anything),
        limited_test(a_late_recall_of_what_is_gone_is_harmless),
        limited_test(spans_go_from_the_first_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
