/* A request about members, in a conversation to decide in. */
#ifndef UNSAY_TESTS_CORE_CHANGE_CASE_H
#define UNSAY_TESTS_CORE_CHANGE_CASE_H

#include "base/limits.h"
#include "core/membership.h"
#include "decided.h"

enum { CHANGES_MAX = LIMIT_MEMBER_CHANGES_MAX + 1, ROLES = WIRE(ROLE, INVITED) + 1 };

/* A request and the places of those it names. The author is decided.author, "ann". */
struct change_case {
    struct decided decided;
    wire_member entries[CHANGES_MAX];
    wire_member *list[CHANGES_MAX];
    struct member places[CHANGES_MAX];
    struct member *place_list[CHANGES_MAX];
    struct conversation_row row;
    wire_change_members request;
    wire_appended answer;
};

void case_init(struct change_case *the, Unsay__V1__Role actor);
void case_fini(struct change_case *the);

/* The user has the role `from` and is to have `to`. */
void case_add(struct change_case *the, const char *user, Unsay__V1__Role from, Unsay__V1__Role to);

refusal_code case_decide(struct change_case *the);
void assert_nothing_changed(const struct change_case *the);

#endif
