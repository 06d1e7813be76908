/* The connection and the application's requests. */

#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "test_client_script.h"

#include "core/frame.h"

static void test_start_loads_connects_and_greets(void **state)
{
    struct script *s = *state;
    client_core_start(s->core, s->now_ms);
    script_expect(s, "load after 0 count 256\nlink connecting\nconnect\n");
    client_core_link_up(s->core, s->now_ms);
    script_expect(s, "> hello\n");
    script_welcome(s);
    script_expect(s, "link syncing\n> list \"\"\n");
    script_listed(s, "a", 0, false);
    script_expect(s, "conversation a\nlink live\n");
}

static void test_reconnects_with_growing_pauses_then_goes_offline(void **state)
{
    struct script *s = *state;
    client_core_start(s->core, s->now_ms);
    script_skip(s);
    uint64_t longest_ms = 0;
    for (uint32_t failure = 0; failure < 9; failure++) {
        client_core_link_down(s->core, s->now_ms, "refused");
        script_expect(s, "link down\n");
        uint64_t pause_ms = s->wake_ms - s->now_ms;
        assert_true(pause_ms <= (UINT64_C(1000) << failure) && pause_ms <= 30000);
        longest_ms = pause_ms > longest_ms ? pause_ms : longest_ms;
        script_pass(s, pause_ms);
        script_expect(s, "link connecting\nconnect\n");
    }
    assert_true(longest_ms > 2000);
    client_core_link_down(s->core, s->now_ms, "refused");
    script_expect(s, "link offline\n");
    script_pass(s, 3600000);
    script_expect(s, "");
    client_core_network_changed(s->core, s->now_ms);
    script_expect(s, "link connecting\nconnect\n");
}

static void test_welcome_alone_does_not_forget_failures(void **state)
{
    struct script *s = *state;
    client_core_start(s->core, s->now_ms);
    for (uint32_t failure = 0; failure < 10; failure++) {
        client_core_link_up(s->core, s->now_ms);
        script_skip(s);
        script_welcome(s);
        script_skip(s);
        client_core_link_down(s->core, s->now_ms, "cut");
        script_pass(s, 30000);
    }
    assert_int_equal(client_core_link(s->core), CLIENT_LINK_OFFLINE);
}

static void test_retry_after_is_the_least_pause(void **state)
{
    struct script *s = *state;
    script_online(s, "a", 0);
    script_closing(s, REFUSAL_CODE(SHUTTING_DOWN), 20000);
    script_expect(s, "disconnect\nlink down\n");
    script_pass(s, 19999);
    script_expect(s, "");
    script_pass(s, 5001);
    script_expect(s, "link connecting\nconnect\n");
}

/* ... and no failure: however often the server says so, it is not given up. */
static void test_who_is_told_when_to_come_is_not_offline(void **state)
{
    struct script *s = *state;
    uint64_t earliest_ms = UINT64_MAX;
    uint64_t latest_ms = 0;
    script_connect(s);
    for (int i = 0; i < 50; i++) {
        script_closing(s, REFUSAL_CODE(OVERLOADED), 8000);
        script_expect(s, "disconnect\nlink down\n");
        uint64_t pause_ms = s->wake_ms - s->now_ms;
        earliest_ms = pause_ms < earliest_ms ? pause_ms : earliest_ms;
        latest_ms = pause_ms > latest_ms ? pause_ms : latest_ms;
        script_pass(s, pause_ms);
        script_expect(s, "link connecting\nconnect\n");
        client_core_link_up(s->core, s->now_ms);
        script_skip(s);
    }
    assert_true(earliest_ms >= 8000 && latest_ms <= 10000 && latest_ms - earliest_ms > 1000);
}

static void test_refused_token_waits_for_a_new_one(void **state)
{
    struct script *s = *state;
    script_connect(s);
    script_closing(s, REFUSAL_CODE(TOKEN_EXPIRED), 0);
    script_expect(s, "disconnect\nlink rejected\n");
    script_pass(s, 3600000);
    client_core_network_changed(s->core, s->now_ms);
    script_expect(s, "");
    client_core_set_token(s->core, s->now_ms, "another");
    script_expect(s, "link connecting\nconnect\n");
    client_core_link_up(s->core, s->now_ms);
    script_expect(s, "> hello\n");
    assert_string_equal(s->frames[s->frame_count - 1]->hello->token, "another");
}

static void test_replaced_session_comes_back_when_the_network_changes(void **state)
{
    struct script *s = *state;
    script_online(s, "a", 0);
    script_closing(s, REFUSAL_CODE(SESSION_REPLACED), 0);
    script_expect(s, "disconnect\nlink rejected\n");
    client_core_network_changed(s->core, s->now_ms);
    script_expect(s, "link connecting\nconnect\n");
}

static void test_network_change_replaces_a_live_connection(void **state)
{
    struct script *s = *state;
    script_online(s, "a", 0);
    client_core_network_changed(s->core, s->now_ms);
    script_expect(s, "disconnect\nlink connecting\nconnect\n");
}

