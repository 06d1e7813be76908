/* What a device remembers of a conversation: the listing, and every event since. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "database_fixture.h"

static void put_entry(struct fixture *fixture, const wire_conversation_entry *entry)
{
    database_begin(fixture->database);
    database_put_conversation(fixture->database, entry);
    assert_int_equal(database_commit(fixture->database, NULL), STATUS_OK);
}

static void follow(struct fixture *fixture, const wire_event *event)
{
    fixture_put(fixture, event);
}

static const struct unsay_conversation *get(struct fixture *fixture)
{
    static struct unsay_conversation found;
    assert_int_equal(
        database_conversation(fixture->database, view_of("g:1"), &fixture->arena, &found),
        STATUS_OK);
    return &found;
}

static wire_event settings_event(wire_settings_change *change, wire_settings *settings)
{
    wire_event event = UNSAY__V1__EVENT__INIT;
    unsay__v1__settings_change__init(change);
    unsay__v1__settings__init(settings);
    settings->name = string_of("Club");
    settings->read_only = true;
    change->actor = string_of("bob");
    change->settings = settings;
    event.conversation = string_of("g:1");
    event.origin = 1;
    event.seq = 9;
    event.time = UINT64_C(1700000000009) << 16;
    event.kind_case = EVENT_KIND(SETTINGS);
    event.settings = change;
    return event;
}

static void a_listing_and_what_came_since(void **state)
{
    struct fixture *fixture = *state;
    wire_conversation_entry entry = UNSAY__V1__CONVERSATION_ENTRY__INIT;
    wire_settings_change change;
    wire_settings settings;
    assert_int_equal(get(fixture)->role, UNSAY_ROLE_NONE);
    entry.conversation = string_of("g:1");
    entry.type = WIRE(CONVERSATION_TYPE, GROUP);
    entry.name = string_of("club");
    entry.role = WIRE(ROLE, INVITED);
    entry.peer = string_of("bob");
    put_entry(fixture, &entry);
    assert_string_equal(get(fixture)->peer, "bob");
    assert_int_equal(get(fixture)->role, UNSAY_ROLE_INVITED);

    follow(fixture, make_membership(&fixture->arena, "g:1", 7, "alice", WIRE(ROLE, MEMBER)));
    assert_int_equal(get(fixture)->role, WIRE(ROLE, MEMBER));
    wire_event *muting = make_membership(&fixture->arena, "g:1", 8, "alice", WIRE(ROLE, MEMBER));
    muting->membership->members[0]->muted_until_ms = UINT64_MAX;
    follow(fixture, muting);
    follow(fixture, make_membership(&fixture->arena, "g:1", 9, "carol", WIRE(ROLE, ADMIN)));
    wire_event event = settings_event(&change, &settings);
    event.seq = 10;
    follow(fixture, &event);
    fixture_reopen(fixture);
    assert_int_equal(get(fixture)->role, WIRE(ROLE, MEMBER));
    assert_int_equal(get(fixture)->silenced_until_ms, UINT64_MAX);
    assert_int_equal(get(fixture)->type, WIRE(CONVERSATION_TYPE, GROUP));
    assert_string_equal(get(fixture)->name, "Club");
    assert_true(get(fixture)->settings->is_read_only);
    follow(fixture, make_membership(&fixture->arena, "g:1", 11, "alice", WIRE(ROLE, UNSPECIFIED)));
    assert_int_equal(get(fixture)->role, WIRE(ROLE, UNSPECIFIED));
}

static void the_beginning_is_known_before_any_listing(void **state)
{
    struct fixture *fixture = *state;
    wire_event event = UNSAY__V1__EVENT__INIT;
    wire_creation creation = UNSAY__V1__CREATION__INIT;
    wire_member alice = UNSAY__V1__MEMBER__INIT;
    wire_member *members[] = {&alice};
    alice.user = string_of("alice");
    alice.role = WIRE(ROLE, OWNER);
    creation.type = WIRE(CONVERSATION_TYPE, CHANNEL);
    creation.name = string_of("news");
    creation.creator = string_of("alice");
    creation.members = members;
    creation.n_members = 1;
    event.conversation = string_of("g:1");
    event.origin = 1;
    event.seq = 1;
    event.kind_case = EVENT_KIND(CREATION);
    event.creation = &creation;
    follow(fixture, &event);
    assert_string_equal(get(fixture)->name, "news");
    assert_int_equal(get(fixture)->role, WIRE(ROLE, OWNER));
    assert_int_equal(get(fixture)->type, WIRE(CONVERSATION_TYPE, CHANNEL));
}

/* A list that was read late tells what is newer than the events that follow. */
static void what_a_listing_tells_is_not_undone(void **state)
{
    struct fixture *fixture = *state;
    wire_conversation_entry entry = UNSAY__V1__CONVERSATION_ENTRY__INIT;
    wire_head head = UNSAY__V1__HEAD__INIT;
    wire_head *heads[] = {&head};
    wire_settings newer = UNSAY__V1__SETTINGS__INIT;
    wire_settings_change change;
    wire_settings settings;
    wire_event event = settings_event(&change, &settings);
    head.origin = 1;
    head.seq = 12;
    newer.name = string_of("newest");
    entry.conversation = string_of("g:1");
    entry.type = WIRE(CONVERSATION_TYPE, GROUP);
    entry.name = string_of("newest");
    entry.role = WIRE(ROLE, MEMBER);
    entry.heads = heads;
    entry.n_heads = 1;
    entry.settings = &newer;
    entry.muted_until_ms = 7;
    put_entry(fixture, &entry);
    follow(fixture, &event);
    follow(fixture, make_membership(&fixture->arena, "g:1", 10, "alice", WIRE(ROLE, ADMIN)));
    assert_string_equal(get(fixture)->name, "newest");
    assert_false(get(fixture)->settings->is_read_only);
    assert_int_equal(get(fixture)->silenced_until_ms, 7);
    event.seq = 13;
    follow(fixture, &event);
    assert_string_equal(get(fixture)->name, "Club");
    assert_true(get(fixture)->settings->is_read_only);
}

static void an_event_of_settings_is_read_as_it_was_stored(void **state)
{
    struct fixture *fixture = *state;
    wire_settings_change change;
    wire_settings settings;
    wire_event event = settings_event(&change, &settings);
    settings.description = string_of("about");
    settings.history = WIRE(HISTORY_VISIBILITY, LAST);
    settings.history_last = 5;
    change.fields = 10;
    fixture_put(fixture, &event);
    fixture_reopen(fixture);
    struct unsay_event read = fixture_get(fixture, "g:1", 9);
    assert_int_equal(read.kind, UNSAY_EVENT_SETTINGS);
    assert_string_equal(read.sender, "bob");
    assert_int_equal(read.settings_fields, 10);
    assert_string_equal(read.settings->name, "Club");
    assert_string_equal(read.settings->description, "about");
    assert_true(read.settings->is_read_only);
    assert_int_equal(read.settings->past, UNSAY_PAST_LAST);
    assert_int_equal(read.settings->past_last, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_listing_and_what_came_since, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(the_beginning_is_known_before_any_listing, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(what_a_listing_tells_is_not_undone, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(an_event_of_settings_is_read_as_it_was_stored,
                                        fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
