/* Events as they come, recall notices, and the ways to follow. */

#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "test_client_script.h"

#include "base/limits.h"

/* ---- Pushes ---- */

static void test_push_is_stored_then_shown_with_one_cursor(void **state)
{
    struct script *s = *state;
    script_online(s, "a", 0);
    script_message(s, 0, "a", 1);
    script_message(s, 0, "a", 2);
    script_expect(s, "store a 1 message\nstore a 2 message\ncursor a 2 shown 0\n"
                     "show a 1 message\nshow a 2 message\n");
}

static void test_repeated_push_is_only_acknowledged_again(void **state)
{
    struct script *s = *state;
    script_online(s, "a", 0);
    script_message(s, 0, "a", 1);
    script_skip(s);
    script_pass(s, 50);
    script_expect(s, "> ack a:1/0\n");
    script_confirmed(s, "a", 1, 0);
    script_message(s, 0, "a", 1);
    script_expect(s, "");
    script_pass(s, 50);
    script_expect(s, "> ack a:1/0\n");
}

static void test_push_beyond_a_gap_reads(void **state)
{
    struct script *s = *state;
    script_online(s, "a", 0);
    script_message(s, 0, "a", 3);
    script_message(s, 0, "a", 4);
    script_expect(s, "> read a after 0\n");
    uint64_t request = script_request(s, CLIENT_FRAME(READ));
    for (uint64_t seq = 1; seq <= 3; seq++)
        script_message(s, request, "a", seq);
    script_skip(s);
    script_page_end(s, request, "a", 3, false);
    script_expect(s, "> read a after 3\n");
}

static void test_malformed_push_breaks(void **state)
{
    struct script *s = *state;
    script_online(s, "a", 0);
    script_message(s, 0, "not an id", 1);
    script_expect(s, "disconnect\nlink down\n");
    script_reconnect(s);
    script_skip(s);
    script_message(s, 0, "a", 0);
    script_expect(s, "disconnect\nlink down\n");
}

/* ---- Recalls ---- */

static void test_recall_in_its_turn_is_applied_once(void **state)
{
    struct script *s = *state;
    script_online(s, "a", 0);
    script_message(s, 0, "a", 1);
    script_recall(s, SERVER_FRAME(EVENT), 0, "a", 2, 1);
    script_expect(s, "store a 1 message\nstore a 2 recall of 1\napply a 2 to 1\n"
                     "cursor a 2 shown 0\nshow a 1 message\nshow a 2 recall of 1\n");
    script_recall(s, SERVER_FRAME(NOTICE), 0, "a", 2, 1);
    script_expect(s, "");
    script_pass(s, 50);
    script_expect(s, "> ack a:2/0 !a:2\n");
}

static void test_notice_that_continues_the_cursor_counts_as_the_event(void **state)
{
    struct script *s = *state;
    script_online(s, "a", 0);
    script_message(s, 0, "a", 1);
    script_skip(s);
    script_recall(s, SERVER_FRAME(NOTICE), 0, "a", 2, 1);
    script_expect(s, "store a 2 recall of 1\napply a 2 to 1\ncursor a 2 shown 0\n"
                     "show a 2 recall of 1\n");
}

static void test_notice_ahead_is_applied_at_once_and_stored_in_its_turn(void **state)
{
    struct script *s = *state;
    script_online(s, "a", 0);
    script_message(s, 0, "a", 1);
    script_skip(s);
    script_recall(s, SERVER_FRAME(NOTICE), 0, "a", 3, 1);
    script_expect(s, "apply a 3 to 1\n");
    script_recall(s, SERVER_FRAME(NOTICE), 0, "a", 3, 1);
    script_expect(s, "");
    script_message(s, 0, "a", 2);
    script_expect(s, "store a 2 message\nstore a 3 recall of 1\ncursor a 3 shown 0\n"
                     "show a 2 message\nshow a 3 recall of 1\n");
    script_pass(s, 50);
    script_expect(s, "> ack a:3/0 !a:3 !a:3\n");
    script_recall(s, SERVER_FRAME(EVENT), 0, "a", 3, 1);
    script_expect(s, "");
}

static void test_body_that_a_recall_overtook_is_not_let_in(void **state)
{
    struct script *s = *state;
    script_online(s, "a", 0);
    script_recall(s, SERVER_FRAME(NOTICE), 0, "a", 3, 2);
    script_expect(s, "apply a 3 to 2\n");
    script_message(s, 0, "a", 1);
    script_message(s, 0, "a", 2);
    script_expect(s, "store a 1 message\nstore a 2 tombstone\nstore a 3 recall of 2\n"
                     "cursor a 3 shown 0\n"
                     "show a 1 message\nshow a 2 tombstone\nshow a 3 recall of 2\n");
}

static void test_notice_ahead_reads_when_the_pushes_do_not_come(void **state)
{
    struct script *s = *state;
    script_online(s, "a", 0);
    script_recall(s, SERVER_FRAME(NOTICE), 0, "a", 3, 2);
    script_skip(s);
    script_pass(s, 999);
    script_expect(s, "> ack !a:3\n");
    script_pass(s, 1);
    script_expect(s, "> read a after 0\n");
}

