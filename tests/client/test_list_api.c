/* The list of conversations as an application sees it: entries that change, the list itself without
 * a connection, and what the user sets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api_fixture.h"
#include "core/frame.h"
#include "events.h"
#include "unsay/conversation.h"
#include "unsay/reading.h"

static void entry_print(struct trace *trace, const char *verb, const struct unsay_conversation *at)
{
    trace_add(trace, "%s %s %s role %d last %llu unread %u/%u muted %llu pinned %llu%s", verb,
              at->id, at->name, (int)at->role,
              at->preview == NULL ? 0 : (unsigned long long)at->preview->seq, at->unread,
              at->mentions, (unsigned long long)at->muted_until_ms,
              (unsigned long long)at->pinned_ms, at->is_hidden ? " hidden" : "");
}

static void count_page(void *context, const struct unsay_error *error,
                       const struct unsay_conversation *page, size_t count, bool more)
{
    (void)page;
    (void)error;
    (void)more;
    *(size_t *)context = count;
}

static void print_page(void *context, const struct unsay_error *error,
                       const struct unsay_conversation *page, size_t count, bool more)
{
    assert_int_equal(error->result, UNSAY_OK);
    for (size_t i = 0; i < count; i++)
        entry_print(context, "listed", &page[i]);
    trace_add(context, more ? "more" : "end");
}

/* Stored before it is shown: a list that is read in the callback has it already. */
static void on_conversation(void *context, const struct unsay_conversation *conversation)
{
    struct trace *trace = context;
    size_t count = 0;
    struct unsay_conversation_query query = {.with_hidden = true};
    entry_print(trace, "changed", conversation);
    assert_int_equal(unsay_conversations(trace->client, &query, count_page, &count), UNSAY_OK);
    assert_int_equal(count, conversation->role != UNSAY_ROLE_NONE);
}

static int list_setup(void **state)
{
    fixture_setup(state);
    struct fixture *fixture = *state;
    fixture_close(fixture);
    fixture->on_conversation = on_conversation;
    fixture_open(fixture);
    return 0;
}

static void what_was_read_elsewhere_is_read(void **state)
{
    struct fixture *fixture = *state;
    struct trace *trace = &fixture->trace;
    fake_server_join(&fixture->server, "alice", 0);
    fixture_start(fixture);
    fake_server_say_to(&fixture->server, "one", 0, "alice");
    fake_server_say(&fixture->server, "two");
    trace_wait(trace, "changed g:1 the group role 4 last 2 unread 2/1 muted 0 pinned 0", 1);
    fake_server_move(&fixture->server, "alice", 2, 1);
    trace_wait(trace, "changed g:1 the group role 4 last 2 unread 1/0 muted 0 pinned 0", 1);
}

static void entries_follow_what_happens(void **state)
{
    struct fixture *fixture = *state;
    struct trace *trace = &fixture->trace;
    fixture_start(fixture);
    trace_wait(trace, "changed g:1 the group role 4 last 0 unread 0/0 muted 0 pinned 0", 1);
    fake_server_say_to(&fixture->server, "one", 0, "alice");
    trace_wait(trace, "changed g:1 the group role 4 last 1 unread 1/1 muted 0 pinned 0", 1);
    fake_server_say(&fixture->server, "two");
    trace_wait(trace, "changed g:1 the group role 4 last 2 unread 2/1 muted 0 pinned 0", 1);
    trace_assert_order(trace, "event 2 message normal two",
                       "changed g:1 the group role 4 last 2 unread 2/1 muted 0 pinned 0");
    fake_server_recall(&fixture->server, 1);
    trace_wait(trace, "changed g:1 the group role 4 last 2 unread 1/0 muted 0 pinned 0", 1);
    assert_int_equal(unsay_displayed(fixture->client, "g:1", 2), UNSAY_OK);
    trace_wait(trace, "changed g:1 the group role 4 last 2 unread 0/0 muted 0 pinned 0", 1);
    struct arena arena;
    arena_init(&arena);
    fake_server_append(&fixture->server,
                       make_membership(&arena, "g:1", 4, "alice", WIRE(ROLE, UNSPECIFIED)));
    trace_wait(trace, "changed g:1 the group role 0 last 2 unread 0/0 muted 0 pinned 0", 1);
    arena_fini(&arena);
}

