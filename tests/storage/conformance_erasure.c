/* What a recall leaves: nothing for readers, a dossier and evidence for those who may, and after a
 * scrub nothing on the disk. */
#include "conformance.h"

#include "base/prng.h"
#include "storage/store_memory.h"

enum { DAY_MS = 86400000, BODY_BYTES = 600 };
static const uint64_t now_ms = UINT64_C(20500) * DAY_MS + DAY_MS / 2;

/* Random bytes, so that no compression hides them, the same for the same number. */
static struct view body_of(struct fixture *fixture, uint64_t number)
{
    struct prng prng = {number};
    uint8_t *bytes = arena_alloc(&fixture->arena, BODY_BYTES);
    for (size_t i = 0; i < BODY_BYTES; i++)
        bytes[i] = (uint8_t)prng_next(&prng);
    return view_make(bytes, BODY_BYTES);
}

static void add_body(struct fixture *fixture, const char *conversation, uint64_t seq)
{
    add_event(fixture, conversation, 1, seq, "")->bytes = body_of(fixture, seq);
}

/* until_ms 0: nothing is kept. */
static void add_recall(struct fixture *fixture, const char *conversation, uint64_t seq,
                       const char *text, uint64_t until_ms)
{
    struct change *change = add_event(fixture, conversation, 1, seq, text);
    change->dossier = view_of("dossier");
    if (until_ms != 0)
        change->evidence = (struct evidence){body_of(fixture, seq), until_ms};
}

static void scrub(struct fixture *fixture, uint64_t at_ms, uint64_t expected)
{
    struct failure failure = {STATUS_OK, ""};
    uint64_t bodies = 99;
    if (store_scrub(fixture->store, at_ms, &bodies, &failure) != STATUS_OK)
        fail_msg("%s", failure.text);
    assert_int_equal(bodies, expected);
}

/* "body" for every event whose body is shown, else its text. */
static const char *page_text(struct fixture *fixture, struct store_range range)
{
    struct store_event events[16];
    char *text = arena_zero(&fixture->arena, 512);
    size_t size = 0;
    size_t count;
    bool more;
    range.conversation = view_of("c");
    range.origin = 1;
    if (range.bytes_max == 0)
        range.bytes_max = SIZE_MAX;
    assert_int_equal(
        store_read_events(fixture->store, &range, &fixture->arena, events, &count, &more),
        STATUS_OK);
    for (size_t i = 0; i < count; i++) {
        struct view bytes = events[i].bytes;
        if (view_equal(bytes, body_of(fixture, events[i].seq)))
            bytes = view_of("body");
        size += (size_t)snprintf(text + size, 512 - size, "%s%.*s", i == 0 ? "" : " ",
                                 VIEW_PRINT(bytes));
    }
    return text;
}

#define PAGE(...) page_text(fixture, (struct store_range){__VA_ARGS__})

static void test_no_read_shows_what_was_taken_back(void **state)
{
    struct fixture *fixture = *state;
    struct view bytes;
    uint64_t seq;
    for (seq = 1; seq <= 6; seq++)
        add_body(fixture, "c", seq);
    add_body(fixture, "ca", 2);
    commit(fixture);
    add_recall(fixture, "c", 2, "t2", 0);
    add_recall(fixture, "c", 4, "t4", 0);
    add_recall(fixture, "c", 6, "t6", 0);
    commit(fixture);
    for (int step = 0; step < 4; step++) {
        assert_string_equal(PAGE(.limit = 9), "body t2 body t4 body t6");
        assert_string_equal(PAGE(.limit = 2), "body t2");
        assert_string_equal(PAGE(.limit = 1, .after = 1), "t2");
        assert_string_equal(PAGE(.limit = 2, .after = 3, .before = 6), "t4 body");
        assert_string_equal(PAGE(.limit = 2, .newest = true), "body t6");
        assert_string_equal(PAGE(.limit = 9, .before = 5, .newest = true), "body t2 body t4");
        assert_string_equal(event_text(fixture, "c", 1, 4), "t4");
        assert_int_equal(
            store_get_last_event(fixture->store, view_of("c"), 1, &fixture->arena, &seq, &bytes),
            STATUS_OK);
        assert_view(bytes, "t6");
        struct event_key other = {view_of("ca"), 1, 2};
        assert_int_equal(store_get_event(fixture->store, other, &fixture->arena, &bytes),
                         STATUS_OK);
        assert_int_equal(bytes.size, BODY_BYTES);
        if (step == 1)
            scrub(fixture, now_ms, 3);
        else
            reopen(fixture);
    }
}

