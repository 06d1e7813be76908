/* Values: what was encoded is decoded, and whatever else a disk may hold is refused or harmless. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/memory.h"
#include "base/prng.h"
#include "storage/rows.h"

#include <stdlib.h>

enum kind {
    CONVERSATION,
    SETTLED,
    MEMBER,
    MARKED,
    MESSAGE_ID,
    CURSOR,
    DEVICE,
    USER,
    PIN,
    LAST_MESSAGE,
    EVENT,
    ENTRIES,
    NUMBER,
    KINDS
};

static struct view encode(struct arena *arena, int kind)
{
    struct conversation_row conversation = {.type = WIRE(CONVERSATION_TYPE, DIRECT),
                                            .name = view_of("name"),
                                            .creator = view_of("creator"),
                                            .peers = {view_of("a"), view_of("b")},
                                            .creation_id = {{1, 2, 3}},
                                            .time = 1234567890123};
    struct conversation_row settled = conversation;
    settled.description = view_of("about");
    settled.invited_count = 300;
    settled.settings = (struct conversation_settings){.is_read_only = true,
                                                      .is_dissolved = true,
                                                      .join = WIRE(JOIN_POLICY, OPEN),
                                                      .history = WIRE(HISTORY_VISIBILITY, LAST),
                                                      .history_last = 300};
    struct member_row member = {
        .role = WIRE(ROLE, OWNER),
        .pending_recalls = 300,
        .joined_seq = 5,
        .left_seq = UINT64_MAX,
        .joined_time = UINT64_MAX,
        .listing = {.version = 300,
                    .muted_until_ms = UINT64_MAX,
                    .pinned_ms = 1,
                    .hidden_seq = 128,
                    .hiding = WIRE(HIDING, UNTIL_MESSAGE)},
    };
    struct member_row marked = {.role = WIRE(ROLE, MEMBER),
                                .joined_seq = 5,
                                .muted_until_ms = 300,
                                .is_barred = true,
                                .is_merged = true,
                                .hidden_count = 2,
                                .hidden = {{1, 2}, {4, 300}}};
    struct message_id_row message_id = {
        1, UINT64_MAX, view_of("recall"), view_of("phone"), WIRE(ACTOR, SYSTEM), false};
    struct cursor_row cursor = {.stored = {2, {{1, UINT64_MAX - 1}, {UINT64_MAX, UINT64_MAX}}},
                                .displayed = {1, {{127, 128}}},
                                .shared = 126,
                                .receipt_seq = 9,
                                .receipt_time_ms = 300,
                                .receipt = {1, 2, 3}};
    struct device_row device = {.since_ms = 300,
                                .key_count = 2,
                                .keys = {{1, {2}}, {300, {4}}},
                                .login = UINT64_MAX,
                                .contests = 3,
                                .contested_ms = 300};
    struct user_row user = {.hides_displayed = true};
    struct pin_row pin = {view_of("li"), 300};
    struct last_message_row last_message = {300, UINT64_MAX};
    struct event_row event = {view_of("event"), view_of("dossier"), view_of("sealed"), 300};
    struct view entries[] = {view_of("one"), view_of(""), view_of("three")};
    switch (kind) {
    case CONVERSATION:
        return row_encode_conversation(arena, &conversation);
    case SETTLED:
        return row_encode_conversation(arena, &settled);
    case MEMBER:
        return row_encode_member(arena, &member);
    case MARKED:
        return row_encode_member(arena, &marked);
    case MESSAGE_ID:
        return row_encode_message_id(arena, &message_id);
    case CURSOR:
        return row_encode_cursor(arena, &cursor);
    case DEVICE:
        return row_encode_device(arena, &device);
    case USER:
        return row_encode_user(arena, &user);
    case PIN:
        return row_encode_pin(arena, &pin);
    case LAST_MESSAGE:
        return row_encode_last_message(arena, &last_message);
    case EVENT:
        return row_encode_event(arena, &event);
    case ENTRIES:
        return row_encode_entries(arena, entries, 3);
    default:
        return row_encode_number(arena, 300);
    }
}

/* Decodes from memory of exactly the value's size, so that a byte too far is seen by the sanitizer,
 * and encodes what came out. */
