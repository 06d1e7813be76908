/* Groups through the library: what is asked, what is told, and what the device remembers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api_fixture.h"
#include "events.h"
#include "unsay/conversation.h"
#include "unsay/unsay.h"

#include <stdatomic.h>
#include <time.h>

static atomic_uint answers;

static int setup(void **state)
{
    atomic_store(&answers, 0);
    fixture_setup(state);
    fixture_start(*state);
    return 0;
}

static void on_appended(void *context, const struct unsay_error *error,
                        const struct unsay_appended *appended)
{
    (void)context;
    assert_int_equal(error->result, UNSAY_OK);
    assert_int_equal(appended->seq, 7);
    atomic_fetch_add(&answers, 1);
}

/* What was asked last, once it is answered. */
static const wire_client_frame *asked(struct fixture *fixture, struct arena *arena, unsigned count)
{
    struct timespec pause = {0, 1000000};
    for (int i = 0; i < 20000 && atomic_load(&answers) < count; i++)
        nanosleep(&pause, NULL);
    assert_int_equal(atomic_load(&answers), count);
    return fake_server_last(&fixture->server, arena);
}

static void people_are_invited_and_muted(void **state)
{
    struct fixture *fixture = *state;
    struct arena arena;
    static const char *const users[] = {"carol", "dan"};
    static const char *const wrong[] = {"no:user"};
    arena_init(&arena);
    assert_int_equal(unsay_invite(fixture->client, "g:1", users, 2, on_appended, NULL), UNSAY_OK);
    const wire_change_members *change = asked(fixture, &arena, 1)->change_members;
    assert_int_equal(change->n_members, 2);
    assert_false(change->mutes);
    assert_string_equal(change->members[1]->user, "dan");
    assert_int_equal(change->members[1]->role, WIRE(ROLE, INVITED));

    assert_int_equal(unsay_mute(fixture->client, "g:1", users, 1, UINT64_MAX, on_appended, NULL),
                     UNSAY_OK);
    change = asked(fixture, &arena, 2)->change_members;
    assert_true(change->mutes);
    assert_int_equal(change->members[0]->muted_until_ms, UINT64_MAX);
    assert_int_equal(change->members[0]->role, WIRE(ROLE, UNSPECIFIED));

    assert_int_equal(unsay_invite(fixture->client, "g:1", wrong, 1, NULL, NULL), UNSAY_INVALID);
    assert_int_equal(unsay_invite(fixture->client, "g:1", users, 0, NULL, NULL), UNSAY_INVALID);
    assert_int_equal(unsay_mute(fixture->client, "g:1", users, 1001, 0, NULL, NULL), UNSAY_INVALID);
    assert_int_equal(unsay_mute(fixture->client, "no id", users, 1, 0, NULL, NULL), UNSAY_INVALID);
    arena_fini(&arena);
}

static void one_joins_and_leaves(void **state)
{
    struct fixture *fixture = *state;
    struct arena arena;
    arena_init(&arena);
    assert_int_equal(unsay_join(fixture->client, "g:2", on_appended, NULL), UNSAY_OK);
    assert_string_equal(asked(fixture, &arena, 1)->join_conversation->conversation, "g:2");
    assert_int_equal(unsay_leave(fixture->client, "g:2", on_appended, NULL), UNSAY_OK);
    const wire_change_members *change = asked(fixture, &arena, 2)->change_members;
    assert_int_equal(change->n_members, 1);
    assert_string_equal(change->members[0]->user, "alice");
    assert_int_equal(change->members[0]->role, WIRE(ROLE, UNSPECIFIED));
    assert_int_equal(unsay_join(fixture->client, "no id", NULL, NULL), UNSAY_INVALID);
    arena_fini(&arena);
}

static void settings_are_changed(void **state)
{
    struct fixture *fixture = *state;
    struct unsay_settings settings = {
        .name = "Club", .past = UNSAY_PAST_LAST, .past_last = 10, .joining = UNSAY_JOINING_OPEN};
    struct arena arena;
    arena_init(&arena);
    assert_int_equal(
        unsay_change_settings(fixture->client, "g:1", &settings,
                              UNSAY_SETTINGS_NAME | UNSAY_SETTINGS_PAST | UNSAY_SETTINGS_PAST_LAST,
                              on_appended, NULL),
        UNSAY_OK);
    const wire_change_settings *change = asked(fixture, &arena, 1)->change_settings;
    assert_int_equal(change->fields, 1 << 1 | 1 << 5 | 1 << 6);
    assert_string_equal(change->settings->name, "Club");
    assert_int_equal(change->settings->history, WIRE(HISTORY_VISIBILITY, LAST));
    assert_int_equal(change->settings->history_last, 10);
    settings.name = NULL;
    assert_int_equal(
        unsay_change_settings(fixture->client, "g:1", &settings, UNSAY_SETTINGS_NAME, NULL, NULL),
        UNSAY_INVALID);
    assert_int_equal(unsay_change_settings(fixture->client, "g:1", &settings,
                                           UNSAY_SETTINGS_DISSOLVED, NULL, NULL),
                     UNSAY_INVALID);
    assert_int_equal(
        unsay_change_settings(fixture->client, "g:1", NULL, UNSAY_SETTINGS_NAME, NULL, NULL),
        UNSAY_INVALID);
    arena_fini(&arena);
}

static void keep_role(void *context, const struct unsay_error *error,
                      const struct unsay_conversation *found)
{
    (void)error;
    *(int *)context = (int)found->role;
    if (found->role != UNSAY_ROLE_NONE) {
        assert_string_equal(found->name, "news");
        assert_string_equal(found->peer, "bob");
    }
}

static void wait_for_role(struct fixture *fixture, enum unsay_role role)
{
    struct timespec pause = {0, 1000000};
    int found = -1;
    for (int i = 0; i < 20000 && found != (int)role; i++) {
        assert_int_equal(unsay_conversation(fixture->client, "g:2", keep_role, &found), UNSAY_OK);
        nanosleep(&pause, NULL);
    }
    assert_int_equal(found, role);
}

static void an_invitation_is_remembered(void **state)
{
    struct fixture *fixture = *state;
    int role = -1;
    wait_for_role(fixture, UNSAY_ROLE_NONE);
    fake_server_invite(&fixture->server, WIRE(ROLE, INVITED));
    wait_for_role(fixture, UNSAY_ROLE_INVITED);
    fixture_close(fixture);
    fixture_open(fixture);
    unsay_conversation(fixture->client, "g:2", keep_role, &role);
    assert_int_equal(role, UNSAY_ROLE_INVITED);
    fixture_start(fixture); /* and the list lacks it */
    wait_for_role(fixture, UNSAY_ROLE_NONE);
    fake_server_invite(&fixture->server, WIRE(ROLE, INVITED));
    wait_for_role(fixture, UNSAY_ROLE_INVITED);
    fake_server_invite(&fixture->server, WIRE(ROLE, UNSPECIFIED));
    wait_for_role(fixture, UNSAY_ROLE_NONE);
    assert_int_equal(unsay_conversation(fixture->client, "no id", keep_role, &role), UNSAY_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(people_are_invited_and_muted, setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(one_joins_and_leaves, setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(settings_are_changed, setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(an_invitation_is_remembered, setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
