/* Waiting times: doubling up to a bound, jitter inside its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/backoff.h"

static const struct backoff repetition = {.first_ms = 1000, .max_ms = 32000};

static void delays_double_up_to_the_bound(void **state)
{
    (void)state;
    static const uint32_t delays_s[] = {1, 2, 4, 8, 16, 32, 32, 32};
    for (uint32_t i = 0; i < sizeof(delays_s) / sizeof(delays_s[0]); i++)
        assert_int_equal(backoff_delay_ms(repetition, i), delays_s[i] * 1000);
    assert_int_equal(backoff_delay_ms(repetition, UINT32_MAX), 32000);
    /* A bound that is no power of two times the first, or below it. */
    assert_int_equal(backoff_delay_ms((struct backoff){1000, 30000}, 4), 16000);
    assert_int_equal(backoff_delay_ms((struct backoff){1000, 30000}, 5), 30000);
    assert_int_equal(backoff_delay_ms((struct backoff){5000, 1000}, 0), 1000);
    assert_int_equal(backoff_delay_ms((struct backoff){UINT32_MAX, UINT32_MAX}, 9), UINT32_MAX);
}

static void jitter_stays_inside_its_bounds(void **state)
{
    (void)state;
    struct prng prng = {1};
    uint32_t lowest = UINT32_MAX;
    uint32_t highest = 0;
    for (int i = 0; i < 20000; i++) {
        uint32_t delay_ms = backoff_jittered_ms(repetition, 3, &prng);
        assert_in_range(delay_ms, 8000, 10000);
        uint32_t full_ms = backoff_full_jitter_ms(repetition, 3, &prng);
        assert_in_range(full_ms, 0, 8000);
        lowest = full_ms < lowest ? full_ms : lowest;
        highest = full_ms > highest ? full_ms : highest;
    }
    assert_in_range(lowest, 0, 100);
    assert_in_range(highest, 7900, 8000);
    assert_int_equal(backoff_full_jitter_ms((struct backoff){0, 0}, 3, &prng), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(delays_double_up_to_the_bound),
        cmocka_unit_test(jitter_stays_inside_its_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