static enum status decode(struct arena *arena, int kind, struct view value, struct view *again)
{
    union {
        struct conversation_row conversation;
        struct member_row member;
        struct message_id_row message_id;
        struct cursor_row cursor;
        struct device_row device;
        struct user_row user;
        struct pin_row pin;
        struct last_message_row last_message;
        struct event_row event;
        uint64_t number;
    } row;
    struct view *entries;
    size_t count;
    uint8_t *exact = memory_new(value.size);
    if (value.size > 0)
        memcpy(exact, value.data, value.size);
    struct view copy = view_make(exact, value.size);
    enum status status = STATUS_OK;
#define ROW(kind, name)                                   \
    case kind:                                            \
        status = row_decode_##name(copy, &row.name);      \
        if (status == STATUS_OK)                          \
            *again = row_encode_##name(arena, &row.name); \
        break
    switch (kind) {
        ROW(CONVERSATION, conversation);
        ROW(SETTLED, conversation);
        ROW(MEMBER, member);
        ROW(MARKED, member);
        ROW(MESSAGE_ID, message_id);
        ROW(CURSOR, cursor);
        ROW(DEVICE, device);
        ROW(USER, user);
        ROW(PIN, pin);
        ROW(LAST_MESSAGE, last_message);
        ROW(EVENT, event);
    case ENTRIES:
        status = row_decode_entries(copy, arena, &entries, &count);
        if (status == STATUS_OK)
            *again = row_encode_entries(arena, entries, count);
        break;
    default:
        status = row_decode_number(copy, &row.number);
        if (status == STATUS_OK)
            *again = row_encode_number(arena, row.number);
        break;
    }
    free(exact);
    return status;
}

/* Some rows are whole without their end. */
static bool is_whole_at(int kind, struct view value, size_t size)
{
    struct arena arena;
    struct view cut = view_make(value.data, size);
    struct view again;
    arena_init(&arena);
    bool is_whole =
        (kind == MEMBER || kind == SETTLED || kind == MARKED || kind == MESSAGE_ID ||
         kind == ENTRIES || kind == EVENT || kind == CURSOR || kind == USER || kind == DEVICE) &&
        decode(&arena, kind, cut, &again) == STATUS_OK && view_equal(cut, again);
    arena_fini(&arena);
    return is_whole;
}

static void test_golden_bytes(void **state)
{
    struct arena arena;
    struct message_id_row row = {.origin = 1, .seq = 300};
    struct view event = view_of("event");
    (void)state;
    arena_init(&arena);
    assert_true(view_equal(row_encode_message_id(&arena, &row), view_make("\1\1\xac\2", 4)));
    assert_true(view_equal(row_encode_bytes(&arena, event), view_make("\1event", 6)));
    assert_true(
        view_equal(encode(&arena, EVENT), view_make("\2\5event\7dossier\xac\2\6sealed", 24)));
    assert_true(view_equal(encode(&arena, PIN), view_make("\1\2li\xac\2", 6)));
    assert_true(view_equal(encode(&arena, ENTRIES), view_make("\1\3one\0\5three", 12)));
    struct member_row member = {
        .role = WIRE(ROLE, OWNER), .pending_recalls = 300, .joined_seq = 5, .left_seq = UINT64_MAX};
    static const char golden_member[] = "\1\1\xac\2\5\xff\xff\xff\xff\xff\xff\xff\xff\xff\1"
                                        "\7\1\2\3\1\4";
    assert_true(view_equal(row_encode_member(&arena, &member), view_make(golden_member, 15)));
    member.joined_time = 7;
    assert_true(
        view_equal(row_encode_member(&arena, &member),
                   view_make("\1\1\xac\2\5\xff\xff\xff\xff\xff\xff\xff\xff\xff\1\7\0", 17)));
    member.listing = (struct listing_row){1, 2, 3, 4, WIRE(HIDING, UNTIL_MESSAGE)};
    assert_true(view_equal(row_encode_member(&arena, &member), view_make(golden_member, 21)));
    assert_true(view_equal(encode(&arena, LAST_MESSAGE),
                           view_make("\1\xac\2\xff\xff\xff\xff\xff\xff\xff\xff\xff\1", 13)));
    assert_true(
        view_equal(encode(&arena, MARKED), view_make("\1\4\0\5\0\0\0\xac\2\3\2\1\2\4\xac\2", 16)));
    row = (struct message_id_row){
        .pending = view_of("job"), .pending_device = view_of("d"), .pending_is_granted = true};
    assert_true(
        view_equal(row_encode_message_id(&arena, &row), view_make("\1\0\0\3job\1d\0\1", 11)));
    assert_int_equal(row_decode_message_id(row_encode_message_id(&arena, &row), &row), STATUS_OK);
    assert_true(row.pending_is_granted);
    struct view plain = encode(&arena, CONVERSATION);
    struct view settled = encode(&arena, SETTLED);
    assert_int_equal(settled.size, plain.size + 13);
    assert_memory_equal(settled.data, plain.data, plain.size);
    assert_memory_equal(settled.data + plain.size, "\5about\3\2\2\xac\2\xac\2", 13);
    arena_fini(&arena);
}

