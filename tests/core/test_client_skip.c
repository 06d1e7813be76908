/* What sync does not bring: ranges that are skipped, what a new device begins with, what is fetched
 * on request; and the order in which conversations are read. */

#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "test_client_script.h"

#include "base/limits.h"
#include "core/frame.h"

static void list_one(struct script *s, const char *conversation, uint64_t head, uint64_t begin)
{
    struct script_entry entry = {conversation, head, begin, 0};
    script_list(s, &entry, 1, false);
}

/* Welcomed, and "a" listed. */
static void come_back(struct script *s, uint64_t stored, uint64_t head, uint64_t begin)
{
    script_load(s, "a", stored, 0, 0);
    script_connect(s);
    script_welcome(s);
    script_skip(s);
    list_one(s, "a", head, begin);
}

static void test_the_recalls_of_a_skipped_range_are_applied_first(void **state)
{
    struct script *s = *state;
    come_back(s, 5, 102, 101);
    script_expect(s, "conversation a\n> read a after 5 before 101 recalls\n");
    uint64_t request = script_request(s, CLIENT_FRAME(READ));
    script_recall(s, SERVER_FRAME(EVENT), request, "a", 40, 3);
    script_expect(s, "apply a 40 to 3\n");
    script_page(s, request, "a", (struct script_page){.head = 102, .more = true, .next = 60});
    script_expect(s, "skip a 6-60\ncursor a 60 shown 0\nskipped a 6-60\n"
                     "> read a after 60 before 101 recalls\n");
    script_page(s, script_request(s, CLIENT_FRAME(READ)), "a",
                (struct script_page){.head = 102, .next = 90});
    script_expect(s, "skip a 61-100\ncursor a 100 shown 0\nskipped a 61-100\n"
                     "> read a after 100\n");
    request = script_request(s, CLIENT_FRAME(READ));
    script_message(s, request, "a", 101);
    script_message(s, request, "a", 102);
    script_page_end(s, request, "a", 102, false);
    script_expect(s, "store a 101 message\nstore a 102 message\ncursor a 102 shown 0\n"
                     "show a 101 message\nshow a 102 message\nlink live\n");
}

static void test_what_is_not_skipped_is_read(void **state)
{
    struct script *s = *state;
    come_back(s, 5, 102, 6);
    script_expect(s, "conversation a\n> read a after 5\n");
}

static void test_a_page_tells_where_the_log_begins(void **state)
{
    struct script *s = *state;
    script_online(s, "a", 0);
    script_message(s, 0, "a", 300);
    script_expect(s, "> read a after 0\n");
    uint64_t request = script_request(s, CLIENT_FRAME(READ));
    script_message(s, request, "a", 1);
    script_page(s, request, "a", (struct script_page){.head = 300, .more = true, .begin = 250});
    script_expect(s, "store a 1 message\ncursor a 1 shown 0\nshow a 1 message\n"
                     "> read a after 1 before 250 recalls\n");
}

static void test_a_beginning_beyond_the_head_is_none(void **state)
{
    struct script *s = *state;
    come_back(s, 5, 102, UINT64_MAX);
    script_expect(s, "conversation a\n> read a after 5\n");
}

static void test_a_server_that_looks_no_further_is_asked_with_pauses(void **state)
{
    struct script *s = *state;
    come_back(s, 5, 102, 101);
    script_skip(s);
    uint64_t request = script_request(s, CLIENT_FRAME(READ));
    script_page(s, request, "a", (struct script_page){.head = 102, .more = true, .next = 5});
    script_expect(s, "");
    script_pass(s, 2000);
    assert_true(script_request(s, CLIENT_FRAME(READ)) != request);
}

static void test_a_page_of_recalls_that_is_not_whole_moves_nothing(void **state)
{
    struct script *s = *state;
    come_back(s, 5, 102, 101);
    script_skip(s);
    uint64_t request = script_request(s, CLIENT_FRAME(READ));
    script_recall(s, SERVER_FRAME(EVENT), request, "a", 40, 3);
    script_page(s, request, "a", (struct script_page){.head = 102, .count = 2});
    script_expect(s, "apply a 40 to 3\n");
    assert_int_equal(client_core_stored(s->core, view_of("a"), 1), 5);
    script_pass(s, 2000);
    assert_true(script_request(s, CLIENT_FRAME(READ)) != request);
}

static void test_only_recalls_come_of_a_skipped_range(void **state)
{
    struct script *s = *state;
    come_back(s, 5, 102, 101);
    script_skip(s);
    script_message(s, script_request(s, CLIENT_FRAME(READ)), "a", 40);
    script_expect(s, "disconnect\nlink down\n");
}

static void test_a_receipt_covers_the_skipped_range(void **state)
{
    struct script *s = *state;
    script_load(s, "a", 5, 0, 0);
    script_connect(s);
    script_welcome_of(s, 7);
    script_skip(s);
    list_one(s, "a", 102, 101);
    script_skip(s);
    script_page(s, script_request(s, CLIENT_FRAME(READ)), "a", (struct script_page){.head = 102});
    script_skip(s);
    script_pass(s, 60);
    script_expect(s, "> ack a:100/0+\n");
}

