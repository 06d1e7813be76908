/* Lines of the log: whatever a value holds, it stays within its quotes and its line. */
#include "server/log.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const uint64_t time_ms = UINT64_C(1777889472345);

static const char *compose(bool is_json, const struct log_field *fields)
{
    static char line[LOG_LINE_BYTES];
    size_t size = log_compose(is_json, time_ms, LOG_policy_refused, fields, line);
    assert_in_range(size, 1, sizeof(line) - 1);
    assert_int_equal(line[size - 1], '\n');
    line[size] = 0;
    assert_ptr_equal(strchr(line, '\n'), line + size - 1);
    return line;
}

static void test_text(void **state)
{
    const struct log_field fields[] = {
        LOG_TEXT("reason", "it \"fails\""), LOG_NUMBER("tries", 3), {.name = NULL}};
    (void)state;
    assert_string_equal(compose(false, fields),
                        "2026-05-04T10:11:12.345Z warning policy_refused: the policy file is not "
                        "valid: the policy in force stays reason=\"it \\\"fails\\\"\" tries=3\n");
}

static void test_json(void **state)
{
    const struct log_field fields[] = {
        LOG_TEXT("reason", "a\\b\nc"), LOG_NUMBER("tries", 3), {.name = NULL}};
    (void)state;
    json_t *object = json_loads(compose(true, fields), 0, NULL);
    assert_non_null(object);
    assert_string_equal(json_string_value(json_object_get(object, "time")),
                        "2026-05-04T10:11:12.345Z");
    assert_string_equal(json_string_value(json_object_get(object, "level")), "warning");
    assert_string_equal(json_string_value(json_object_get(object, "event")), "policy_refused");
    assert_string_equal(json_string_value(json_object_get(object, "reason")), "a\\b\nc");
    assert_int_equal(json_integer_value(json_object_get(object, "tries")), 3);
    json_decref(object);
}

/* Each byte that ends a line, moves a cursor or is no UTF-8, in both forms. */
static void test_every_byte(void **state)
{
    (void)state;
    for (int first = 1; first < 256; first++) {
        for (int second = 1; second < 256; second++) {
            const char value[] = {'<', (char)first, (char)second, '>', 0};
            const struct log_field fields[] = {LOG_TEXT("reason", value), {.name = NULL}};
            const char *line = compose(false, fields);
            for (const char *c = line; *c != '\n'; c++)
                assert_true((unsigned char)*c >= 0x20 && *c != 0x7f);
            json_t *object = json_loads(compose(true, fields), JSON_REJECT_DUPLICATES, NULL);
            assert_non_null(object);
            assert_int_equal(json_object_size(object), 5);
            json_decref(object);
        }
    }
}

static void test_code_points(void **state)
{
    static const struct {
        const char *value;
        const char *shown;
    } cases[] = {
        {"\xe2\x80\xae", "reason=\"\\u202e\"\n"}, /* right-to-left override */
        {"\xe2\x80\xa8", "reason=\"\\u2028\"\n"}, /* line separator */
        {"\xc2\x9b", "reason=\"\\u009b\"\n"},     /* CSI in one character */
        {"\x1b[2J", "reason=\"\\u001b[2J\"\n"},
        {"\xc0\x8a", "reason=\"\\ufffd\\ufffd\"\n"}, /* a newline, overlong */
        {"\xed\xa0\x80", "reason=\"\\ufffd\\ufffd\\ufffd\"\n"},
        {"\xe4\xbd\xa0", "reason=\"\xe4\xbd\xa0\"\n"}, /* stays */
        {"\xf0\x9f\x98\x80", "reason=\"\xf0\x9f\x98\x80\"\n"},
        {"\xf0\x9f", "reason=\"\\ufffd\\ufffd\"\n"}, /* cut off */
        {"", "reason=\"\"\n"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct log_field fields[] = {LOG_TEXT("reason", cases[i].value), {.name = NULL}};
        const char *line = compose(false, fields);
        assert_string_equal(line + strlen(line) - strlen(cases[i].shown), cases[i].shown);
    }
}

static void test_long_values(void **state)
{
    char value[3 * LOG_LINE_BYTES];
    struct log_field fields[LOG_FIELDS_MAX + 1] = {{.name = NULL}};
    (void)state;
    memset(value, 1, sizeof(value) - 1);
    value[sizeof(value) - 1] = 0;
    for (int i = 0; i < LOG_FIELDS_MAX; i++)
        fields[i] = (struct log_field)LOG_TEXT("a_rather_long_name_of_a_field_1", value);
    json_t *object = json_loads(compose(true, fields), 0, NULL);
    assert_non_null(object);
    json_decref(object);
}

static void test_configure(void **state)
{
    (void)state;
    assert_false(log_configure("xml", "info"));
    assert_false(log_configure("json", "chatty"));
    assert_false(log_configure(NULL, NULL));
    assert_true(log_configure("json", "error"));
    assert_true(log_configure("text", "info"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),        cmocka_unit_test(test_json),
        cmocka_unit_test(test_every_byte),  cmocka_unit_test(test_code_points),
        cmocka_unit_test(test_long_values), cmocka_unit_test(test_configure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