/* Once for all that were stored together: many messages, few changes, and the last one is right. */
static void changes_are_gathered(void **state)
{
    struct fixture *fixture = *state;
    for (int i = 0; i < 150; i++)
        fake_server_say(&fixture->server, "x");
    fixture_start(fixture);
    trace_wait(&fixture->trace,
               "changed g:1 the group role 4 last 150 unread 100/0 muted 0 pinned 0", 1);
    size_t shown = 0;
    for (const char *at = fixture->trace.text; (at = strstr(at, "\nchanged ")) != NULL; at++)
        shown++;
    assert_in_range(shown, 1, 75);
}

static void the_list_needs_no_connection(void **state)
{
    struct fixture *fixture = *state;
    struct trace *trace = &fixture->trace;
    fixture_start(fixture);
    fake_server_say(&fixture->server, "one");
    fake_server_set_listing(&fixture->server, 4, 99, WIRE(HIDING, NONE));
    trace_wait(trace, "changed g:1 the group role 4 last 1 unread 1/0 muted 0 pinned 99", 1);
    fixture_close(fixture);
    fixture_open(fixture);
    assert_int_equal(unsay_conversations(fixture->client, NULL, print_page, trace), UNSAY_OK);
    trace_wait(trace, "listed g:1 the group role 4 last 1 unread 1/0 muted 0 pinned 99\nend", 1);
    struct unsay_conversation after = {.id = "g:1", .pinned_ms = 99};
    struct unsay_conversation_query query = {.after = &after, .limit = 1001};
    assert_int_equal(unsay_conversations(fixture->client, &query, print_page, trace),
                     UNSAY_INVALID);
    query.limit = 1;
    assert_int_equal(unsay_conversations(fixture->client, &query, print_page, trace), UNSAY_OK);
    trace_wait(trace, "end\nend", 1);
    after.id = "no id";
    assert_int_equal(unsay_conversations(fixture->client, &query, print_page, trace),
                     UNSAY_INVALID);
}

static void news_of_other_devices_count_by_version(void **state)
{
    struct fixture *fixture = *state;
    struct trace *trace = &fixture->trace;
    fixture_start(fixture);
    fake_server_set_listing(&fixture->server, 2, 0, WIRE(HIDING, ALWAYS));
    trace_wait(trace, "changed g:1 the group role 4 last 0 unread 0/0 muted 0 pinned 0 hidden", 1);
    fake_server_set_listing(&fixture->server, 1, 55, WIRE(HIDING, NONE)); /* overtaken */
    fake_server_say(&fixture->server, "one");
    trace_wait(trace, "changed g:1 the group role 4 last 1 unread 1/0 muted 0 pinned 0 hidden", 1);
    assert_int_equal(unsay_conversations(fixture->client, NULL, print_page, trace), UNSAY_OK);
    trace_wait(trace, "end", 1);
    assert_null(strstr(trace->text, "\nlisted "));
    /* A device that was away learns it from the list. */
    fixture_close(fixture);
    fixture->server.listing.version = 3;
    fixture->server.listing.pinned_ms = 66;
    fixture->server.listing.hiding = WIRE(HIDING, NONE);
    fixture_open(fixture);
    unsay_start(fixture->client);
    trace_wait(trace, "changed g:1 the group role 4 last 1 unread 1/0 muted 0 pinned 66", 1);
}

static void on_listing(void *context, const struct unsay_error *error,
                       const struct unsay_listing *listing)
{
    if (listing == NULL)
        trace_add(context, "set %s", error->refusal);
    else
        trace_add(context, "set %s muted %llu", listing->conversation,
                  (unsigned long long)listing->muted_until_ms);
}

static const wire_change_listing *asked(struct fixture *fixture, struct arena *arena, size_t number)
{
    fake_server_wait(&fixture->server, &fixture->server.requests, number);
    const wire_client_frame *frame = fake_server_last(&fixture->server, arena);
    assert_int_equal(frame->body_case, CLIENT_FRAME(CHANGE_LISTING));
    return frame->change_listing;
}

