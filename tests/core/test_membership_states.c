/* Muted, invited, joining, barred: what a membership can be besides a role. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"
#include "change_case.h"
#include "core/frame.h"

/* Who may mute whom: those of lower rank, and nobody else. */
static void the_matrix_of_muting(void **state)
{
    (void)state;
    static const char *const may[ROLES] = {
        /* nobody owner admin moderator member guest invited */
        [WIRE(ROLE, OWNER)] = "nnyyyyn",     [WIRE(ROLE, ADMIN)] = "nnnyyyn",
        [WIRE(ROLE, MODERATOR)] = "nnnnyyn", [WIRE(ROLE, MEMBER)] = "nnnnnnn",
        [WIRE(ROLE, GUEST)] = "nnnnnnn",
    };
    for (int actor = WIRE(ROLE, OWNER); actor <= WIRE(ROLE, GUEST); actor++) {
        for (int target = 0; target < ROLES; target++) {
            struct change_case the;
            case_init(&the, (Unsay__V1__Role)actor);
            case_add(&the, "bob", (Unsay__V1__Role)target, WIRE(ROLE, UNSPECIFIED));
            the.request.mutes = true;
            the.entries[0].muted_until_ms = NOW_MS + 1;
            bool is_allowed = may[actor][target] == 'y';
            if ((case_decide(&the) == REFUSAL_NONE) != is_allowed)
                fail_msg("actor %d, target %d", actor, target);
            assert_int_equal(the.places[0].row.muted_until_ms, is_allowed ? NOW_MS + 1 : 0);
            assert_int_equal(the.places[0].row.role, target);
            assert_int_equal(decided_publications(&the.decided), is_allowed);
            case_fini(&the);
        }
    }
}

static void muting_is_an_event_and_ends(void **state)
{
    (void)state;
    struct change_case the;
    case_init(&the, WIRE(ROLE, MODERATOR));
    case_add(&the, "bob", WIRE(ROLE, MEMBER), WIRE(ROLE, UNSPECIFIED));
    case_add(&the, "eve", WIRE(ROLE, GUEST), WIRE(ROLE, UNSPECIFIED));
    the.request.mutes = true;
    the.entries[0].muted_until_ms = UINT64_MAX;
    the.entries[1].muted_until_ms = NOW_MS; /* over already */
    assert_int_equal(case_decide(&the), REFUSAL_NONE);
    const wire_event *event =
        event_decode(decided_change(&the.decided, CHANGE_EVENT)->bytes, &the.decided.arena);
    assert_int_equal(event->membership->n_members, 1);
    assert_true(event->membership->mutes);
    assert_string_equal(event->membership->members[0]->user, "bob");
    assert_int_equal(event->membership->members[0]->role, WIRE(ROLE, MEMBER));
    assert_int_equal(event->membership->members[0]->muted_until_ms, UINT64_MAX);
    assert_int_equal(decided_count(&the.decided, CHANGE_CONVERSATION), 0);
    the.entries[0].muted_until_ms = 0;
    the.request.n_members = 1;
    assert_int_equal(case_decide(&the), REFUSAL_NONE);
    assert_int_equal(the.places[0].row.muted_until_ms, 0);
    case_fini(&the);
}

/* Leaving and coming back is no way out, nor is another role; only as an owner, whom nobody can
 * lift it from, one is free. */
static void muting_outlasts_everything_but_becoming_owner(void **state)
{
    (void)state;
    static const Unsay__V1__Role path[] = {WIRE(ROLE, UNSPECIFIED), WIRE(ROLE, INVITED),
                                           WIRE(ROLE, MEMBER), WIRE(ROLE, ADMIN)};
    struct change_case the;
    case_init(&the, WIRE(ROLE, OWNER));
    case_add(&the, "bob", WIRE(ROLE, MEMBER), WIRE(ROLE, MEMBER));
    the.places[0].row.muted_until_ms = NOW_MS + 1;
    the.row.invited_count = 1;
    for (size_t i = 0; i < sizeof(path) / sizeof(path[0]); i++) {
        the.entries[0].role = path[i];
        assert_int_equal(case_decide(&the), REFUSAL_NONE);
        assert_int_equal(the.places[0].row.role, path[i]);
        assert_int_equal(the.places[0].row.muted_until_ms, NOW_MS + 1);
    }
    the.entries[0].role = WIRE(ROLE, OWNER);
    assert_int_equal(case_decide(&the), REFUSAL_NONE);
    assert_int_equal(the.places[0].row.muted_until_ms, 0);
    case_fini(&the);
}

