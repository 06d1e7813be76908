/* What store.h promises, held against every adapter: one line each at the end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"
#include "base/memory.h"
#include "base/prng.h"
#include "storage/kv_rocksdb.h"
#include "storage/store_kv.h"
#include "storage/store_memory.h"

#include "scratch.h"

struct fixture;

struct adapter {
    const char *name;
    struct store *(*open)(struct fixture *fixture);
    bool is_on_disk;
};

struct fixture {
    const struct adapter *adapter;
    char directory[SCRATCH_PATH_BYTES];
    struct store *store;
    struct arena arena;
    struct change_list list;
};

static struct store *open_memory(struct fixture *fixture)
{
    (void)fixture;
    return store_open_memory();
}

static struct store *open_rocksdb(struct fixture *fixture)
{
    struct store_options options = {.directory = fixture->directory, .buffer_bytes = 1 << 20};
    struct store *store = NULL;
    struct failure failure = {STATUS_OK, ""};
    if (store_open_rocksdb(&options, &store, &failure) != STATUS_OK)
        fail_msg("%s", failure.text);
    return store;
}

static const struct adapter memory = {"memory", open_memory, false};
static const struct adapter rocksdb = {"RocksDB", open_rocksdb, true};

static int fixture_setup(void **state, const struct adapter *adapter)
{
    struct fixture *fixture = memory_new(sizeof(*fixture));
    fixture->adapter = adapter;
    if (adapter->is_on_disk)
        scratch_make(fixture->directory);
    arena_init(&fixture->arena);
    fixture->store = adapter->open(fixture);
    *state = fixture;
    return 0;
}

static int setup_memory(void **state)
{
    return fixture_setup(state, &memory);
}

static int setup_rocksdb(void **state)
{
    return fixture_setup(state, &rocksdb);
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    store_close(fixture->store);
    arena_fini(&fixture->arena);
    if (fixture->adapter->is_on_disk)
        scratch_remove(fixture->directory);
    free(fixture);
    return 0;
}

/* Closes and opens again, where that keeps the content. */
static void reopen(struct fixture *fixture)
{
    if (!fixture->adapter->is_on_disk)
        return;
    store_close(fixture->store);
    fixture->store = fixture->adapter->open(fixture);
}

static void assert_view(struct view actual, const char *expected)
{
    assert_int_equal(actual.size, strlen(expected));
    if (actual.size > 0)
        assert_memory_equal(actual.data, expected, actual.size);
}

static struct change *add(struct fixture *fixture, enum change_kind kind, const char *conversation)
{
    struct change *change = arena_zero(&fixture->arena, sizeof(*change));
    change->kind = kind;
    change->conversation = view_of(conversation);
    change_list_add(&fixture->list, change);
    return change;
}

static void add_event(struct fixture *fixture, const char *conversation, uint32_t origin,
                      uint64_t seq, const char *bytes)
{
    struct change *change = add(fixture, CHANGE_EVENT, conversation);
    change->origin = origin;
    change->seq = seq;
    change->bytes = view_of(bytes);
}

static void add_member(struct fixture *fixture, const char *conversation, const char *user,
                       uint32_t pending_recalls)
{
    struct change *change = add(fixture, CHANGE_MEMBER, conversation);
    change->user = view_of(user);
    change->member = (struct member_row){WIRE(ROLE, MEMBER), pending_recalls};
}

static struct uuid uuid_of(uint8_t first, uint8_t last)
{
    struct uuid id = {{first}};
    id.bytes[UUID_BYTES - 1] = last;
    return id;
}

static void add_message_id(struct fixture *fixture, const char *conversation, const char *user,
                           struct uuid id, uint64_t seq)
{
    struct change *change = add(fixture, CHANGE_MESSAGE_ID, conversation);
    change->user = view_of(user);
    change->id = id;
    change->message_id = (struct message_id_row){.origin = ORIGIN_DEFAULT, .seq = seq};
}

