/* Coming back with a ticket: no token, no list of everything, and nothing missed. */
#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "test_client_script.h"

#include "base/limits.h"

/* Welcome with a ticket; `news` (NULL: the client is not resumed) has this head, and begins there
 * for this device. */
static void welcome_to(struct script *script, const char *ticket, uint8_t store, const char *news,
                       uint64_t head, uint64_t begin)
{
    struct uuid id = {{[UUID_BYTES - 1] = store}};
    wire_head heads = UNSAY__V1__HEAD__INIT;
    wire_head *head_list[] = {&heads};
    wire_conversation_entry entry = UNSAY__V1__CONVERSATION_ENTRY__INIT;
    wire_conversation_entry *entries[] = {&entry};
    wire_welcome welcome = UNSAY__V1__WELCOME__INIT;
    heads.origin = 1;
    heads.seq = head;
    heads.begin = begin;
    entry.heads = head_list;
    entry.n_heads = 1;
    welcome.version = 1;
    welcome.heartbeat_interval_ms = 30000;
    welcome.store = bytes_of(uuid_view(&id));
    welcome.ticket = bytes_of(view_of(ticket));
    welcome.resumed = news != NULL;
    if (news != NULL && news[0] != 0) {
        entry.conversation = string_of(news);
        welcome.news = entries;
        welcome.n_news = 1;
    }
    script_frame(script, script_request(script, CLIENT_FRAME(HELLO)), SERVER_FRAME(WELCOME),
                 &welcome);
}

static void welcome(struct script *script, const char *ticket, uint8_t store, const char *news,
                    uint64_t head)
{
    welcome_to(script, ticket, store, news, head, 0);
}

static void expect_hello(struct script *script, const char *token, const char *ticket, bool resume)
{
    client_core_link_up(script->core, script->now_ms);
    script_expect(script, "> hello\n");
    const wire_hello *hello = script->frames[script->frame_count - 1]->hello;
    assert_string_equal(hello->token, token);
    assert_true(view_equal(bytes_view(hello->ticket), view_of(ticket)));
    assert_int_equal(hello->resume, resume);
    assert_int_equal(hello->heartbeat_ms, 300000);
}

/* Live, with this ticket, and one conversation stored up to 2. */
static void be_live(struct script *script, const char *ticket)
{
    client_core_start(script->core, script->now_ms);
    client_core_outbox_loaded(script->core, script->now_ms, false);
    script_skip(script);
    expect_hello(script, "token", "", false);
    welcome(script, ticket, 1, NULL, 0);
    script_expect(script, "store 1\nlink syncing\n> list \"\"\n");
    script_listed(script, "a", 0, false);
    script_message(script, 0, "a", 1);
    script_message(script, 0, "a", 2);
    script_skip(script);
    script_confirmed(script, "a", 2, 0);
    script_pass(script, 100);
    script_skip(script);
    assert_int_equal(client_core_link(script->core), CLIENT_LINK_LIVE);
}

static void change_network(struct script *script)
{
    client_core_network_changed(script->core, script->now_ms);
    script_expect(script, "disconnect\nlink connecting\nconnect\n");
}

static void test_a_changed_network_shows_the_ticket_and_reads_only_what_is_new(void **state)
{
    struct script *s = *state;
    be_live(s, "first");
    change_network(s);
    expect_hello(s, "", "first", true);
    welcome(s, "second", 1, "a", 4);
    script_expect(s, "conversation a\nlink syncing\n> read a after 2\n");
    uint64_t request = script_request(s, CLIENT_FRAME(READ));
    script_message(s, request, "a", 3);
    script_message(s, request, "a", 4);
    script_page_end(s, request, "a", 4, false);
    script_expect(s, "store a 3 message\nstore a 4 message\ncursor a 4 shown 0\nshow a 3 message\n"
                     "show a 4 message\nlink live\n");
    change_network(s);
    expect_hello(s, "", "second", true);
}

static void test_it_skips_what_the_news_begin_after(void **state)
{
    struct script *s = *state;
    be_live(s, "first");
    change_network(s);
    expect_hello(s, "", "first", true);
    welcome_to(s, "second", 1, "a", 102, 101);
    script_expect(s, "conversation a\nlink syncing\n> read a after 2 before 101 recalls\n");
    uint64_t request = script_request(s, CLIENT_FRAME(READ));
    script_recall(s, SERVER_FRAME(EVENT), request, "a", 40, 1);
    script_page(s, request, "a", (struct script_page){.head = 102, .next = 100});
    script_expect(s, "apply a 40 to 1\nskip a 3-100\ncursor a 100 shown 0\nskipped a 3-100\n"
                     "> read a after 100\n");
    request = script_request(s, CLIENT_FRAME(READ));
    script_message(s, request, "a", 101);
    script_message(s, request, "a", 102);
    script_page_end(s, request, "a", 102, false);
    script_skip(s);
    assert_int_equal(client_core_link(s->core), CLIENT_LINK_LIVE);
}