static void test_held_recalls_are_bounded(void **state)
{
    struct script *s = *state;
    script_online(s, "a", 0);
    for (uint64_t seq = 2; seq < 2 + LIMIT_AHEAD_MAX + 1; seq++) {
        script_recall(s, SERVER_FRAME(NOTICE), 0, "a", seq, 1);
        script_skip(s);
    }
    script_message(s, 0, "a", 1); /* the oldest, 2, was dropped: the log brings it */
    script_expect(s, "store a 1 tombstone\ncursor a 1 shown 0\nshow a 1 tombstone\n");
    assert_int_equal(client_core_stored(s->core, view_of("a"), 1), 1);
    script_recall(s, SERVER_FRAME(EVENT), 0, "a", 2, 1);
    script_skip(s);
    assert_int_equal(client_core_stored(s->core, view_of("a"), 1), 2 + LIMIT_AHEAD_MAX);
}

static void test_notice_that_is_no_recall_breaks(void **state)
{
    struct script *s = *state;
    script_online(s, "a", 0);
    wire_event event;
    unsay__v1__event__init(&event);
    event.conversation = string_of("a");
    event.origin = 1;
    event.seq = 1;
    script_frame(s, 0, SERVER_FRAME(NOTICE), &event);
    script_expect(s, "disconnect\nlink down\n");
}

/* ---- Ways to follow ---- */

static void test_a_refresh_makes_the_conversation_read(void **state)
{
    struct script *s = *state;
    script_online(s, "a", 0);
    script_message(s, 0, "a", 1);
    script_skip(s);
    script_pass(s, 50);
    script_confirmed(s, "a", 1, 0);
    script_skip(s);
    script_refresh(s, "a", 3);
    script_expect(s, "> read a after 1\n");
    script_pass(s, 60); /* not acknowledged before it is applied */
    script_expect(s, "");
    uint64_t request = script_request(s, CLIENT_FRAME(READ));
    script_message(s, request, "a", 2);
    script_recall(s, SERVER_FRAME(EVENT), request, "a", 3, 1);
    script_page_end(s, request, "a", 3, false);
    script_expect(s, "store a 2 message\nstore a 3 recall of 1\napply a 3 to 1\n"
                     "cursor a 3 shown 0\nshow a 2 message\nshow a 3 recall of 1\n");
    script_pass(s, 50);
    script_expect(s, "> ack a:3/0 !a:3\n");
    script_refresh(s, "a", 3); /* the acknowledgement was lost */
    script_pass(s, 50);
    script_expect(s, "> ack !a:3\n");
}

static void test_a_replacement_is_applied_at_once(void **state)
{
    struct script *s = *state;
    script_online(s, "a", 0);
    script_message(s, 0, "a", 1);
    script_skip(s);
    script_replace(s, "a", 3, 1, 1);
    script_expect(s, "apply a 3 to 1\n");
    script_replace(s, "a", 4, 2, 2);
    script_expect(s, "apply a 4 to 2\n");
    script_message(s, 0, "a", 2); /* with the body that it had */
    script_expect(s, "store a 2 tombstone\nstore a 3 recall of 1\nstore a 4 recall of 2\n"
                     "cursor a 4 shown 0\nshow a 2 tombstone\nshow a 3 recall of 1\n"
                     "show a 4 recall of 2\n");
}

static void test_a_replacement_of_something_else_breaks_the_connection(void **state)
{
    struct script *s = *state;
    script_online(s, "a", 0);
    script_message(s, 0, "a", 1);
    script_skip(s);
    script_replace(s, "a", 3, 1, 2);
    script_expect(s, "disconnect\nlink down\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_push_is_stored_then_shown_with_one_cursor,
                                        script_setup, script_teardown),
        cmocka_unit_test_setup_teardown(test_repeated_push_is_only_acknowledged_again, script_setup,
                                        script_teardown),
        cmocka_unit_test_setup_teardown(test_push_beyond_a_gap_reads, script_setup,
                                        script_teardown),
        cmocka_unit_test_setup_teardown(test_malformed_push_breaks, script_setup, script_teardown),
        cmocka_unit_test_setup_teardown(test_recall_in_its_turn_is_applied_once, script_setup,
                                        script_teardown),
        cmocka_unit_test_setup_teardown(test_notice_that_continues_the_cursor_counts_as_the_event,
                                        script_setup, script_teardown),
        cmocka_unit_test_setup_teardown(test_notice_ahead_is_applied_at_once_and_stored_in_its_turn,
                                        script_setup, script_teardown),
        cmocka_unit_test_setup_teardown(test_body_that_a_recall_overtook_is_not_let_in,
                                        script_setup, script_teardown),
        cmocka_unit_test_setup_teardown(test_notice_ahead_reads_when_the_pushes_do_not_come,
                                        script_setup, script_teardown),
        cmocka_unit_test_setup_teardown(test_held_recalls_are_bounded, script_setup,
                                        script_teardown),
        cmocka_unit_test_setup_teardown(test_notice_that_is_no_recall_breaks, script_setup,
                                        script_teardown),
        cmocka_unit_test_setup_teardown(test_a_refresh_makes_the_conversation_read, script_setup,
                                        script_teardown),
        cmocka_unit_test_setup_teardown(test_a_replacement_is_applied_at_once, script_setup,
                                        script_teardown),
        cmocka_unit_test_setup_teardown(test_a_replacement_of_something_else_breaks_the_connection,
                                        script_setup, script_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