static enum status commit_status(struct fixture *fixture)
{
    const struct change_list *lists[] = {&fixture->list};
    enum status status = store_commit(fixture->store, lists, 1, NULL);
    fixture->list = (struct change_list){NULL, NULL, 0, 0};
    return status;
}

static void commit(struct fixture *fixture)
{
    assert_int_equal(commit_status(fixture), STATUS_OK);
}

/* NULL when there is none. */
static const char *event_text(struct fixture *fixture, const char *conversation, uint32_t origin,
                              uint64_t seq)
{
    struct view bytes;
    struct event_key key = {view_of(conversation), origin, seq};
    enum status status = store_get_event(fixture->store, key, &fixture->arena, &bytes);
    if (status == STATUS_NOT_FOUND)
        return NULL;
    assert_int_equal(status, STATUS_OK);
    return (const char *)memcpy(arena_zero(&fixture->arena, bytes.size + 1), bytes.data,
                                bytes.size);
}

static void test_missing_rows(void **state)
{
    struct fixture *fixture = *state;
    struct store *store = fixture->store;
    struct arena *arena = &fixture->arena;
    struct view a = view_of("a");
    struct uuid id = uuid_of(1, 1);
    struct conversation_row conversation;
    struct member_row member;
    struct message_id_row message_id;
    struct cursor_row cursor;
    struct store_membership memberships[1];
    struct view bytes;
    uint64_t seq;
    size_t count = 7;

    assert_int_equal(store_get_conversation(store, a, arena, &conversation), STATUS_NOT_FOUND);
    assert_int_equal(store_get_member(store, a, a, &member), STATUS_NOT_FOUND);
    assert_null(event_text(fixture, "a", 1, 1));
    assert_int_equal(store_get_last_event(store, a, 1, arena, &seq, &bytes), STATUS_NOT_FOUND);
    assert_int_equal(store_get_message_id(store, a, a, &id, arena, &message_id), STATUS_NOT_FOUND);
    assert_int_equal(store_get_last_message_id(store, a, a, &id), STATUS_NOT_FOUND);
    assert_int_equal(store_get_request(store, a, a, a, arena, &bytes), STATUS_NOT_FOUND);
    assert_int_equal(store_get_cursor(store, a, a, a, 1, &cursor), STATUS_NOT_FOUND);
    assert_int_equal(store_list_members(store, a, view_of(""), 1, arena, memberships, &count),
                     STATUS_OK);
    assert_int_equal(count, 0);
    assert_int_equal(store_list_conversations(store, a, view_of(""), 1, arena, memberships, &count),
                     STATUS_OK);
    assert_int_equal(count, 0);
}

static void test_conversation_row(void **state)
{
    struct fixture *fixture = *state;
    struct conversation_row row;
    add(fixture, CHANGE_CONVERSATION, "g:1")->conversation_row =
        (struct conversation_row){.type = WIRE(CONVERSATION_TYPE, GROUP),
                                  .name = view_of("A name"),
                                  .creator = view_of("li"),
                                  .creation_id = uuid_of(3, 4),
                                  .time = UINT64_C(0x0123456789abcdef)};
    add(fixture, CHANGE_CONVERSATION, "d:1")->conversation_row =
        (struct conversation_row){.type = WIRE(CONVERSATION_TYPE, DIRECT),
                                  .peers = {view_of("ann"), view_of("li")},
                                  .time = UINT64_MAX};
    commit(fixture);
    reopen(fixture);

    assert_int_equal(store_get_conversation(fixture->store, view_of("g:1"), &fixture->arena, &row),
                     STATUS_OK);
    struct uuid id = uuid_of(3, 4);
    assert_int_equal(row.type, WIRE(CONVERSATION_TYPE, GROUP));
    assert_view(row.name, "A name");
    assert_view(row.creator, "li");
    assert_view(row.peers[0], "");
    assert_int_equal(uuid_compare(&row.creation_id, &id), 0);
    assert_int_equal(row.time, UINT64_C(0x0123456789abcdef));

    assert_int_equal(store_get_conversation(fixture->store, view_of("d:1"), &fixture->arena, &row),
                     STATUS_OK);
    assert_int_equal(row.type, WIRE(CONVERSATION_TYPE, DIRECT));
    assert_view(row.name, "");
    assert_view(row.peers[0], "ann");
    assert_view(row.peers[1], "li");
    assert_true(uuid_is_zero(&row.creation_id));
    assert_int_equal(row.time, UINT64_MAX);
}

