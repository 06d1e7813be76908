/* The histogram against exact quantiles of the same values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "base/prng.h"
#include "cli/histogram.h"

static void test_empty(void **state)
{
    (void)state;
    struct histogram histogram = {0};
    assert_int_equal(histogram_quantile(&histogram, 0.5), 0);
    assert_int_equal(histogram.count, 0);
}

static void test_small_values_are_exact(void **state)
{
    (void)state;
    struct histogram histogram = {0};
    for (uint64_t value = 1; value <= 100; value++)
        histogram_add(&histogram, value / 2);
    assert_int_equal(histogram_quantile(&histogram, 0), 0);
    assert_int_equal(histogram_quantile(&histogram, 0.5), 25);
    assert_int_equal(histogram_quantile(&histogram, 0.99), 49);
    assert_int_equal(histogram_quantile(&histogram, 1), 50);
}

static void test_the_edges_of_powers_of_two(void **state)
{
    (void)state;
    for (unsigned bit = 0; bit < 64; bit++) {
        for (int offset = -1; offset <= 1; offset++) {
            struct histogram histogram = {0};
            uint64_t value = (UINT64_C(1) << bit) + (uint64_t)offset;
            histogram_add(&histogram, value);
            assert_true(histogram_quantile(&histogram, 1) == value);
        }
    }
    struct histogram histogram = {0};
    histogram_add(&histogram, UINT64_MAX);
    assert_true(histogram_quantile(&histogram, 1) == UINT64_MAX);
}

static int compare(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

static void test_quantiles_of_a_spread_are_within_two_percent(void **state)
{
    (void)state;
    enum { VALUES = 20001 };
    static uint64_t values[VALUES];
    struct histogram histogram = {0};
    struct prng prng = {7};
    for (int i = 0; i < VALUES; i++) {
        values[i] = prng_next(&prng) >> prng_below(&prng, 64);
        histogram_add(&histogram, values[i]);
    }
    qsort(values, VALUES, sizeof(values[0]), compare);
    static const double parts[] = {0.01, 0.25, 0.5, 0.9, 0.99, 0.999};
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        size_t rank = (size_t)(parts[i] * VALUES + 0.999999);
        uint64_t truth = values[rank == 0 ? 0 : rank - 1];
        uint64_t told = histogram_quantile(&histogram, parts[i]);
        assert_true(told >= truth);
        assert_true(told - truth <= truth / 63);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_small_values_are_exact),
        cmocka_unit_test(test_the_edges_of_powers_of_two),
        cmocka_unit_test(test_quantiles_of_a_spread_are_within_two_percent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