/* A recall that comes with its message, and one that is followed by another. */
static void test_marks_are_replaced(void **state)
{
    struct fixture *fixture = *state;
    add_body(fixture, "c", 1);
    add_recall(fixture, "c", 1, "at once", 0);
    commit(fixture);
    assert_string_equal(PAGE(.limit = 9), "at once");
    add_recall(fixture, "c", 1, "again", 0);
    commit(fixture);
    assert_string_equal(PAGE(.limit = 9), "again");
    scrub(fixture, now_ms, 1);
    add_recall(fixture, "c", 1, "after the scrub", 0);
    commit(fixture);
    assert_string_equal(PAGE(.limit = 9), "after the scrub");
    scrub(fixture, now_ms, 1);
    reopen(fixture);
    assert_string_equal(PAGE(.limit = 9), "after the scrub");
    scrub(fixture, now_ms, 0);
}

static void test_dossier(void **state)
{
    struct fixture *fixture = *state;
    struct event_key key = {view_of("c"), 1, 1};
    struct event_key other = {view_of("c"), 1, 2};
    struct view bytes;
    uint64_t until_ms;
    add_body(fixture, "c", 1);
    add_body(fixture, "c", 2);
    commit(fixture);
    add_recall(fixture, "c", 1, "tombstone", 0);
    commit(fixture);
    for (int step = 0; step < 3; step++) {
        assert_int_equal(store_get_dossier(fixture->store, key, &fixture->arena, &bytes),
                         STATUS_OK);
        assert_view(bytes, "dossier");
        assert_int_equal(
            store_get_evidence(fixture->store, key, &fixture->arena, &bytes, &until_ms),
            STATUS_NOT_FOUND);
        assert_int_equal(store_get_dossier(fixture->store, other, &fixture->arena, &bytes),
                         STATUS_NOT_FOUND);
        if (step == 0)
            reopen(fixture);
        else
            scrub(fixture, now_ms, 2 - (uint64_t)step);
    }
    other.seq = 3;
    assert_int_equal(store_get_dossier(fixture->store, other, &fixture->arena, &bytes),
                     STATUS_NOT_FOUND);
}

static enum status evidence_status(struct fixture *fixture, uint64_t seq, uint64_t until_ms)
{
    struct event_key key = {view_of("c"), 1, seq};
    struct view body;
    uint64_t found_ms = 0;
    enum status status = store_get_evidence(fixture->store, key, &fixture->arena, &body, &found_ms);
    if (status == STATUS_OK) {
        assert_true(view_equal(body, body_of(fixture, seq)));
        assert_int_equal(found_ms, until_ms);
    }
    return status;
}