static void test_member_row_is_found_both_ways(void **state)
{
    struct fixture *fixture = *state;
    struct member_row row;
    struct store_membership memberships[4];
    size_t count;
    add_member(fixture, "c", "u", 1);
    commit(fixture);
    add_member(fixture, "c", "u", UINT32_MAX);
    commit(fixture);
    reopen(fixture);

    assert_int_equal(store_get_member(fixture->store, view_of("c"), view_of("u"), &row), STATUS_OK);
    assert_int_equal(row.role, WIRE(ROLE, MEMBER));
    assert_int_equal(row.pending_recalls, UINT32_MAX);
    assert_int_equal(store_get_member(fixture->store, view_of("u"), view_of("c"), &row),
                     STATUS_NOT_FOUND);
    assert_int_equal(store_list_members(fixture->store, view_of("c"), view_of(""), 4,
                                        &fixture->arena, memberships, &count),
                     STATUS_OK);
    assert_int_equal(count, 1);
    assert_view(memberships[0].conversation, "c");
    assert_view(memberships[0].user, "u");
    assert_int_equal(memberships[0].row.pending_recalls, UINT32_MAX);
    assert_int_equal(store_list_conversations(fixture->store, view_of("u"), view_of(""), 4,
                                              &fixture->arena, memberships, &count),
                     STATUS_OK);
    assert_int_equal(count, 1);
    assert_view(memberships[0].conversation, "c");
    assert_view(memberships[0].user, "u");
    assert_int_equal(memberships[0].row.pending_recalls, UINT32_MAX);
}

static void test_message_id_row(void **state)
{
    struct fixture *fixture = *state;
    struct uuid id = uuid_of(1, 2);
    struct message_id_row row;
    struct change *change = add(fixture, CHANGE_MESSAGE_ID, "c");
    change->user = view_of("u");
    change->id = id;
    change->message_id = (struct message_id_row){
        .origin = 3, .pending = view_make("\0wait", 5), .pending_device = view_of("phone")};
    commit(fixture);
    reopen(fixture);

    assert_int_equal(store_get_message_id(fixture->store, view_of("c"), view_of("u"), &id,
                                          &fixture->arena, &row),
                     STATUS_OK);
    assert_int_equal(row.origin, 3);
    assert_int_equal(row.seq, 0);
    assert_int_equal(row.pending.size, 5);
    assert_memory_equal(row.pending.data, "\0wait", 5);
    assert_view(row.pending_device, "phone");

    add_message_id(fixture, "c", "u", id, UINT64_MAX);
    commit(fixture);
    assert_int_equal(store_get_message_id(fixture->store, view_of("c"), view_of("u"), &id,
                                          &fixture->arena, &row),
                     STATUS_OK);
    assert_int_equal(row.origin, ORIGIN_DEFAULT);
    assert_int_equal(row.seq, UINT64_MAX);
    assert_int_equal(row.pending.size, 0);
    assert_int_equal(row.pending_device.size, 0);
}

static void test_request_row(void **state)
{
    struct fixture *fixture = *state;
    static const char ids[] = "\0\0r";
    struct view bytes;
    for (size_t size = 1; size <= 3; size++) {
        struct change *change = add(fixture, CHANGE_REQUEST, "c");
        change->user = view_of("u");
        change->request_id = view_make(ids, size);
        change->bytes = view_make("abc", size - 1);
    }
    commit(fixture);
    reopen(fixture);
    for (size_t size = 1; size <= 3; size++) {
        assert_int_equal(store_get_request(fixture->store, view_of("c"), view_of("u"),
                                           view_make(ids, size), &fixture->arena, &bytes),
                         STATUS_OK);
        assert_int_equal(bytes.size, size - 1);
    }
    assert_int_equal(store_get_request(fixture->store, view_of("c"), view_of("u"), view_of("r"),
                                       &fixture->arena, &bytes),
                     STATUS_NOT_FOUND);
}

