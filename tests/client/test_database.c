#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"
#include "client/database.h"
#include "events.h"
#include "scratch.h"

#include <sqlite3.h>

struct fixture {
    struct scratch scratch;
    struct arena arena;
    struct database *database;
};

static void open_database(struct fixture *fixture)
{
    struct failure failure = {STATUS_OK, ""};
    if (database_open(fixture->scratch.path, "alice", "phone", &fixture->database, &failure) !=
        STATUS_OK)
        fail_msg("%s", failure.text);
}

static void reopen_database(struct fixture *fixture)
{
    database_close(fixture->database);
    open_database(fixture);
}

static int setup(void **state)
{
    static struct fixture fixture;
    scratch_init(&fixture.scratch);
    arena_init(&fixture.arena);
    open_database(&fixture);
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    database_close(fixture->database);
    arena_fini(&fixture->arena);
    scratch_fini(&fixture->scratch);
    return 0;
}

static void put(struct fixture *fixture, const wire_event *event)
{
    database_begin(fixture->database);
    database_put_event(fixture->database, event);
    assert_int_equal(database_commit(fixture->database, NULL), STATUS_OK);
}

static bool recall(struct fixture *fixture, const wire_event *event)
{
    database_begin(fixture->database);
    bool is_changed = database_recall(fixture->database, event);
    assert_int_equal(database_commit(fixture->database, NULL), STATUS_OK);
    return is_changed;
}

static void scrub(struct fixture *fixture)
{
    assert_true(database_needs_scrub(fixture->database));
    assert_int_equal(database_scrub(fixture->database), STATUS_OK);
    assert_false(database_needs_scrub(fixture->database));
}

static struct unsay_event get(struct fixture *fixture, const char *conversation, uint64_t seq)
{
    struct unsay_event event;
    assert_int_equal(
        database_event(fixture->database, view_of(conversation), 1, seq, &fixture->arena, &event),
        STATUS_OK);
    return event;
}

static struct uuid id_of(uint8_t number)
{
    return (struct uuid){{0, 0, 0, 0, 0, 1, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, number}};
}

static void send(struct fixture *fixture, uint8_t number, const char *body)
{
    struct uuid id = id_of(number);
    database_begin(fixture->database);
    assert_true(database_outbox_has_room(fixture->database, 1));
    database_outbox_add(fixture->database, view_of("g:1"), &id, UNSAY_CONTENT_TEXT, view_of(body));
    assert_int_equal(database_commit(fixture->database, NULL), STATUS_OK);
}

/* The outbox as a text of the bodies' first letters. */
static void assert_outbox(struct fixture *fixture, const char *expected)
{
    struct client_outgoing *entries;
    size_t count;
    assert_int_equal(database_outbox(fixture->database, 0, 1000, &fixture->arena, &entries, &count),
                     STATUS_OK);
    char letters[1001] = "";
    for (size_t i = 0; i < count; i++) {
        letters[i] = (char)entries[i].body.data[0];
        assert_true(i == 0 || entries[i - 1].number < entries[i].number);
    }
    letters[count] = 0;
    assert_string_equal(letters, expected);
    assert_int_equal(database_outbox_count(fixture->database), count);
}

static void finish(struct fixture *fixture, uint8_t number, bool is_accepted)
{
    struct uuid id = id_of(number);
    database_begin(fixture->database);
    if (is_accepted)
        database_outbox_accepted(fixture->database, &id);
    else
        database_outbox_failed(fixture->database, &id, WIRE(ERROR_CODE, NOT_A_MEMBER), "no");
    assert_int_equal(database_commit(fixture->database, NULL), STATUS_OK);
}

static bool resend(struct fixture *fixture, uint8_t number)
{
    struct uuid id = id_of(number);
    database_begin(fixture->database);
    bool is_failed = database_outbox_retry(fixture->database, &id);
    assert_int_equal(database_commit(fixture->database, NULL), STATUS_OK);
    return is_failed;
}

/* ---- Events ---- */

