/* Events, in pages and at their edges. */
#include "conformance.h"

#include "base/prng.h"
#include "storage/store_memory.h"

static void test_replaced_event_is_gone(void **state)
{
    struct fixture *fixture = *state;
    struct store_event events[2];
    struct view bytes;
    uint64_t seq;
    size_t count;
    bool more;
    add_event(fixture, "c", 1, 1, "the secret body");
    commit(fixture);
    add_event(fixture, "c", 1, 1, "ignored: a later change to the same key wins");
    add_event(fixture, "c", 1, 1, "tombstone");
    commit(fixture);

    for (int round = 0; round < 2; round++) {
        struct store_range range = {view_of("c"), 1, 0, 0, 2, SIZE_MAX, round == 1};
        assert_string_equal(event_text(fixture, "c", 1, 1), "tombstone");
        assert_int_equal(
            store_get_last_event(fixture->store, view_of("c"), 1, &fixture->arena, &seq, &bytes),
            STATUS_OK);
        assert_view(bytes, "tombstone");
        assert_int_equal(
            store_read_events(fixture->store, &range, &fixture->arena, events, &count, &more),
            STATUS_OK);
        assert_int_equal(count, 1);
        assert_view(events[0].bytes, "tombstone");
        reopen(fixture);
    }
    if (!fixture->adapter->is_on_disk) {
        assert_int_equal(store_memory_count(fixture->store, view_of("secret")), 0);
        assert_int_equal(store_memory_count(fixture->store, view_of("tombstone")), 1);
    }
}

static void test_longest_ids_and_large_values(void **state)
{
    struct fixture *fixture = *state;
    char longest[LIMIT_USER_ID_BYTES_MAX + 1];
    memset(longest, 'z', LIMIT_USER_ID_BYTES_MAX);
    longest[LIMIT_USER_ID_BYTES_MAX] = 0;
    char *large = memory_new(LIMIT_BODY_BYTES_MAX + 1);
    memset(large, 'x', LIMIT_BODY_BYTES_MAX);
    struct cursor_row cursor = {.receipt_seq = 1};
    struct forward_row forward;
    size_t count;
    struct uuid id = uuid_of(0xff, 0xff);
    struct message_id_row message_id;
    struct view bytes;

    add_event(fixture, longest, UINT32_MAX, UINT64_MAX, large);
    add_member(fixture, longest, longest, 5);
    add_message_id(fixture, longest, longest, id, 4);
    struct change *change = add(fixture, CHANGE_CURSOR, longest);
    change->user = change->device = view_of(longest);
    change->origin = UINT32_MAX;
    change->cursor = &cursor;
    change = add(fixture, CHANGE_FORWARD, longest);
    change->origin = UINT32_MAX;
    change->seq = UINT64_MAX;
    change->user = view_of(longest);
    change->forward = (struct forward_row){view_of(longest), view_of(longest), id};
    change = add(fixture, CHANGE_REQUEST, longest);
    change->user = change->request_id = view_of(longest);
    change->bytes = view_of("answer");
    commit(fixture);
    reopen(fixture);

    struct view name = view_of(longest);
    uint64_t seq;
    assert_int_equal(
        store_get_last_event(fixture->store, name, UINT32_MAX, &fixture->arena, &seq, &bytes),
        STATUS_OK);
    assert_int_equal(seq, UINT64_MAX);
    assert_int_equal(bytes.size, LIMIT_BODY_BYTES_MAX);
    assert_memory_equal(bytes.data, large, bytes.size);
    assert_int_equal(store_get_cursor(fixture->store, name, name, name, UINT32_MAX, &cursor),
                     STATUS_OK);
    assert_int_equal(
        store_get_message_id(fixture->store, name, name, &id, &fixture->arena, &message_id),
        STATUS_OK);
    assert_int_equal(store_get_request(fixture->store, name, name, name, &fixture->arena, &bytes),
                     STATUS_OK);
    assert_view(bytes, "answer");
    struct event_key source = {name, UINT32_MAX, UINT64_MAX};
    assert_int_equal(
        store_list_forwards(fixture->store, source, 1, &fixture->arena, &forward, &count),
        STATUS_OK);
    assert_int_equal(count, 1);
    assert_view(forward.user, longest);
    free(large);
}

