/* Points and ranges of time, as a person gives them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/command.h"
#include "cli/when.h"

#include <time.h>

#define DAY_MS UINT64_C(86400000)
#define NEW_YEAR_MS UINT64_C(1767225600000) /* 2026-01-01 */

/* For --help, which this does not ask for. */
const char *command_summary(const char *name)
{
    return name;
}

static uint64_t ago_ms(uint64_t ms)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000 - ms;
}

static void a_range_counts_back_from_now(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t ago_ms;
    } cases[] = {
        {"LAST_7_DAYS", 7 * DAY_MS}, {"LAST_24_HOURS", DAY_MS},  {"last_2_weeks", 14 * DAY_MS},
        {"LAST_1_DAY", DAY_MS},      {"LAST_HOUR", DAY_MS / 24}, {"LAST_30_MINUTES", 1800000},
        {"7d", 7 * DAY_MS},          {"7d..", 7 * DAY_MS},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint64_t from_ms;
        uint64_t until_ms = 1;
        uint64_t earliest_ms = ago_ms(cases[i].ago_ms);
        assert_true(when_parse_range(cases[i].text, &from_ms, &until_ms));
        assert_in_range(from_ms, earliest_ms, ago_ms(cases[i].ago_ms));
        assert_int_equal(until_ms, 0);
    }
}

static void a_range_lies_between_two_points(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t from_ms;
        uint64_t until_ms;
    } cases[] = {
        {"2026-01-01..2026-01-02", NEW_YEAR_MS, NEW_YEAR_MS + DAY_MS},
        {"2026-01-01T00:00:01Z..2026-01-01T00:00:02Z", NEW_YEAR_MS + 1000, NEW_YEAR_MS + 2000},
        {"2026-01-01..", NEW_YEAR_MS, 0},
        {"..2026-01-01", 0, NEW_YEAR_MS},
        {"2026-01-01", NEW_YEAR_MS, 0},
        {"..", 0, 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint64_t from_ms;
        uint64_t until_ms;
        assert_true(when_parse_range(cases[i].text, &from_ms, &until_ms));
        assert_int_equal(from_ms, cases[i].from_ms);
        assert_int_equal(until_ms, cases[i].until_ms);
    }
}

static void anything_else_is_no_range(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "LAST_",
        "LAST_0_DAYS",
        "LAST_7_YEARS",
        "LAST_7DAYS",
        "LAST_7_",
        "LAST_99999999999999999999_DAYS",
        "LAST_100000_WEEKS",
        "2026-01-02..2026-01-01",
        "2026-01-01..2026-01-01",
        "soon..",
        "..soon",
        "2026-01-01.2026-01-02",
        "2026-01-01...2026-01-02",
        "2026-01-01T00:00:00Z00000000000000000000000000..",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        uint64_t from_ms;
        uint64_t until_ms;
        assert_false(when_parse_range(texts[i], &from_ms, &until_ms));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_range_counts_back_from_now),
        cmocka_unit_test(a_range_lies_between_two_points),
        cmocka_unit_test(anything_else_is_no_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