static void test_where_nothing_is_new_it_is_live_at_once_and_lists_later(void **state)
{
    struct script *s = *state;
    be_live(s, "first");
    change_network(s);
    expect_hello(s, "", "first", true);
    welcome(s, "second", 1, "", 0);
    script_expect(s, "link syncing\nlink live\n");
    wire_progress_page places = UNSAY__V1__PROGRESS_PAGE__INIT;
    script_frame(s, script_request(s, CLIENT_FRAME(LIST_PROGRESS)), SERVER_FRAME(PROGRESS),
                 &places);
    bool is_listed = false;
    for (int second = 0; second < 121 && !is_listed; second++) {
        script_pass(s, 1000);
        script_skip(s);
        is_listed = s->frames[s->frame_count - 1]->body_case == CLIENT_FRAME(LIST_CONVERSATIONS);
        assert_true(!is_listed || second >= 59);
        if (s->frames[s->frame_count - 1]->body_case == CLIENT_FRAME(HEARTBEAT)) {
            wire_heartbeat_reply reply = UNSAY__V1__HEARTBEAT_REPLY__INIT;
            script_frame(s, 1, SERVER_FRAME(HEARTBEAT), &reply);
        }
    }
    assert_true(is_listed);
    /* What the news did not tell is found then. */
    script_listed(s, "b", 1, false);
    script_expect(s, "conversation b\nleft a\n> read b after 0\n");
    assert_int_equal(client_core_link(s->core), CLIENT_LINK_LIVE);
}

static void test_a_push_beyond_the_news_makes_it_read(void **state)
{
    struct script *s = *state;
    be_live(s, "first");
    change_network(s);
    expect_hello(s, "", "first", true);
    welcome(s, "second", 1, "", 0);
    script_skip(s);
    script_message(s, 0, "a", 4);
    script_pass(s, 5000);
    script_expect(s, "> read a after 2\n");
}

static void test_before_it_has_everything_it_lists(void **state)
{
    struct script *s = *state;
    client_core_start(s->core, s->now_ms);
    client_core_outbox_loaded(s->core, s->now_ms, false);
    script_skip(s);
    expect_hello(s, "token", "", false);
    welcome(s, "first", 1, NULL, 0);
    script_skip(s);
    change_network(s);
    expect_hello(s, "", "first", false);
    /* ... even if the server thinks otherwise. */
    welcome(s, "second", 1, "", 0);
    script_expect(s, "link syncing\n> list \"\"\n");
}

static void test_another_store_is_listed(void **state)
{
    struct script *s = *state;
    be_live(s, "first");
    change_network(s);
    expect_hello(s, "", "first", true);
    welcome(s, "second", 2, "", 0);
    script_expect(s, "forget\nstore 2\nlink syncing\n> list \"\"\n");
}

static void refuse_ticket(struct script *s, refusal_code code)
{
    client_core_network_changed(s->core, s->now_ms);
    script_skip(s);
    expect_hello(s, "", "first", true);
    script_closing(s, code, 0);
    script_expect(s, "disconnect\nconnect\n");
    expect_hello(s, "token", "", true);
}

static void test_a_refused_ticket_gives_way_to_the_token(void **state)
{
    struct script *s = *state;
    be_live(s, "first");
    for (int i = 0; i < 20; i++) { /* more often than failures are put up with */
        refuse_ticket(s, i % 2 == 0 ? REFUSAL_CODE(TICKET_INVALID) : REFUSAL_CODE(TICKET_EXPIRED));
        welcome(s, "first", 1, "", 0);
        script_skip(s);
    }
    /* A server that finds fault with a ticket that was not shown is like one that breaks off. */
    refuse_ticket(s, REFUSAL_CODE(TICKET_EXPIRED));
    script_closing(s, REFUSAL_CODE(TICKET_EXPIRED), 0);
    script_expect(s, "disconnect\nlink down\n");
}

static void test_what_ends_the_session_ends_the_ticket(void **state)
{
    struct script *s = *state;
    be_live(s, "first");
    script_closing(s, REFUSAL_CODE(SESSION_REPLACED), 0);
    script_expect(s, "disconnect\nlink rejected\n");
    client_core_network_changed(s->core, s->now_ms);
    script_expect(s, "link connecting\nconnect\n");
    expect_hello(s, "token", "", true);
    welcome(s, "second", 1, "", 0);
    script_skip(s);
    client_core_set_token(s->core, s->now_ms, "another");
    script_skip(s);
    expect_hello(s, "another", "", true);
    /* A server that gives none, or one that is too long to be one. */
    static char long_ticket[LIMIT_TICKET_BYTES_MAX + 2];
    memset(long_ticket, 'x', sizeof(long_ticket) - 1);
    welcome(s, long_ticket, 1, "", 0);
    script_skip(s);
    change_network(s);
    expect_hello(s, "another", "", true);
}

static void test_a_lost_acknowledgement_is_repeated_when_resumed(void **state)
{
    struct script *s = *state;
    be_live(s, "first");
    script_message(s, 0, "a", 3);
    script_pass(s, 50);
    script_skip(s); /* the acknowledgement is lost with the connection */
    change_network(s);
    expect_hello(s, "", "first", true);
    welcome(s, "second", 1, "a", 3);
    script_expect(s, "conversation a\nlink syncing\nlink live\n");
    script_pass(s, 50);
    script_expect(s, "> ack a:3/0\n");
    script_confirmed(s, "a", 3, 0);
    script_pass(s, 10000);
    script_expect(s, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, script_setup, script_teardown)
        TEST(test_a_changed_network_shows_the_ticket_and_reads_only_what_is_new),
        TEST(test_it_skips_what_the_news_begin_after),
        TEST(test_where_nothing_is_new_it_is_live_at_once_and_lists_later),
        TEST(test_a_push_beyond_the_news_makes_it_read),
        TEST(test_before_it_has_everything_it_lists),
        TEST(test_another_store_is_listed),
        TEST(test_a_refused_ticket_gives_way_to_the_token),
        TEST(test_what_ends_the_session_ends_the_ticket),
        TEST(test_a_lost_acknowledgement_is_repeated_when_resumed),
#undef TEST
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