static void test_cursor_row(void **state)
{
    struct fixture *fixture = *state;
    struct cursor_row row;
    for (uint32_t origin = 1; origin <= 2; origin++) {
        struct change *change = add(fixture, CHANGE_CURSOR, "c");
        change->user = view_of("u");
        change->device = view_of("phone");
        change->origin = origin;
        change->cursor = (struct cursor_row){UINT64_MAX - origin, origin};
    }
    commit(fixture);
    reopen(fixture);
    for (uint32_t origin = 1; origin <= 2; origin++) {
        assert_int_equal(store_get_cursor(fixture->store, view_of("u"), view_of("phone"),
                                          view_of("c"), origin, &row),
                         STATUS_OK);
        assert_int_equal(row.stored, UINT64_MAX - origin);
        assert_int_equal(row.displayed, origin);
    }
    assert_int_equal(
        store_get_cursor(fixture->store, view_of("u"), view_of("pad"), view_of("c"), 1, &row),
        STATUS_NOT_FOUND);
}

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

/* Ids of which one begins with another, and the neighbours that a careless seek would land on. */
static void test_prefixes_do_not_mix(void **state)
{
    struct fixture *fixture = *state;
    static const char *const ids[] = {"a", "a.", "a:b", "aa", "ab", "b"};
    struct store_membership memberships[8];
    struct view bytes;
    struct uuid id;
    uint64_t seq;
    size_t count;
    for (uint64_t i = 0; i < 6; i++) {
        for (uint32_t origin = 1; origin <= 3; origin += 2) {
            add_event(fixture, ids[i], origin, 10 * (i + 1), ids[i]);
            add_event(fixture, ids[i], origin, 1, "first");
        }
        add_message_id(fixture, ids[i], "u", uuid_of((uint8_t)(0xf0 - i), 1), 1);
        add_message_id(fixture, ids[i], "uu", uuid_of(0xff, (uint8_t)i), 1);
        add_member(fixture, "a", ids[i], (uint32_t)i);
        add_member(fixture, "ab", "ab", 9);
    }
    commit(fixture);
    reopen(fixture);

    for (uint64_t i = 0; i < 6; i++) {
        struct view conversation = view_of(ids[i]);
        assert_int_equal(
            store_get_last_event(fixture->store, conversation, 1, &fixture->arena, &seq, &bytes),
            STATUS_OK);
        assert_int_equal(seq, 10 * (i + 1));
        assert_view(bytes, ids[i]);
        assert_int_equal(
            store_get_last_event(fixture->store, conversation, 2, &fixture->arena, &seq, &bytes),
            STATUS_NOT_FOUND);
        assert_int_equal(store_get_last_message_id(fixture->store, conversation, view_of("u"), &id),
                         STATUS_OK);
        assert_int_equal(id.bytes[0], 0xf0 - i);
        assert_int_equal(store_get_last_message_id(fixture->store, conversation, view_of("t"), &id),
                         STATUS_NOT_FOUND);
        assert_int_equal(store_get_last_message_id(fixture->store, conversation, view_of("v"), &id),
                         STATUS_NOT_FOUND);
    }
    assert_int_equal(store_list_members(fixture->store, view_of("a"), view_of(""), 8,
                                        &fixture->arena, memberships, &count),
                     STATUS_OK);
    assert_int_equal(count, 6);
    for (size_t i = 0; i < count; i++)
        assert_view(memberships[i].user, ids[i]);
}

