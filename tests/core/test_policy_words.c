/* Words and durations of policies, both ways. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/policy_words.h"

static void every_word_is_found_and_written_back(void **state)
{
    (void)state;
    for (int i = POLICY_WORDS_CONVERSATION; i <= POLICY_WORDS_UNSURE; i++) {
        enum policy_vocabulary vocabulary = (enum policy_vocabulary)i;
        char list[POLICY_LIST_TEXT_BYTES];
        size_t words = 0;
        policy_words_list(vocabulary, 0, list);
        assert_in_range(strlen(list), 1, POLICY_LIST_TEXT_BYTES - 2);
        for (char *word = list, *end; word != NULL; word = end == NULL ? NULL : end + 2, words++) {
            uint32_t value;
            end = strstr(word, ", ");
            struct view view = end == NULL ? view_of(word) : view_make(word, (size_t)(end - word));
            assert_true(policy_word_find(vocabulary, view, &value));
            assert_true(view_equal(view_of(policy_word_of(vocabulary, value)), view));
        }
        assert_true(words >= 2);
    }
}

static void every_enumerator_has_a_word(void **state)
{
    (void)state;
    for (uint32_t i = 1; i <= WIRE(ACTOR, COMPLIANCE); i++)
        assert_non_null(policy_word_of(POLICY_WORDS_ACTOR, i));
    for (uint32_t i = 0; i <= WIRE(ROLE, GUEST); i++)
        assert_non_null(policy_word_of(POLICY_WORDS_TARGET, i));
    for (uint32_t i = 1; i <= WIRE(CONTENT_TYPE, CUSTOM); i++)
        assert_non_null(policy_word_of(POLICY_WORDS_CONTENT, i));
    for (uint32_t i = 1; i <= WIRE(CONVERSATION_TYPE, CHANNEL); i++)
        assert_non_null(policy_word_of(POLICY_WORDS_CONVERSATION, i));
    assert_null(policy_word_of(POLICY_WORDS_ACTOR, 0));
    assert_null(policy_word_of(POLICY_WORDS_ACTOR, 9));
}

static void other_words_are_not_found(void **state)
{
    (void)state;
    static const char *const strange[] = {"", "Self", "sel", "selfs", " self", "former", "yes"};
    uint32_t value;
    for (size_t i = 0; i < sizeof(strange) / sizeof(strange[0]); i++)
        assert_false(policy_word_find(POLICY_WORDS_ACTOR, view_of(strange[i]), &value));
    assert_false(policy_word_find(POLICY_WORDS_ACTOR, view_make("self", 5), &value));
    assert_true(policy_word_find(POLICY_WORDS_TARGET, view_of("former"), &value));
}

static void sets_are_listed(void **state)
{
    (void)state;
    char list[POLICY_LIST_TEXT_BYTES];
    policy_words_list(POLICY_WORDS_TARGET,
                      POLICY_BIT(WIRE(ROLE, UNSPECIFIED)) | POLICY_BIT(WIRE(ROLE, ADMIN)), list);
    assert_string_equal(list, "admin, former");
}

static void durations(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t ms;
        const char *written;
    } valid[] = {
        {"1ms", 1, "1ms"},       {"500ms", 500, "500ms"},
        {"90s", 90000, "90s"},   {"120s", 120000, "2m"},
        {"2m", 120000, "2m"},    {"24h", 86400000, "1d"},
        {"7d", 604800000, "7d"}, {"3650d", 315360000000, "3650d"},
        {"0007s", 7000, "7s"},   {"315360000000ms", 315360000000, "3650d"},
    };
    static const char *const invalid[] = {
        "",
        "m",
        "0s",
        "0d",
        "2",
        "2 m",
        "2 minutes",
        "-2m",
        "+2m",
        "2.5m",
        "2M",
        "2mm",
        "2msec",
        "3651d",
        "2m ",
        " 2m",
        "0x2m",
        "2w",
        "none",
        "1e3s",
        "99999999999999999999s",
        "315360000001ms",
        "87601h",
    };
    uint64_t ms = 0;
    char text[POLICY_DURATION_TEXT_BYTES];
    for (size_t i = 0; i < sizeof(valid) / sizeof(valid[0]); i++) {
        assert_true(policy_duration_find(view_of(valid[i].text), &ms));
        assert_int_equal(ms, valid[i].ms);
        policy_duration_write(ms, text);
        assert_string_equal(text, valid[i].written);
    }
    for (size_t i = 0; i < sizeof(invalid) / sizeof(invalid[0]); i++)
        assert_false(policy_duration_find(view_of(invalid[i]), &ms));
    policy_duration_write(0, text);
    assert_string_equal(text, "none");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_word_is_found_and_written_back),
        cmocka_unit_test(every_enumerator_has_a_word),
        cmocka_unit_test(other_words_are_not_found),
        cmocka_unit_test(sets_are_listed),
        cmocka_unit_test(durations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
