/* Membership: the whole matrix of roles, and exactly what a change leaves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"
#include "change_case.h"
#include "core/creation.h"
#include "core/frame.h"

static void every_wrong_field_has_its_refusal(void **state)
{
    (void)state;
    struct change_case the;
    const char *detail;
    case_init(&the, WIRE(ROLE, OWNER));
    assert_int_equal(membership_check(&the.request, &detail), REFUSAL_CODE(FIELD_INVALID));
    case_add(&the, "bob", WIRE(ROLE, MEMBER), WIRE(ROLE, ADMIN));
    assert_int_equal(membership_check(&the.request, &detail), REFUSAL_NONE);
    assert_string_equal(detail, "");
    case_add(&the, "bob", WIRE(ROLE, MEMBER), WIRE(ROLE, GUEST));
    assert_int_equal(membership_check(&the.request, &detail), REFUSAL_CODE(FIELD_INVALID));
    the.entries[1].user = string_of("no:user");
    assert_int_equal(membership_check(&the.request, &detail), REFUSAL_CODE(INVALID_ID));
    the.entries[1].user = string_of("eve");
    the.entries[1].role = (Unsay__V1__Role)7;
    assert_int_equal(membership_check(&the.request, &detail), REFUSAL_CODE(FIELD_INVALID));
    the.entries[1].role = (Unsay__V1__Role)-1;
    assert_int_equal(membership_check(&the.request, &detail), REFUSAL_CODE(FIELD_INVALID));
    the.entries[1].role = WIRE(ROLE, GUEST);
    the.entries[1].muted_until_ms = NOW_MS + 1;
    assert_int_equal(membership_check(&the.request, &detail), REFUSAL_CODE(FIELD_INVALID));
    the.request.mutes = true;
    assert_int_equal(membership_check(&the.request, &detail), REFUSAL_CODE(FIELD_INVALID));
    the.entries[0].role = the.entries[1].role = WIRE(ROLE, UNSPECIFIED);
    assert_int_equal(membership_check(&the.request, &detail), REFUSAL_NONE);
    the.request.n_members = 1;
    the.request.conversation = string_of("no id");
    assert_int_equal(membership_check(&the.request, &detail), REFUSAL_CODE(INVALID_ID));
    case_fini(&the);

    case_init(&the, WIRE(ROLE, OWNER));
    static char names[CHANGES_MAX][8];
    for (int i = 0; i < CHANGES_MAX; i++) {
        snprintf(names[i], sizeof(names[i]), "u%d", i);
        case_add(&the, names[i], WIRE(ROLE, UNSPECIFIED), WIRE(ROLE, MEMBER));
    }
    assert_int_equal(membership_check(&the.request, &detail), REFUSAL_CODE(FIELD_INVALID));
    the.request.n_members--;
    assert_int_equal(membership_check(&the.request, &detail), REFUSAL_NONE);
    case_fini(&the);
}

/* What an actor of each role may do to someone else, from role (row) to role (column), in the order
 * nobody, owner, admin, moderator, member, guest, invited. '.': nothing to do; 'y' or 'n'; 'm':
 * only where members add and invite. */
static const struct {
    Unsay__V1__Role actor;
    const char *may[ROLES];
} matrix[] = {
    {WIRE(ROLE, OWNER),
     {".yyyyyy", "y.yyyyn", "yy.yyyn", "yyy.yyn", "yyyy.yn", "yyyyy.n", "yyyyyy."}},
    {WIRE(ROLE, ADMIN),
     {".nnyyyy", "n.nnnnn", "nn.nnnn", "ynn.yyn", "ynny.yn", "ynnyy.n", "ynnyyy."}},
    {WIRE(ROLE, MODERATOR),
     {".nnnmmy", "n.nnnnn", "nn.nnnn", "nnn.nnn", "ynnn.nn", "ynnnn.n", "ynnnmm."}},
    {WIRE(ROLE, MEMBER),
     {".nnnmmm", "n.nnnnn", "nn.nnnn", "nnn.nnn", "nnnn.nn", "nnnnn.n", "nnnnmm."}},
    {WIRE(ROLE, GUEST),
     {".nnnnnn", "n.nnnnn", "nn.nnnn", "nnn.nnn", "nnnn.nn", "nnnnn.n", "nnnnnn."}},
};

