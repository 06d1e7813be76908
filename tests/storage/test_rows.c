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

enum { KINDS = 4 };

static struct view encode(struct arena *arena, int kind)
{
    struct conversation_row conversation = {.type = WIRE(CONVERSATION_TYPE, DIRECT),
                                            .name = view_of("name"),
                                            .creator = view_of("creator"),
                                            .peers = {view_of("a"), view_of("b")},
                                            .creation_id = {{1, 2, 3}},
                                            .time = 1234567890123};
    struct member_row member = {WIRE(ROLE, OWNER), 300};
    struct message_id_row message_id = {1, UINT64_MAX, view_of("recall"), view_of("phone")};
    struct cursor_row cursor = {UINT64_MAX, 127};
    switch (kind) {
    case 0:
        return row_encode_conversation(arena, &conversation);
    case 1:
        return row_encode_member(arena, &member);
    case 2:
        return row_encode_message_id(arena, &message_id);
    default:
        return row_encode_cursor(arena, &cursor);
    }
}

/* Decodes from memory of exactly the value's size, so that a byte too far is seen by the sanitizer,
 * and encodes what came out. */
static enum status decode(struct arena *arena, int kind, struct view value, struct view *again)
{
    struct conversation_row conversation;
    struct member_row member;
    struct message_id_row message_id;
    struct cursor_row cursor;
    uint8_t *exact = memory_new(value.size);
    if (value.size > 0)
        memcpy(exact, value.data, value.size);
    struct view copy = view_make(exact, value.size);
    enum status status;
    switch (kind) {
    case 0:
        status = row_decode_conversation(copy, &conversation);
        if (status == STATUS_OK)
            *again = row_encode_conversation(arena, &conversation);
        break;
    case 1:
        status = row_decode_member(copy, &member);
        if (status == STATUS_OK)
            *again = row_encode_member(arena, &member);
        break;
    case 2:
        status = row_decode_message_id(copy, &message_id);
        if (status == STATUS_OK)
            *again = row_encode_message_id(arena, &message_id);
        break;
    default:
        status = row_decode_cursor(copy, &cursor);
        if (status == STATUS_OK)
            *again = row_encode_cursor(arena, &cursor);
        break;
    }
    free(exact);
    return status;
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
    assert_true(view_equal(encode(&arena, 1), view_make("\1\1\xac\2", 4)));
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
            /* A message id without what waits is a whole row. */
            enum status status = decode(&arena, kind, view_make(value.data, size), &again);
            assert_true(status == STATUS_CORRUPT || kind == 2);
        }
        uint8_t *longer = memory_copy(value.data, value.size);
        assert_int_equal(decode(&arena, kind, view_make(longer, value.size + 1), &again),
                         STATUS_CORRUPT);
        longer[0] = ROW_VERSION + 1;
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
        {1, "\1\xff\xff\xff\xff\x0f\1", 7},                          /* role above INT_MAX */
        {1, "\1\1\xff\xff\xff\xff\x1f", 7},                          /* above UINT32_MAX */
        {3, "\1\xff\xff\xff\xff\xff\xff\xff\xff\xff\2\1", 12},       /* above UINT64_MAX */
        {3, "\1\xff\xff\xff\xff\xff\xff\xff\xff\xff\x81\1\1", 13},   /* 11 bytes */
        {2, "\1\1\1\xff\xff\xff\xff\xff\xff\xff\xff\xff\1x\1y", 16}, /* size 2^64 - 1 */
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
