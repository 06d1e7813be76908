/* Two of one name: the pauses grow, are bounded, and end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/contest.h"

static void pauses_grow_to_a_bound(void **state)
{
    static const uint32_t pauses_s[] = {0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60};
    struct device_row row = {.contests = 0};
    uint64_t now_ms = 1000000;
    (void)state;
    assert_int_equal(contest_pause_ms(&row, now_ms), 0);
    for (size_t i = 0; i < sizeof(pauses_s) / sizeof(pauses_s[0]); i++) {
        contest_count(&row, now_ms);
        uint32_t pause_ms = contest_pause_ms(&row, now_ms);
        assert_int_equal(pause_ms, pauses_s[i] * 1000);
        if (pause_ms > 0)
            assert_int_equal(contest_pause_ms(&row, now_ms + pause_ms - 1), 1);
        assert_int_equal(contest_pause_ms(&row, now_ms + pause_ms), 0);
        now_ms += pause_ms;
    }
}

static void quiet_ends_it_and_so_does_a_clock_that_goes_back(void **state)
{
    struct device_row row = {.contests = UINT32_MAX, .contested_ms = 1000000};
    (void)state;
    assert_int_equal(contest_pause_ms(&row, 1000000), CONTEST_PAUSE_MAX_MS);
    assert_int_equal(contest_pause_ms(&row, 999999), 0);
    contest_count(&row, 1000000);
    assert_true(row.contests == UINT32_MAX);
    contest_count(&row, 1000000 + CONTEST_QUIET_MS);
    assert_int_equal(row.contests, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pauses_grow_to_a_bound),
        cmocka_unit_test(quiet_ends_it_and_so_does_a_clock_that_goes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
