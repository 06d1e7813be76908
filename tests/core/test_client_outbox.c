/* Sending: order, repetition, refusal and giving up. */

#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "test_client_script.h"

#include "base/limits.h"

static void reconnect(struct script *s)
{
    client_core_network_changed(s->core, s->now_ms);
    client_core_link_up(s->core, s->now_ms);
    script_skip(s);
    script_welcome(s);
}

/* Online, with messages 1, 2 and 3 of conversation a in flight. */
static void send_three(struct script *s)
{
    script_online(s, "a", 0);
    for (uint8_t id = 1; id <= 3; id++)
        assert_true(script_offer(s, id, "a", id));
    script_expect(s, "> send a 1 after 0\n> send a 2 after 1\n> send a 3 after 2\n");
    assert_int_equal(client_core_in_flight(s->core), 3);
}

static void test_each_send_names_its_unresolved_predecessor(void **state)
{
    struct script *s = *state;
    send_three(s);
    assert_true(script_offer(s, 4, "b", 4));
    script_expect(s, "> send b 4 after 0\n");
    for (uint8_t id = 1; id <= 3; id++)
        script_accepted(s, script_send_request(s, id), "a", id, id);
    script_expect(s, "accepted 1 at 1\naccepted 2 at 2\naccepted 3 at 3\n"
                     "sent 1 accepted\nsent 2 accepted\nsent 3 accepted\n");
    assert_true(script_offer(s, 5, "a", 5));
    script_expect(s, "> send a 5 after 0\n");
}

static void test_accepted_counts_once(void **state)
{
    struct script *s = *state;
    send_three(s);
    uint64_t request = script_send_request(s, 1);
    script_accepted(s, request, "a", 1, 1);
    script_skip(s);
    script_accepted(s, request, "a", 1, 1);
    script_expect(s, "");
}

static void test_accepted_for_another_message_breaks(void **state)
{
    struct script *s = *state;
    send_three(s);
    script_accepted(s, script_send_request(s, 1), "a", 2, 1);
    script_expect(s, "disconnect\nlink down\n");
}

static void test_unanswered_send_is_repeated_and_given_up(void **state)
{
    struct script *s = *state;
    script_online(s, "a", 0);
    script_offer(s, 1, "a", 1);
    uint64_t began_ms = s->now_ms;
    script_skip(s);
    uint64_t pause_ms = 1000;
    uint64_t last_ms = began_ms;
    unsigned repetitions = 0;
    wire_heartbeat_reply alive = UNSAY__V1__HEARTBEAT_REPLY__INIT;
    size_t seen = s->frame_count;
    while (client_core_in_flight(s->core) == 1) {
        script_frame(s, 4, SERVER_FRAME(HEARTBEAT), &alive);
        script_pass(s, 10);
        for (; seen < s->frame_count; seen++) {
            if (s->frames[seen]->body_case != CLIENT_FRAME(SEND))
                continue;
            assert_in_range(s->now_ms - last_ms, pause_ms - 10, pause_ms * 5 / 4 + 10);
            last_ms = s->now_ms;
            pause_ms = pause_ms < 32000 ? pause_ms * 2 : 32000;
            repetitions++;
        }
    }
    assert_in_range(repetitions, 11, 14);
    assert_in_range(s->now_ms - began_ms, 300000, 300010);
    assert_non_null(strstr(s->trace, "\nfailed 1 \n"));
    assert_non_null(strstr(s->trace, "\nsent 1 failed \n"));
}

static void test_answer_to_an_older_transmission_counts(void **state)
{
    struct script *s = *state;
    script_online(s, "a", 0);
    script_offer(s, 1, "a", 1);
    script_skip(s);
    uint64_t first = script_send_request(s, 1);
    script_pass(s, 1500);
    script_expect(s, "> send a 1 after 0\n");
    assert_true(script_send_request(s, 1) != first);
    script_accepted(s, first, "a", 1, 1);
    script_expect(s, "accepted 1 at 1\nsent 1 accepted\n");
}