static void test_impossible_ids(void **state)
{
    struct fixture *fixture = *state;
    static const char too_long[] =
        "0123456789012345678901234567890123456789012345678901234567890123x";
    struct view wrong[] = {view_of(""), view_of(too_long), view_make("a\0b", 3)};
    for (size_t i = 0; i < 3; i++) {
        struct view bytes;
        struct event_key key = {wrong[i], 1, 1};
        add_event(fixture, "good", 1, 1, "not stored: its commit is refused");
        add_event(fixture, "", 1, 1, "x");
        fixture->list.last->conversation = wrong[i];
        assert_int_equal(commit_status(fixture), STATUS_MALFORMED);
        assert_int_equal(store_get_event(fixture->store, key, &fixture->arena, &bytes),
                         STATUS_NOT_FOUND);
    }
    add_event(fixture, "good", 1, 0, "seq 0 means none");
    assert_int_equal(commit_status(fixture), STATUS_MALFORMED);
    assert_null(event_text(fixture, "good", 1, 1));
}

/* Reads a range and writes it as "1 2 3" or, when there are others, "1 2 3 +". */
static const char *range_text(struct fixture *fixture, struct store_range range)
{
    struct store_event events[16];
    char *text = arena_zero(&fixture->arena, 512);
    size_t count;
    size_t size = 0;
    bool more;
    range.conversation = view_of("c");
    range.origin = 2;
    if (range.bytes_max == 0)
        range.bytes_max = SIZE_MAX;
    assert_int_equal(
        store_read_events(fixture->store, &range, &fixture->arena, events, &count, &more),
        STATUS_OK);
    for (size_t i = 0; i < count; i++)
        size += (size_t)snprintf(text + size, 512 - size, "%s%llu", i == 0 ? "" : " ",
                                 (unsigned long long)events[i].seq);
    snprintf(text + size, 512 - size, "%s", more ? " +" : "");
    return text;
}

#define RANGE(...) range_text(fixture, (struct store_range){__VA_ARGS__})

static void test_ranges(void **state)
{
    struct fixture *fixture = *state;
    for (uint64_t seq = 1; seq <= 5; seq++)
        add_event(fixture, "c", 2, seq, "0123456789");
    add_event(fixture, "c", 2, UINT64_MAX, "last");
    add_event(fixture, "c", 1, 9, "other origin");
    add_event(fixture, "c", 3, 3, "other origin");
    add_event(fixture, "ca", 2, 3, "other conversation");
    commit(fixture);
    reopen(fixture);

    assert_string_equal(RANGE(.limit = 3), "1 2 3 +");
    assert_string_equal(RANGE(.limit = 6, .before = 6), "1 2 3 4 5");
    assert_string_equal(RANGE(.limit = 5, .before = 6), "1 2 3 4 5");
    assert_string_equal(RANGE(.limit = 5), "1 2 3 4 5 +");
    assert_string_equal(RANGE(.limit = 2, .after = 2), "3 4 +");
    assert_string_equal(RANGE(.limit = 9, .after = 2, .before = 5), "3 4");
    assert_string_equal(RANGE(.limit = 9, .after = 2, .before = 3), "");
    assert_string_equal(RANGE(.limit = 9, .after = 5, .before = 2), "");
    assert_string_equal(RANGE(.limit = 9, .before = 1), "");
    assert_string_equal(RANGE(.limit = 9, .after = 7, .before = UINT64_MAX), "");
    assert_string_equal(RANGE(.limit = 9, .after = UINT64_MAX - 1), "18446744073709551615");
    assert_string_equal(RANGE(.limit = 9, .after = UINT64_MAX), "");
    assert_string_equal(RANGE(.limit = 9, .after = UINT64_MAX, .before = UINT64_MAX), "");
    assert_string_equal(RANGE(.limit = 9, .after = UINT64_MAX, .newest = true), "");

    assert_string_equal(RANGE(.limit = 2, .newest = true), "5 18446744073709551615 +");
    assert_string_equal(RANGE(.limit = 2, .before = 6, .newest = true), "4 5 +");
    assert_string_equal(RANGE(.limit = 9, .before = 3, .newest = true), "1 2");
    assert_string_equal(RANGE(.limit = 2, .after = 2, .before = 5, .newest = true), "3 4");
    assert_string_equal(RANGE(.limit = 1, .after = 2, .before = 5, .newest = true), "4 +");

    assert_string_equal(RANGE(.limit = 9, .bytes_max = 1), "1 +");
    assert_string_equal(RANGE(.limit = 9, .bytes_max = 15), "1 2 +");
    assert_string_equal(RANGE(.limit = 9, .bytes_max = 19, .before = 3), "1 2");
    assert_string_equal(RANGE(.limit = 9, .bytes_max = 15, .before = 6, .newest = true), "4 5 +");
}