/* ---- Joining ---- */

static refusal_code case_join(struct change_case *the)
{
    struct member *self = &the->decided.member;
    struct membership_facts facts = {.author = &the->decided.author,
                                     .actor = self,
                                     .members = &self,
                                     .row = &the->row,
                                     .now_ms = NOW_MS};
    const char *detail = NULL;
    refusal_code refusal = membership_join(&the->decided.conversation, &facts,
                                           &the->decided.effects, &the->answer, &detail);
    assert_non_null(detail);
    return refusal;
}

static void who_may_join(void **state)
{
    (void)state;
    static const struct {
        Unsay__V1__Role role;
        Unsay__V1__JoinPolicy join;
        bool is_barred;
        bool is_dissolved;
        refusal_code refusal;
    } cases[] = {
        {WIRE(ROLE, UNSPECIFIED), WIRE(JOIN_POLICY, CLOSED), false, false, REFUSAL_CODE(NOT_OPEN)},
        {WIRE(ROLE, UNSPECIFIED), WIRE(JOIN_POLICY, MEMBERS), false, false, REFUSAL_CODE(NOT_OPEN)},
        {WIRE(ROLE, UNSPECIFIED), WIRE(JOIN_POLICY, OPEN), false, false, REFUSAL_NONE},
        {WIRE(ROLE, UNSPECIFIED), WIRE(JOIN_POLICY, OPEN), true, false, REFUSAL_CODE(NOT_OPEN)},
        {WIRE(ROLE, UNSPECIFIED), WIRE(JOIN_POLICY, OPEN), false, true, REFUSAL_CODE(DISSOLVED)},
        {WIRE(ROLE, INVITED), WIRE(JOIN_POLICY, CLOSED), false, false, REFUSAL_NONE},
        {WIRE(ROLE, INVITED), WIRE(JOIN_POLICY, CLOSED), false, true, REFUSAL_CODE(DISSOLVED)},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct change_case the;
        case_init(&the, cases[i].role);
        the.row.invited_count = cases[i].role == WIRE(ROLE, INVITED);
        the.decided.member.row.is_barred = cases[i].is_barred;
        the.decided.conversation.settings = (struct conversation_settings){
            .join = cases[i].join, .is_dissolved = cases[i].is_dissolved};
        assert_int_equal(case_join(&the), cases[i].refusal);
        assert_int_equal(the.decided.member.is_member, cases[i].refusal == REFUSAL_NONE);
        if (cases[i].refusal == REFUSAL_NONE) {
            const struct change *row = decided_change(&the.decided, CHANGE_CONVERSATION);
            assert_int_equal(row->conversation_row.member_count, 11);
            assert_int_equal(row->conversation_row.invited_count, 0);
            assert_int_equal(the.decided.member.row.role, WIRE(ROLE, MEMBER));
            assert_int_equal(the.answer.seq, 5);
            assert_int_equal(case_join(&the), REFUSAL_NONE); /* and again */
            assert_int_equal(decided_count(&the.decided, CHANGE_EVENT), 1);
        } else {
            assert_nothing_changed(&the);
        }
        case_fini(&the);
    }
}

static void the_last_place_is_the_last(void **state)
{
    (void)state;
    struct change_case the;
    case_init(&the, WIRE(ROLE, UNSPECIFIED));
    the.decided.conversation.settings.join = WIRE(JOIN_POLICY, OPEN);
    the.row.member_count = LIMIT_MEMBERS_MAX;
    assert_int_equal(case_join(&the), REFUSAL_CODE(TOO_MANY_MEMBERS));
    assert_nothing_changed(&the);
    the.row.member_count--;
    assert_int_equal(case_join(&the), REFUSAL_NONE);
    case_fini(&the);
}

