/* Heartbeats: longer while the network holds, shorter after a loss, dead within two. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/client_heartbeat.h"

enum { MIN_MS = 10000, MAX_MS = 300000 };

/* One heartbeat, answered at once; returns how long it was waited for. */
static uint64_t hold(struct client_heartbeat *heartbeat, uint64_t *now_ms)
{
    uint64_t waited_ms = heartbeat->due_ms - *now_ms;
    *now_ms = heartbeat->due_ms;
    assert_int_equal(client_heartbeat_tick(heartbeat, *now_ms - 1), CLIENT_BEAT_NONE);
    assert_int_equal(client_heartbeat_tick(heartbeat, *now_ms), CLIENT_BEAT_SEND);
    client_heartbeat_heard(heartbeat, *now_ms);
    return waited_ms;
}

/* Nothing answers any more; returns how long that takes to be noticed. */
static uint64_t die(struct client_heartbeat *heartbeat, uint64_t *now_ms)
{
    uint64_t heard_ms = *now_ms;
    for (int i = 0; i < 2; i++) {
        *now_ms = heartbeat->due_ms;
        assert_int_equal(client_heartbeat_tick(heartbeat, *now_ms), CLIENT_BEAT_SEND);
    }
    *now_ms = heartbeat->due_ms;
    assert_int_equal(client_heartbeat_tick(heartbeat, *now_ms), CLIENT_BEAT_DEAD);
    client_heartbeat_lost(heartbeat);
    client_heartbeat_end(heartbeat);
    return *now_ms - heard_ms;
}

static void grows_to_what_is_allowed(void **state)
{
    (void)state;
    static const uint32_t expected_ms[] = {30000, 45000, 67500, 101250, 151875, 227812, 300000};
    struct client_heartbeat heartbeat;
    uint64_t now_ms = 5;
    client_heartbeat_init(&heartbeat, MIN_MS, MAX_MS);
    client_heartbeat_begin(&heartbeat, MAX_MS, now_ms);
    for (size_t i = 0; i < sizeof(expected_ms) / sizeof(expected_ms[0]); i++) {
        for (int held = 0; held < CLIENT_HEARTBEATS_HELD; held++)
            assert_int_equal(hold(&heartbeat, &now_ms), expected_ms[i]);
    }
    assert_int_equal(hold(&heartbeat, &now_ms), MAX_MS);
    /* The next connection keeps what was learned; its server may grant less. */
    client_heartbeat_end(&heartbeat);
    client_heartbeat_begin(&heartbeat, 60000, now_ms);
    assert_int_equal(hold(&heartbeat, &now_ms), 60000);
    client_heartbeat_end(&heartbeat);
    client_heartbeat_begin(&heartbeat, MAX_MS, now_ms);
    assert_int_equal(hold(&heartbeat, &now_ms), MAX_MS);
    /* Another network. */
    client_heartbeat_forget(&heartbeat);
    client_heartbeat_begin(&heartbeat, MAX_MS, now_ms);
    assert_int_equal(hold(&heartbeat, &now_ms), 30000);
    /* A server that does not know the question says what it always said. */
    client_heartbeat_begin(&heartbeat, 0, now_ms);
    for (int i = 0; i < 10; i++)
        assert_int_equal(hold(&heartbeat, &now_ms), 30000);
}

static void death_is_noticed_within_two_intervals(void **state)
{
    (void)state;
    static const uint32_t granted_ms[] = {100, 1000, 10000, 30000, 300000};
    for (size_t i = 0; i < sizeof(granted_ms) / sizeof(granted_ms[0]); i++) {
        struct client_heartbeat heartbeat;
        uint64_t now_ms = 0;
        client_heartbeat_init(&heartbeat, MIN_MS, MAX_MS);
        client_heartbeat_begin(&heartbeat, granted_ms[i], now_ms);
        for (int held = 0; held < 40; held++)
            assert_true(hold(&heartbeat, &now_ms) <= granted_ms[i]);
        uint64_t interval_ms = client_heartbeat_interval_ms(&heartbeat);
        uint64_t taken_ms = die(&heartbeat, &now_ms);
        assert_true(taken_ms <= 2 * interval_ms && taken_ms <= interval_ms + 2 * MIN_MS);
        assert_int_equal(client_heartbeat_tick(&heartbeat, UINT64_MAX - 1), CLIENT_BEAT_NONE);
    }
}

/* Something on the way forgets connections that are silent for a minute. */
static void stays_below_what_the_network_does_not_put_up_with(void **state)
{
    (void)state;
    struct client_heartbeat heartbeat;
    uint64_t now_ms = 0;
    unsigned deaths = 0;
    unsigned beats = 0;
    client_heartbeat_init(&heartbeat, MIN_MS, MAX_MS);
    client_heartbeat_begin(&heartbeat, MAX_MS, now_ms);
    for (; now_ms < 86400000; beats++) {
        if (client_heartbeat_interval_ms(&heartbeat) <= 60000) {
            hold(&heartbeat, &now_ms);
        } else {
            die(&heartbeat, &now_ms);
            deaths++;
            client_heartbeat_begin(&heartbeat, MAX_MS, now_ms);
        }
    }
    assert_in_range(deaths, 2, 40);     /* it is tried again, but seldom */
    assert_in_range(beats, 1440, 2600); /* a minute is 1440 */
}

static void a_loss_shortens_and_the_least_is_kept(void **state)
{
    (void)state;
    struct client_heartbeat heartbeat;
    uint64_t now_ms = 0;
    client_heartbeat_init(&heartbeat, MIN_MS, MAX_MS);
    client_heartbeat_lost(&heartbeat); /* not connected: nothing is learned */
    client_heartbeat_begin(&heartbeat, MAX_MS, now_ms);
    assert_int_equal(hold(&heartbeat, &now_ms), 30000);
    client_heartbeat_lost(&heartbeat);
    client_heartbeat_end(&heartbeat);
    client_heartbeat_begin(&heartbeat, MAX_MS, now_ms);
    assert_int_equal(hold(&heartbeat, &now_ms), 15000);
    for (int i = 0; i < 5; i++) {
        client_heartbeat_lost(&heartbeat);
        client_heartbeat_end(&heartbeat);
        client_heartbeat_begin(&heartbeat, MAX_MS, now_ms);
    }
    assert_int_equal(hold(&heartbeat, &now_ms), MIN_MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grows_to_what_is_allowed),
        cmocka_unit_test(death_is_noticed_within_two_intervals),
        cmocka_unit_test(stays_below_what_the_network_does_not_put_up_with),
        cmocka_unit_test(a_loss_shortens_and_the_least_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