/* The same pseudo-random rows in an adapter and in a table of our own. */
static void test_many_rows(void **state)
{
    struct fixture *fixture = *state;
    enum { ROWS = 3000, CONVERSATIONS = 7, SEQS = 400 };
    static const char *const names[CONVERSATIONS] = {"c", "c:", "ca", "c-1", "c-10", "d", "cc"};
    static uint8_t model[CONVERSATIONS][SEQS];
    struct prng prng = {42};
    memset(model, 0, sizeof(model));
    for (int i = 0; i < ROWS; i++) {
        uint64_t at = prng_below(&prng, CONVERSATIONS);
        uint64_t seq = 1 + prng_below(&prng, SEQS - 1);
        char *text = arena_zero(&fixture->arena, 2);
        text[0] = (char)(model[at][seq] = (uint8_t)('a' + prng_below(&prng, 26)));
        add_event(fixture, names[at], 1, seq, text);
        if (i % 50 == 49)
            commit(fixture);
    }
    reopen(fixture);
    struct store_event *events = memory_new_array(SEQS, sizeof(*events));
    for (size_t at = 0; at < CONVERSATIONS; at++) {
        struct store_range range = {view_of(names[at]), 1, 0, 0, SEQS, SIZE_MAX, at % 2 == 1};
        size_t count;
        size_t next = 0;
        bool more;
        assert_int_equal(
            store_read_events(fixture->store, &range, &fixture->arena, events, &count, &more),
            STATUS_OK);
        assert_false(more);
        for (uint64_t seq = 1; seq < SEQS; seq++) {
            if (model[at][seq] == 0)
                continue;
            assert_true(next < count);
            assert_int_equal(events[next].seq, seq);
            assert_int_equal(events[next].bytes.data[0], model[at][seq]);
            next++;
        }
        assert_int_equal(next, count);
    }
    free(events);
}

/* Walks over all events, `limit` at a time, and writes them as "c/1:1 a;". */
static const char *walk_text(struct fixture *fixture, size_t limit)
{
    struct store_logged events[16];
    struct event_key after;
    char *text = arena_zero(&fixture->arena, 512);
    size_t size = 0;
    size_t count = limit;
    bool is_first = true;
    while (count == limit) {
        assert_int_equal(store_list_events(fixture->store, is_first ? NULL : &after, limit,
                                           &fixture->arena, events, &count),
                         STATUS_OK);
        for (size_t i = 0; i < count; i++)
            size += (size_t)snprintf(text + size, 512 - size, "%.*s/%u:%llu %.*s;",
                                     VIEW_PRINT(events[i].key.conversation), events[i].key.origin,
                                     (unsigned long long)events[i].key.seq,
                                     VIEW_PRINT(events[i].bytes));
        is_first = false;
        if (count > 0)
            after = events[count - 1].key;
    }
    return text;
}

static void test_all_events(void **state)
{
    struct fixture *fixture = *state;
    static const char expected[] = "c/1:1 one;c/1:2 gone;c/2:1 two;c-1/1:1 gone;ca/1:1 three;"
                                   "ca/1:18446744073709551615 last;";
    uint64_t bodies;
    assert_string_equal(walk_text(fixture, 3), "");
    add_event(fixture, "ca", 1, 1, "three");
    add_event(fixture, "ca", 1, UINT64_MAX, "last");
    add_event(fixture, "c", 1, 1, "one");
    add_event(fixture, "c", 1, 2, "body");
    add_event(fixture, "c", 2, 1, "two");
    add_event(fixture, "c-1", 1, 1, "body");
    commit(fixture);
    add_event(fixture, "c", 1, 2, "gone")->dossier = view_of("dossier");
    add_event(fixture, "c-1", 1, 1, "gone")->dossier = view_of("dossier");
    commit(fixture);
    for (int round = 0; round < 3; round++) { /* under marks, again, and without marks */
        for (size_t limit = 1; limit <= 7; limit++)
            assert_string_equal(walk_text(fixture, limit), expected);
        reopen(fixture);
        if (round == 1)
            assert_int_equal(store_scrub(fixture->store, 0, &bodies, NULL), STATUS_OK);
    }
    struct event_key between = {view_of("c"), 1, 77};
    struct store_logged event;
    size_t count;
    assert_int_equal(
        store_list_events(fixture->store, &between, 1, &fixture->arena, &event, &count), STATUS_OK);
    assert_int_equal(count, 1);
    assert_int_equal(event.key.origin, 2);
}

const struct conformance_test conformance_events[] = {
    TEST(test_replaced_event_is_gone),
    TEST(test_longest_ids_and_large_values),
    TEST(test_impossible_ids),
    TEST(test_ranges),
    TEST(test_many_rows),
    TEST(test_all_events),
    TESTS_END,
};
