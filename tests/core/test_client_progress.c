/* How far others have come: asked for after catching up, taken as it is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "test_client_script.h"

#include "base/limits.h"

struct told {
    wire_progress_page page;
    wire_progress progress;
    wire_progress *list[1];
    wire_member_progress member;
    wire_member_progress *members[1];
    wire_privacy privacy;
};

/* A page with one place in one conversation. */
static struct told *told_of(struct told *told, const char *conversation, const char *user,
                            uint64_t stored, uint64_t displayed)
{
    unsay__v1__progress_page__init(&told->page);
    unsay__v1__progress__init(&told->progress);
    unsay__v1__member_progress__init(&told->member);
    unsay__v1__privacy__init(&told->privacy);
    told->page.n_conversations = 1;
    told->page.conversations = told->list;
    told->list[0] = &told->progress;
    told->progress.conversation = string_of(conversation);
    told->progress.origin = 1;
    told->progress.n_members = 1;
    told->progress.members = told->members;
    told->members[0] = &told->member;
    told->member.user = string_of(user);
    told->member.stored = stored;
    told->member.displayed = displayed;
    return told;
}

static void tell(struct script *s, struct told *told)
{
    script_frame(s, 0, SERVER_FRAME(PROGRESS), &told->page);
}

static void answer(struct script *s, struct told *told)
{
    script_frame(s, script_request(s, CLIENT_FRAME(LIST_PROGRESS)), SERVER_FRAME(PROGRESS),
                 &told->page);
}

static void refuse(struct script *s, Unsay__V1__ErrorCode code)
{
    wire_error error = UNSAY__V1__ERROR__INIT;
    error.code = code;
    script_frame(s, script_request(s, CLIENT_FRAME(LIST_PROGRESS)), SERVER_FRAME(ERROR), &error);
}

/* Live, and what is asked for after that is not answered yet. */
static struct script *live(void **state)
{
    struct script *s = *state;
    s->shows_progress = true;
    script_connect(s);
    script_welcome(s);
    script_skip(s);
    script_listed(s, "a", 0, false);
    script_expect(s, "conversation a\nlink live\n> progress \"\"\n");
    return s;
}

static void test_pages_are_asked_for_after_catching_up(void **state)
{
    struct told told;
    struct script *s = live(state);
    told_of(&told, "a", "bob", 3, 2)->page.next = string_of("a");
    told.progress.is_whole = true;
    told.progress.seq = 4;
    answer(s, &told);
    script_expect(s, "places a 4 whole bob:3/2\nmoved a 4 whole bob:3/2\n> progress \"a\"\n");
    told_of(&told, "a", "bob", 4, 2)->page.privacy = &told.privacy;
    answer(s, &told);
    script_expect(s, "places a bob:4/2\nmoved a bob:4/2\nprivacy tells\n");
    answer(s, &told); /* nobody asked for that again */
    script_expect(s, "");
    script_pass(s, 25000);
    script_expect(s, "");
}

static void test_pages_that_do_not_ascend_break(void **state)
{
    struct told told;
    struct script *s = live(state);
    told_of(&told, "a", "bob", 3, 2)->page.next = string_of("b");
    answer(s, &told);
    script_skip(s);
    answer(s, &told);
    script_expect(s, "places a bob:3/2\nmoved a bob:3/2\ndisconnect\nlink down\n");
}