static void test_without_a_connection_it_is_given_up_too(void **state)
{
    struct script *s = *state;
    client_core_start(s->core, s->now_ms);
    script_skip(s);
    client_core_outbox_loaded(s->core, s->now_ms, false);
    script_offer(s, 1, "a", 1);
    script_pass(s, 299999);
    script_skip(s);
    script_pass(s, 1);
    script_expect(s, "failed 1 \nsent 1 failed \n");
}

static void test_reconnect_sends_the_window_again_at_once_in_order(void **state)
{
    struct script *s = *state;
    send_three(s);
    reconnect(s);
    script_expect(s, "link syncing\n> send a 1 after 0\n> send a 2 after 1\n> send a 3 after 2\n"
                     "> list \"\"\n");
}

static void test_refusal_for_good_fails(void **state)
{
    struct script *s = *state;
    send_three(s);
    script_error(s, script_send_request(s, 1), REFUSAL_CODE(NOT_A_MEMBER), 0);
    script_expect(s, "failed 1 not_a_member\nsent 1 failed not_a_member\n");
}

static void test_out_of_order_after_a_failed_one_goes_out_at_once(void **state)
{
    struct script *s = *state;
    send_three(s);
    uint64_t second = script_send_request(s, 2);
    uint64_t third = script_send_request(s, 3);
    script_error(s, script_send_request(s, 1), REFUSAL_CODE(BODY_TOO_LARGE), 0);
    script_skip(s);
    script_error(s, second, REFUSAL_CODE(OUT_OF_ORDER), 0);
    script_expect(s, "> send a 2 after 0\n> send a 3 after 2\n");
    script_error(s, third, REFUSAL_CODE(OUT_OF_ORDER), 0);
    script_expect(s, "");
}

static void test_out_of_order_again_and_again_does_not_spin(void **state)
{
    struct script *s = *state;
    script_online(s, "a", 0);
    script_offer(s, 1, "a", 1);
    script_skip(s);
    for (int i = 0; i < 4; i++) {
        script_error(s, script_send_request(s, 1), REFUSAL_CODE(OUT_OF_ORDER), 0);
        script_expect(s, "");
        script_pass(s, (UINT64_C(1000) << i) - 1);
        script_expect(s, "");
        script_pass(s, (UINT64_C(250) << i) + 1);
        script_expect(s, "> send a 1 after 0\n");
    }
}

static void test_refusal_for_now_pauses_those_after_it(void **state)
{
    struct script *s = *state;
    send_three(s);
    script_error(s, script_send_request(s, 1), REFUSAL_CODE(RATE_LIMITED), 5000);
    script_error(s, script_send_request(s, 2), REFUSAL_CODE(OUT_OF_ORDER), 0);
    script_error(s, script_send_request(s, 3), REFUSAL_CODE(OUT_OF_ORDER), 0);
    script_offer(s, 4, "a", 4);
    script_offer(s, 5, "b", 5);
    script_expect(s, "> send b 5 after 0\n");
    script_accepted(s, script_send_request(s, 5), "b", 5, 1);
    script_skip(s);
    script_pass(s, 4999);
    script_expect(s, "");
    script_pass(s, 1);
    script_expect(s, "> send a 1 after 0\n> send a 2 after 1\n> send a 3 after 2\n"
                     "> send a 4 after 3\n");
}

static void test_out_of_order_waits_for_a_predecessor_under_way(void **state)
{
    struct script *s = *state;
    send_three(s);
    script_error(s, script_send_request(s, 2), REFUSAL_CODE(OUT_OF_ORDER), 0);
    script_expect(s, "");
    script_accepted(s, script_send_request(s, 1), "a", 1, 1);
    script_expect(s, "accepted 1 at 1\nsent 1 accepted\n> send a 2 after 0\n> send a 3 after 2\n");
}