static void test_missing_welcome_breaks_the_connection(void **state)
{
    struct script *s = *state;
    script_connect(s);
    script_pass(s, 9999);
    script_expect(s, "");
    script_pass(s, 1);
    script_expect(s, "disconnect\nlink down\n");
}

static void test_missing_page_breaks_the_connection(void **state)
{
    struct script *s = *state;
    script_online(s, "a", 3);
    script_pass(s, 9999);
    script_expect(s, "");
    script_pass(s, 1);
    script_expect(s, "disconnect\nlink down\n");
}

static void test_heartbeats_and_silence(void **state)
{
    struct script *s = *state;
    script_online(s, "a", 0);
    script_pass(s, 30000);
    script_expect(s, "> heartbeat\n");
    wire_heartbeat_reply reply = UNSAY__V1__HEARTBEAT_REPLY__INIT;
    script_frame(s, script_request(s, CLIENT_FRAME(HEARTBEAT)), SERVER_FRAME(HEARTBEAT), &reply);
    script_pass(s, 29999);
    script_expect(s, "");
    script_pass(s, 1);
    script_expect(s, "> heartbeat\n");
    script_pass(s, 10000);
    script_expect(s, "> heartbeat\n");
    script_pass(s, 9999);
    script_expect(s, "");
    script_pass(s, 1);
    script_expect(s, "disconnect\nlink down\n");
}

static void test_malformed_frames_break_the_connection(void **state)
{
    struct script *s = *state;
    static const uint8_t garbage[] = {0, 0, 0, 3, 0xff, 0xff, 0xff};
    for (size_t size = 0; size <= sizeof(garbage); size++) {
        client_core_network_changed(s->core, s->now_ms);
        if (size == 0)
            script_online(s, "a", 0);
        else
            client_core_link_up(s->core, s->now_ms);
        script_skip(s);
        client_core_frame(s->core, s->now_ms, view_make(garbage, size));
        script_expect(s, "disconnect\nlink down\n");
    }
}

static void test_events_before_welcome_break_the_connection(void **state)
{
    struct script *s = *state;
    script_connect(s);
    script_message(s, 0, "a", 1);
    script_expect(s, "disconnect\nlink down\n");
}

static void test_stray_frames_of_a_lost_connection_are_nothing(void **state)
{
    struct script *s = *state;
    script_online(s, "a", 0);
    client_core_link_down(s->core, s->now_ms, "cut");
    script_expect(s, "link down\n");
    script_message(s, 0, "a", 1);
    client_core_link_down(s->core, s->now_ms, "cut");
    client_core_link_up(s->core, s->now_ms);
    script_expect(s, "");
}

/* ---- Requests ---- */

static bool ask_to_open(struct script *s, uint64_t token)
{
    wire_open_conversation open;
    unsay__v1__open_conversation__init(&open);
    open.user = string_of("li");
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    frame.body_case = CLIENT_FRAME(OPEN_CONVERSATION);
    frame.open_conversation = &open;
    return client_core_request(s->core, s->now_ms, token, &frame, 30000);
}

static bool ask_to_read(struct script *s, uint64_t token)
{
    wire_read read;
    unsay__v1__read__init(&read);
    read.conversation = string_of("a");
    read.limit = 2;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    frame.body_case = CLIENT_FRAME(READ);
    frame.read = &read;
    return client_core_request(s->core, s->now_ms, token, &frame, 30000);
}

static void say_opened(struct script *s, uint64_t request)
{
    wire_opened opened;
    unsay__v1__opened__init(&opened);
    opened.conversation = string_of("d:li:me");
    script_frame(s, request, SERVER_FRAME(OPENED), &opened);
}

static void test_request_is_answered_once(void **state)
{
    struct script *s = *state;
    script_online(s, "a", 0);
    assert_true(ask_to_open(s, 7));
    script_expect(s, "> request\n");
    uint64_t request = script_request(s, CLIENT_FRAME(OPEN_CONVERSATION));
    say_opened(s, request);
    script_expect(s, "answer 7 opened\n");
    assert_true(ask_to_open(s, 8));
    script_skip(s);
    say_opened(s, request);
    script_expect(s, "");
}

static void test_request_survives_a_reconnect_under_its_number(void **state)
{
    struct script *s = *state;
    assert_true(ask_to_open(s, 7));
    script_online(s, "a", 0);
    uint64_t request = script_request(s, CLIENT_FRAME(OPEN_CONVERSATION));
    client_core_network_changed(s->core, s->now_ms);
    client_core_link_up(s->core, s->now_ms);
    script_skip(s);
    script_welcome(s);
    script_expect(s, "link syncing\n> request\n> list \"\"\n");
    assert_true(script_request(s, CLIENT_FRAME(OPEN_CONVERSATION)) == request);
    say_opened(s, request);
    script_expect(s, "answer 7 opened\n");
}

