/* How far members have come, by the rules of core/client_progress.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "database_fixture.h"
#include "unsay/levels.h"

#include <stdio.h>

enum { PLACES_MAX = 4 };

/* What the server tells: "whole 9 alice 3/1@1 bob 2/0@4", "large 9", "bob 3/0". */
struct told {
    wire_progress progress;
    wire_member_progress members[PLACES_MAX];
    wire_member_progress *list[PLACES_MAX];
    char users[PLACES_MAX][16];
};

static void told_parse(struct told *told, const char *text)
{
    char kind[16];
    unsigned long long seq, stored, displayed, joined;
    int used = 0;
    unsay__v1__progress__init(&told->progress);
    told->progress.conversation = string_of("g:1");
    told->progress.origin = 1;
    told->progress.members = told->list;
    if (sscanf(text, "%15s %llu%n", kind, &seq, &used) == 2 &&
        (strcmp(kind, "whole") == 0 || strcmp(kind, "large") == 0)) {
        told->progress.is_whole = true;
        told->progress.is_large = kind[0] == 'l';
        told->progress.seq = seq;
        text += used;
    }
    char *user = told->users[0];
    while (sscanf(text, "%15s %llu/%llu@%llu%n", user, &stored, &displayed, &joined, &used) == 4) {
        size_t at = told->progress.n_members++;
        unsay__v1__member_progress__init(&told->members[at]);
        told->members[at].user = user;
        told->members[at].stored = stored;
        told->members[at].displayed = displayed;
        told->members[at].joined = joined;
        told->list[at] = &told->members[at];
        text += used;
        user = told->users[at + 1];
    }
}

/* Stores it; what changed, as a text. */
static const char *tell(struct fixture *fixture, const char *text)
{
    static char changed[128];
    struct told told;
    struct database_moved moved;
    told_parse(&told, text);
    database_begin(fixture->database);
    database_put_progress(fixture->database, &told.progress, &fixture->arena, &moved);
    assert_int_equal(database_commit(fixture->database, NULL), STATUS_OK);
    size_t at = (size_t)snprintf(changed, sizeof(changed), "%s", moved.is_changed ? "changed" : "");
    for (size_t i = 0; i < moved.count; i++)
        at += (size_t)snprintf(changed + at, sizeof(changed) - at, " %s %llu/%llu",
                               moved.places[i].user, (unsigned long long)moved.places[i].stored,
                               (unsigned long long)moved.places[i].displayed);
    if (moved.read != 0)
        snprintf(changed + at, sizeof(changed) - at, " read %llu", (unsigned long long)moved.read);
    return changed;
}

static const char *places(struct fixture *fixture)
{
    static char text[128];
    struct unsay_place *list;
    size_t count;
    size_t at = 0;
    text[0] = 0;
    assert_int_equal(
        database_places(fixture->database, view_of("g:1"), 1, &fixture->arena, &list, &count),
        STATUS_OK);
    for (size_t i = 0; i < count; i++)
        at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%s %llu/%llu", i == 0 ? "" : " ",
                               list[i].user, (unsigned long long)list[i].stored,
                               (unsigned long long)list[i].displayed);
    return text;
}

static void assert_levels(struct fixture *fixture, uint64_t seq, enum unsay_level level,
                          uint32_t stored, uint32_t displayed, uint32_t receivers)
{
    struct unsay_levels levels;
    assert_int_equal(database_levels(fixture->database, view_of("g:1"), 1, seq, &levels),
                     STATUS_OK);
    assert_int_equal(levels.level, level);
    assert_int_equal(levels.stored, stored);
    assert_int_equal(levels.displayed, displayed);
    assert_int_equal(levels.receivers, receivers);
}

static void put_own(struct fixture *fixture, uint64_t seq)
{
    wire_event *event = make_message(&fixture->arena, "g:1", seq, "mine");
    event->message->sender = string_of("alice");
    fixture_put(fixture, event);
}

static void numbers_only_grow(void **state)
{
    struct fixture *fixture = *state;
    assert_string_equal(tell(fixture, "whole 5 alice 0/0@1 bob 0/0@1"), "changed");
    assert_string_equal(tell(fixture, "bob 3/1@0"), "changed bob 3/1");
    assert_string_equal(tell(fixture, "bob 3/1@0"), "");
    assert_string_equal(tell(fixture, "bob 2/2@0"), "changed bob 3/2");
    assert_string_equal(places(fixture), "bob 3/2");
    assert_string_equal(tell(fixture, "whole 5 alice 0/0@1 bob 1/1@1"), "");
    assert_string_equal(places(fixture), "bob 3/2");
    fixture_reopen(fixture);
    assert_string_equal(places(fixture), "bob 3/2");
}