static void a_message_is_read_as_it_was_stored(void **state)
{
    struct fixture *fixture = *state;
    put(fixture, make_message(&fixture->arena, "g:1", 7, "hello"));
    reopen_database(fixture);
    struct unsay_event event = get(fixture, "g:1", 7);
    assert_int_equal(event.kind, UNSAY_EVENT_MESSAGE);
    assert_string_equal(event.conversation, "g:1");
    assert_int_equal(event.seq, 7);
    assert_int_equal(event.time_ms, 1700000000007);
    assert_string_equal(event.sender, "bob");
    assert_string_equal(event.device, "laptop");
    assert_int_equal(event.content_type, UNSAY_CONTENT_TEXT);
    assert_int_equal(event.state, UNSAY_MESSAGE_NORMAL);
    assert_int_equal(event.body_bytes, 5);
    assert_memory_equal(event.body, "hello", 5);
    assert_memory_equal(event.message_id, message_id_of(&fixture->arena, 7).data, 16);
    assert_int_equal(get(fixture, "g:1", 8).kind, 0);
}

static void a_recall_leaves_a_tombstone_once(void **state)
{
    struct fixture *fixture = *state;
    put(fixture, make_message(&fixture->arena, "g:1", 1, "hello"));
    const wire_event *event = make_recall(&fixture->arena, "g:1", 2, 1);
    assert_true(recall(fixture, event));
    assert_false(recall(fixture, event));
    put(fixture, make_message(&fixture->arena, "g:1", 1, "hello")); /* a late repetition */

    struct unsay_event tombstone = get(fixture, "g:1", 1);
    assert_int_equal(tombstone.state, UNSAY_MESSAGE_RECALLED);
    assert_null(tombstone.body);
    assert_int_equal(tombstone.body_bytes, 0);
    assert_string_equal(tombstone.operator_user, "bob");
    assert_int_equal(tombstone.recall_time_ms, 1700000000002);
    assert_string_equal(tombstone.sender, "bob");
}

static void a_recall_of_something_else_changes_nothing(void **state)
{
    struct fixture *fixture = *state;
    put(fixture, make_message(&fixture->arena, "g:1", 1, "hello"));
    assert_false(recall(fixture, make_recall(&fixture->arena, "g:1", 9, 5)));
    assert_false(recall(fixture, make_recall(&fixture->arena, "g:2", 9, 1)));
    assert_false(recall(fixture, make_message(&fixture->arena, "g:1", 9, "not a recall")));
    assert_int_equal(get(fixture, "g:1", 1).state, UNSAY_MESSAGE_NORMAL);
}

enum { CANARIES = 400 };

static void canary(char text[4096], unsigned number)
{
    unsigned filler = number * 37 % 900; /* pages split at different places */
    int size = snprintf(text, 4096, "canary-%05u-", number);
    memset(text + size, 'a' + (int)(number % 26), filler);
    snprintf(text + size + filler, 32, "-end-%05u", number);
}

/* Many messages in many conversations make pages split; every second one is taken back, and neither
 * end of its body may be found in any file afterwards. */
static void erased_bodies_are_in_no_file(void **state)
{
    struct fixture *fixture = *state;
    char text[4096];
    for (unsigned i = 0; i < CANARIES; i++) {
        char conversation[16];
        snprintf(conversation, sizeof(conversation), "g:%u", i * 7 % 13);
        canary(text, i);
        put(fixture, make_message(&fixture->arena, conversation, i + 1, text));
    }
    canary(text, 3);
    assert_true(scratch_contains(&fixture->scratch, text, strlen(text)));
    for (unsigned i = 1; i < CANARIES; i += 2) {
        char conversation[16];
        snprintf(conversation, sizeof(conversation), "g:%u", i * 7 % 13);
        assert_true(recall(fixture, make_recall(&fixture->arena, conversation, 1000 + i, i + 1)));
    }
    scrub(fixture);
    for (unsigned i = 0; i < CANARIES; i++) {
        char needle[32];
        bool is_recalled = i % 2 == 1;
        snprintf(needle, sizeof(needle), "canary-%05u-", i);
        assert_int_equal(scratch_contains(&fixture->scratch, needle, 13), !is_recalled);
        snprintf(needle, sizeof(needle), "-end-%05u", i);
        assert_int_equal(scratch_contains(&fixture->scratch, needle, 10), !is_recalled);
    }
    reopen_database(fixture);
    assert_false(scratch_contains(&fixture->scratch, "canary-00003-", 13));
    assert_true(scratch_contains(&fixture->scratch, "canary-00004-", 13));
}