static void test_recalls_that_came_ahead_are_not_lost_by_skipping(void **state)
{
    struct script *s = *state;
    come_back(s, 5, 102, 101);
    script_skip(s);
    script_recall(s, SERVER_FRAME(NOTICE), 0, "a", 50, 4);
    script_recall(s, SERVER_FRAME(NOTICE), 0, "a", 101, 2);
    script_expect(s, "apply a 50 to 4\napply a 101 to 2\n");
    script_page(s, script_request(s, CLIENT_FRAME(READ)), "a", (struct script_page){.head = 102});
    script_expect(s, "skip a 6-100\nstore a 101 recall of 2\ncursor a 101 shown 0\n"
                     "skipped a 6-100\nshow a 101 recall of 2\n> read a after 101\n");
}

static void test_a_new_device_begins_with_the_last_events(void **state)
{
    struct script *s = *state;
    script_connect(s);
    script_welcome(s);
    script_skip(s);
    static const struct script_entry entries[] = {
        {"long", 100, 0, 9}, {"old", 100, 99, 8}, {"short", 2, 0, 7}};
    script_list(s, entries, 3, false);
    script_expect(s, "conversation long\nconversation old\nconversation short\n"
                     "skip long 1-97\nskip old 1-98\n"
                     "cursor long 97 shown 0\ncursor old 98 shown 0\n"
                     "skipped long 1-97\n> read long after 97\n"
                     "skipped old 1-98\n> read old after 98\n> read short after 0\n");
}

static void test_a_device_is_new_until_it_was_in_step_once(void **state)
{
    struct script *s = *state;
    script_connect(s);
    script_welcome(s);
    script_skip(s);
    list_one(s, "a", 0, 0);
    script_expect(s, "conversation a\nsynced\nlink live\n");
    script_message(s, 0, "b", 100);
    script_expect(s, "> read b after 0\n");
}

static void test_the_latest_conversation_is_read_first_and_an_open_one_before(void **state)
{
    struct script *s = *state;
    static const char *const ids[] = {"a", "b", "c", "d", "e", "f", "g"};
    for (size_t i = 0; i < 7; i++)
        script_load(s, ids[i], 1, 0, 0);
    script_connect(s);
    client_core_set_open(s->core, s->now_ms, view_of("a"), true);
    script_welcome(s);
    script_skip(s);
    static const struct script_entry entries[] = {{"a", 9, 0, 10}, {"b", 9, 0, 70}, {"c", 9, 0, 30},
                                                  {"d", 9, 0, 40}, {"e", 9, 0, 50}, {"f", 9, 0, 60},
                                                  {"g", 9, 0, 20}};
    script_list(s, entries, 7, false);
    script_expect(s, "conversation a\nconversation b\nconversation c\nconversation d\n"
                     "conversation e\nconversation f\nconversation g\n"
                     "> read a after 1\n> read b after 1\n> read f after 1\n> read e after 1\n");
    client_core_set_open(s->core, s->now_ms, view_of("g"), true);
    uint64_t request = script_request(s, CLIENT_FRAME(READ));
    script_error(s, request, REFUSAL_CODE(NOT_A_MEMBER), 0);
    script_expect(s, "> read g after 1\n");
}

static void test_progress_counts_what_was_missing(void **state)
{
    struct script *s = *state;
    s->shows_progress = true;
    come_back(s, 5, 102, 101);
    script_expect(s, "conversation a\nprogress 0 of 97\n> read a after 5 before 101 recalls\n");
    script_page(s, script_request(s, CLIENT_FRAME(READ)), "a", (struct script_page){.head = 102});
    script_expect(s, "skip a 6-100\ncursor a 100 shown 0\nskipped a 6-100\nprogress 95 of 97\n"
                     "> read a after 100\n");
    uint64_t request = script_request(s, CLIENT_FRAME(READ));
    script_message(s, request, "a", 101);
    script_message(s, request, "a", 102);
    script_page_end(s, request, "a", 102, false);
    script_expect(
        s,
        "store a 101 message\nstore a 102 message\ncursor a 102 shown 0\n"
        "show a 101 message\nshow a 102 message\nprogress 97 of 97\nlink live\n> progress \"\"\n");
}

/* A page before the cursor is asked for; returns its request number. */
static uint64_t fetch(struct script *s, uint64_t before)
{
    wire_read read = UNSAY__V1__READ__INIT;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    read.conversation = string_of("a");
    read.origin = 1;
    read.before = before;
    read.newest = true;
    frame.body_case = CLIENT_FRAME(READ);
    frame.read = &read;
    assert_true(client_core_fetch(s->core, s->now_ms, 7, &frame, 30000));
    script_skip(s);
    return script_request(s, CLIENT_FRAME(READ));
}