/* Of 40 kB each, three go out; every answer lets more go, a repetition less. */
static void test_what_is_under_way_grows_with_the_answers(void **state)
{
    struct script *s = *state;
    static uint8_t body[40000];
    s->body = view_make(body, sizeof(body));
    script_online(s, "a", 0);
    for (uint64_t number = 1; number <= 40; number++)
        assert_true(script_offer(s, number, "a", (uint8_t)number));
    script_expect(s, "> send a 1 after 0\n> send a 2 after 1\n> send a 3 after 2\n");
    script_accepted(s, script_send_request(s, 1), "a", 1, 1);
    script_expect(s, "accepted 1 at 1\nsent 1 accepted\n> send a 4 after 3\n> send a 5 after 4\n");
    for (uint8_t id = 2; id <= 9; id++) {
        script_accepted(s, script_send_request(s, id), "a", id, id);
        script_skip(s);
    }
    assert_int_equal(client_core_in_flight(s->core), 12);
}

static void test_only_the_oldest_of_a_lane_is_repeated(void **state)
{
    struct script *s = *state;
    static uint8_t body[40000];
    script_online(s, "a", 0);
    for (uint8_t id = 1; id <= 3; id++)
        assert_true(script_offer(s, id, "a", id));
    assert_true(script_offer(s, 4, "b", 4));
    script_skip(s);
    uint64_t requests[] = {script_send_request(s, 1), script_send_request(s, 2),
                           script_send_request(s, 3), script_send_request(s, 4)};
    script_pass(s, 1300);
    assert_true(script_send_request(s, 1) != requests[0]);
    assert_int_equal(script_send_request(s, 2), requests[1]);
    assert_int_equal(script_send_request(s, 3), requests[2]);
    assert_true(script_send_request(s, 4) != requests[3]);
    script_skip(s);
    script_accepted(s, script_send_request(s, 1), "a", 1, 1);
    script_pass(s, 1);
    script_expect(s, "accepted 1 at 1\nsent 1 accepted\n> send a 2 after 0\n");
    /* Three repetitions left an eighth of the room: it lets go what is small, or one alone. */
    s->body = view_make(body, sizeof(body));
    assert_true(script_offer(s, 5, "c", 5));
    script_expect(s, "");
    for (uint8_t id = 2; id <= 3; id++)
        script_accepted(s, script_send_request(s, id), "a", id, id);
    script_skip(s);
    script_accepted(s, script_send_request(s, 4), "b", 4, 1);
    script_expect(s, "accepted 4 at 1\nsent 4 accepted\n> send c 5 after 0\n");
}

static void test_what_waits_for_its_turn_is_not_given_up(void **state)
{
    struct script *s = *state;
    static uint8_t body[60000];
    s->body = view_make(body, sizeof(body));
    script_online(s, "a", 0);
    for (uint8_t id = 1; id <= 8; id++)
        assert_true(script_offer(s, id, "a", id));
    for (uint8_t id = 1; id <= 8; id++) {
        script_pass(s, 70000);
        client_core_network_changed(s->core, s->now_ms); /* silence has closed the link */
        client_core_link_up(s->core, s->now_ms);
        script_skip(s);
        script_welcome(s);
        script_skip(s);
        script_accepted(s, script_send_request(s, id), "a", id, id);
        script_skip(s);
    }
    assert_int_equal(client_core_in_flight(s->core), 0);
}

static void test_a_lane_that_waits_leaves_the_room_to_others(void **state)
{
    struct script *s = *state;
    static uint8_t body[60000];
    s->body = view_make(body, sizeof(body));
    script_online(s, "a", 0);
    for (uint8_t id = 1; id <= 2; id++)
        assert_true(script_offer(s, id, "a", id));
    assert_true(script_offer(s, 3, "b", 3));
    script_expect(s, "> send a 1 after 0\n> send a 2 after 1\n");
    script_error(s, script_send_request(s, 1), REFUSAL_CODE(OVERLOADED), 0);
    script_expect(s, "> send b 3 after 0\n");
}