static void a_large_body_is_erased_too(void **state)
{
    struct fixture *fixture = *state;
    static char body[LIMIT_BODY_BYTES_MAX + 1];
    memset(body, 'x', LIMIT_BODY_BYTES_MAX);
    memcpy(body + 60000, "needle-in-a-large-body", 22);
    put(fixture, make_message(&fixture->arena, "g:1", 1, body));
    assert_true(scratch_contains(&fixture->scratch, "needle-in-a-large-body", 22));
    assert_true(recall(fixture, make_recall(&fixture->arena, "g:1", 2, 1)));
    scrub(fixture);
    assert_false(scratch_contains(&fixture->scratch, "needle-in-a-large-body", 22));
    assert_false(scratch_contains(&fixture->scratch, "xxxxxxxxxxxxxxxx", 16));
}

static void pages_are_read_from_both_ends(void **state)
{
    struct fixture *fixture = *state;
    for (uint64_t seq = 1; seq <= 10; seq++)
        put(fixture, make_message(&fixture->arena, "g:1", seq, "x"));
    put(fixture, make_message(&fixture->arena, "g:2", 1, "y"));
    static const struct {
        struct unsay_history query;
        uint64_t first;
        size_t count;
        bool more;
    } cases[] = {
        {{"g:1", 0, 0, 200, false}, 1, 10, false}, {{"g:1", 0, 0, 3, false}, 1, 3, true},
        {{"g:1", 0, 0, 3, true}, 8, 3, true},      {{"g:1", 4, 8, 200, false}, 5, 3, false},
        {{"g:1", 4, 8, 2, true}, 6, 2, true},      {{"g:1", 10, 0, 200, false}, 0, 0, false},
        {{"g:2", 0, 0, 1, true}, 1, 1, false},     {{"g:3", 0, UINT64_MAX, 1, true}, 0, 0, false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct unsay_event *events;
        size_t count;
        bool more;
        assert_int_equal(database_events(fixture->database, &cases[i].query, &fixture->arena,
                                         &events, &count, &more),
                         STATUS_OK);
        assert_int_equal(count, cases[i].count);
        assert_int_equal(more, cases[i].more);
        for (size_t at = 0; at < count; at++)
            assert_int_equal(events[at].seq, cases[i].first + at);
    }
}

/* ---- Cursors ---- */

static void expect_cursor(void *context, struct view conversation, uint32_t origin, uint64_t stored,
                          uint64_t displayed)
{
    const uint64_t *expected = context;
    assert_true(view_equal(conversation, view_of("g:1")));
    assert_int_equal(origin, 1);
    assert_int_equal(stored, expected[0]);
    assert_int_equal(displayed, expected[1]);
}

static void cursors_never_move_back(void **state)
{
    struct fixture *fixture = *state;
    database_begin(fixture->database);
    database_put_cursor(fixture->database, view_of("g:1"), 1, 10, 4);
    database_put_cursor(fixture->database, view_of("g:1"), 1, 9, 3);
    database_put_displayed(fixture->database, view_of("g:1"), 1, 6);
    database_put_displayed(fixture->database, view_of("g:1"), 1, 5);
    database_put_displayed(fixture->database, view_of("g:other"), 1, 5);
    assert_int_equal(database_commit(fixture->database, NULL), STATUS_OK);
    uint64_t expected[] = {10, 6};
    assert_int_equal(database_cursors(fixture->database, expect_cursor, expected), STATUS_OK);

    database_begin(fixture->database);
    database_put_displayed(fixture->database, view_of("g:1"), 1, UINT64_MAX);
    assert_int_equal(database_commit(fixture->database, NULL), STATUS_OK);
    expected[1] = 10;
    reopen_database(fixture);
    assert_int_equal(database_cursors(fixture->database, expect_cursor, expected), STATUS_OK);
}

/* ---- Outbox ---- */

static void the_outbox_keeps_its_order_over_a_restart(void **state)
{
    struct fixture *fixture = *state;
    send(fixture, 1, "a");
    send(fixture, 2, "b");
    send(fixture, 3, "c");
    assert_outbox(fixture, "abc");
    finish(fixture, 1, true);
    finish(fixture, 2, false);
    assert_outbox(fixture, "c");
    reopen_database(fixture);
    assert_outbox(fixture, "c");
    assert_false(resend(fixture, 3));
    assert_false(resend(fixture, 1));
    assert_true(resend(fixture, 2));
    send(fixture, 4, "d");
    assert_outbox(fixture, "cbd");
    reopen_database(fixture);
    assert_outbox(fixture, "cbd");
}

static void a_failed_message_that_is_taken_back_leaves(void **state)
{
    struct fixture *fixture = *state;
    struct uuid ids[] = {id_of(1), id_of(2)};
    send(fixture, 1, "first-secret");
    send(fixture, 2, "second-secret");
    finish(fixture, 1, false);
    database_begin(fixture->database);
    database_outbox_recalled(fixture->database, &ids[0]);
    database_outbox_recalled(fixture->database, &ids[1]);
    assert_int_equal(database_commit(fixture->database, NULL), STATUS_OK);
    assert_outbox(fixture, "s");
    assert_false(resend(fixture, 1));
    finish(fixture, 2, false);
    assert_false(resend(fixture, 2));
    scrub(fixture);
    assert_false(scratch_contains(&fixture->scratch, "-secret", 7));
}

/* ---- The outbox and the log ---- */

static const char own_secret[] = "own-secret";

static wire_event *make_own(wire_event *event)
{
    event->message->sender = string_of("alice");
    return event;
}

static struct uuid own_id(struct fixture *fixture)
{
    struct uuid id;
    memcpy(id.bytes, message_id_of(&fixture->arena, 1).data, UUID_BYTES);
    return id;
}

/* A message in the outbox, of the id that the event at seq 1 has. */
static void send_own(struct fixture *fixture)
{
    struct uuid id = own_id(fixture);
    database_begin(fixture->database);
    database_outbox_add(fixture->database, view_of("g:1"), &id, 1, view_of(own_secret));
    assert_int_equal(database_commit(fixture->database, NULL), STATUS_OK);
}

static void fail_own(struct fixture *fixture)
{
    struct uuid id = own_id(fixture);
    database_begin(fixture->database);
    database_outbox_failed(fixture->database, &id, WIRE(ERROR_CODE, NOT_A_MEMBER), "no");
    assert_int_equal(database_commit(fixture->database, NULL), STATUS_OK);
}

static bool resend_own(struct fixture *fixture)
{
    struct uuid id = own_id(fixture);
    database_begin(fixture->database);
    bool is_failed = database_outbox_retry(fixture->database, &id);
    assert_int_equal(database_commit(fixture->database, NULL), STATUS_OK);
    return is_failed;
}

static void assert_erased(struct fixture *fixture)
{
    assert_false(resend_own(fixture));
    assert_int_equal(database_outbox_count(fixture->database), 0);
    scrub(fixture);
    assert_false(scratch_contains(&fixture->scratch, own_secret, strlen(own_secret)));
    reopen_database(fixture);
    assert_false(scratch_contains(&fixture->scratch, own_secret, strlen(own_secret)));
}

static void a_message_that_comes_as_a_tombstone_leaves_the_outbox(void **state)
{
    struct fixture *fixture = *state;
    send_own(fixture);
    put(fixture, make_own(make_tombstone(&fixture->arena, "g:1", 1)));
    assert_erased(fixture);
}

static void a_failed_message_that_comes_as_a_tombstone_leaves_the_outbox(void **state)
{
    struct fixture *fixture = *state;
    send_own(fixture);
    fail_own(fixture);
    assert_int_equal(database_scrub(fixture->database), STATUS_OK);
    assert_true(scratch_contains(&fixture->scratch, own_secret, strlen(own_secret)));
    put(fixture, make_own(make_tombstone(&fixture->arena, "g:1", 1)));
    assert_erased(fixture);
}

static void a_failed_message_that_comes_after_all_leaves_the_outbox(void **state)
{
    struct fixture *fixture = *state;
    send_own(fixture);
    fail_own(fixture);
    put(fixture, make_own(make_message(&fixture->arena, "g:1", 1, own_secret)));
    assert_false(resend_own(fixture));
    assert_true(recall(fixture, make_recall(&fixture->arena, "g:1", 2, 1)));
    assert_erased(fixture);
}

static void a_message_that_fails_after_it_came_leaves_the_outbox(void **state)
{
    struct fixture *fixture = *state;
    send_own(fixture);
    put(fixture, make_own(make_message(&fixture->arena, "g:1", 1, own_secret)));
    assert_int_equal(database_outbox_count(fixture->database), 1);
    fail_own(fixture);
    assert_false(resend_own(fixture));
    assert_true(recall(fixture, make_recall(&fixture->arena, "g:1", 2, 1)));
    assert_erased(fixture);
}

static void a_message_that_is_recalled_before_its_answer_leaves_the_outbox(void **state)
{
    struct fixture *fixture = *state;
    send_own(fixture);
    put(fixture, make_own(make_message(&fixture->arena, "g:1", 1, own_secret)));
    assert_true(recall(fixture, make_recall(&fixture->arena, "g:1", 2, 1)));
    assert_erased(fixture);
}

static void a_message_of_somebody_else_leaves_the_outbox_alone(void **state)
{
    struct fixture *fixture = *state;
    send_own(fixture);
    fail_own(fixture);
    put(fixture, make_tombstone(&fixture->arena, "g:1", 1)); /* the same id, from bob */
    put(fixture, make_own(make_tombstone(&fixture->arena, "g:2", 1)));
    assert_true(resend_own(fixture));
    assert_outbox(fixture, "o");
}

static void a_message_that_is_sent_again_is_a_retry(void **state)
{
    struct fixture *fixture = *state;
    struct client_outgoing *entries;
    size_t count;
    send(fixture, 1, "a");
    send(fixture, 2, "b");
    finish(fixture, 1, false);
    assert_true(resend(fixture, 1));
    reopen_database(fixture);
    assert_int_equal(database_outbox(fixture->database, 0, 9, &fixture->arena, &entries, &count),
                     STATUS_OK);
    assert_int_equal(count, 2);
    assert_false(entries[0].is_retry);
    assert_true(entries[1].is_retry);
    assert_int_equal(entries[1].body.data[0], 'a');
}

/* ---- The store ---- */

static void gather_requests(void *context, uint64_t number, struct view frame)
{
    char *text = context;
    size_t at = strlen(text);
    snprintf(text + at, 64 - at, "%llu:%.*s ", (unsigned long long)number, VIEW_PRINT(frame));
}

static void count_cursor(void *context, struct view conversation, uint32_t origin, uint64_t stored,
                         uint64_t displayed)
{
    (void)conversation;
    (void)origin;
    (void)stored;
    (void)displayed;
    ++*(size_t *)context;
}

static void another_store_leaves_the_outbox_only(void **state)
{
    struct fixture *fixture = *state;
    static char text[4096];
    struct uuid store;
    struct uuid other = id_of(9);
    assert_int_equal(database_store(fixture->database, &store), STATUS_OK);
    assert_true(uuid_is_zero(&store));
    for (unsigned i = 0; i < CANARIES; i++) {
        canary(text, i);
        put(fixture, make_message(&fixture->arena, "g:1", i + 1, text));
    }
    static char large[LIMIT_BODY_BYTES_MAX + 1];
    memset(large, 'y', LIMIT_BODY_BYTES_MAX);
    put(fixture, make_message(&fixture->arena, "g:1", CANARIES + 1, large));
    send(fixture, 1, "kept");
    database_begin(fixture->database);
    database_put_cursor(fixture->database, view_of("g:1"), 1, CANARIES, 3);
    database_request_add(fixture->database, view_of("request"));
    assert_int_equal(database_commit(fixture->database, NULL), STATUS_OK);

    database_begin(fixture->database);
    database_forget(fixture->database);
    database_put_store(fixture->database, &other);
    assert_int_equal(database_commit(fixture->database, NULL), STATUS_OK);
    scrub(fixture);
    assert_false(scratch_contains(&fixture->scratch, "canary-", 7));
    assert_false(scratch_contains(&fixture->scratch, "-end-", 5));
    assert_false(scratch_contains(&fixture->scratch, "yyyyyyyyyyyyyyyy", 16));
    reopen_database(fixture);
    assert_int_equal(get(fixture, "g:1", 1).kind, 0);
    size_t cursors = 0;
    assert_int_equal(database_cursors(fixture->database, count_cursor, &cursors), STATUS_OK);
    assert_int_equal(cursors, 0);
    assert_outbox(fixture, "k");
    char requests[64] = "";
    assert_int_equal(database_requests(fixture->database, 9, gather_requests, requests), STATUS_OK);
    assert_string_equal(requests, "1:request ");
    assert_int_equal(database_store(fixture->database, &store), STATUS_OK);
    assert_memory_equal(store.bytes, other.bytes, UUID_BYTES);

    put(fixture, make_message(&fixture->arena, "g:1", 1, "of the new log"));
    assert_memory_equal(get(fixture, "g:1", 1).body, "of the new log", 14);
}

static void send_canary(struct fixture *fixture, unsigned number)
{
    struct uuid id = {{(uint8_t)(number >> 8), (uint8_t)number}};
    char text[4096];
    canary(text, number);
    database_outbox_add(fixture->database, view_of("g:1"), &id, 1, view_of(text));
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
    send(fixture, 1, "a");
    assert_outbox(fixture, "a");
}

static void the_outbox_has_a_limit(void **state)
{
    struct fixture *fixture = *state;
    database_begin(fixture->database);
    assert_false(database_outbox_has_room(fixture->database, LIMIT_OUTBOX_MAX + 1));
    assert_true(database_outbox_has_room(fixture->database, LIMIT_OUTBOX_MAX));
    for (uint32_t i = 0; i < LIMIT_OUTBOX_MAX; i++) {
        struct uuid id = {{(uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i}};
        database_outbox_add(fixture->database, view_of("g:1"), &id, 1, view_of("x"));
    }
    assert_false(database_outbox_has_room(fixture->database, 1));
    assert_int_equal(database_commit(fixture->database, NULL), STATUS_OK);
    assert_int_equal(database_outbox_count(fixture->database), LIMIT_OUTBOX_MAX);
}

static void a_failed_transaction_changes_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct uuid id = id_of(1);
    send(fixture, 1, "a");
    database_begin(fixture->database);
    database_put_event(fixture->database, make_message(&fixture->arena, "g:1", 1, "x"));
    database_outbox_add(fixture->database, view_of("g:1"), &id, 1, view_of("b"));
    struct failure failure;
    assert_int_equal(database_commit(fixture->database, &failure), STATUS_IO);
    assert_non_null(strstr(failure.text, "unsay.db"));
    assert_outbox(fixture, "a");
    assert_int_equal(get(fixture, "g:1", 1).kind, 0);
    send(fixture, 2, "b");
    assert_outbox(fixture, "ab");
}

/* ---- Requests ---- */

static void requests_wait_for_the_next_start(void **state)
{
    struct fixture *fixture = *state;
    database_begin(fixture->database);
    assert_int_equal(database_request_add(fixture->database, view_of("one")), 1);
    assert_int_equal(database_request_add(fixture->database, view_of("two")), 2);
    assert_int_equal(database_request_add(fixture->database, view_of("three")), 3);
    database_request_remove(fixture->database, 2);
    assert_int_equal(database_commit(fixture->database, NULL), STATUS_OK);
    reopen_database(fixture);
    char text[64] = "";
    assert_int_equal(database_requests(fixture->database, 9, gather_requests, text), STATUS_OK);
    assert_string_equal(text, "1:one 3:three ");
}

/* ---- Opening ---- */

static enum status open_again(struct fixture *fixture, const char *user, struct failure *failure)
{
    struct database *other = NULL;
    enum status status = database_open(fixture->scratch.path, user, "phone", &other, failure);
    database_close(other);
    return status;
}

static void a_directory_in_use_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct failure failure;
    assert_int_equal(open_again(fixture, "alice", &failure), STATUS_IN_USE);
    assert_non_null(strstr(failure.text, "in use"));
}

