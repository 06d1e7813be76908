#include "core/membership.h"

#include "base/limits.h"
#include "core/ids.h"

/* Sets of roles; UNSPECIFIED stands for being no member. */
#define ROLE_BIT(name) (UINT32_C(1) << WIRE(ROLE, name))
enum {
    ROLES_LOW = ROLE_BIT(MEMBER) | ROLE_BIT(GUEST),
    ROLES_BELOW_ADMIN = ROLES_LOW | ROLE_BIT(MODERATOR) | ROLE_BIT(UNSPECIFIED),
    ROLES_ALL = ROLES_BELOW_ADMIN | ROLE_BIT(ADMIN) | ROLE_BIT(OWNER)
};

/* Whom an actor may move from which role to which. */
static const struct membership_rule {
    Unsay__V1__Role actor;
    uint32_t from;
    uint32_t to;
} membership_rules[] = {
    {WIRE(ROLE, OWNER), ROLES_ALL, ROLES_ALL},
    {WIRE(ROLE, ADMIN), ROLES_BELOW_ADMIN, ROLES_BELOW_ADMIN},
    {WIRE(ROLE, MODERATOR), ROLES_LOW, ROLE_BIT(UNSPECIFIED)},
};

refusal_code membership_check(const wire_change_members *request, const char **detail)
{
    *detail = "";
    if (!id_is_conversation(view_of(request->conversation))) {
        *detail = "conversation: 1 to 64 of [A-Za-z0-9._:@-]";
        return REFUSAL_CODE(INVALID_ID);
    }
    if (request->n_members == 0 || request->n_members > LIMIT_MEMBER_CHANGES_MAX) {
        *detail = "members: 1 to 100";
        return REFUSAL_CODE(FIELD_INVALID);
    }
    for (size_t i = 0; i < request->n_members; i++) {
        const wire_member *member = request->members[i];
        if (!id_is_user(view_of(member->user))) {
            *detail = "members: a user is 1 to 64 of [A-Za-z0-9._@-]";
            return REFUSAL_CODE(INVALID_ID);
        }
        if (member->role < WIRE(ROLE, UNSPECIFIED) || member->role > WIRE(ROLE, GUEST)) {
            *detail = "members: a role is owner, admin, moderator, member or guest";
            return REFUSAL_CODE(FIELD_INVALID);
        }
        for (size_t before = 0; before < i; before++) {
            if (strcmp(request->members[before]->user, member->user) == 0) {
                *detail = "members: each user once";
                return REFUSAL_CODE(FIELD_INVALID);
            }
        }
    }
    return REFUSAL_NONE;
}

static Unsay__V1__Role membership_role(const struct member *member)
{
    return member->is_member ? member->row.role : WIRE(ROLE, UNSPECIFIED);
}

static bool membership_is_permitted(const struct membership_facts *facts, bool is_self,
                                    Unsay__V1__Role from, Unsay__V1__Role to)
{
    if (facts->author->authority == WIRE(ACTOR, SYSTEM))
        return true;
    /* Whoever wants to be less may: roles rank downwards, and leaving is the least. */
    if (is_self && (to == WIRE(ROLE, UNSPECIFIED) || to > from))
        return true;
    for (size_t i = 0; i < sizeof(membership_rules) / sizeof(membership_rules[0]); i++) {
        const struct membership_rule *rule = &membership_rules[i];
        if (rule->actor == membership_role(facts->actor))
            return (rule->from >> from & 1) != 0 && (rule->to >> to & 1) != 0;
    }
    return false;
}

/* How many members and owners there will be. */
struct membership_count {
    uint32_t members;
    uint32_t owners;
};

static refusal_code membership_judge(const wire_change_members *request,
                                     const struct membership_facts *facts,
                                     struct membership_count *after, const char **detail)
{
    bool is_system = facts->author->authority == WIRE(ACTOR, SYSTEM);
    *after = (struct membership_count){facts->row->member_count, facts->row->owner_count};
    if (!is_system && !facts->actor->is_member)
        return REFUSAL_CODE(NOT_A_MEMBER);
    for (size_t i = 0; i < request->n_members; i++) {
        Unsay__V1__Role from = membership_role(facts->members[i]);
        Unsay__V1__Role to = request->members[i]->role;
        bool is_self = strcmp(request->members[i]->user, facts->author->user) == 0;
        if (from == to)
            continue;
        if (!membership_is_permitted(facts, is_self, from, to)) {
            *detail = "members: your role here does not allow this change";
            return REFUSAL_CODE(NOT_PERMITTED);
        }
        after->members += from == WIRE(ROLE, UNSPECIFIED);
        after->members -= to == WIRE(ROLE, UNSPECIFIED);
        after->owners += to == WIRE(ROLE, OWNER);
        after->owners -= from == WIRE(ROLE, OWNER);
    }
    if (!is_system && after->owners == 0 && facts->row->owner_count > 0)
        return REFUSAL_CODE(LAST_OWNER);
    if (after->members > LIMIT_MEMBERS_MAX && after->members > facts->row->member_count)
        return REFUSAL_CODE(TOO_MANY_MEMBERS);
    return REFUSAL_NONE;
}