static void assert_matrix(Unsay__V1__JoinPolicy join)
{
    for (size_t i = 0; i < sizeof(matrix) / sizeof(matrix[0]); i++) {
        for (int at = 0; at < ROLES * ROLES; at++) {
            int from = at / ROLES;
            int to = at % ROLES;
            struct change_case the;
            case_init(&the, matrix[i].actor);
            the.decided.conversation.settings.join = join;
            case_add(&the, "bob", (Unsay__V1__Role)from, (Unsay__V1__Role)to);
            the.row.invited_count = 1;
            refusal_code refusal = case_decide(&the);
            char expected = matrix[i].may[from][to];
            if (expected == 'm')
                expected = join == WIRE(JOIN_POLICY, CLOSED) ? 'n' : 'y';
            if (refusal != (expected == 'n' ? REFUSAL_CODE(NOT_PERMITTED) : REFUSAL_NONE))
                fail_msg("actor %d, from %d to %d, join %d", (int)matrix[i].actor, from, to,
                         (int)join);
            bool tells = expected == 'y' &&
                         (to == WIRE(ROLE, INVITED) || (from == WIRE(ROLE, INVITED) && to == 0));
            assert_int_equal(decided_publications(&the.decided), (expected == 'y') + tells);
            case_fini(&the);
        }
    }
}

static void the_whole_matrix_of_roles(void **state)
{
    (void)state;
    assert_matrix(WIRE(JOIN_POLICY, CLOSED));
    assert_matrix(WIRE(JOIN_POLICY, MEMBERS));
    assert_matrix(WIRE(JOIN_POLICY, OPEN));
}

static void everyone_may_become_less_and_nobody_more(void **state)
{
    (void)state;
    for (int from = WIRE(ROLE, OWNER); from <= WIRE(ROLE, GUEST); from++) {
        for (int to = 0; to < ROLES; to++) {
            struct change_case the;
            case_init(&the, (Unsay__V1__Role)from);
            case_add(&the, "ann", (Unsay__V1__Role)from, (Unsay__V1__Role)to);
            bool may = to == 0 || to >= from || from == WIRE(ROLE, OWNER);
            may |= from == WIRE(ROLE, ADMIN) && to > WIRE(ROLE, ADMIN);
            may &= to != WIRE(ROLE, INVITED);
            assert_int_equal(case_decide(&the), may ? REFUSAL_NONE : REFUSAL_CODE(NOT_PERMITTED));
            case_fini(&the);
        }
    }
}

static void the_system_may_do_anything_without_being_a_member(void **state)
{
    (void)state;
    struct change_case the;
    case_init(&the, WIRE(ROLE, UNSPECIFIED));
    case_add(&the, "bob", WIRE(ROLE, OWNER), WIRE(ROLE, UNSPECIFIED));
    assert_int_equal(case_decide(&the), REFUSAL_CODE(NOT_A_MEMBER));
    the.decided.author.authority = WIRE(ACTOR, COMPLIANCE);
    assert_int_equal(case_decide(&the), REFUSAL_CODE(NOT_A_MEMBER));
    assert_nothing_changed(&the);
    the.decided.author.authority = WIRE(ACTOR, SYSTEM);
    the.row.owner_count = 1; /* even the last owner */
    assert_int_equal(case_decide(&the), REFUSAL_NONE);
    assert_int_equal(
        decided_change(&the.decided, CHANGE_CONVERSATION)->conversation_row.owner_count, 0);
    case_fini(&the);
}

static void the_last_owner_stays(void **state)
{
    (void)state;
    static const Unsay__V1__Role less[] = {WIRE(ROLE, UNSPECIFIED), WIRE(ROLE, ADMIN)};
    for (size_t i = 0; i < 2; i++) {
        struct change_case the;
        case_init(&the, WIRE(ROLE, OWNER));
        the.row.owner_count = 1;
        case_add(&the, "ann", WIRE(ROLE, OWNER), less[i]);
        assert_int_equal(case_decide(&the), REFUSAL_CODE(LAST_OWNER));
        assert_nothing_changed(&the);
        assert_true(the.places[0].is_member);
        /* Unless someone else becomes owner in the same request. */
        case_add(&the, "bob", WIRE(ROLE, MEMBER), WIRE(ROLE, OWNER));
        assert_int_equal(case_decide(&the), REFUSAL_NONE);
        case_fini(&the);
    }
}