static void somebody_elses_directory_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct failure failure;
    database_close(fixture->database);
    assert_int_equal(open_again(fixture, "bob", &failure), STATUS_UNTRUSTED);
    assert_non_null(strstr(failure.text, "alice"));
    open_database(fixture);
}

static void execute(struct fixture *fixture, const char *sql)
{
    char path[128];
    sqlite3 *sqlite;
    snprintf(path, sizeof(path), "%s/unsay.db", fixture->scratch.path);
    assert_int_equal(sqlite3_open(path, &sqlite), SQLITE_OK);
    assert_int_equal(sqlite3_exec(sqlite, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(sqlite);
}

static void a_newer_version_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct failure failure;
    database_close(fixture->database);
    execute(fixture, "PRAGMA user_version=2");
    assert_int_equal(open_again(fixture, "alice", &failure), STATUS_VERSION);
    assert_non_null(strstr(failure.text, "newer version"));
    execute(fixture, "PRAGMA user_version=1");
    open_database(fixture);
}

static void a_file_that_is_no_database_is_set_aside(void **state)
{
    struct fixture *fixture = *state;
    put(fixture, make_message(&fixture->arena, "g:1", 1, "body-in-a-damaged-file"));
    database_close(fixture->database);
    scratch_overwrite(&fixture->scratch, "unsay.db", 0, "not a database at all", 21);
    open_database(fixture);
    assert_int_equal(scratch_count(&fixture->scratch, "unsay.db.damaged-"), 1);
    assert_int_equal(get(fixture, "g:1", 1).kind, 0);

    /* Sync brings the log again, and what was taken back meanwhile as a tombstone. */
    put(fixture, make_tombstone(&fixture->arena, "g:1", 1));
    scrub(fixture);
    assert_int_equal(scratch_count(&fixture->scratch, "unsay.db.damaged-"), 0);
    assert_false(scratch_contains(&fixture->scratch, "body-in-a-damaged-file", 22));
}

/* The root page of a table, by its name. */
static long root_offset(struct fixture *fixture, const char *table)
{
    char path[128];
    char sql[128];
    sqlite3 *sqlite;
    sqlite3_stmt *statement;
    snprintf(path, sizeof(path), "%s/unsay.db", fixture->scratch.path);
    snprintf(sql, sizeof(sql), "SELECT (rootpage-1)*4096 FROM sqlite_master WHERE name='%s'",
             table);
    assert_int_equal(sqlite3_open(path, &sqlite), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(sqlite, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    long offset = (long)sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(sqlite);
    return offset;
}

static void the_outbox_of_a_damaged_file_is_carried_over(void **state)
{
    struct fixture *fixture = *state;
    put(fixture, make_message(&fixture->arena, "g:1", 1, "x"));
    send(fixture, 1, "a");
    send(fixture, 2, "b");
    finish(fixture, 1, false);
    database_close(fixture->database);
    long offset = root_offset(fixture, "event");
    scratch_overwrite(&fixture->scratch, "unsay.db", offset, "\xff\xff\xff\xff\xff\xff\xff\xff", 8);

    open_database(fixture);
    struct unsay_event event;
    assert_int_equal(
        database_event(fixture->database, view_of("g:1"), 1, 1, &fixture->arena, &event),
        STATUS_CORRUPT);
    assert_int_equal(database_repair(fixture->database, NULL), STATUS_OK);
    assert_int_equal(scratch_count(&fixture->scratch, "unsay.db.damaged-"), 1);
    assert_outbox(fixture, "b");
    assert_true(resend(fixture, 1));
    assert_outbox(fixture, "ba");
    assert_int_equal(get(fixture, "g:1", 1).kind, 0);
}

#define database_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        database_test(a_message_is_read_as_it_was_stored),
        database_test(a_recall_leaves_a_tombstone_once),
        database_test(a_recall_of_something_else_changes_nothing),
        database_test(erased_bodies_are_in_no_file),
        database_test(a_large_body_is_erased_too),
        database_test(pages_are_read_from_both_ends),
        database_test(cursors_never_move_back),
        database_test(the_outbox_keeps_its_order_over_a_restart),
        database_test(a_failed_message_that_is_taken_back_leaves),
        database_test(a_message_that_comes_as_a_tombstone_leaves_the_outbox),
        database_test(a_failed_message_that_comes_as_a_tombstone_leaves_the_outbox),
        database_test(a_failed_message_that_comes_after_all_leaves_the_outbox),
        database_test(a_message_that_fails_after_it_came_leaves_the_outbox),
        database_test(a_message_that_is_recalled_before_its_answer_leaves_the_outbox),
        database_test(a_message_of_somebody_else_leaves_the_outbox_alone),
        database_test(a_message_that_is_sent_again_is_a_retry),
        database_test(another_store_leaves_the_outbox_only),
        database_test(accepted_messages_leave_no_copy_in_the_outbox),
        database_test(the_outbox_has_a_limit),
        database_test(a_failed_transaction_changes_nothing),
        database_test(requests_wait_for_the_next_start),
        database_test(a_directory_in_use_is_refused),
        database_test(somebody_elses_directory_is_refused),
        database_test(a_newer_version_is_refused),
        database_test(a_file_that_is_no_database_is_set_aside),
        database_test(the_outbox_of_a_damaged_file_is_carried_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