static void what_the_user_sets(void **state)
{
    struct fixture *fixture = *state;
    struct trace *trace = &fixture->trace;
    struct arena arena;
    arena_init(&arena);
    fixture_start(fixture);
    fake_server_say(&fixture->server, "one");
    trace_wait(trace, "event 1 message normal one", 1);
    struct unsay_listing_change change = {.setting = UNSAY_SETTING_MUTED,
                                          .muted_until_ms = UINT64_MAX};
    assert_int_equal(unsay_change_listing(fixture->client, "g:1", &change, on_listing, trace),
                     UNSAY_OK);
    trace_wait(trace, "set g:1 muted 77", 1);
    trace_wait(trace, "changed g:1 the group role 4 last 1 unread 1/0 muted 77 pinned 0", 1);
    assert_true(asked(fixture, &arena, 1)->muted_until_ms == UINT64_MAX);
    change.setting = UNSAY_SETTING_PINNED;
    change.is_pinned = true;
    assert_int_equal(unsay_change_listing(fixture->client, "g:1", &change, NULL, NULL), UNSAY_OK);
    assert_true(asked(fixture, &arena, 2)->is_pinned);
    change.setting = UNSAY_SETTING_HIDDEN;
    change.hiding = UNSAY_HIDING_UNTIL_MESSAGE;
    assert_int_equal(unsay_change_listing(fixture->client, "g:1", &change, NULL, NULL), UNSAY_OK);
    const wire_change_listing *hidden = asked(fixture, &arena, 3);
    assert_int_equal(hidden->hiding, WIRE(HIDING, UNTIL_MESSAGE));
    assert_int_equal(hidden->hidden_seq, 1); /* a message that this device lacks is not hidden */
    change.hiding = (enum unsay_hiding)3;
    assert_int_equal(unsay_change_listing(fixture->client, "g:1", &change, NULL, NULL),
                     UNSAY_INVALID);
    change.setting = (enum unsay_setting)0;
    assert_int_equal(unsay_change_listing(fixture->client, "g:1", &change, NULL, NULL),
                     UNSAY_INVALID);
    assert_int_equal(unsay_change_listing(fixture->client, "no id", &change, NULL, NULL),
                     UNSAY_INVALID);
    fake_server_set(&fixture->server, FAKE_ANSWERS, FAKE_REFUSES);
    change.setting = UNSAY_SETTING_PINNED;
    assert_int_equal(unsay_change_listing(fixture->client, "g:1", &change, on_listing, trace),
                     UNSAY_OK);
    trace_wait(trace, "set not_permitted", 1);
    arena_fini(&arena);
}

/* The log is of another store now: nothing of the old list stays. */
static void a_store_that_began_anew_empties_the_list(void **state)
{
    struct fixture *fixture = *state;
    struct trace *trace = &fixture->trace;
    fixture->server.store = 1;
    fixture_start(fixture);
    fake_server_say(&fixture->server, "old");
    fake_server_set_listing(&fixture->server, 9, 5, WIRE(HIDING, NONE));
    trace_wait(trace, "changed g:1 the group role 4 last 1 unread 1/0 muted 0 pinned 5", 1);
    fixture->server.listing.version = 0;
    fake_server_begin_anew(&fixture->server, 2);
    trace_wait(trace, "changed g:1  role 0 last 0 unread 0/0 muted 0 pinned 0", 1);
    trace_wait(trace, "changed g:1 the group role 4 last 0 unread 0/0 muted 0 pinned 0", 2);
}

#define list_test(name) cmocka_unit_test_setup_teardown(name, list_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        list_test(entries_follow_what_happens),
        list_test(what_was_read_elsewhere_is_read),
        list_test(changes_are_gathered),
        list_test(the_list_needs_no_connection),
        list_test(news_of_other_devices_count_by_version),
        list_test(what_the_user_sets),
        list_test(a_store_that_began_anew_empties_the_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