static void test_asked_again_until_there_is_an_answer(void **state)
{
    struct told told;
    struct script *s = live(state);
    uint64_t first = script_request(s, CLIENT_FRAME(LIST_PROGRESS));
    script_pass(s, 9999);
    assert_true(script_request(s, CLIENT_FRAME(LIST_PROGRESS)) == first);
    script_pass(s, 1);
    assert_true(script_request(s, CLIENT_FRAME(LIST_PROGRESS)) != first);
    refuse(s, REFUSAL_CODE(OVERLOADED));
    script_skip(s);
    uint64_t second = script_request(s, CLIENT_FRAME(LIST_PROGRESS));
    script_pass(s, 999);
    assert_true(script_request(s, CLIENT_FRAME(LIST_PROGRESS)) == second);
    script_pass(s, 300);
    assert_true(script_request(s, CLIENT_FRAME(LIST_PROGRESS)) != second);
    script_skip(s);
    /* A server that does not know the question is asked after the next catching up only. */
    refuse(s, REFUSAL_CODE(MALFORMED));
    uint64_t third = script_request(s, CLIENT_FRAME(LIST_PROGRESS));
    script_pass(s, 25000);
    assert_true(script_request(s, CLIENT_FRAME(LIST_PROGRESS)) == third);
    wire_behind behind = UNSAY__V1__BEHIND__INIT;
    script_frame(s, 0, SERVER_FRAME(BEHIND), &behind);
    script_skip(s);
    script_listed(s, "a", 0, false);
    script_expect(s, "conversation a\nlink live\n> progress \"\"\n");
    answer(s, told_of(&told, "a", "bob", 3, 2));
    script_expect(s, "places a bob:3/2\nmoved a bob:3/2\n");
}

static void test_news_are_taken(void **state)
{
    struct told told;
    struct script *s = live(state);
    tell(s, told_of(&told, "a", "bob", 1, 1));
    script_expect(s, "places a bob:1/1\nmoved a bob:1/1\n");
    tell(s, told_of(&told, "b", "bob", 1, 1)); /* not followed */
    script_expect(s, "");
    wire_privacy privacy = UNSAY__V1__PRIVACY__INIT;
    privacy.hides_displayed = true;
    script_frame(s, 0, SERVER_FRAME(PRIVACY), &privacy);
    script_expect(s, "privacy hides\n");
    script_frame(s, 0, SERVER_FRAME(PRIVACY), &privacy);
    script_expect(s, "");
}

static void test_what_no_server_sends_breaks(void **state)
{
    struct told told;
    for (int i = 0; i < 6; i++) {
        struct script *s = live(state);
        told_of(&told, "a", "bob", 3, 2);
        if (i == 0)
            told.member.displayed = 4;
        else if (i == 1)
            told.member.user = string_of("no user");
        else if (i == 2)
            told.progress.conversation = string_of("no id");
        else if (i == 3)
            told.progress.origin = 0;
        else if (i == 4)
            told.progress.seq = UINT64_MAX;
        else
            told.member.stored = UINT64_MAX;
        tell(s, &told);
        script_expect(s, "disconnect\nlink down\n");
        script_teardown(state);
        script_setup(state);
    }
}

static void test_a_lost_connection_asks_later(void **state)
{
    struct told told;
    struct script *s = live(state);
    told_of(&told, "a", "bob", 3, 2);
    uint64_t before = script_request(s, CLIENT_FRAME(LIST_PROGRESS));
    client_core_network_changed(s->core, s->now_ms);
    client_core_link_up(s->core, s->now_ms);
    script_skip(s);
    script_welcome(s);
    script_skip(s);
    script_frame(s, before, SERVER_FRAME(PROGRESS), &told.page);
    script_expect(s, "");
    script_listed(s, "a", 0, false);
    script_expect(s, "conversation a\nlink live\n> progress \"\"\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_pages_are_asked_for_after_catching_up, script_setup,
                                        script_teardown),
        cmocka_unit_test_setup_teardown(test_pages_that_do_not_ascend_break, script_setup,
                                        script_teardown),
        cmocka_unit_test_setup_teardown(test_asked_again_until_there_is_an_answer, script_setup,
                                        script_teardown),
        cmocka_unit_test_setup_teardown(test_news_are_taken, script_setup, script_teardown),
        cmocka_unit_test_setup_teardown(test_what_no_server_sends_breaks, script_setup,
                                        script_teardown),
        cmocka_unit_test_setup_teardown(test_a_lost_connection_asks_later, script_setup,
                                        script_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