static void a_whole_one_says_who_counts(void **state)
{
    struct fixture *fixture = *state;
    assert_string_equal(tell(fixture, "bob 3/1@0"), ""); /* not known to be a member */
    assert_string_equal(places(fixture), "");
    tell(fixture, "whole 5 bob 3/1@1 carol 2/2@1");
    assert_string_equal(tell(fixture, "whole 7 bob 3/1@1"), "changed");
    assert_string_equal(places(fixture), "bob 3/1");
    /* An older one comes late: it moves those who are there, and brings back nobody. */
    assert_string_equal(tell(fixture, "whole 6 bob 4/1@1 carol 2/2@1"), "changed bob 4/1");
    assert_string_equal(tell(fixture, "carol 9/9@0"), "");
    assert_string_equal(places(fixture), "bob 4/1");
    assert_string_equal(tell(fixture, "whole 8 bob 4/1@1 carol 9/9@8"), "changed carol 9/9");
    assert_string_equal(places(fixture), "bob 4/1 carol 9/9");
}

static void levels_follow(void **state)
{
    struct fixture *fixture = *state;
    struct unsay_levels levels;
    put_own(fixture, 4);
    fixture_put(fixture, make_message(&fixture->arena, "g:1", 5, "of bob"));
    assert_levels(fixture, 4, UNSAY_LEVEL_ACCEPTED, 0, 0, 0);
    assert_levels(fixture, 5, UNSAY_LEVEL_NONE, 0, 0, 0);
    assert_levels(fixture, 9, UNSAY_LEVEL_NONE, 0, 0, 0);
    /* carol came with 4, dave later: they are no receivers. */
    tell(fixture, "whole 6 alice 4/4@1 bob 4/0@1 carol 5/5@4 dave 5/5@5");
    assert_levels(fixture, 4, UNSAY_LEVEL_STORED, 1, 0, 1);
    tell(fixture, "bob 5/4@0");
    assert_levels(fixture, 4, UNSAY_LEVEL_DISPLAYED, 1, 1, 1);
    /* Two receivers: the last of them counts. */
    put_own(fixture, 7);
    assert_levels(fixture, 7, UNSAY_LEVEL_ACCEPTED, 0, 0, 3);
    tell(fixture, "bob 7/7@0");
    tell(fixture, "carol 7/0@0");
    assert_levels(fixture, 7, UNSAY_LEVEL_ACCEPTED, 2, 1, 3);
    tell(fixture, "dave 8/6@0");
    assert_levels(fixture, 7, UNSAY_LEVEL_STORED, 3, 1, 3);
    assert_int_equal(database_levels(fixture->database, view_of("g:1"), 1, 7, &levels), STATUS_OK);
    assert_true(levels.is_known);
    assert_string_equal(tell(fixture, "large 8"), "changed");
    assert_levels(fixture, 7, UNSAY_LEVEL_ACCEPTED, 0, 0, 0);
    assert_int_equal(database_levels(fixture->database, view_of("g:1"), 1, 7, &levels), STATUS_OK);
    assert_false(levels.is_known);
    assert_string_equal(tell(fixture, "bob 9/9@0"), "");
}

static void assert_unread(struct fixture *fixture, uint32_t expected)
{
    uint32_t unread, mentions;
    assert_int_equal(database_unread(fixture->database, view_of("g:1"), &unread, &mentions),
                     STATUS_OK);
    assert_int_equal(unread, expected);
}

static void what_was_read_on_another_device_is_read(void **state)
{
    struct fixture *fixture = *state;
    for (uint64_t seq = 1; seq <= 5; seq++)
        fixture_put(fixture, make_message(&fixture->arena, "g:1", seq, "x"));
    struct client_cursor cursor = {
        .conversation = view_of("g:1"), .origin = 1, .stored = 5, .displayed = 1};
    database_begin(fixture->database);
    database_put_cursor(fixture->database, &cursor);
    assert_int_equal(database_commit(fixture->database, NULL), STATUS_OK);
    assert_unread(fixture, 4);
    assert_string_equal(tell(fixture, "alice 5/1@0"), ""); /* no farther than here */
    assert_string_equal(tell(fixture, "alice 5/3@0"), " read 3");
    assert_unread(fixture, 2);
    assert_string_equal(tell(fixture, "large 5 alice 5/4@1"), " read 4");
    assert_unread(fixture, 1);
    assert_string_equal(tell(fixture, "whole 6 bob 1/1@1"), "changed bob 1/1");
    assert_string_equal(tell(fixture, "alice 5/4@0"), "");
    assert_unread(fixture, 1);
    /* This device comes farther. */
    database_begin(fixture->database);
    database_put_displayed(fixture->database, view_of("g:1"), 1, 5);
    assert_int_equal(database_commit(fixture->database, NULL), STATUS_OK);
    assert_unread(fixture, 0);
    assert_string_equal(tell(fixture, "alice 5/5@0"), "");
}

static void another_store_forgets_them(void **state)
{
    struct fixture *fixture = *state;
    tell(fixture, "whole 9 alice 3/3@1 bob 3/1@1");
    database_begin(fixture->database);
    database_forget(fixture->database);
    assert_int_equal(database_commit(fixture->database, NULL), STATUS_OK);
    assert_string_equal(places(fixture), "");
    assert_string_equal(tell(fixture, "whole 1 alice 1/1@1 bob 1/0@1"), "changed bob 1/0 read 1");
}

#define fixture_test(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(numbers_only_grow),
        fixture_test(a_whole_one_says_who_counts),
        fixture_test(levels_follow),
        fixture_test(what_was_read_on_another_device_is_read),
        fixture_test(another_store_forgets_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