static void test_longest_ids_and_large_values(void **state)
{
    struct fixture *fixture = *state;
    char longest[LIMIT_USER_ID_BYTES_MAX + 1];
    memset(longest, 'z', LIMIT_USER_ID_BYTES_MAX);
    longest[LIMIT_USER_ID_BYTES_MAX] = 0;
    char *large = memory_new(LIMIT_BODY_BYTES_MAX + 1);
    memset(large, 'x', LIMIT_BODY_BYTES_MAX);
    struct cursor_row cursor;
    struct uuid id = uuid_of(0xff, 0xff);
    struct message_id_row message_id;
    struct view bytes;

    add_event(fixture, longest, UINT32_MAX, UINT64_MAX, large);
    add_member(fixture, longest, longest, 5);
    add_message_id(fixture, longest, longest, id, 4);
    struct change *change = add(fixture, CHANGE_CURSOR, longest);
    change->user = change->device = view_of(longest);
    change->origin = UINT32_MAX;
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

static void test_paging_through_members(void **state)
{
    struct fixture *fixture = *state;
    enum { MEMBERS = 37, PAGE = 5 };
    char name[16];
    size_t seen = 0;
    size_t count;
    for (int i = 0; i < MEMBERS; i++) {
        snprintf(name, sizeof(name), "m%02d", i);
        const char *id = (const char *)arena_copy(&fixture->arena, view_of(name)).data;
        add_member(fixture, "c", id, (uint32_t)i);
        add_member(fixture, id, "c", (uint32_t)i);
    }
    commit(fixture);
    for (int by_user = 0; by_user < 2; by_user++) {
        struct store_membership page[PAGE];
        struct view after = view_of("");
        for (seen = 0;; seen += count) {
            enum status status = by_user == 1
                                     ? store_list_conversations(fixture->store, view_of("c"), after,
                                                                PAGE, &fixture->arena, page, &count)
                                     : store_list_members(fixture->store, view_of("c"), after, PAGE,
                                                          &fixture->arena, page, &count);
            assert_int_equal(status, STATUS_OK);
            if (count == 0)
                break;
            for (size_t i = 0; i < count; i++) {
                snprintf(name, sizeof(name), "m%02zu", seen + i);
                assert_view(by_user == 1 ? page[i].conversation : page[i].user, name);
                assert_int_equal(page[i].row.pending_recalls, seen + i);
            }
            after = by_user == 1 ? page[count - 1].conversation : page[count - 1].user;
        }
        assert_int_equal(seen, MEMBERS);
    }
}

/* `after` is whatever a client says. */
static void test_paging_after_no_id(void **state)
{
    struct fixture *fixture = *state;
    struct store_membership page[4];
    char longer[80];
    size_t count;
    memset(longer, 'b', sizeof(longer));
    add_member(fixture, "c", "a", 0);
    add_member(fixture, "c", "b", 0);
    add_member(fixture, "c", "c", 0);
    commit(fixture);
    struct view afters[] = {view_of("aa"), view_make("a\0z", 3), view_make("a\0", 2),
                            view_make(longer, sizeof(longer)), view_make("\0", 1)};
    size_t counts[] = {2, 2, 2, 1, 3};
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(store_list_members(fixture->store, view_of("c"), afters[i], 4,
                                            &fixture->arena, page, &count),
                         STATUS_OK);
        assert_int_equal(count, counts[i]);
    }
}

static void test_many_lists_are_one_commit(void **state)
{
    struct fixture *fixture = *state;
    struct change_list lists[3] = {{NULL, NULL, 0, 0}};
    const struct change_list *const pointers[] = {&lists[0], &lists[1], &lists[2]};
    struct store_stats stats;
    store_read_stats(fixture->store, &stats);
    uint64_t syncs_before = stats.syncs;
    add_event(fixture, "c", 1, 1, "one");
    lists[0] = fixture->list;
    fixture->list = (struct change_list){NULL, NULL, 0, 0};
    add_event(fixture, "c", 1, 1, "two");
    add_event(fixture, "c", 1, 2, "three");
    lists[2] = fixture->list;
    assert_int_equal(store_commit(fixture->store, pointers, 3, NULL), STATUS_OK);
    assert_string_equal(event_text(fixture, "c", 1, 1), "two");
    assert_string_equal(event_text(fixture, "c", 1, 2), "three");

    assert_int_equal(store_commit(fixture->store, NULL, 0, NULL), STATUS_OK);
    store_read_stats(fixture->store, &stats);
    assert_int_equal(stats.commits, 2);
    assert_int_equal(stats.changes, 3);
    assert_int_equal(stats.commits_failed, 0);
    assert_int_equal(stats.syncs - syncs_before, fixture->adapter->is_on_disk ? 1 : 0);
    assert_true(fixture->adapter->is_on_disk == (stats.disk_free_bytes > 0));
    assert_false(stats.is_failed);
}

