/* Acknowledgements: gathered, repeated until they are confirmed. */

#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "test_client_script.h"

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
    script_reconnect(s);
    script_skip(s);
    script_pass(s, 50);
    script_expect(s, "> ack a:1/0\n");
}

static void test_cursor_that_the_listing_does_not_know_is_acknowledged(void **state)
{
    struct script *s = *state;
    script_load(s, "a", 5, 3, 0);
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

static void test_what_is_gathered_goes_out_before_the_goodbye(void **state)
{
    struct script *s = *state;
    script_online(s, "a", 0);
    script_message(s, 0, "a", 1);
    script_skip(s);
    client_core_stop(s->core, s->now_ms);
    script_expect(s, "> ack a:1/0\n> goodbye\n");
}

/* ---- Receipts ---- */

/* Online with a store that has a name, and message 1 of conversation a stored and confirmed. */
static void begin_with_store(struct script *s)
{
    script_connect(s);
    script_welcome_of(s, 7);
    script_skip(s);
    script_listed(s, "a", 0, false);
    script_skip(s);
    script_message(s, 0, "a", 1);
    script_pass(s, 50);
    script_confirmed(s, "a", 1, 0);
    script_skip(s);
}

static void test_hello_brings_the_key(void **state)
{
    struct script *s = *state;
    begin_with_store(s);
    const wire_hello *hello = s->frames[0]->hello;
    assert_int_equal(hello->follow, WIRE(FOLLOW, PATCH));
    assert_int_equal(hello->device_key.len, 32);
    assert_memory_equal(hello->device_key.data, "0123456789abcdef", 16);
}

static void test_an_ack_that_passes_a_recall_carries_a_receipt(void **state)
{
    struct script *s = *state;
    begin_with_store(s);
    script_recall(s, SERVER_FRAME(EVENT), 0, "a", 2, 1);
    script_expect(s, "store a 2 recall of 1\napply a 2 to 1\ncursor a 2 shown 0\n"
                     "show a 2 recall of 1\n");
    script_message(s, 0, "a", 3);
    script_skip(s);
    script_pass(s, 50);
    script_expect(s, "> ack a:3/0+\n");
    const wire_receipt *receipt = s->frames[s->frame_count - 1]->ack->cursors[0]->receipt;
    assert_int_equal(receipt->stored, 3);
    assert_int_equal(receipt->signature.len, 0); /* the shell's */

    /* Unconfirmed, it comes again, with all that was stored meanwhile. */
    script_message(s, 0, "a", 4);
    script_skip(s);
    script_pass(s, 50);
    script_expect(s, "> ack a:4/0+\n");
    script_pass(s, 29900);
    script_expect(s, "> heartbeat a:4/0+\n");

    /* Confirmed, it does not. */
    script_confirmed(s, "a", 4, 0);
    script_message(s, 0, "a", 5);
    script_skip(s);
    script_pass(s, 50);
    script_expect(s, "> ack a:5/0\n");
}

/* The recall is applied, and the notice acknowledged, but the log up to it is not stored. */
static void test_a_recall_ahead_of_its_turn_is_not_signed_yet(void **state)
{
    struct script *s = *state;
    begin_with_store(s);
    script_recall(s, SERVER_FRAME(NOTICE), 0, "a", 3, 1);
    script_expect(s, "apply a 3 to 1\n");
    script_pass(s, 50);
    script_expect(s, "> ack !a:3\n");
    script_message(s, 0, "a", 2);
    script_expect(s, "store a 2 message\nstore a 3 recall of 1\ncursor a 3 shown 0\n"
                     "show a 2 message\nshow a 3 recall of 1\n");
    script_pass(s, 50);
    script_expect(s, "> ack a:3/0+\n");
}

static void test_a_recall_before_a_restart_is_signed_after_it(void **state)
{
    struct script *s = *state;
    script_load(s, "a", 5, 0, 4);
    script_load(s, "b", 5, 0, 0);
    script_connect(s);
    script_welcome_of(s, 7);
    script_skip(s);
    script_listed(s, "a", 5, true);
    script_skip(s);
    script_listed(s, "b", 5, false);
    script_skip(s);
    script_pass(s, 50);
    script_expect(s, "> ack a:5/0+ b:5/0\n");
}

/* The text that is signed names the store. */
static void test_nothing_is_signed_for_a_store_without_a_name(void **state)
{
    struct script *s = *state;
    script_online(s, "a", 0);
    script_message(s, 0, "a", 1);
    script_recall(s, SERVER_FRAME(EVENT), 0, "a", 2, 1);
    script_skip(s);
    script_pass(s, 50);
    script_expect(s, "> ack a:2/0\n");
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
        cmocka_unit_test_setup_teardown(test_what_is_gathered_goes_out_before_the_goodbye,
                                        script_setup, script_teardown),
        cmocka_unit_test_setup_teardown(test_hello_brings_the_key, script_setup, script_teardown),
        cmocka_unit_test_setup_teardown(test_an_ack_that_passes_a_recall_carries_a_receipt,
                                        script_setup, script_teardown),
        cmocka_unit_test_setup_teardown(test_a_recall_ahead_of_its_turn_is_not_signed_yet,
                                        script_setup, script_teardown),
        cmocka_unit_test_setup_teardown(test_a_recall_before_a_restart_is_signed_after_it,
                                        script_setup, script_teardown),
        cmocka_unit_test_setup_teardown(test_nothing_is_signed_for_a_store_without_a_name,
                                        script_setup, script_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
