/* Acknowledgements: gathered, repeated until they are confirmed. */

#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "test_client_script.h"

static void reconnect(struct script *s)
{
    client_core_network_changed(s->core, s->now_ms);
    client_core_link_up(s->core, s->now_ms);
    script_skip(s);
    script_welcome(s);
}

static void test_acks_are_gathered(void **state)
{
    struct script *s = *state;
    script_online(s, "a", 0);
    script_message(s, 0, "a", 1);
    script_pass(s, 30);
    script_message(s, 0, "a", 2);
    script_skip(s);
    script_pass(s, 19);
    script_expect(s, "");
    script_pass(s, 1);
    script_expect(s, "> ack a:2/0\n");
}

static void test_unconfirmed_acks_ride_on_heartbeats(void **state)
{
    struct script *s = *state;
    script_online(s, "a", 0);
    script_message(s, 0, "a", 1);
    script_skip(s);
    script_pass(s, 30000);
    script_expect(s, "> ack a:1/0\n> heartbeat a:1/0\n");
    script_confirmed(s, "a", 0, 0);
    script_pass(s, 30000);
    script_expect(s, "> heartbeat a:1/0\n");
    script_confirmed(s, "a", 1, 0);
    script_pass(s, 30000);
    script_expect(s, "> heartbeat\n");
}

static void test_unconfirmed_acks_are_sent_again_on_a_new_connection(void **state)
{
    struct script *s = *state;
    script_online(s, "a", 0);
    script_message(s, 0, "a", 1);
    script_skip(s);
    script_pass(s, 50);
    script_expect(s, "> ack a:1/0\n");
    reconnect(s);
    script_skip(s);
    script_pass(s, 50);
    script_expect(s, "> ack a:1/0\n");
}

static void test_cursor_that_the_listing_does_not_know_is_acknowledged(void **state)
{
    struct script *s = *state;
    client_core_load_cursor(s->core, view_of("a"), 1, 5, 3);
    script_online(s, "a", 5);
    script_pass(s, 50);
    script_expect(s, "> ack a:5/3\n");
}

static void test_ack_frames_hold_256_cursors(void **state)
{
    struct script *s = *state;
    script_online(s, "a", 0);
    for (unsigned i = 0; i < 257; i++) {
        char id[16];
        snprintf(id, sizeof(id), "c%u", i);
        script_message(s, 0, id, 1);
        script_skip(s);
    }
    script_pass(s, 50);
    script_skip(s);
    assert_int_equal(s->frames[s->frame_count - 2]->ack->n_cursors, 256);
    assert_int_equal(s->frames[s->frame_count - 1]->ack->n_cursors, 1);
}

static void test_displayed_is_at_most_stored(void **state)
{
    struct script *s = *state;
    script_online(s, "a", 0);
    script_message(s, 0, "a", 1);
    script_skip(s);
    client_core_displayed(s->core, s->now_ms, view_of("a"), 1, 9);
    script_expect(s, "cursor a 1 shown 1\n");
    client_core_displayed(s->core, s->now_ms, view_of("a"), 1, 1);
    script_expect(s, "");
    script_pass(s, 50);
    script_expect(s, "> ack a:1/1\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_acks_are_gathered, script_setup, script_teardown),
        cmocka_unit_test_setup_teardown(test_unconfirmed_acks_ride_on_heartbeats, script_setup,
                                        script_teardown),
        cmocka_unit_test_setup_teardown(test_unconfirmed_acks_are_sent_again_on_a_new_connection,
                                        script_setup, script_teardown),
        cmocka_unit_test_setup_teardown(test_cursor_that_the_listing_does_not_know_is_acknowledged,
                                        script_setup, script_teardown),
        cmocka_unit_test_setup_teardown(test_ack_frames_hold_256_cursors, script_setup,
                                        script_teardown),
        cmocka_unit_test_setup_teardown(test_displayed_is_at_most_stored, script_setup,
                                        script_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