/* The row of one member whose role changed in the event `seq`. */
static void membership_move(const struct conversation *conversation, const char *user,
                            Unsay__V1__Role to, uint64_t seq, struct member *member,
                            struct effects *effects)
{
    bool is_new = !member->is_member;
    member->is_member = to != WIRE(ROLE, UNSPECIFIED);
    member->row.role = to;
    if (is_new) {
        member->row.joined_seq = seq;
        member->row.joined_time = conversation->last_time;
    }
    member->row.left_seq = member->is_member ? 0 : seq;
    struct change *change = effects_change(effects, CHANGE_MEMBER, conversation);
    change->user = arena_copy(effects->arena, view_of(user));
    change->member = member->row;
}

static void membership_write_count(const struct conversation *conversation,
                                   const struct conversation_row *row,
                                   const struct membership_count *count, struct effects *effects)
{
    if (count->members == row->member_count && count->owners == row->owner_count)
        return;
    struct change *change = effects_change(effects, CHANGE_CONVERSATION, conversation);
    change->conversation_row = *row;
    change->conversation_row.name = arena_copy(effects->arena, row->name);
    change->conversation_row.creator = arena_copy(effects->arena, row->creator);
    for (size_t i = 0; i < 2; i++)
        change->conversation_row.peers[i] = arena_copy(effects->arena, row->peers[i]);
    change->conversation_row.member_count = count->members;
    change->conversation_row.owner_count = count->owners;
}

/* Everything that the request really changes, as one event. */
static void membership_write(struct conversation *conversation, const wire_change_members *request,
                             const struct membership_facts *facts, struct effects *effects,
                             wire_appended *answer)
{
    wire_event event = UNSAY__V1__EVENT__INIT;
    wire_membership membership = UNSAY__V1__MEMBERSHIP__INIT;
    wire_member *list[LIMIT_MEMBER_CHANGES_MAX];
    struct member *moved[LIMIT_MEMBER_CHANGES_MAX];
    for (size_t i = 0; i < request->n_members; i++) {
        if (membership_role(facts->members[i]) == request->members[i]->role)
            continue;
        moved[membership.n_members] = facts->members[i];
        list[membership.n_members++] = request->members[i];
    }
    if (membership.n_members == 0)
        return;
    membership.actor = string_of(facts->author->user);
    membership.members = list;
    event.kind_case = EVENT_KIND(MEMBERSHIP);
    event.membership = &membership;
    struct publication *publication =
        conversation_append(conversation, &event, facts->now_ms, effects);

    const char **came = arena_alloc(effects->arena, membership.n_members * sizeof(*came));
    const char **went = arena_alloc(effects->arena, membership.n_members * sizeof(*went));
    for (size_t i = 0; i < membership.n_members; i++) {
        bool was_member = moved[i]->is_member;
        membership_move(conversation, list[i]->user, list[i]->role, event.seq, moved[i], effects);
        const char *user = (const char *)effects->changes.last->user.data;
        if (!was_member)
            came[publication->new_member_count++] = user;
        else if (!moved[i]->is_member)
            went[publication->gone_member_count++] = user;
    }
    publication->new_members = came;
    publication->gone_members = went;
    publication->type = conversation->type;
    publication->member_count = conversation->member_count;
    answer->origin = event.origin;
    answer->seq = event.seq;
    answer->time = event.time;
}

refusal_code membership_change(struct conversation *conversation,
                               const wire_change_members *request,
                               const struct membership_facts *facts, struct effects *effects,
                               wire_appended *answer, const char **detail)
{
    struct membership_count count;
    *detail = "";
    if (conversation->type == WIRE(CONVERSATION_TYPE, DIRECT)) {
        *detail = "conversation: a direct conversation has its two users for ever; create a group";
        return facts->actor->is_member || facts->author->authority == WIRE(ACTOR, SYSTEM)
                   ? REFUSAL_CODE(NOT_PERMITTED)
                   : REFUSAL_CODE(NOT_A_MEMBER);
    }
    refusal_code refusal = membership_judge(request, facts, &count, detail);
    if (refusal != REFUSAL_NONE)
        return refusal;
    answer->conversation = string_of(conversation->id);
    answer->origin = conversation->origin;
    conversation->member_count = count.members;
    membership_write(conversation, request, facts, effects, answer);
    membership_write_count(conversation, facts->row, &count, effects);
    return REFUSAL_NONE;
}
