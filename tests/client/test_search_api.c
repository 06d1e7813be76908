#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api_fixture.h"
#include "unsay/search.h"

static void count_page(void *context, const struct unsay_error *error,
                       const struct unsay_found *found, size_t count, bool more)
{
    (void)found;
    assert_int_equal(error->result, UNSAY_OK);
    assert_false(more);
    *(size_t *)context += 1 + count;
}

static enum unsay_result search(struct fixture *fixture, struct unsay_search query, size_t *pages)
{
    return unsay_search(fixture->client, &query, count_page, pages);
}

static void arguments_are_checked_and_texts_are_not(void **state)
{
    struct fixture *fixture = *state;
    const struct unsay_source sources[] = {{"g:1", 0, 0}, {"no id", 1, 1}, {"g:1", 1, UINT64_MAX}};
    size_t pages = 0;
    assert_int_equal(search(fixture, (struct unsay_search){.text = NULL}, &pages), UNSAY_INVALID);
    assert_int_equal(
        search(fixture, (struct unsay_search){.text = "x", .conversation = "no id"}, &pages),
        UNSAY_INVALID);
    assert_int_equal(search(fixture, (struct unsay_search){.text = "x", .limit = 101}, &pages),
                     UNSAY_INVALID);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(
            search(fixture, (struct unsay_search){.text = "x", .before = &sources[i]}, &pages),
            UNSAY_INVALID);
    assert_int_equal(unsay_search(fixture->client, NULL, count_page, &pages), UNSAY_INVALID);
    assert_int_equal(pages, 0);

    static const char *const texts[] = {"", "x", "\"", "*", "a OR (b", "\xff\xfe", "NEAR(a b, 3)"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_int_equal(search(fixture, (struct unsay_search){.text = texts[i]}, &pages),
                         UNSAY_OK);
    assert_int_equal(pages, sizeof(texts) / sizeof(texts[0]));
    assert_int_equal(unsay_search(fixture->client, &(struct unsay_search){.text = "x"}, NULL, NULL),
                     UNSAY_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(arguments_are_checked_and_texts_are_not, fixture_setup,
                                        fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
