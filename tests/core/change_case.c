#include "change_case.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

void case_init(struct change_case *the, Unsay__V1__Role actor)
{
    *the = (struct change_case){.row = {.type = WIRE(CONVERSATION_TYPE, GROUP),
                                        .name = view_of("club"),
                                        .creator = view_of("ann"),
                                        .member_count = 10,
                                        .owner_count = 2}};
    decided_init(&the->decided);
    the->decided.conversation.type = WIRE(CONVERSATION_TYPE, GROUP);
    the->decided.member.row.role = actor;
    the->decided.member.is_member = role_is_member(actor);
    unsay__v1__change_members__init(&the->request);
    unsay__v1__appended__init(&the->answer);
    the->request.conversation = string_of("c");
    the->request.members = the->list;
}

void case_fini(struct change_case *the)
{
    decided_fini(&the->decided);
}

void case_add(struct change_case *the, const char *user, Unsay__V1__Role from, Unsay__V1__Role to)
{
    size_t at = the->request.n_members++;
    unsay__v1__member__init(&the->entries[at]);
    the->entries[at].user = string_of(user);
    the->entries[at].role = to;
    the->list[at] = &the->entries[at];
    the->places[at].is_member = role_is_member(from);
    the->places[at].row.role = from;
    the->place_list[at] = &the->places[at];
}

refusal_code case_decide(struct change_case *the)
{
    struct membership_facts facts = {.author = &the->decided.author,
                                     .actor = &the->decided.member,
                                     .members = the->place_list,
                                     .row = &the->row,
                                     .now_ms = NOW_MS};
    const char *detail = NULL;
    refusal_code refusal = membership_change(&the->decided.conversation, &the->request, &facts,
                                             &the->decided.effects, &the->answer, &detail);
    assert_non_null(detail);
    return refusal;
}

void assert_nothing_changed(const struct change_case *the)
{
    assert_int_equal(the->decided.conversation.head, 4);
    assert_int_equal(the->decided.effects.changes.count, 0);
    assert_int_equal(decided_publications(&the->decided), 0);
}
