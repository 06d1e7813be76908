/* The client against a small model of the server, at random from a seed: pushes, pages, notices,
 * duplicates, losses, refusals, cut connections and restarts of the client from what it had stored.
 * Whatever happens, per conversation every event is stored once and in order, nothing is shown
 * before it is stored, cursors only grow, each outgoing message is resolved once, the server's log
 * has them in the order of sending, and a receipt comes for every recall, when no body that was
 * taken back is left. Each of the ways to follow. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client_model.h"

enum { STEPS = 6000, SEEDS = 20 };

static void step_deliver(struct world *world, size_t count)
{
    for (; count > 0 && world->wire_first < world->wire_end; count--) {
        struct blob *blob = world->wire[world->wire_first++];
        client_core_frame(world->core, world->now_ms, blob_view(blob));
        blob_release(blob);
        if (world->wire_first == world->wire_end)
            world->wire_first = world->wire_end = 0;
        if (chance(world, 50))
            shell_perform(world);
    }
    shell_perform(world);
}

static void step_pass(struct world *world, uint64_t ms)
{
    uint64_t until_ms = world->now_ms + ms;
    while (world->wake_ms != 0 && world->wake_ms <= until_ms) {
        world->now_ms = world->wake_ms > world->now_ms ? world->wake_ms : world->now_ms;
        world->wake_ms = 0;
        client_core_tick(world->core, world->now_ms);
        shell_perform(world);
        step_deliver(world, prng_below(&world->prng, 4));
    }
    world->now_ms = until_ms;
}

static void step(struct world *world)
{
    size_t index = prng_below(&world->prng, CONVERSATIONS);
    unsigned what = (unsigned)prng_below(&world->prng, 1000);
    if (what < 300) {
        step_deliver(world, 1 + prng_below(&world->prng, 20));
    } else if (what < 500) {
        step_pass(world, prng_below(&world->prng, 500));
    } else if (what < 700) {
        server_append(world, index, (struct log_entry){.message = 0});
    } else if (what < 800) {
        server_recall(world, index);
    } else if (what < 970 && world->outgoing_count + 1 < OUTGOING_MAX) {
        uint64_t number = ++world->outgoing_count;
        world->outgoing[number] = OUTGOING_SENDING;
        shell_offer(world, number);
        shell_perform(world);
    } else if (what < 980) {
        step_pass(world, prng_below(&world->prng, 20000));
    } else if (what < 990) {
        shell_disconnect(world);
        client_core_link_down(world->core, world->now_ms, "cut");
        shell_perform(world);
    } else if (what < 995) {
        server_behind(world);
    } else if (what < 998) {
        client_core_network_changed(world->core, world->now_ms);
        shell_perform(world);
    } else {
        shell_restart(world);
    }
}

static bool world_is_settled(const struct world *world)
{
    for (size_t i = 0; i < CONVERSATIONS; i++) {
        const struct model_log *log = &world->logs[i];
        if (log->database_stored != log->head || log->stored != log->head)
            return false;
    }
    for (uint64_t number = 1; number <= world->outgoing_count; number++) {
        if (world->outgoing[number] == OUTGOING_SENDING)
            return false;
    }
    return client_core_link(world->core) == CLIENT_LINK_LIVE;
}

static void world_check(const struct world *world)
{
    size_t event_count = 0;
    for (size_t i = 0; i < CONVERSATIONS; i++) {
        const struct model_log *log = &world->logs[i];
        unsigned last = 0;
        event_count += log->head;
        assert_true(log->shown == log->head);
        for (uint64_t seq = 1; seq <= log->head; seq++) {
            assert_false(log->is_body_stored[seq] && log->entries[seq].is_recalled);
            if (log->entries[seq].message == 0)
                continue;
            assert_true(log->entries[seq].message > last); /* in the order of sending */
            last = log->entries[seq].message;
        }
    }
    assert_int_equal(world->stored_count, event_count);
    for (uint64_t number = 1; number <= world->outgoing_count; number++)
        assert_int_equal(world->outgoing[number],
                         number % 37 == 0 ? OUTGOING_FAILED : OUTGOING_ACCEPTED);
}

static void world_run(struct world *world, uint64_t seed)
{
    memset(world, 0, sizeof(*world));
    world->prng.state = seed;
    world->now_ms = 1000;
    world->follow = (Unsay__V1__Follow)(seed % 3);
    arena_init(&world->arena);
    shell_restart(world);
    for (int i = 0; i < STEPS; i++)
        step(world);
    world->is_quiet = true;
    server_behind(world); /* of the pushes that were lost */
    for (int i = 0; i < 100000 && !world_is_settled(world); i++) {
        step_deliver(world, SIZE_MAX);
        step_pass(world, 100);
    }
    if (!world_is_settled(world))
        fail_msg("seed %llu: the client did not catch up", (unsigned long long)seed);
    world_check(world);
    assert_true(world->receipt_count > 0);
    client_core_free(world->core);
    wire_clear(world);
    arena_fini(&world->arena);
}

static void test_client_keeps_its_promises_from_any_seed(void **state)
{
    (void)state;
    static struct world world;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        print_message("seed %llu\n", (unsigned long long)seed);
        world_run(&world, seed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_client_keeps_its_promises_from_any_seed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
