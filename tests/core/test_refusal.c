/* refusal.def and ErrorCode of frame.proto are one list. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/refusal.h"

#include <ctype.h>

static const struct {
    const char *constant;
    int code;
    const char *name;
    const char *text;
} refusals[] = {
#define REFUSAL(NAME, name, is_retryable, text) {#NAME, WIRE(ERROR_CODE, NAME), name, text},
#include "core/refusal.def"
#undef REFUSAL
};

enum { REFUSALS = sizeof(refusals) / sizeof(refusals[0]) };

static void the_numbers_are_those_of_the_contract(void **state)
{
    (void)state;
    for (int i = 1; i < REFUSALS; i++)
        assert_true(refusals[i].code > refusals[i - 1].code);
    /* ... and the contract has none beyond, apart from UNSPECIFIED. */
    assert_int_equal(unsay__v1__error_code__descriptor.n_values, REFUSALS + 1);
}

/* Numbers are handed out with gaps. */
static void a_number_without_a_name_is_unknown(void **state)
{
    (void)state;
    int known = 0;
    for (int code = 1; code < 1000; code++)
        known += strcmp(refusal_name((refusal_code)code), "unknown") != 0;
    assert_int_equal(known, REFUSALS);
    assert_true(*refusal_text((refusal_code)999) != 0);
}

static void names_and_texts_are_for_people(void **state)
{
    (void)state;
    for (int i = 0; i < REFUSALS; i++) {
        size_t size = strlen(refusals[i].name);
        assert_int_equal(strlen(refusals[i].constant), size);
        for (size_t at = 0; at < size; at++)
            assert_int_equal(refusals[i].name[at],
                             tolower((unsigned char)refusals[i].constant[at]));
        assert_int_equal(refusals[i].text[strlen(refusals[i].text) - 1], '.');
    }
}

static void a_name_leads_to_its_code(void **state)
{
    (void)state;
    refusal_code code;
    for (int i = 0; i < REFUSALS; i++) {
        assert_true(refusal_parse(refusals[i].name, &code));
        assert_int_equal(code, refusals[i].code);
    }
    assert_false(refusal_parse("", &code));
    assert_false(refusal_parse("unknown", &code));
    assert_string_equal(refusal_name((refusal_code)(refusals[REFUSALS - 1].code + 1)), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_numbers_are_those_of_the_contract),
        cmocka_unit_test(a_number_without_a_name_is_unknown),
        cmocka_unit_test(names_and_texts_are_for_people),
        cmocka_unit_test(a_name_leads_to_its_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