static void test_what_is_fetched_is_stored_with_its_answer(void **state)
{
    struct script *s = *state;
    come_back(s, 100, 100, 0);
    uint64_t request = fetch(s, 51);
    script_message(s, request, "a", 49);
    script_message(s, request, "a", 50);
    script_expect(s, "");
    script_page_end(s, request, "a", 100, true);
    script_expect(s, "fetch a 49 message\nfetch a 50 message\nanswer 7 page of 2\n");
}

static void test_a_page_that_is_not_whole_is_asked_for_again(void **state)
{
    struct script *s = *state;
    come_back(s, 100, 100, 0);
    uint64_t request = fetch(s, 51);
    script_message(s, request, "a", 50);
    script_page(s, request, "a", (struct script_page){.head = 100, .count = 2});
    script_expect(s, "> read a after 0 before 51\n");
    script_message(s, request, "a", 49);
    script_message(s, request, "a", 50);
    script_page(s, request, "a", (struct script_page){.head = 100, .count = 2});
    script_expect(s, "fetch a 49 message\nfetch a 50 message\nanswer 7 page of 2\n");
}

static void test_a_recall_and_the_page_that_it_races(void **state)
{
    struct script *s = *state;
    come_back(s, 100, 100, 0);
    uint64_t request = fetch(s, 51);
    script_recall(s, SERVER_FRAME(NOTICE), 0, "a", 101, 49);
    script_message(s, request, "a", 49);
    script_message(s, request, "a", 50);
    script_recall(s, SERVER_FRAME(EVENT), 0, "a", 102, 50);
    script_skip(s);
    script_page_end(s, request, "a", 102, true);
    script_expect(s, "fetch a 49 tombstone\nfetch a 50 tombstone\nanswer 7 page of 2\n");
    /* Afterwards the database has what the recall names. */
    request = fetch(s, 49);
    script_message(s, request, "a", 48);
    script_page_end(s, request, "a", 102, true);
    script_recall(s, SERVER_FRAME(NOTICE), 0, "a", 103, 48);
    script_expect(s, "fetch a 48 message\nstore a 103 recall of 48\napply a 103 to 48\n"
                     "cursor a 103 shown 0\nanswer 7 page of 1\nshow a 103 recall of 48\n");
}

static void test_what_is_fetched_never_lies_beyond_the_cursor(void **state)
{
    struct script *s = *state;
    come_back(s, 5, 5, 0);
    uint64_t request = fetch(s, 51);
    script_message(s, request, "a", 5);
    script_message(s, request, "a", 6);
    script_page_end(s, request, "a", 6, false);
    script_expect(s, "fetch a 5 message\nanswer 7 page of 2\n");
    assert_int_equal(client_core_stored(s->core, view_of("a"), 1), 5);
}

static void test_more_recalls_than_a_page_can_race_refuse_it(void **state)
{
    struct script *s = *state;
    come_back(s, 2000, 2000, 0);
    uint64_t request = fetch(s, 51);
    for (uint64_t i = 1; i <= LIMIT_AHEAD_MAX; i++) {
        script_recall(s, SERVER_FRAME(NOTICE), 0, "a", 2000 + i, i);
        script_skip(s);
    }
    script_message(s, request, "a", 50);
    script_skip(s);
    script_recall(s, SERVER_FRAME(NOTICE), 0, "a", 2001 + LIMIT_AHEAD_MAX, 50);
    script_expect(s, "store a 3025 recall of 50\napply a 3025 to 50\ncursor a 3025 shown 0\n"
                     "answer 7 overloaded\nshow a 3025 recall of 50\n");
}

int main(void)
{
#define OLD(name) cmocka_unit_test_setup_teardown(name, script_setup, script_teardown)
#define NEW(name) cmocka_unit_test_setup_teardown(name, script_setup_new_device, script_teardown)
    const struct CMUnitTest tests[] = {
        OLD(test_the_recalls_of_a_skipped_range_are_applied_first),
        OLD(test_what_is_not_skipped_is_read),
        OLD(test_a_page_tells_where_the_log_begins),
        OLD(test_a_beginning_beyond_the_head_is_none),
        OLD(test_a_server_that_looks_no_further_is_asked_with_pauses),
        OLD(test_a_page_of_recalls_that_is_not_whole_moves_nothing),
        OLD(test_a_page_that_is_not_whole_is_asked_for_again),
        OLD(test_only_recalls_come_of_a_skipped_range),
        OLD(test_a_receipt_covers_the_skipped_range),
        OLD(test_recalls_that_came_ahead_are_not_lost_by_skipping),
        NEW(test_a_new_device_begins_with_the_last_events),
        NEW(test_a_device_is_new_until_it_was_in_step_once),
        OLD(test_the_latest_conversation_is_read_first_and_an_open_one_before),
        OLD(test_progress_counts_what_was_missing),
        OLD(test_what_is_fetched_is_stored_with_its_answer),
        OLD(test_a_recall_and_the_page_that_it_races),
        OLD(test_what_is_fetched_never_lies_beyond_the_cursor),
        OLD(test_more_recalls_than_a_page_can_race_refuse_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
