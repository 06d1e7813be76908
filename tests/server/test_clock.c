/* The kernel's clock state: what each answer of adjtimex means, and when it is not to be trusted.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/clock.h"

static struct clock_health health(int result, int status, long maxerror_us, long esterror_us)
{
    struct timex state = {.status = status, .maxerror = maxerror_us, .esterror = esterror_us};
    return clock_health_of(result, &state);
}

static void a_synchronised_clock_tells_its_error(void **state)
{
    (void)state;
    struct clock_health found = health(TIME_OK, STA_PLL, 12000, 1500);
    assert_true(found.is_known);
    assert_true(found.is_synchronised);
    assert_int_equal(found.error_ms_max, 12);
    assert_int_equal(found.error_ms_likely, 2);
    assert_false(clock_health_is_unsure(&found, 12));
    assert_true(clock_health_is_unsure(&found, 11));
}

static void errors_are_rounded_up(void **state)
{
    (void)state;
    assert_int_equal(health(TIME_OK, 0, 0, 0).error_ms_max, 0);
    assert_int_equal(health(TIME_OK, 0, 1, 0).error_ms_max, 1);
    assert_int_equal(health(TIME_OK, 0, 500000, 0).error_ms_max, 500);
    assert_int_equal(health(TIME_OK, 0, 500001, 0).error_ms_max, 501);
    assert_int_equal(health(TIME_OK, 0, -1, 0).error_ms_max, UINT64_MAX);
}

static void a_leap_second_is_no_fault(void **state)
{
    (void)state;
    static const int results[] = {TIME_OK, TIME_INS, TIME_DEL, TIME_OOP, TIME_WAIT};
    for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++)
        assert_true(health(results[i], STA_PLL | STA_INS, 1000, 100).is_synchronised);
}

static void an_unsynchronised_clock_is_unsure_however_small_its_error(void **state)
{
    (void)state;
    struct clock_health by_result = health(TIME_ERROR, STA_PLL, 1000, 100);
    struct clock_health by_status = health(TIME_OK, STA_UNSYNC, 1000, 100);
    assert_true(by_result.is_known);
    assert_false(by_result.is_synchronised);
    assert_false(by_status.is_synchronised);
    assert_true(clock_health_is_unsure(&by_result, UINT64_MAX));
    assert_true(clock_health_is_unsure(&by_status, UINT64_MAX));
}

static void a_kernel_that_does_not_tell_is_unsure(void **state)
{
    (void)state;
    struct clock_health found = health(-1, 0, 0, 0);
    assert_false(found.is_known);
    assert_int_equal(found.error_ms_max, UINT64_MAX);
    assert_true(clock_health_is_unsure(&found, UINT64_MAX));
}

static void this_kernel_is_asked(void **state)
{
    (void)state;
    struct clock_health found = clock_health_read();
    assert_int_equal(found.is_known, found.error_ms_max != UINT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_synchronised_clock_tells_its_error),
        cmocka_unit_test(errors_are_rounded_up),
        cmocka_unit_test(a_leap_second_is_no_fault),
        cmocka_unit_test(an_unsynchronised_clock_is_unsure_however_small_its_error),
        cmocka_unit_test(a_kernel_that_does_not_tell_is_unsure),
        cmocka_unit_test(this_kernel_is_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
