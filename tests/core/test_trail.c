/* Trails against the whole history of a cursor: what they tell is never wrong, only coarse, and
 * fine where it is recent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/prng.h"
#include "core/trail.h"

enum { STEPS = 3000, HOUR_MS = 3600000, SEEDS = 60 };

static const uint64_t start_ms = UINT64_C(1700000000000);

/* Every move there was. */
struct history {
    struct trail_mark moves[STEPS];
    size_t count;
};

/* A clock that went back stands still. */
static void history_move(struct history *history, uint64_t seq, uint64_t now_ms)
{
    const struct trail_mark *last =
        history->count == 0 ? NULL : &history->moves[history->count - 1];
    if (last != NULL && seq <= last->seq)
        return;
    if (last != NULL && now_ms < last->time_ms)
        now_ms = last->time_ms;
    history->moves[history->count++] = (struct trail_mark){seq, now_ms};
}

static void assert_truth_is_told(const struct history *history, const struct trail *trail,
                                 uint64_t now_ms)
{
    uint64_t passed = 0;
    assert_in_range(trail->count, 1, TRAIL_MARKS_MAX);
    assert_int_equal(trail_seq(trail), history->moves[history->count - 1].seq);
    for (size_t i = 0; i < history->count; i++) {
        const struct trail_mark *truth = &history->moves[i];
        for (uint64_t seq = passed + 1; seq <= truth->seq; seq += truth->seq - passed) {
            uint64_t earliest_ms;
            uint64_t latest_ms = trail_reached(trail, seq, &earliest_ms);
            assert_true(earliest_ms < truth->time_ms && truth->time_ms <= latest_ms);
            if (history->count < TRAIL_MARKS_MAX)
                assert_true(latest_ms == truth->time_ms && earliest_ms == truth->time_ms - 1);
            uint64_t age_ms = now_ms - truth->time_ms;
            if (now_ms > truth->time_ms && age_ms < HOUR_MS)
                assert_true(age_ms <= 25 * (now_ms - latest_ms + 1000));
        }
        passed = truth->seq;
    }
    uint64_t earliest_ms;
    assert_int_equal(trail_reached(trail, passed + 1, &earliest_ms), 0);
}

/* How long until the next acknowledgement: mostly a little, now and then a lot, rarely backwards.
 */
static uint64_t next_ms(struct prng *prng, uint64_t now_ms, uint64_t pace_ms)
{
    uint64_t dice = prng_below(prng, 400);
    if (dice == 0)
        return now_ms - prng_below(prng, 5000);
    if (dice < 4)
        return now_ms + prng_below(prng, 2 * HOUR_MS);
    return now_ms + prng_below(prng, 2 * pace_ms + 1);
}

static void what_is_told_contains_the_truth(void **state)
{
    (void)state;
    static struct history history;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct prng prng = {seed};
        struct trail trail = {.count = 0};
        uint64_t pace_ms = UINT64_C(10) << prng_below(&prng, 14);
        uint64_t now_ms = start_ms;
        uint64_t seq = 0;
        history.count = 0;
        for (size_t i = 0; i < STEPS; i++) {
            now_ms = next_ms(&prng, now_ms, pace_ms);
            seq += prng_below(&prng, 4); /* 0: told again */
            trail_move(&trail, seq, now_ms);
            if (seq > 0)
                history_move(&history, seq, now_ms);
            if (history.count > 0 && (i < 20 || i % 97 == 0))
                assert_truth_is_told(&history, &trail, now_ms);
        }
    }
}

static void an_empty_trail_has_reached_nothing(void **state)
{
    (void)state;
    struct trail trail = {.count = 0};
    uint64_t earliest_ms;
    assert_int_equal(trail_seq(&trail), 0);
    assert_int_equal(trail_reached(&trail, 1, &earliest_ms), 0);
    trail_move(&trail, 0, start_ms);
    assert_int_equal(trail.count, 0);
}

/* A cursor only goes forward, whatever it is told again or late. */
static void what_is_not_larger_changes_nothing(void **state)
{
    (void)state;
    struct trail trail = {.count = 0};
    uint64_t earliest_ms;
    trail_move(&trail, 5, start_ms);
    trail_move(&trail, 5, start_ms + 10);
    trail_move(&trail, 3, start_ms + 20);
    assert_int_equal(trail.count, 1);
    assert_int_equal(trail_reached(&trail, 5, &earliest_ms), start_ms);
    assert_int_equal(earliest_ms, start_ms - 1);
}

/* Of what is older than an hour only the end is known: the front goes first. */
static void old_marks_leave_before_recent_ones(void **state)
{
    (void)state;
    struct trail trail = {.count = 0};
    uint64_t earliest_ms;
    for (uint64_t i = 0; i < TRAIL_MARKS_MAX; i++)
        trail_move(&trail, i + 1, start_ms + i);
    trail_move(&trail, 100, start_ms + 2 * HOUR_MS);
    assert_int_equal(trail_reached(&trail, 1, &earliest_ms), start_ms + 1);
    assert_int_equal(earliest_ms, 0);
    assert_int_equal(trail_reached(&trail, 3, &earliest_ms), start_ms + 2);
    assert_int_equal(trail_reached(&trail, 9, &earliest_ms), start_ms + 2 * HOUR_MS);
    assert_int_equal(earliest_ms, start_ms + 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_trail_has_reached_nothing),
        cmocka_unit_test(what_is_not_larger_changes_nothing),
        cmocka_unit_test(old_marks_leave_before_recent_ones),
        cmocka_unit_test(what_is_told_contains_the_truth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