static void test_store_has_an_id_for_ever(void **state)
{
    struct fixture *fixture = *state;
    struct uuid first;
    struct uuid again;
    assert_int_equal(store_get_id(fixture->store, &first), STATUS_OK);
    assert_false(uuid_is_zero(&first));
    for (int i = 0; i < 2; i++) {
        reopen(fixture);
        assert_int_equal(store_get_id(fixture->store, &again), STATUS_OK);
        assert_memory_equal(first.bytes, again.bytes, UUID_BYTES);
    }
}

static void fail_next(struct fixture *fixture, enum status status, bool applied)
{
    struct kv_rocksdb_faults faults = {.write_status = status, .write_is_applied = applied};
    if (fixture->adapter->is_on_disk)
        kv_rocksdb_set_faults(store_kv(fixture->store), &faults);
    else
        store_memory_fail(fixture->store, status, applied);
}

/* A failed commit is there whole or not at all, and the next one works. */
static void test_failed_commit(void **state)
{
    struct fixture *fixture = *state;
    struct store_stats stats;
    for (int applied = 0; applied < 2; applied++) {
        const char *conversation = applied == 1 ? "applied" : "lost";
        if (applied == 1)
            reopen(fixture);
        add_event(fixture, conversation, 1, 1, "before");
        commit(fixture);
        fail_next(fixture, STATUS_IO, applied == 1);
        add_event(fixture, conversation, 1, 1, "during");
        add_event(fixture, conversation, 1, 2, "during");
        add_member(fixture, conversation, "u", 1);
        assert_int_equal(commit_status(fixture), STATUS_IO);
        store_read_stats(fixture->store, &stats);
        assert_true(stats.is_failed);
        assert_int_equal(stats.commits_failed, fixture->adapter->is_on_disk ? 1 : applied + 1);

        fail_next(fixture, STATUS_OK, false);
        add_event(fixture, conversation, 1, 3, "after");
        commit(fixture);
        store_read_stats(fixture->store, &stats);
        assert_false(stats.is_failed);

        struct member_row member;
        enum status found =
            store_get_member(fixture->store, view_of(conversation), view_of("u"), &member);
        assert_int_equal(found, applied == 1 ? STATUS_OK : STATUS_NOT_FOUND);
        assert_string_equal(event_text(fixture, conversation, 1, 1),
                            applied == 1 ? "during" : "before");
        assert_true((event_text(fixture, conversation, 1, 2) != NULL) == (applied == 1));
        assert_string_equal(event_text(fixture, conversation, 1, 3), "after");
    }
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

#define CASE(name, adapter)                                        \
    {                                                              \
#name ": " #adapter, name, setup_##adapter, teardown, NULL \
    }
#define SUITE(adapter)                                                                         \
    CASE(test_missing_rows, adapter), CASE(test_conversation_row, adapter),                    \
        CASE(test_member_row_is_found_both_ways, adapter), CASE(test_message_id_row, adapter), \
        CASE(test_request_row, adapter), CASE(test_cursor_row, adapter),                       \
        CASE(test_replaced_event_is_gone, adapter), CASE(test_prefixes_do_not_mix, adapter),   \
        CASE(test_longest_ids_and_large_values, adapter), CASE(test_impossible_ids, adapter),  \
        CASE(test_ranges, adapter), CASE(test_paging_through_members, adapter),                \
        CASE(test_paging_after_no_id, adapter), CASE(test_many_lists_are_one_commit, adapter), \
        CASE(test_store_has_an_id_for_ever, adapter), CASE(test_failed_commit, adapter),       \
        CASE(test_many_rows, adapter)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SUITE(memory),
        SUITE(rocksdb),
    };
    return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
