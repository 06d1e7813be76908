/* Another store than the one whose logs the device has. */

#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "test_client_script.h"

static void test_the_first_store_is_remembered(void **state)
{
    struct script *s = *state;
    script_load(s, "a", 5, 3, 0);
    script_connect(s);
    script_welcome_of(s, 7);
    script_expect(s, "store 7\nlink syncing\n> list \"\"\n");
    script_listed(s, "a", 6, false);
    script_expect(s, "conversation a\n> read a after 5\n");
}

static void test_the_same_store_changes_nothing(void **state)
{
    struct script *s = *state;
    script_load(s, "a", 5, 3, 0);
    client_core_load_store(s->core, &(struct uuid){{[UUID_BYTES - 1] = 7}});
    script_connect(s);
    script_welcome_of(s, 7);
    script_expect(s, "link syncing\n> list \"\"\n");
    for (int unknown = 0; unknown < 2; unknown++) {
        client_core_network_changed(s->core, s->now_ms);
        client_core_link_up(s->core, s->now_ms);
        script_skip(s);
        if (unknown == 0)
            script_welcome(s);
        else
            script_welcome_of(s, 0);
        script_expect(s, "link syncing\n> list \"\"\n");
    }
    assert_int_equal(client_core_stored(s->core, view_of("a"), 1), 5);
}

static void test_another_store_is_read_from_its_beginning(void **state)
{
    struct script *s = *state;
    script_load(s, "a", 5, 3, 0);
    script_load(s, "gone", 9, 9, 0);
    client_core_load_store(s->core, &(struct uuid){{[UUID_BYTES - 1] = 7}});
    script_connect(s);
    assert_true(script_offer(s, 1, "a", 1));
    client_core_displayed(s->core, s->now_ms, view_of("a"), 1, 4);
    script_welcome_of(s, 8);
    script_expect(s, "forget\nstore 8\nlink syncing\n> send a 1 after 0\n> list \"\"\n");
    assert_int_equal(client_core_stored(s->core, view_of("a"), 1), 0);
    script_listed(s, "a", 2, false);
    script_expect(s, "conversation a\n> read a after 0\n");
    uint64_t request = script_request(s, CLIENT_FRAME(READ));
    script_message(s, request, "a", 1);
    script_message(s, request, "a", 2);
    script_page_end(s, request, "a", 2, false);
    script_expect(s, "store a 1 message\nstore a 2 message\ncursor a 2 shown 0\n"
                     "show a 1 message\nshow a 2 message\nlink live\n");
    client_core_network_changed(s->core, s->now_ms);
    client_core_link_up(s->core, s->now_ms);
    script_skip(s);
    script_welcome_of(s, 8);
    script_expect(s, "link syncing\n> send a 1 after 0\n> list \"\"\n");
}

/* Put back from a backup: what the user sent since goes to the outbox, which is loaded again. */
static void test_a_restored_store_gets_again_what_it_lacks(void **state)
{
    struct script *s = *state;
    wire_welcome welcome;
    wire_store_past past[2];
    wire_store_past *pasts[] = {&past[0], &past[1]};
    static const uint8_t ids[3][UUID_BYTES] = {{6}, {7}, {8}};
    script_load(s, "a", 5, 3, 0);
    client_core_load_store(s->core, &(struct uuid){{7}});
    script_connect(s);
    unsay__v1__welcome__init(&welcome);
    for (size_t i = 0; i < 2; i++) {
        unsay__v1__store_past__init(&past[i]);
        past[i].store = bytes_of(view_make(ids[i], UUID_BYTES));
        past[i].lost_from = 1000 + i;
    }
    welcome.version = 1;
    welcome.store = bytes_of(view_make(ids[2], UUID_BYTES));
    welcome.pasts = pasts;
    welcome.n_pasts = 2;
    script_frame(s, script_request(s, CLIENT_FRAME(HELLO)), SERVER_FRAME(WELCOME), &welcome);
    script_expect(s,
                  "forget from 1001\nstore 0\nlink syncing\nload after 0 count 256\n> list \"\"\n");
}

static void test_what_was_held_of_the_other_log_masks_nothing(void **state)
{
    struct script *s = *state;
    client_core_load_store(s->core, &(struct uuid){{[UUID_BYTES - 1] = 7}});
    script_online(s, "a", 0);
    script_recall(s, SERVER_FRAME(NOTICE), 0, "a", 9, 1);
    script_skip(s);
    client_core_network_changed(s->core, s->now_ms);
    client_core_link_up(s->core, s->now_ms);
    script_welcome_of(s, 8);
    script_skip(s);
    script_listed(s, "a", 1, false);
    script_skip(s);
    script_message(s, script_request(s, CLIENT_FRAME(READ)), "a", 1);
    script_expect(s, "store a 1 message\ncursor a 1 shown 0\nshow a 1 message\n");
    script_pass(s, 100);
    script_expect(s, "> ack a:1/0\n");
}

static void request_recall(struct script *s, uint64_t token, uint64_t seq, struct view message_id)
{
    wire_target target;
    unsay__v1__target__init(&target);
    target.seq = seq;
    target.message_id = bytes_of(message_id);
    wire_target *targets[] = {&target};
    wire_recall_request recall;
    unsay__v1__recall_request__init(&recall);
    recall.conversation = string_of("a");
    recall.n_targets = 1;
    recall.targets = targets;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    frame.body_case = CLIENT_FRAME(RECALL);
    frame.recall = &recall;
    assert_true(client_core_request(s->core, s->now_ms, token, &frame, 60000));
}

static void test_a_recall_by_seq_does_not_reach_another_log(void **state)
{
    struct script *s = *state;
    struct uuid id = {{1}};
    client_core_load_store(s->core, &(struct uuid){{[UUID_BYTES - 1] = 7}});
    request_recall(s, 1, 5, view_make(NULL, 0));
    request_recall(s, 2, 0, uuid_view(&id));
    script_connect(s);
    script_welcome_of(s, 8);
    script_expect(s, "forget\nstore 8\nlink syncing\nanswer 1 unknown_message\n"
                     "> request\n> list \"\"\n");
}

static void test_a_store_of_a_wrong_size_breaks_the_connection(void **state)
{
    struct script *s = *state;
    wire_welcome welcome;
    unsay__v1__welcome__init(&welcome);
    welcome.version = 1;
    welcome.store = bytes_of(view_of("short"));
    script_connect(s);
    script_frame(s, script_request(s, CLIENT_FRAME(HELLO)), SERVER_FRAME(WELCOME), &welcome);
    script_expect(s, "disconnect\nlink down\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_first_store_is_remembered, script_setup,
                                        script_teardown),
        cmocka_unit_test_setup_teardown(test_the_same_store_changes_nothing, script_setup,
                                        script_teardown),
        cmocka_unit_test_setup_teardown(test_another_store_is_read_from_its_beginning, script_setup,
                                        script_teardown),
        cmocka_unit_test_setup_teardown(test_a_restored_store_gets_again_what_it_lacks,
                                        script_setup, script_teardown),
        cmocka_unit_test_setup_teardown(test_what_was_held_of_the_other_log_masks_nothing,
                                        script_setup, script_teardown),
        cmocka_unit_test_setup_teardown(test_a_recall_by_seq_does_not_reach_another_log,
                                        script_setup, script_teardown),
        cmocka_unit_test_setup_teardown(test_a_store_of_a_wrong_size_breaks_the_connection,
                                        script_setup, script_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