static void invitations_are_counted_and_bounded(void **state)
{
    (void)state;
    struct change_case the;
    case_init(&the, WIRE(ROLE, OWNER));
    the.row.invited_count = LIMIT_INVITATIONS_MAX;
    case_add(&the, "bob", WIRE(ROLE, UNSPECIFIED), WIRE(ROLE, INVITED));
    assert_int_equal(case_decide(&the), REFUSAL_CODE(TOO_MANY_MEMBERS));
    assert_nothing_changed(&the);
    the.row.invited_count--;
    assert_int_equal(case_decide(&the), REFUSAL_NONE);
    const struct change *row = decided_change(&the.decided, CHANGE_CONVERSATION);
    assert_int_equal(row->conversation_row.invited_count, LIMIT_INVITATIONS_MAX);
    assert_int_equal(row->conversation_row.member_count, 10);
    assert_false(the.places[0].is_member);
    assert_int_equal(the.places[0].row.joined_seq, 5);
    assert_int_equal(the.decided.effects.first->new_member_count, 0);
    assert_string_equal(the.decided.effects.last->only_user, "bob");
    case_fini(&the);
}

static void one_who_is_invited_may_decline_and_nothing_else(void **state)
{
    (void)state;
    struct change_case the;
    case_init(&the, WIRE(ROLE, INVITED));
    the.row.invited_count = 1;
    case_add(&the, "ann", WIRE(ROLE, INVITED), WIRE(ROLE, MEMBER));
    assert_int_equal(case_decide(&the), REFUSAL_CODE(NOT_A_MEMBER));
    the.entries[0].role = WIRE(ROLE, UNSPECIFIED);
    case_add(&the, "bob", WIRE(ROLE, GUEST), WIRE(ROLE, UNSPECIFIED));
    assert_int_equal(case_decide(&the), REFUSAL_CODE(NOT_A_MEMBER));
    assert_nothing_changed(&the);
    the.request.n_members = 1;
    assert_int_equal(case_decide(&the), REFUSAL_NONE);
    assert_int_equal(the.places[0].row.role, WIRE(ROLE, UNSPECIFIED));
    assert_int_equal(the.places[0].row.left_seq, 0); /* was never in */
    assert_false(the.places[0].row.is_barred);
    case_fini(&the);
}

static void who_is_removed_is_barred_until_someone_lets_them(void **state)
{
    (void)state;
    struct change_case the;
    case_init(&the, WIRE(ROLE, OWNER));
    case_add(&the, "bob", WIRE(ROLE, MEMBER), WIRE(ROLE, UNSPECIFIED));
    assert_int_equal(case_decide(&the), REFUSAL_NONE);
    assert_true(the.places[0].row.is_barred);
    the.entries[0].role = WIRE(ROLE, INVITED);
    assert_int_equal(case_decide(&the), REFUSAL_NONE);
    assert_false(the.places[0].row.is_barred);
    case_fini(&the);

    case_init(&the, WIRE(ROLE, MEMBER));
    case_add(&the, "ann", WIRE(ROLE, MEMBER), WIRE(ROLE, UNSPECIFIED));
    assert_int_equal(case_decide(&the), REFUSAL_NONE);
    assert_false(the.places[0].row.is_barred);
    case_fini(&the);
}

static void a_dissolved_conversation_has_its_members_for_ever(void **state)
{
    (void)state;
    struct change_case the;
    case_init(&the, WIRE(ROLE, OWNER));
    the.decided.conversation.settings.is_dissolved = true;
    case_add(&the, "bob", WIRE(ROLE, MEMBER), WIRE(ROLE, UNSPECIFIED));
    assert_int_equal(case_decide(&the), REFUSAL_CODE(DISSOLVED));
    the.decided.author.authority = WIRE(ACTOR, SYSTEM);
    assert_int_equal(case_decide(&the), REFUSAL_CODE(DISSOLVED));
    assert_nothing_changed(&the);
    case_fini(&the);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_matrix_of_muting),
        cmocka_unit_test(muting_is_an_event_and_ends),
        cmocka_unit_test(muting_outlasts_everything_but_becoming_owner),
        cmocka_unit_test(who_may_join),
        cmocka_unit_test(the_last_place_is_the_last),
        cmocka_unit_test(invitations_are_counted_and_bounded),
        cmocka_unit_test(one_who_is_invited_may_decline_and_nothing_else),
        cmocka_unit_test(who_is_removed_is_barred_until_someone_lets_them),
        cmocka_unit_test(a_dissolved_conversation_has_its_members_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
