/* Creation: what a request may hold, and who is in afterwards. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"
#include "core/creation.h"
#include "core/frame.h"
#include "decided.h"

static struct uuid id_1;
static wire_member members[LIMIT_MEMBERS_AT_CREATION_MAX + 1];
static wire_member *member_list[LIMIT_MEMBERS_AT_CREATION_MAX + 1];

static wire_create_conversation a_request(void)
{
    wire_create_conversation request = UNSAY__V1__CREATE_CONVERSATION__INIT;
    for (size_t i = 0; i <= LIMIT_MEMBERS_AT_CREATION_MAX; i++) {
        unsay__v1__member__init(&members[i]);
        members[i].user = string_of("bob");
        member_list[i] = &members[i];
    }
    request.creation_id = bytes_of(uuid_view(&id_1));
    request.name = string_of("friends");
    request.members = member_list;
    request.n_members = 2;
    return request;
}

static void assert_refused(const wire_create_conversation *request, refusal_code refusal,
                           const char *field)
{
    const char *detail = NULL;
    assert_int_equal(creation_check(request, &detail), refusal);
    assert_memory_equal(detail, field, strlen(field));
    if (refusal == REFUSAL_NONE)
        assert_string_equal(detail, "");
}

static void every_wrong_field_has_its_refusal(void **state)
{
    (void)state;
    static const uint8_t zero[UUID_BYTES];
    static char long_name[LIMIT_NAME_BYTES_MAX + 2];
    wire_create_conversation request = a_request();
    assert_refused(&request, REFUSAL_NONE, "");
    request.creation_id.len = 17;
    assert_refused(&request, REFUSAL_CODE(INVALID_ID), "creation_id");
    request.creation_id = bytes_of(view_make(zero, sizeof(zero)));
    assert_refused(&request, REFUSAL_CODE(INVALID_ID), "creation_id");

    request = a_request();
    request.name = string_of("");
    assert_refused(&request, REFUSAL_CODE(FIELD_INVALID), "name");
    memset(long_name, 'x', LIMIT_NAME_BYTES_MAX);
    request.name = long_name;
    assert_refused(&request, REFUSAL_NONE, "");
    long_name[LIMIT_NAME_BYTES_MAX] = 'x';
    assert_refused(&request, REFUSAL_CODE(FIELD_INVALID), "name");

    request = a_request();
    request.type = WIRE(CONVERSATION_TYPE, DIRECT);
    assert_refused(&request, REFUSAL_CODE(FIELD_INVALID), "type");
    request.type = (Unsay__V1__ConversationType)4;
    assert_refused(&request, REFUSAL_CODE(FIELD_INVALID), "type");
    request.type = WIRE(CONVERSATION_TYPE, CHANNEL);
    assert_refused(&request, REFUSAL_NONE, "");

    request = a_request();
    request.n_members = LIMIT_MEMBERS_AT_CREATION_MAX;
    assert_refused(&request, REFUSAL_NONE, "");
    request.n_members++;
    assert_refused(&request, REFUSAL_CODE(FIELD_INVALID), "members");
    request.n_members = 0;
    assert_refused(&request, REFUSAL_NONE, "");

    request = a_request();
    members[1].user = string_of("b:b");
    assert_refused(&request, REFUSAL_CODE(INVALID_ID), "members");
    request = a_request();
    members[1].role = (Unsay__V1__Role)6;
    assert_refused(&request, REFUSAL_CODE(FIELD_INVALID), "members");
    members[1].role = (Unsay__V1__Role)-1;
    assert_refused(&request, REFUSAL_CODE(FIELD_INVALID), "members");

    wire_open_conversation open = UNSAY__V1__OPEN_CONVERSATION__INIT;
    const char *detail;
    assert_int_equal(creation_check_direct(&open, &detail), REFUSAL_CODE(INVALID_ID));
    open.user = string_of("bob");
    assert_int_equal(creation_check_direct(&open, &detail), REFUSAL_NONE);
}

static void assert_member(const wire_member *member, const char *user, Unsay__V1__Role role)
{
    assert_string_equal(member->user, user);
    assert_int_equal(member->role, role);
}

static void the_creator_owns_and_nobody_is_in_twice(void **state)
{
    (void)state;
    struct decided decided;
    decided_init(&decided);
    decided.conversation.head = 0;
    wire_create_conversation request = a_request();
    members[0].user = string_of("bob");
    members[0].role = WIRE(ROLE, ADMIN);
    members[1].user = string_of("ann");
    members[1].role = WIRE(ROLE, GUEST);
    members[2].user = string_of("bob");
    members[2].role = WIRE(ROLE, MODERATOR);
    members[3].user = string_of("eve");
    request.n_members = 4;
    creation_apply(&decided.conversation, &decided.author, &request, NOW_MS, &decided.effects);

    assert_int_equal(decided.conversation.head, 1);
    assert_int_equal(decided.effects.changes.count, 5); /* event, conversation, three members */
    assert_int_equal(decided.effects.first->new_member_count, 3);
    const wire_event *event =
        event_decode(decided_change(&decided, CHANGE_EVENT)->bytes, &decided.arena);
    assert_int_equal(event->creation->type, WIRE(CONVERSATION_TYPE, GROUP));
    assert_int_equal(event->creation->n_members, 3);
    assert_member(event->creation->members[0], "ann", WIRE(ROLE, OWNER));
    assert_member(event->creation->members[1], "bob", WIRE(ROLE, ADMIN));
    assert_member(event->creation->members[2], "eve", WIRE(ROLE, MEMBER));
    const struct conversation_row *row =
        &decided_change(&decided, CHANGE_CONVERSATION)->conversation_row;
    assert_true(view_equal(row->name, view_of("friends")));
    assert_true(view_equal(row->creator, view_of("ann")));
    assert_int_equal(uuid_compare(&row->creation_id, &id_1), 0);
    decided_fini(&decided);
}

static void a_direct_conversation_has_two_peers_or_one(void **state)
{
    (void)state;
    static const struct {
        const char *user;
        const char *peers[2];
        size_t members;
    } cases[] = {{"bob", {"ann", "bob"}, 2}, {"al", {"al", "ann"}, 2}, {"ann", {"ann", "ann"}, 1}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct decided decided;
        decided_init(&decided);
        decided.conversation.head = 0;
        creation_apply_direct(&decided.conversation, &decided.author, cases[i].user, NOW_MS,
                              &decided.effects);
        const struct conversation_row *row =
            &decided_change(&decided, CHANGE_CONVERSATION)->conversation_row;
        assert_true(view_equal(row->peers[0], view_of(cases[i].peers[0])));
        assert_true(view_equal(row->peers[1], view_of(cases[i].peers[1])));
        assert_true(uuid_is_zero(&row->creation_id));
        assert_int_equal(decided.effects.first->new_member_count, cases[i].members);
        assert_int_equal(decided.conversation.type, WIRE(CONVERSATION_TYPE, DIRECT));
        decided_fini(&decided);
    }
}

int main(void)
{
    id_1 = decided_id(1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_wrong_field_has_its_refusal),
        cmocka_unit_test(the_creator_owns_and_nobody_is_in_twice),
        cmocka_unit_test(a_direct_conversation_has_two_peers_or_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