static void test_window_is_bounded_and_filled_again(void **state)
{
    struct script *s = *state;
    script_online(s, "a", 0);
    for (uint64_t number = 1; number <= LIMIT_OUTBOX_WINDOW; number++)
        assert_true(script_offer(s, number, "a", (uint8_t)number));
    assert_false(script_offer(s, 257, "a", 1));
    script_skip(s);
    assert_int_equal(client_core_in_flight(s->core), LIMIT_OUTBOX_WINDOW);
    for (uint64_t i = 0; i < LIMIT_OUTBOX_WINDOW / 2; i++) {
        script_expect(s, "");
        uint64_t request = s->frames[s->frame_count - LIMIT_OUTBOX_WINDOW + i]->request;
        script_accepted(s, request, "a", (uint8_t)(i + 1), i + 1);
        if (i + 1 < LIMIT_OUTBOX_WINDOW / 2)
            script_skip(s);
    }
    script_expect(s, "accepted 128 at 128\nsent 128 accepted\nload after 256 count 128\n");
    assert_true(script_offer(s, 257, "a", 1));
    client_core_outbox_loaded(s->core, s->now_ms, false);
    assert_true(script_offer(s, 258, "a", 2));
    assert_false(script_offer(s, 258, "a", 2));
}

static void test_new_entry_does_not_overtake_the_load(void **state)
{
    struct script *s = *state;
    client_core_start(s->core, s->now_ms);
    assert_false(script_offer(s, 7, "a", 7));
    script_skip(s);
    assert_true(script_offer(s, 6, "a", 6));
    assert_true(script_offer(s, 7, "a", 7));
    client_core_outbox_loaded(s->core, s->now_ms, false);
    assert_true(script_offer(s, 8, "a", 8));
}

static void test_entries_that_no_server_takes_fail_at_once(void **state)
{
    struct script *s = *state;
    script_online(s, "a", 0);
    assert_true(script_offer(s, 1, "no id", 1));
    script_expect(s, "failed 1 invalid_id\nsent 1 failed invalid_id\n");
}

static void test_error_that_closes_fails_only_its_send(void **state)
{
    struct script *s = *state;
    send_three(s);
    wire_error error;
    unsay__v1__error__init(&error);
    error.code = REFUSAL_CODE(FIELD_INVALID);
    error.closing = true;
    script_frame(s, script_send_request(s, 1), SERVER_FRAME(ERROR), &error);
    script_expect(s, "failed 1 field_invalid\nsent 1 failed field_invalid\ndisconnect\n"
                     "link down\n");
    error.code = REFUSAL_CODE(TOKEN_EXPIRED);
    reconnect(s);
    script_skip(s);
    script_frame(s, script_send_request(s, 2), SERVER_FRAME(ERROR), &error);
    script_expect(s, "disconnect\nlink rejected\n");
}

/* ---- Details ---- */

static struct view pack_detail(wire_send *send, uint8_t bytes[256])
{
    return view_make(bytes, unsay__v1__send__pack(send, bytes));
}

static const wire_send *last_send(struct script *s)
{
    return s->frames[s->frame_count - 1]->send;
}

static void test_details_go_along(void **state)
{
    struct script *s = *state;
    uint8_t bytes[256];
    char *mentions[] = {string_of("bob"), string_of("*")};
    wire_reference quote = UNSAY__V1__REFERENCE__INIT;
    quote.origin = 1;
    quote.seq = 5;
    wire_send detail = UNSAY__V1__SEND__INIT;
    detail.quote = &quote;
    detail.n_mentions = 2;
    detail.mentions = mentions;
    script_online(s, "a", 0);
    assert_true(script_offer_with(s, 1, "a", 1, pack_detail(&detail, bytes), false));
    script_expect(s, "> send a 1 after 0\n");
    assert_int_equal(last_send(s)->quote->seq, 5);
    assert_int_equal(last_send(s)->n_mentions, 2);
    assert_string_equal(last_send(s)->mentions[1], "*");
    assert_null(last_send(s)->forward);
    assert_int_equal(last_send(s)->body.len, 5);
}

