/* The hybrid clock only rises, and stays by the wall clock where that rises too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/prng.h"
#include "core/hlc.h"

static void the_wall_clock_leads(void **state)
{
    (void)state;
    uint64_t time = hlc_next(0, 1700000000000);
    assert_int_equal(hlc_ms(time), 1700000000000);
    assert_int_equal(time & 0xffff, 0);
    assert_int_equal(hlc_next(time, 1700000000001), time + 0x10000);
}

static void events_in_one_millisecond_are_counted(void **state)
{
    (void)state;
    uint64_t time = hlc_next(0, 5);
    assert_int_equal(hlc_next(time, 5), time + 1);
    assert_int_equal(hlc_next(time + 0xffff, 5), time + 0x10000); /* a full counter borrows */
}

static void it_rises_whatever_the_wall_clock_does(void **state)
{
    (void)state;
    struct prng prng = {7};
    uint64_t time = 0;
    uint64_t wall_ms = 1700000000000;
    uint64_t highest_ms = 0;
    for (int i = 0; i < 100000; i++) {
        wall_ms = wall_ms - 1000 + prng_below(&prng, 2003);
        highest_ms = wall_ms > highest_ms ? wall_ms : highest_ms;
        uint64_t next = hlc_next(time, wall_ms);
        assert_true(next > time);
        assert_in_range(hlc_ms(next), wall_ms, highest_ms + 1);
        time = next;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_wall_clock_leads),
        cmocka_unit_test(events_in_one_millisecond_are_counted),
        cmocka_unit_test(it_rises_whatever_the_wall_clock_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
