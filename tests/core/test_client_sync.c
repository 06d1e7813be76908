/* Catching up: the list of conversations, their pages, and what the list says of them. */

#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "test_client_script.h"

#include "core/frame.h"

static void say_behind(struct script *s)
{
    wire_behind behind = UNSAY__V1__BEHIND__INIT;
    script_frame(s, 0, SERVER_FRAME(BEHIND), &behind);
}

static void test_list_pages_then_reads_what_is_behind(void **state)
{
    struct script *s = *state;
    script_load(s, "a", 5, 5, 0);
    script_connect(s);
    script_welcome(s);
    script_expect(s, "link syncing\n> list \"\"\n");
    script_listed(s, "a", 5, true);
    script_expect(s, "conversation a\n> list \"a\"\n");
    script_listed(s, "b", 2, false);
    script_expect(s, "conversation b\n> read b after 0\n");
    uint64_t request = script_request(s, CLIENT_FRAME(READ));
    script_message(s, request, "b", 1);
    script_message(s, request, "b", 2);
    script_expect(s, "store b 1 message\nstore b 2 message\ncursor b 2 shown 0\n"
                     "show b 1 message\nshow b 2 message\n");
    script_page_end(s, request, "b", 2, false);
    script_expect(s, "link live\n");
}

static void say_hidden(struct script *s, uint64_t request, uint64_t first, uint64_t last)
{
    wire_hidden hidden = UNSAY__V1__HIDDEN__INIT;
    wire_event event = UNSAY__V1__EVENT__INIT;
    hidden.first = first;
    event.conversation = string_of("a");
    event.origin = 1;
    event.seq = last;
    event.kind_case = EVENT_KIND(HIDDEN);
    event.hidden = &hidden;
    script_frame(s, request, SERVER_FRAME(EVENT), &event);
}

/* Over what is not for the user the cursor moves, durably, and nothing is stored or shown for it.
 */
static void test_cursor_moves_over_what_is_hidden(void **state)
{
    struct script *s = *state;
    script_connect(s);
    script_welcome(s);
    script_skip(s);
    script_listed(s, "a", 9, false);
    script_expect(s, "conversation a\n> read a after 0\n");
    uint64_t request = script_request(s, CLIENT_FRAME(READ));
    say_hidden(s, request, 1, 5);
    script_expect(s, "cursor a 5 shown 0\n");
    script_message(s, request, "a", 6);
    script_expect(s, "store a 6 message\ncursor a 6 shown 0\nshow a 6 message\n");
    script_page_end(s, request, "a", 9, true);
    script_expect(s, "> read a after 6\n");
    request = script_request(s, CLIENT_FRAME(READ));
    /* One that begins beyond the cursor would leave a gap; one behind it is nothing new. */
    say_hidden(s, request, 8, 8);
    say_hidden(s, request, 1, 5);
    script_expect(s, "");
    say_hidden(s, request, 1, 8);
    script_expect(s, "cursor a 8 shown 0\n");
    script_message(s, request, "a", 9);
    script_expect(s, "store a 9 message\ncursor a 9 shown 0\nshow a 9 message\n");
    script_page_end(s, request, "a", 9, false);
    script_expect(s, "link live\n");
}

/* It stands in no log, so it is never pushed. */
static void test_hidden_push_breaks(void **state)
{
    struct script *s = *state;
    script_online(s, "a", 0);
    say_hidden(s, 0, 1, 5);
    script_expect(s, "disconnect\nlink down\n");
}

/* A new member's first push lies beyond the cursor: the client reads. */
static void test_joining_reads_from_where_it_may(void **state)
{
    struct script *s = *state;
    script_online(s, "b", 0);
    script_message(s, 0, "a", 6);
    script_expect(s, "> read a after 0\n");
    uint64_t request = script_request(s, CLIENT_FRAME(READ));
    say_hidden(s, request, 1, 5);
    script_message(s, request, "a", 6);
    script_page_end(s, request, "a", 6, false);
    script_skip(s);
    assert_int_equal(client_core_stored(s->core, view_of("a"), 1), 6);
}

