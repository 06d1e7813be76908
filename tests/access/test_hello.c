/* What a Hello may say: version, how to be told of recalls, the device's key. */
#include "access/hello.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static wire_hello hello_valid(void)
{
    wire_hello hello = UNSAY__V1__HELLO__INIT;
    hello.version_min = PROTOCOL_VERSION_MIN;
    hello.version_max = PROTOCOL_VERSION_MAX;
    return hello;
}

static void assert_check(const wire_hello *hello, refusal_code expected, const char *names)
{
    const char *detail = NULL;
    assert_int_equal(hello_check(hello, &detail), expected);
    assert_non_null(detail);
    assert_non_null(strstr(detail, names));
}

static void a_version_in_common_is_needed(void **state)
{
    (void)state;
    wire_hello hello = hello_valid();
    hello.version_min = 0;
    hello.version_max = UINT32_MAX;
    assert_check(&hello, REFUSAL_NONE, "");
    hello.version_min = PROTOCOL_VERSION_MAX + 1;
    assert_check(&hello, REFUSAL_CODE(UNSUPPORTED_VERSION), "version 1");
    hello.version_min = hello.version_max = 0;
    assert_check(&hello, REFUSAL_CODE(UNSUPPORTED_VERSION), "version 1");
}

static void follow_is_one_of_three(void **state)
{
    static const struct {
        int follow;
        refusal_code expected;
    } cases[] = {
        {WIRE(FOLLOW, PATCH), REFUSAL_NONE},      {WIRE(FOLLOW, REFRESH), REFUSAL_NONE},
        {WIRE(FOLLOW, REPLACE), REFUSAL_NONE},    {3, REFUSAL_CODE(FIELD_INVALID)},
        {-1, REFUSAL_CODE(FIELD_INVALID)},        {INT32_MIN, REFUSAL_CODE(FIELD_INVALID)},
        {INT32_MAX, REFUSAL_CODE(FIELD_INVALID)},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        wire_hello hello = hello_valid();
        memcpy(&hello.follow, &cases[i].follow, sizeof(hello.follow)); /* as decoding does */
        assert_check(&hello, cases[i].expected, cases[i].expected == REFUSAL_NONE ? "" : "follow");
    }
}

static void a_key_has_32_bytes_or_none(void **state)
{
    uint8_t key[64] = {1};
    (void)state;
    for (size_t size = 0; size <= sizeof(key); size++) {
        bool is_valid = size == 0 || size == HELLO_DEVICE_KEY_BYTES;
        wire_hello hello = hello_valid();
        hello.device_key = bytes_of(view_make(key, size));
        assert_check(&hello, is_valid ? REFUSAL_NONE : REFUSAL_CODE(FIELD_INVALID),
                     is_valid ? "" : "device_key");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_version_in_common_is_needed),
        cmocka_unit_test(follow_is_one_of_three),
        cmocka_unit_test(a_key_has_32_bytes_or_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