static void a_direct_conversation_has_its_two_users_for_ever(void **state)
{
    (void)state;
    struct change_case the;
    case_init(&the, WIRE(ROLE, MEMBER));
    the.decided.conversation.type = WIRE(CONVERSATION_TYPE, DIRECT);
    case_add(&the, "ann", WIRE(ROLE, MEMBER), WIRE(ROLE, UNSPECIFIED));
    assert_int_equal(case_decide(&the), REFUSAL_CODE(NOT_PERMITTED));
    the.decided.author.authority = WIRE(ACTOR, SYSTEM);
    assert_int_equal(case_decide(&the), REFUSAL_CODE(NOT_PERMITTED));
    the.decided.author.authority = WIRE(ACTOR, UNSPECIFIED);
    the.decided.member.is_member = false;
    assert_int_equal(case_decide(&the), REFUSAL_CODE(NOT_A_MEMBER));
    assert_nothing_changed(&the);
    case_fini(&the);
}

static void a_new_group_counts_whom_it_begins_with(void **state)
{
    (void)state;
    struct decided decided;
    struct uuid id = decided_id(1);
    wire_member bob = UNSAY__V1__MEMBER__INIT;
    wire_member carol = UNSAY__V1__MEMBER__INIT;
    wire_member *members[] = {&bob, &carol, &bob};
    wire_create_conversation request = UNSAY__V1__CREATE_CONVERSATION__INIT;
    bob.user = string_of("bob");
    bob.role = WIRE(ROLE, OWNER);
    carol.user = string_of("carol");
    request.creation_id = bytes_of(uuid_view(&id));
    request.name = string_of("club");
    request.members = members;
    request.n_members = 3;
    decided_init(&decided);
    decided.conversation.head = 0;
    creation_apply(&decided.conversation, &decided.author, &request, NOW_MS, &decided.effects);
    const struct change *row = decided_change(&decided, CHANGE_CONVERSATION);
    assert_int_equal(row->conversation_row.member_count, 3); /* ann, bob, carol */
    assert_int_equal(row->conversation_row.owner_count, 2);
    const struct change *carols = decided_change(&decided, CHANGE_MEMBER);
    assert_int_equal(carols->member.joined_seq, 1);
    assert_int_equal(carols->member.left_seq, 0);
    decided_fini(&decided);
}

static void members_are_counted_and_bounded(void **state)
{
    (void)state;
    struct change_case the;
    case_init(&the, WIRE(ROLE, OWNER));
    the.row.member_count = LIMIT_MEMBERS_MAX;
    case_add(&the, "bob", WIRE(ROLE, UNSPECIFIED), WIRE(ROLE, MEMBER));
    assert_int_equal(case_decide(&the), REFUSAL_CODE(TOO_MANY_MEMBERS));
    assert_nothing_changed(&the);
    the.request.n_members = 0;
    case_add(&the, "bob", WIRE(ROLE, MEMBER), WIRE(ROLE, GUEST));
    assert_int_equal(case_decide(&the), REFUSAL_NONE);
    the.request.n_members = 0;
    case_add(&the, "bob", WIRE(ROLE, GUEST), WIRE(ROLE, UNSPECIFIED));
    assert_int_equal(case_decide(&the), REFUSAL_NONE);
    const struct change *row = decided_change(&the.decided, CHANGE_CONVERSATION);
    assert_int_equal(row->conversation_row.member_count, LIMIT_MEMBERS_MAX - 1);
    assert_int_equal(row->conversation_row.owner_count, 2);
    assert_true(view_equal(row->conversation_row.name, view_of("club")));
    case_fini(&the);
}

