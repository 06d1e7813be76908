/* Histograms, and how long a recall took to the last device. */
#include "routing/wave.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define MS UINT64_C(1000000)

static uint64_t count_of(const struct stats_histogram *histogram, unsigned bucket)
{
    return stats_load(&histogram->counts[bucket]);
}

static void test_buckets(void **state)
{
    struct stats_histogram histogram = {.sum = 0};
    (void)state;
    stats_histogram_add(&histogram, STATS_SIZE, 0);
    stats_histogram_add(&histogram, STATS_SIZE, 1);
    stats_histogram_add(&histogram, STATS_SIZE, 2);
    stats_histogram_add(&histogram, STATS_SIZE, 3);
    stats_histogram_add(&histogram, STATS_SIZE, UINT32_MAX);
    assert_int_equal(count_of(&histogram, 0), 2); /* a bound belongs to its bucket */
    assert_int_equal(count_of(&histogram, 1), 1);
    assert_int_equal(count_of(&histogram, 2), 1);
    assert_int_equal(count_of(&histogram, stats_scales[STATS_SIZE].count), 1);
    assert_int_equal(stats_load(&histogram.sum), 6 + (uint64_t)UINT32_MAX);
}

static void test_scales_ascend(void **state)
{
    (void)state;
    for (int id = 0; id < STATS_SCALES; id++) {
        assert_in_range(stats_scales[id].count, 1, STATS_BOUNDS_MAX);
        for (unsigned i = 1; i < stats_scales[id].count; i++)
            assert_true(stats_scales[id].bounds[i - 1] < stats_scales[id].bounds[i]);
    }
}

static void test_last_device_counts(void **state)
{
    struct stats stats = {.counters = {0}};
    const struct stats_histogram *reach = &stats.histograms[HISTOGRAM_recall_reach];
    struct wave *wave = wave_new();
    (void)state;
    wave_hold(wave, 100 * MS);
    wave_hold(wave, 100 * MS);
    wave_hold(wave, 100 * MS);
    wave_release(wave, &stats); /* published */
    wave_arrive(wave, 140 * MS);
    wave_release(wave, &stats);
    wave_arrive(wave, 120 * MS);
    wave_release(wave, &stats);
    assert_int_equal(stats_load(&reach->sum), 0); /* one is missing */
    wave_release(wave, &stats);                   /* and is given up: it never had the notice */
    assert_int_equal(stats_load(&reach->sum), 40 * MS);
}

static void test_nobody_connected(void **state)
{
    struct stats stats = {.counters = {0}};
    struct stats none = {.counters = {0}};
    (void)state;
    wave_release(wave_new(), &stats);
    wave_release(NULL, &stats);
    struct wave *wave = wave_new();
    wave_hold(wave, 100 * MS);
    wave_release(wave, &stats);
    wave_release(wave, &stats); /* gone without a word */
    assert_memory_equal(&stats, &none, sizeof(stats));
}

static void test_earlier_turn(void **state)
{
    struct stats stats = {.counters = {0}};
    struct wave *wave = wave_new();
    (void)state;
    wave_hold(wave, 100 * MS);
    wave_arrive(wave, 99 * MS);
    wave_release(wave, &stats);
    wave_release(wave, &stats);
    assert_int_equal(count_of(&stats.histograms[HISTOGRAM_recall_reach], 0), 1);
    assert_int_equal(stats_load(&stats.histograms[HISTOGRAM_recall_reach].sum), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_buckets),
        cmocka_unit_test(test_scales_ascend),
        cmocka_unit_test(test_last_device_counts),
        cmocka_unit_test(test_nobody_connected),
        cmocka_unit_test(test_earlier_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