/* News, and no log to read; and the list tells that it is gone. */
static void test_invitation_is_stored(void **state)
{
    struct script *s = *state;
    wire_conversation_entry entry = UNSAY__V1__CONVERSATION_ENTRY__INIT;
    entry.conversation = string_of("a");
    entry.role = WIRE(ROLE, INVITED);
    entry.peer = string_of("bob");
    script_online(s, "b", 0);
    script_frame(s, 0, SERVER_FRAME(INVITATION), &entry);
    script_expect(s, "conversation a\n");
    say_behind(s);
    script_skip(s);
    script_listed(s, "b", 0, false);
    script_expect(s, "conversation b\nleft a\nlink live\n");
    entry.role = WIRE(ROLE, MEMBER); /* members are no news */
    script_frame(s, 0, SERVER_FRAME(INVITATION), &entry);
    script_expect(s, "disconnect\nlink down\n");
}

/* Who was removed while away reads no event of it: the complete list tells. */
static void test_what_the_list_lacks_was_left(void **state)
{
    struct script *s = *state;
    script_load(s, "a", 5, 5, 0);
    script_load(s, "c", 2, 2, 0);
    script_load(s, "d", 2, 2, 0);
    script_connect(s);
    script_welcome(s);
    script_skip(s);
    script_listed(s, "a", 5, true);
    script_message(s, 0, "d", 3); /* a member again, behind the page that has gone out */
    script_skip(s);
    script_listed(s, "b", 0, false);
    script_expect(s, "conversation b\nleft c\nlink live\n");
    /* Told once; and again in it, once the server speaks of it. */
    say_behind(s);
    script_skip(s);
    script_listed(s, "b", 0, true);
    script_skip(s);
    script_listed(s, "d", 3, false);
    script_expect(s, "conversation d\nleft a\nlink live\n");
    say_behind(s);
    script_skip(s);
    script_listed(s, "b", 0, true);
    script_skip(s);
    script_listed(s, "c", 2, false);
    script_expect(s, "conversation c\nleft d\nlink live\n");
}

static void say_listing(struct script *s, uint64_t request, const char *conversation,
                        uint64_t version)
{
    wire_listing listing = UNSAY__V1__LISTING__INIT;
    listing.conversation = string_of(conversation);
    listing.version = version;
    script_frame(s, request, SERVER_FRAME(LISTING), &listing);
}

/* Stored before anybody hears of it, be it news or an answer. */
static void test_what_the_user_set_is_stored(void **state)
{
    struct script *s = *state;
    wire_change_listing change = UNSAY__V1__CHANGE_LISTING__INIT;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    script_online(s, "a", 0);
    say_listing(s, 0, "a", 3);
    script_expect(s, "listing a 3\n");
    change.conversation = string_of("a");
    frame.body_case = CLIENT_FRAME(CHANGE_LISTING);
    frame.change_listing = &change;
    assert_true(client_core_request(s->core, s->now_ms, 7, &frame, 30000));
    script_expect(s, "> request\n");
    say_listing(s, script_request(s, CLIENT_FRAME(CHANGE_LISTING)), "a", 4);
    script_expect(s, "listing a 4\nanswer 7 listing\n");
    say_listing(s, 0, "no id", 5);
    script_expect(s, "disconnect\nlink down\n");
}

static void test_list_that_does_not_ascend_breaks(void **state)
{
    struct script *s = *state;
    script_connect(s);
    script_welcome(s);
    script_skip(s);
    script_listed(s, "b", 0, true);
    script_skip(s);
    script_listed(s, "b", 0, true);
    script_expect(s, "disconnect\nlink down\n");
}

static void test_next_page_while_more(void **state)
{
    struct script *s = *state;
    script_online(s, "a", 3);
    uint64_t request = script_request(s, CLIENT_FRAME(READ));
    script_message(s, request, "a", 1);
    script_skip(s);
    script_page_end(s, request, "a", 3, true);
    script_expect(s, "> read a after 1\n");
}

static void test_four_reads_at_a_time_and_one_while_the_list_comes(void **state)
{
    struct script *s = *state;
    script_connect(s);
    script_welcome(s);
    script_skip(s);
    static const char *const ids[] = {"a", "b", "c", "d", "e"};
    script_listed(s, "a", 1, true);
    script_expect(s, "conversation a\n> list \"a\"\n> read a after 0\n");
    for (size_t i = 1; i < 4; i++) {
        script_listed(s, ids[i], 1, true);
        script_skip(s);
    }
    assert_string_equal(s->frames[s->frame_count - 1]->list_conversations->after, "d");
    script_listed(s, ids[4], 1, false);
    script_expect(s, "conversation e\n> read b after 0\n> read c after 0\n> read d after 0\n");
    uint64_t request = script_request(s, CLIENT_FRAME(READ));
    script_message(s, request, "d", 1);
    script_skip(s);
    script_page_end(s, request, "d", 1, false);
    script_expect(s, "> read e after 0\n");
}

