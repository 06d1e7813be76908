/* Fields one after the other: what an encoder wrote, and nothing beyond it. */
#include "core/contract.h"
#include "core/field.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static size_t pack_sample(uint8_t bytes[256])
{
    static uint8_t id[] = {0, 0x80, 0xff};
    wire_audit_entry entry = UNSAY__V1__AUDIT_ENTRY__INIT;
    entry.kind = WIRE(AUDIT_KIND, RECALL);
    entry.time = UINT64_C(0x8877665544332211);
    entry.conversation = string_of("g:1");
    entry.target_seq = UINT64_MAX;
    entry.target_message_id = bytes_of(view_make(id, sizeof(id)));
    entry.refusal = 300;
    size_t size = unsay__v1__audit_entry__get_packed_size(&entry);
    assert_true(size <= 256);
    return unsay__v1__audit_entry__pack(&entry, bytes);
}

static void it_tells_what_was_encoded(void **state)
{
    (void)state;
    uint8_t bytes[256];
    struct view rest = view_make(bytes, pack_sample(bytes));
    static const struct {
        uint32_t number;
        enum field_kind kind;
        uint64_t value;
        size_t size;
    } expected[] = {
        {1, FIELD_VARINT, WIRE(AUDIT_KIND, RECALL), 0},
        {2, FIELD_FIXED64, UINT64_C(0x8877665544332211), 0},
        {3, FIELD_BYTES, 0, 3},
        {5, FIELD_VARINT, UINT64_MAX, 0},
        {6, FIELD_BYTES, 0, 3},
        {19, FIELD_VARINT, 300, 0},
    };
    struct field field;
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        assert_true(field_next(&rest, &field));
        assert_int_equal(field.number, expected[i].number);
        assert_int_equal(field.kind, expected[i].kind);
        assert_int_equal(field.value, expected[i].value);
        assert_int_equal(field.bytes.size, expected[i].size);
        if (field.number == 3)
            assert_memory_equal(field.bytes.data, "g:1", 3);
    }
    assert_false(field_next(&rest, &field));
    assert_int_equal(rest.size, 0);
}

/* Wherever the message is cut, it ends between two fields or is damaged. */
static void a_cut_message_is_damaged(void **state)
{
    (void)state;
    uint8_t bytes[256];
    size_t whole = pack_sample(bytes);
    size_t ends = 0;
    for (size_t size = 0; size <= whole; size++) {
        uint8_t *cut = test_malloc(size);
        struct view rest = view_make(cut, size);
        struct field field;
        memcpy(cut, bytes, size);
        while (field_next(&rest, &field))
            assert_true(
                field.bytes.data == NULL ||
                (field.bytes.data >= cut && field.bytes.data + field.bytes.size <= cut + size));
        ends += rest.size == 0 && size > 0;
        test_free(cut);
    }
    assert_int_equal(ends, 6);
}

static void other_kinds_are_damage(void **state)
{
    (void)state;
    static const uint8_t damaged[][12] = {
        {0x0b, 1},                                                             /* a group */
        {0x0c},                                                                /* its end */
        {0x0e, 1},                                                             /* no kind */
        {0x0f, 1},                                                             /* no kind */
        {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1}, /* endless tag */
        {0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1},       /* longer than all */
    };
    for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++) {
        struct view rest = view_make(damaged[i], sizeof(damaged[i]));
        struct field field;
        assert_false(field_next(&rest, &field));
        assert_true(rest.size > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_tells_what_was_encoded),
        cmocka_unit_test(a_cut_message_is_damaged),
        cmocka_unit_test(other_kinds_are_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