/* What was quoted or forwarded has another number in another store's log. */
static void test_references_to_another_log_fail(void **state)
{
    struct script *s = *state;
    uint8_t bytes[256];
    wire_source source = UNSAY__V1__SOURCE__INIT;
    source.conversation = string_of("b");
    source.seq = 5;
    wire_send detail = UNSAY__V1__SEND__INIT;
    detail.forward = &source;
    struct uuid store = {{[UUID_BYTES - 1] = 1}};
    client_core_load_store(s->core, &store);
    script_connect(s);
    assert_true(script_offer_with(s, 1, "a", 1, pack_detail(&detail, bytes), false));
    assert_true(script_offer_with(s, 2, "a", 2, view_make(NULL, 0), false));
    assert_true(script_offer_with(s, 3, "a", 3, pack_detail(&detail, bytes), true));
    script_expect(s, "failed 3 unknown_message\nsent 3 failed unknown_message\n");
    script_welcome_of(s, 2);
    script_expect(s, "forget\nfailed 1 unknown_message\nstore 2\nlink syncing\n"
                     "sent 1 failed unknown_message\n> send a 2 after 0\n> list \"\"\n");
}

static void test_details_that_cannot_be_read_fail(void **state)
{
    struct script *s = *state;
    script_online(s, "a", 0);
    assert_true(script_offer_with(s, 1, "a", 1, view_of("\xff\xff"), false));
    script_expect(s, "failed 1 field_invalid\nsent 1 failed field_invalid\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_each_send_names_its_unresolved_predecessor,
                                        script_setup, script_teardown),
        cmocka_unit_test_setup_teardown(test_accepted_counts_once, script_setup, script_teardown),
        cmocka_unit_test_setup_teardown(test_accepted_for_another_message_breaks, script_setup,
                                        script_teardown),
        cmocka_unit_test_setup_teardown(test_unanswered_send_is_repeated_and_given_up, script_setup,
                                        script_teardown),
        cmocka_unit_test_setup_teardown(test_answer_to_an_older_transmission_counts, script_setup,
                                        script_teardown),
        cmocka_unit_test_setup_teardown(test_without_a_connection_it_is_given_up_too, script_setup,
                                        script_teardown),
        cmocka_unit_test_setup_teardown(test_reconnect_sends_the_window_again_at_once_in_order,
                                        script_setup, script_teardown),
        cmocka_unit_test_setup_teardown(test_refusal_for_good_fails, script_setup, script_teardown),
        cmocka_unit_test_setup_teardown(test_out_of_order_after_a_failed_one_goes_out_at_once,
                                        script_setup, script_teardown),
        cmocka_unit_test_setup_teardown(test_out_of_order_again_and_again_does_not_spin,
                                        script_setup, script_teardown),
        cmocka_unit_test_setup_teardown(test_refusal_for_now_pauses_those_after_it, script_setup,
                                        script_teardown),
        cmocka_unit_test_setup_teardown(test_out_of_order_waits_for_a_predecessor_under_way,
                                        script_setup, script_teardown),
        cmocka_unit_test_setup_teardown(test_what_is_under_way_grows_with_the_answers, script_setup,
                                        script_teardown),
        cmocka_unit_test_setup_teardown(test_only_the_oldest_of_a_lane_is_repeated, script_setup,
                                        script_teardown),
        cmocka_unit_test_setup_teardown(test_what_waits_for_its_turn_is_not_given_up, script_setup,
                                        script_teardown),
        cmocka_unit_test_setup_teardown(test_a_lane_that_waits_leaves_the_room_to_others,
                                        script_setup, script_teardown),
        cmocka_unit_test_setup_teardown(test_window_is_bounded_and_filled_again, script_setup,
                                        script_teardown),
        cmocka_unit_test_setup_teardown(test_new_entry_does_not_overtake_the_load, script_setup,
                                        script_teardown),
        cmocka_unit_test_setup_teardown(test_entries_that_no_server_takes_fail_at_once,
                                        script_setup, script_teardown),
        cmocka_unit_test_setup_teardown(test_error_that_closes_fails_only_its_send, script_setup,
                                        script_teardown),
        cmocka_unit_test_setup_teardown(test_details_go_along, script_setup, script_teardown),
        cmocka_unit_test_setup_teardown(test_references_to_another_log_fail, script_setup,
                                        script_teardown),
        cmocka_unit_test_setup_teardown(test_details_that_cannot_be_read_fail, script_setup,
                                        script_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