static void test_behind_lists_again(void **state)
{
    struct script *s = *state;
    script_online(s, "a", 0);
    say_behind(s);
    script_expect(s, "link syncing\n> list \"\"\n");
    say_behind(s);
    script_expect(s, "");
    script_listed(s, "a", 0, false);
    script_expect(s, "conversation a\n> list \"\"\n");
    script_listed(s, "a", 0, false);
    script_expect(s, "conversation a\nlink live\n");
}

static void test_page_that_brings_nothing_is_asked_with_pauses(void **state)
{
    struct script *s = *state;
    script_online(s, "a", 3);
    for (uint64_t pause_ms = 1000; pause_ms <= 16000; pause_ms *= 2) {
        uint64_t request = script_request(s, CLIENT_FRAME(READ));
        script_page_end(s, request, "a", 3, true);
        script_pass(s, pause_ms - 1);
        assert_true(script_request(s, CLIENT_FRAME(READ)) == request);
        script_pass(s, pause_ms / 4 + 1);
        assert_true(script_request(s, CLIENT_FRAME(READ)) != request);
    }
}

static void test_page_beyond_a_gap_stores_nothing(void **state)
{
    struct script *s = *state;
    script_online(s, "a", 3);
    script_message(s, script_request(s, CLIENT_FRAME(READ)), "a", 2);
    script_expect(s, "");
    assert_int_equal(client_core_stored(s->core, view_of("a"), 1), 0);
}

static void test_page_of_another_conversation_breaks(void **state)
{
    struct script *s = *state;
    script_online(s, "a", 3);
    script_message(s, script_request(s, CLIENT_FRAME(READ)), "b", 1);
    script_expect(s, "disconnect\nlink down\n");
}

static void test_refused_page_does_not_hold_up_the_others(void **state)
{
    struct script *s = *state;
    script_online(s, "a", 3);
    script_error(s, script_request(s, CLIENT_FRAME(READ)), REFUSAL_CODE(NOT_A_MEMBER), 0);
    script_expect(s, "link live\n");
}

/* ---- Another store ---- */

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_list_pages_then_reads_what_is_behind, script_setup,
                                        script_teardown),
        cmocka_unit_test_setup_teardown(test_what_the_list_lacks_was_left, script_setup,
                                        script_teardown),
        cmocka_unit_test_setup_teardown(test_what_the_user_set_is_stored, script_setup,
                                        script_teardown),
        cmocka_unit_test_setup_teardown(test_list_that_does_not_ascend_breaks, script_setup,
                                        script_teardown),
        cmocka_unit_test_setup_teardown(test_cursor_moves_over_what_is_hidden, script_setup,
                                        script_teardown),
        cmocka_unit_test_setup_teardown(test_hidden_push_breaks, script_setup, script_teardown),
        cmocka_unit_test_setup_teardown(test_joining_reads_from_where_it_may, script_setup,
                                        script_teardown),
        cmocka_unit_test_setup_teardown(test_invitation_is_stored, script_setup, script_teardown),
        cmocka_unit_test_setup_teardown(test_next_page_while_more, script_setup, script_teardown),
        cmocka_unit_test_setup_teardown(test_four_reads_at_a_time_and_one_while_the_list_comes,
                                        script_setup, script_teardown),
        cmocka_unit_test_setup_teardown(test_behind_lists_again, script_setup, script_teardown),
        cmocka_unit_test_setup_teardown(test_page_that_brings_nothing_is_asked_with_pauses,
                                        script_setup, script_teardown),
        cmocka_unit_test_setup_teardown(test_page_beyond_a_gap_stores_nothing, script_setup,
                                        script_teardown),
        cmocka_unit_test_setup_teardown(test_page_of_another_conversation_breaks, script_setup,
                                        script_teardown),
        cmocka_unit_test_setup_teardown(test_refused_page_does_not_hold_up_the_others, script_setup,
                                        script_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