static void one_request_is_one_event_with_what_really_changed(void **state)
{
    (void)state;
    struct change_case the;
    case_init(&the, WIRE(ROLE, OWNER));
    case_add(&the, "new", WIRE(ROLE, UNSPECIFIED), WIRE(ROLE, GUEST));
    case_add(&the, "same", WIRE(ROLE, MEMBER), WIRE(ROLE, MEMBER));
    case_add(&the, "up", WIRE(ROLE, MEMBER), WIRE(ROLE, ADMIN));
    case_add(&the, "gone", WIRE(ROLE, MEMBER), WIRE(ROLE, UNSPECIFIED));
    the.places[2].row.joined_seq = the.places[3].row.joined_seq = 1;
    the.places[3].row.pending_recalls = 7;
    assert_int_equal(case_decide(&the), REFUSAL_NONE);
    assert_int_equal(the.answer.seq, 5);
    assert_int_equal(the.answer.time, the.decided.conversation.last_time);
    assert_string_equal(the.answer.conversation, "c");

    const struct publication *publication = the.decided.effects.first;
    assert_int_equal(decided_publications(&the.decided), 1);
    assert_int_equal(publication->new_member_count, 1);
    assert_string_equal(publication->new_members[0], "new");
    assert_int_equal(publication->gone_member_count, 1);
    assert_string_equal(publication->gone_members[0], "gone");
    const wire_event *event =
        event_decode(decided_change(&the.decided, CHANGE_EVENT)->bytes, &the.decided.arena);
    assert_int_equal(event->kind_case, EVENT_KIND(MEMBERSHIP));
    assert_string_equal(event->membership->actor, "ann");
    assert_int_equal(event->membership->n_members, 3);

    const struct change *row = the.decided.effects.changes.first->next;
    assert_true(view_equal(row->user, view_of("new")));
    assert_int_equal(row->member.role, WIRE(ROLE, GUEST));
    assert_int_equal(row->member.joined_seq, 5);
    assert_int_equal(row->member.left_seq, 0);
    row = row->next;
    assert_true(view_equal(row->user, view_of("up")));
    assert_int_equal(row->member.role, WIRE(ROLE, ADMIN));
    assert_int_equal(row->member.joined_seq, 1);
    row = row->next;
    assert_true(view_equal(row->user, view_of("gone")));
    assert_int_equal(row->member.role, WIRE(ROLE, UNSPECIFIED));
    assert_int_equal(row->member.joined_seq, 1);
    assert_int_equal(row->member.left_seq, 5);
    assert_int_equal(row->member.pending_recalls, 7);
    assert_false(the.places[3].is_member);
    assert_true(the.places[0].is_member);

    /* And back again. */
    the.request.n_members = 0;
    the.list[the.request.n_members++] = &the.entries[3];
    the.entries[3].role = WIRE(ROLE, MEMBER);
    the.place_list[0] = &the.places[3];
    assert_int_equal(case_decide(&the), REFUSAL_NONE);
    assert_true(the.places[3].is_member);
    assert_int_equal(the.places[3].row.joined_seq, 6);
    assert_int_equal(the.places[3].row.left_seq, 0);
    case_fini(&the);
}

static void what_is_so_already_changes_nothing(void **state)
{
    (void)state;
    struct change_case the;
    case_init(&the, WIRE(ROLE, MEMBER));
    case_add(&the, "bob", WIRE(ROLE, ADMIN), WIRE(ROLE, ADMIN));
    case_add(&the, "eve", WIRE(ROLE, UNSPECIFIED), WIRE(ROLE, UNSPECIFIED));
    assert_int_equal(case_decide(&the), REFUSAL_NONE);
    assert_int_equal(the.answer.seq, 0);
    assert_string_equal(the.answer.conversation, "c");
    assert_nothing_changed(&the);
    case_fini(&the);
}

static void one_change_that_is_refused_refuses_all(void **state)
{
    (void)state;
    struct change_case the;
    case_init(&the, WIRE(ROLE, MODERATOR));
    case_add(&the, "bob", WIRE(ROLE, GUEST), WIRE(ROLE, UNSPECIFIED));
    case_add(&the, "eve", WIRE(ROLE, ADMIN), WIRE(ROLE, UNSPECIFIED));
    assert_int_equal(case_decide(&the), REFUSAL_CODE(NOT_PERMITTED));
    assert_nothing_changed(&the);
    assert_true(the.places[0].is_member);
    case_fini(&the);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_wrong_field_has_its_refusal),
        cmocka_unit_test(the_whole_matrix_of_roles),
        cmocka_unit_test(everyone_may_become_less_and_nobody_more),
        cmocka_unit_test(the_system_may_do_anything_without_being_a_member),
        cmocka_unit_test(the_last_owner_stays),
        cmocka_unit_test(a_direct_conversation_has_its_two_users_for_ever),
        cmocka_unit_test(a_new_group_counts_whom_it_begins_with),
        cmocka_unit_test(members_are_counted_and_bounded),
        cmocka_unit_test(one_request_is_one_event_with_what_really_changed),
        cmocka_unit_test(what_is_so_already_changes_nothing),
        cmocka_unit_test(one_change_that_is_refused_refuses_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