static void test_request_times_out(void **state)
{
    struct script *s = *state;
    script_online(s, "a", 0);
    assert_true(ask_to_open(s, 7));
    script_skip(s);
    script_pass(s, 29999);
    script_expect(s, "");
    script_pass(s, 1);
    script_expect(s, "> heartbeat\nanswer 7 timeout\n");
}

static void test_request_is_refused(void **state)
{
    struct script *s = *state;
    script_online(s, "a", 0);
    assert_true(ask_to_read(s, 7));
    script_skip(s);
    script_error(s, script_request(s, CLIENT_FRAME(READ)), REFUSAL_CODE(NOT_A_MEMBER), 0);
    script_expect(s, "answer 7 not_a_member\n");
}

static void test_history_gathers_events_and_moves_no_cursor(void **state)
{
    struct script *s = *state;
    script_online(s, "a", 0);
    assert_true(ask_to_read(s, 7));
    script_skip(s);
    uint64_t request = script_request(s, CLIENT_FRAME(READ));
    script_message(s, request, "a", 1);
    script_message(s, request, "a", 2);
    script_expect(s, "");
    script_page_end(s, request, "a", 2, false);
    script_expect(s, "answer 7 page of 2\n");
    assert_int_equal(client_core_stored(s->core, view_of("a"), 1), 0);
}

static void test_history_of_another_conversation_or_too_long_breaks(void **state)
{
    struct script *s = *state;
    script_online(s, "a", 0);
    assert_true(ask_to_read(s, 7));
    script_skip(s);
    script_message(s, script_request(s, CLIENT_FRAME(READ)), "b", 1);
    script_expect(s, "disconnect\nlink down\n");

    client_core_network_changed(s->core, s->now_ms);
    client_core_link_up(s->core, s->now_ms);
    script_skip(s);
    script_welcome(s);
    script_skip(s);
    uint64_t request = script_request(s, CLIENT_FRAME(READ));
    for (uint64_t seq = 1; seq <= 3; seq++)
        script_message(s, request, "a", seq);
    script_expect(s, "disconnect\nlink down\n");
}

static void test_requests_are_bounded(void **state)
{
    struct script *s = *state;
    for (uint64_t i = 0; i < 16; i++)
        assert_true(ask_to_read(s, i));
    assert_false(ask_to_read(s, 16));
    for (uint64_t i = 16; i < 1024; i++)
        assert_true(ask_to_open(s, i));
    assert_false(ask_to_open(s, 1024));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_start_loads_connects_and_greets, script_setup,
                                        script_teardown),
        cmocka_unit_test_setup_teardown(test_reconnects_with_growing_pauses_then_goes_offline,
                                        script_setup, script_teardown),
        cmocka_unit_test_setup_teardown(test_welcome_alone_does_not_forget_failures, script_setup,
                                        script_teardown),
        cmocka_unit_test_setup_teardown(test_retry_after_is_the_least_pause, script_setup,
                                        script_teardown),
        cmocka_unit_test_setup_teardown(test_refused_token_waits_for_a_new_one, script_setup,
                                        script_teardown),
        cmocka_unit_test_setup_teardown(test_replaced_session_comes_back_when_the_network_changes,
                                        script_setup, script_teardown),
        cmocka_unit_test_setup_teardown(test_network_change_replaces_a_live_connection,
                                        script_setup, script_teardown),
        cmocka_unit_test_setup_teardown(test_missing_welcome_breaks_the_connection, script_setup,
                                        script_teardown),
        cmocka_unit_test_setup_teardown(test_missing_page_breaks_the_connection, script_setup,
                                        script_teardown),
        cmocka_unit_test_setup_teardown(test_who_is_told_when_to_come_is_not_offline, script_setup,
                                        script_teardown),
        cmocka_unit_test_setup_teardown(test_heartbeats_and_silence, script_setup, script_teardown),
        cmocka_unit_test_setup_teardown(test_malformed_frames_break_the_connection, script_setup,
                                        script_teardown),
        cmocka_unit_test_setup_teardown(test_events_before_welcome_break_the_connection,
                                        script_setup, script_teardown),
        cmocka_unit_test_setup_teardown(test_stray_frames_of_a_lost_connection_are_nothing,
                                        script_setup, script_teardown),
        cmocka_unit_test_setup_teardown(test_request_is_answered_once, script_setup,
                                        script_teardown),
        cmocka_unit_test_setup_teardown(test_request_survives_a_reconnect_under_its_number,
                                        script_setup, script_teardown),
        cmocka_unit_test_setup_teardown(test_request_times_out, script_setup, script_teardown),
        cmocka_unit_test_setup_teardown(test_request_is_refused, script_setup, script_teardown),
        cmocka_unit_test_setup_teardown(test_history_gathers_events_and_moves_no_cursor,
                                        script_setup, script_teardown),
        cmocka_unit_test_setup_teardown(test_history_of_another_conversation_or_too_long_breaks,
                                        script_setup, script_teardown),
        cmocka_unit_test_setup_teardown(test_requests_are_bounded, script_setup, script_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