static void test_evidence_lives_until_its_day_is_over(void **state)
{
    struct fixture *fixture = *state;
    uint64_t until_ms[] = {now_ms, now_ms + 1, now_ms + DAY_MS};
    for (uint64_t seq = 1; seq <= 3; seq++)
        add_body(fixture, "c", seq);
    commit(fixture);
    for (uint64_t seq = 1; seq <= 3; seq++)
        add_recall(fixture, "c", seq, "tombstone", until_ms[seq - 1]);
    commit(fixture);
    reopen(fixture);
    assert_string_equal(PAGE(.limit = 9), "tombstone tombstone tombstone");
    for (uint64_t seq = 1; seq <= 3; seq++)
        assert_int_equal(evidence_status(fixture, seq, until_ms[seq - 1]), STATUS_OK);

    uint64_t day_end_ms = (now_ms / DAY_MS + 1) * DAY_MS;
    scrub(fixture, day_end_ms - 1, 3);
    for (uint64_t seq = 1; seq <= 3; seq++)
        assert_int_equal(evidence_status(fixture, seq, until_ms[seq - 1]), STATUS_OK);
    scrub(fixture, day_end_ms, 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(evidence_status(fixture, 1, 0), STATUS_NOT_FOUND);
        assert_int_equal(evidence_status(fixture, 2, 0), STATUS_NOT_FOUND);
        assert_int_equal(evidence_status(fixture, 3, until_ms[2]), STATUS_OK);
        reopen(fixture);
    }
    /* A new key for the day that is over does not read what the old one wrote. */
    add_body(fixture, "c", 4);
    add_recall(fixture, "c", 4, "tombstone", now_ms);
    commit(fixture);
    assert_int_equal(evidence_status(fixture, 4, now_ms), STATUS_OK);
    assert_int_equal(evidence_status(fixture, 1, 0), STATUS_NOT_FOUND);
    scrub(fixture, day_end_ms, 1);
    assert_int_equal(evidence_status(fixture, 4, now_ms), STATUS_NOT_FOUND);
}

/* Where in the store's files, or in the map in memory, the body is. */
static size_t body_count(struct fixture *fixture, uint64_t seq)
{
    struct view body = body_of(fixture, seq);
    if (!fixture->adapter->is_on_disk)
        return store_memory_count(fixture->store, body);
    return scratch_count(fixture->directory, body.data, body.size) +
           scratch_count(fixture->evidence_directory, body.data, body.size);
}

static void test_scrubbed_body_is_in_no_file(void **state)
{
    struct fixture *fixture = *state;
    enum { EVENTS = 3000 };
    if (!fixture->adapter->is_on_disk)
        return; /* the map in memory scrubs whenever it counts */
    for (uint64_t seq = 1; seq <= EVENTS; seq++) {
        add_body(fixture, "c", seq);
        if (seq % 100 == 0)
            commit(fixture);
    }
    reopen(fixture); /* some in table files, some in the log */
    for (uint64_t seq = EVENTS + 1; seq <= EVENTS + 10; seq++)
        add_body(fixture, "c", seq);
    commit(fixture);
    for (uint64_t seq = 10; seq <= EVENTS + 10; seq += 300)
        add_recall(fixture, "c", seq, "tombstone", now_ms);
    commit(fixture);
    for (uint64_t seq = 10; seq <= EVENTS + 10; seq += 300)
        assert_true(body_count(fixture, seq) > 0);
    scrub(fixture, now_ms, 11);
    for (uint64_t seq = 10; seq <= EVENTS + 10; seq += 300) {
        assert_int_equal(body_count(fixture, seq), 0);
        assert_int_equal(evidence_status(fixture, seq, now_ms), STATUS_OK);
        assert_string_equal(event_text(fixture, "c", 1, seq), "tombstone");
    }
    assert_int_equal(body_count(fixture, 11), 1);

    add_recall(fixture, "c", 11, "tombstone", 0);
    commit(fixture);
    reopen(fixture);
    scrub(fixture, now_ms, 1);
    assert_int_equal(body_count(fixture, 11), 0);
}

const struct conformance_test conformance_erasure[] = {
    TEST(test_no_read_shows_what_was_taken_back),
    TEST(test_marks_are_replaced),
    TEST(test_dossier),
    TEST(test_evidence_lives_until_its_day_is_over),
    TEST(test_scrubbed_body_is_in_no_file),
    TESTS_END,
};