static void test_round_trip_and_truncation(void **state)
{
    struct arena arena;
    (void)state;
    arena_init(&arena);
    for (int kind = 0; kind < KINDS; kind++) {
        struct view value = encode(&arena, kind);
        struct view again;
        assert_int_equal(decode(&arena, kind, value, &again), STATUS_OK);
        assert_true(view_equal(value, again));
        for (size_t size = 0; size < value.size; size++) {
            enum status status = decode(&arena, kind, view_make(value.data, size), &again);
            assert_true(status == STATUS_CORRUPT || is_whole_at(kind, value, size));
        }
        uint8_t *longer = memory_copy(value.data, value.size);
        /* One more empty entry is a row, too. */
        assert_int_equal(decode(&arena, kind, view_make(longer, value.size + 1), &again),
                         kind == ENTRIES ? STATUS_OK : STATUS_CORRUPT);
        longer[0] = 99;
        assert_int_equal(decode(&arena, kind, view_make(longer, value.size), &again),
                         STATUS_CORRUPT);
        free(longer);
    }
    arena_fini(&arena);
}

static void test_numbers_out_of_range(void **state)
{
    static const struct {
        int kind;
        const char *bytes;
        size_t size;
    } damaged[] = {
        {CURSOR, "\1\0\1\5\1\0\0\6", 8},             /* shared beyond displayed */
        {CURSOR, "\1\0\1\5\1\0\0\0", 8},             /* shared 0, which is not written */
        {USER, "\1\2", 2},                           /* neither true nor false */
        {MEMBER, "\1\xff\xff\xff\xff\x0f\1\1\1", 9}, /* role above INT_MAX */
        {MEMBER, "\1\1\xff\xff\xff\xff\x1f\1\1", 9}, /* above UINT32_MAX */
        {MEMBER, "\1\1\1\1\xff\xff\xff\xff\xff\xff\xff\xff\xff\2", 14}, /* above UINT64_MAX */
        {MEMBER, "\1\1\1\1\0\0\0", 7},                                /* a tail that says nothing */
        {NUMBER, "\1\xff\xff\xff\xff\xff\xff\xff\xff\xff\x81\1", 12}, /* 11 bytes */
        {MESSAGE_ID, "\1\1\1\xff\xff\xff\xff\xff\xff\xff\xff\xff\1x\1y", 16}, /* size 2^64 - 1 */
        {CURSOR, "\1\11\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 22},      /* nine marks */
        {CURSOR, "\1\2\xff\xff\xff\xff\xff\xff\xff\xff\xff\1\0\1\0\0\0",
         17},                                                          /* the sum is too large */
        {DEVICE, "\1\0\5", 3},                                         /* five keys */
        {MEMBER, "\1\4\0\5\0\0\0\1\4\0", 10},                          /* a flag that is none */
        {MEMBER, "\1\4\0\5\0\0\0\1\0\5\1\2\4\5\7\x8\xa\xb\xd\xe", 20}, /* five hidden spans */
    };
    struct arena arena;
    struct view again;
    (void)state;
    arena_init(&arena);
    for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++)
        assert_int_equal(
            decode(&arena, damaged[i].kind, view_make(damaged[i].bytes, damaged[i].size), &again),
            STATUS_CORRUPT);
    arena_fini(&arena);
}

/* Random damage never reads past the value, and what decodes, encodes. */
static void test_damage(void **state)
{
    struct prng prng = {7};
    struct arena arena;
    (void)state;
    arena_init(&arena);
    for (int round = 0; round < 20000; round++) {
        int kind = round % KINDS;
        struct view value = encode(&arena, kind);
        uint8_t *damaged = memory_copy(value.data, value.size);
        for (uint64_t i = 0; i <= prng_below(&prng, 3); i++)
            damaged[prng_below(&prng, value.size)] = (uint8_t)prng_next(&prng);
        struct view again = view_make(NULL, 0);
        enum status status = decode(&arena, kind, view_make(damaged, value.size), &again);
        assert_true(status == STATUS_OK || status == STATUS_CORRUPT);
        free(damaged);
        arena_reset(&arena);
    }
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden_bytes),
        cmocka_unit_test(test_round_trip_and_truncation),
        cmocka_unit_test(test_numbers_out_of_range),
        cmocka_unit_test(test_damage),
    };
    return cmocka_run_group_tests_name("rows", tests, NULL, NULL);
}
