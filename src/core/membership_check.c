/* What is wrong with a request about members, before anything is looked up. */
#include "base/limits.h"
#include "base/table.h"
#include "core/ids.h"
#include "core/membership.h"

static refusal_code membership_check_entry(const wire_member *member, bool mutes,
                                           const char **detail)
{
    if (!id_is_user(view_of(member->user))) {
        *detail = "members: a user is 1 to 64 of [A-Za-z0-9._@-]";
        return REFUSAL_CODE(INVALID_ID);
    }
    if (member->role < WIRE(ROLE, UNSPECIFIED) || member->role > WIRE(ROLE, INVITED)) {
        *detail = "members: a role is owner, admin, moderator, member, guest or invited";
        return REFUSAL_CODE(FIELD_INVALID);
    }
    if (mutes ? member->role != WIRE(ROLE, UNSPECIFIED) : member->muted_until_ms != 0) {
        *detail = "members: a role, or with mutes a time until which they are muted";
        return REFUSAL_CODE(FIELD_INVALID);
    }
    return REFUSAL_NONE;
}

refusal_code membership_check(const wire_change_members *request, const char **detail)
{
    *detail = "";
    if (!id_is_conversation(view_of(request->conversation))) {
        *detail = "conversation: 1 to 64 of [A-Za-z0-9._:@-]";
        return REFUSAL_CODE(INVALID_ID);
    }
    if (request->n_members == 0 || request->n_members > LIMIT_MEMBER_CHANGES_MAX) {
        *detail = "members: 1 to 1000";
        return REFUSAL_CODE(FIELD_INVALID);
    }
    struct table seen;
    refusal_code refusal = REFUSAL_NONE;
    table_init(&seen);
    for (size_t i = 0; i < request->n_members && refusal == REFUSAL_NONE; i++) {
        struct view user = view_of(request->members[i]->user);
        refusal = membership_check_entry(request->members[i], request->mutes != 0, detail);
        if (refusal == REFUSAL_NONE && table_get(&seen, user) != NULL) {
            *detail = "members: each user once";
            refusal = REFUSAL_CODE(FIELD_INVALID);
        }
        if (refusal == REFUSAL_NONE)
            table_put(&seen, user, request->members[i]);
    }
    table_fini(&seen);
    return refusal;
}

refusal_code membership_check_join(const wire_join_conversation *request, const char **detail)
{
    *detail = "conversation: 1 to 64 of [A-Za-z0-9._:@-]";
    return id_is_conversation(view_of(request->conversation)) ? REFUSAL_NONE
                                                              : REFUSAL_CODE(INVALID_ID);
}
