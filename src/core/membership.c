#include "core/membership.h"

#include "base/limits.h"
#include "core/act.h"
#include "core/frame.h"
#include "core/listing.h"
#include "core/visibility.h"

/* ---- Judging ---- */

static bool membership_may_add(const struct conversation *conversation, Unsay__V1__Role actor,
                               Unsay__V1__Role to)
{
    bool is_low = to == WIRE(ROLE, MEMBER) || to == WIRE(ROLE, GUEST);
    if (act_is_permitted(ACT_ADD, conversation->type, actor))
        return act_reaches(actor, to);
    return conversation->settings.join != WIRE(JOIN_POLICY, CLOSED) && is_low &&
           act_is_permitted(ACT_ADD_AS_MEMBER, conversation->type, actor);
}

static bool membership_may_invite(const struct conversation *conversation, Unsay__V1__Role actor)
{
    return act_is_permitted(ACT_INVITE, conversation->type, actor) ||
           (conversation->settings.join != WIRE(JOIN_POLICY, CLOSED) &&
            act_is_permitted(ACT_INVITE_AS_MEMBER, conversation->type, actor));
}

static bool membership_is_permitted(const struct conversation *conversation,
                                    const struct membership_facts *facts, bool is_self,
                                    Unsay__V1__Role from, Unsay__V1__Role to)
{
    Unsay__V1__Role actor = facts->actor->row.role;
    bool is_system = facts->author->authority == WIRE(ACTOR, SYSTEM);
    if (to == WIRE(ROLE, INVITED)) /* a member stays one, or goes */
        return from == WIRE(ROLE, UNSPECIFIED) &&
               (is_system || membership_may_invite(conversation, actor));
    if (is_system)
        return true;
    /* Whoever wants to be less may: roles rank downwards, and leaving is the least. */
    if (is_self && (to == WIRE(ROLE, UNSPECIFIED) || (role_is_member(from) && to > from)))
        return true;
    if (from == WIRE(ROLE, INVITED) && to == WIRE(ROLE, UNSPECIFIED))
        return act_is_permitted(ACT_WITHDRAW, conversation->type, actor);
    if (!role_is_member(from))
        return membership_may_add(conversation, actor, to);
    if (to == WIRE(ROLE, UNSPECIFIED))
        return act_is_permitted(ACT_REMOVE, conversation->type, actor) && act_reaches(actor, from);
    return act_is_permitted(ACT_CHANGE_ROLE, conversation->type, actor) &&
           act_reaches(actor, from) && act_reaches(actor, to);
}

/* How many members, owners and invited users there will be. */
struct membership_count {
    uint32_t members;
    uint32_t owners;
    uint32_t invited;
};

static void membership_count_move(struct membership_count *count, Unsay__V1__Role from,
                                  Unsay__V1__Role to)
{
    count->members += role_is_member(to);
    count->members -= role_is_member(from);
    count->owners += to == WIRE(ROLE, OWNER);
    count->owners -= from == WIRE(ROLE, OWNER);
    count->invited += to == WIRE(ROLE, INVITED);
    count->invited -= from == WIRE(ROLE, INVITED);
}

static refusal_code membership_judge_count(const struct membership_facts *facts,
                                           const struct membership_count *after,
                                           const char **detail)
{
    const struct conversation_row *row = facts->row;
    bool is_system = facts->author->authority == WIRE(ACTOR, SYSTEM);
    if (!is_system && after->owners == 0 && row->owner_count > 0)
        return REFUSAL_CODE(LAST_OWNER);
    if (after->members > LIMIT_MEMBERS_MAX && after->members > row->member_count)
        return REFUSAL_CODE(TOO_MANY_MEMBERS);
    if (after->invited > LIMIT_INVITATIONS_MAX && after->invited > row->invited_count) {
        *detail = "members: 1000 invitations wait for an answer already";
        return REFUSAL_CODE(TOO_MANY_MEMBERS);
    }
    return REFUSAL_NONE;
}

/* Only one who is invited asks without being a member: to decline. */
static bool membership_declines(const wire_change_members *request,
                                const struct membership_facts *facts)
{
    return request->n_members == 1 && !request->mutes &&
           facts->actor->row.role == WIRE(ROLE, INVITED) &&
           request->members[0]->role == WIRE(ROLE, UNSPECIFIED) &&
           strcmp(request->members[0]->user, facts->author->user) == 0;
}

/* ---- Carrying out ---- */

/* One user as they are to be. */
struct membership_move {
    const char *user;
    struct member *member;
    Unsay__V1__Role to;
    uint64_t muted_until_ms;
};

/* The row of one user who is another one from the event `seq` on. */
static void membership_move(const struct conversation *conversation, const struct author *author,
                            const struct membership_move *move, uint64_t seq,
                            struct effects *effects)
{
    struct member *member = move->member;
    struct member_row *row = &member->row;
    bool was_member = row_is_member(row);
    member->is_member = role_is_member(move->to);
    if (was_member && !member->is_member) {
        row->left_seq = seq;
        row->is_barred = strcmp(author->user, move->user) != 0;
    } else if (!was_member && move->to != WIRE(ROLE, UNSPECIFIED)) {
        row->joined_seq = seq;
        row->joined_time = conversation->last_time;
        row->is_barred = false;
    }
    if (!was_member && member->is_member) {
        visibility_join(row, &conversation->settings, seq);
        row->left_seq = 0;
    }
    row->role = move->to;
    row->muted_until_ms = move->muted_until_ms;
    struct change *change = effects_change(effects, CHANGE_MEMBER, conversation);
    change->user = arena_copy(effects->arena, view_of(move->user));
    change->member = *row;
    /* What one who comes back had set holds again, and their devices have forgotten it. */
    if (!was_member && member->is_member && row->listing.version != 0)
        listing_tell(conversation, &row->listing, move->user, effects);
}

static void membership_write_count(const struct conversation *conversation,
                                   const struct conversation_row *row,
                                   const struct membership_count *count, struct effects *effects)
{
    if (count->members == row->member_count && count->owners == row->owner_count &&
        count->invited == row->invited_count)
        return;
    struct conversation_row *changed = effects_change_row(effects, conversation, row);
    changed->member_count = count->members;
    changed->owner_count = count->owners;
    changed->invited_count = count->invited;
}

/* News for someone who is invited, or no longer; nothing of the log is in it. */
static void membership_tell(const struct conversation *conversation,
                            const struct membership_facts *facts,
                            const struct membership_move *move, struct effects *effects)
{
    wire_conversation_entry entry = UNSAY__V1__CONVERSATION_ENTRY__INIT;
    wire_server_frame frame = UNSAY__V1__SERVER_FRAME__INIT;
    entry.conversation = string_of(conversation->id);
    entry.type = conversation->type;
    entry.name = arena_text(effects->arena, facts->row->name);
    entry.role = move->to;
    entry.peer = string_of(facts->author->user);
    frame.body_case = SERVER_FRAME(INVITATION);
    frame.invitation = &entry;
    effects_tell(effects, move->user, frame_from_server(&frame));
}

/* Who follows the log from this event on, and who does not. */
struct membership_followers {
    const char **came;
    uint64_t *from; /* of each, the first event of what they see now */
    const char **went;
};

static void membership_follow(const struct membership_followers *followers, const char *user,
                              const struct member_row *row, bool was_member,
                              struct publication *publication)
{
    if (!was_member && row_is_member(row)) {
        followers->came[publication->new_member_count] = user;
        followers->from[publication->new_member_count++] = visibility_since(row);
    } else if (was_member && !row_is_member(row)) {
        followers->went[publication->gone_member_count++] = user;
    }
}

/* One event of all the moves, none of which changes nothing. */
static void membership_write(struct conversation *conversation,
                             const struct membership_facts *facts,
                             const struct membership_move *moves, size_t count, bool mutes,
                             struct effects *effects, wire_appended *answer)
{
    struct arena *arena = effects->arena;
    wire_event event = UNSAY__V1__EVENT__INIT;
    wire_membership membership = UNSAY__V1__MEMBERSHIP__INIT;
    wire_member *members = arena_alloc(arena, count * sizeof(*members));
    wire_member **list = arena_alloc(arena, count * sizeof(wire_member *));
    for (size_t i = 0; i < count; i++) {
        unsay__v1__member__init(&members[i]);
        members[i].user = string_of(moves[i].user);
        members[i].role = moves[i].to;
        members[i].muted_until_ms = moves[i].muted_until_ms;
        list[i] = &members[i];
    }
    membership.actor = string_of(facts->author->user);
    membership.members = list;
    membership.n_members = count;
    membership.mutes = mutes;
    event.kind_case = EVENT_KIND(MEMBERSHIP);
    event.membership = &membership;
    struct publication *publication =
        conversation_append(conversation, &event, facts->now_ms, effects);
    struct membership_followers followers = {
        .came = arena_alloc(arena, count * sizeof(*followers.came)),
        .from = arena_alloc(arena, count * sizeof(*followers.from)),
        .went = arena_alloc(arena, count * sizeof(*followers.went)),
    };

    for (size_t i = 0; i < count; i++) {
        Unsay__V1__Role from = moves[i].member->row.role;
        membership_move(conversation, facts->author, &moves[i], event.seq, effects);
        membership_follow(&followers, (const char *)effects->changes.last->user.data,
                          &moves[i].member->row, role_is_member(from), publication);
        if (moves[i].to == WIRE(ROLE, INVITED) ||
            (from == WIRE(ROLE, INVITED) && moves[i].to == WIRE(ROLE, UNSPECIFIED)))
            membership_tell(conversation, facts, &moves[i], effects);
    }
    publication->new_members = followers.came;
    publication->new_members_from = followers.from;
    publication->gone_members = followers.went;
    publication->type = conversation->type;
    publication->member_count = conversation->member_count;
    answer->origin = event.origin;
    answer->seq = event.seq;
    answer->time = event.time;
}

/* ---- The decisions ---- */

/* Whom the request would make another one than they are: moves, and how many. */
static refusal_code membership_plan_roles(const struct conversation *conversation,
                                          const wire_change_members *request,
                                          const struct membership_facts *facts,
                                          struct membership_move *moves, size_t *count,
                                          const char **detail)
{
    for (size_t i = 0; i < request->n_members; i++) {
        const char *user = request->members[i]->user;
        struct member *member = facts->members[i];
        Unsay__V1__Role to = request->members[i]->role;
        bool is_self = strcmp(user, facts->author->user) == 0;
        if (member->row.role == to)
            continue;
        if (!membership_is_permitted(conversation, facts, is_self, member->row.role, to)) {
            *detail = "members: your role here does not allow this change";
            return REFUSAL_CODE(NOT_PERMITTED);
        }
        /* Nobody could lift it from an owner. */
        uint64_t muted = to == WIRE(ROLE, OWNER) ? 0 : member->row.muted_until_ms;
        moves[(*count)++] = (struct membership_move){user, member, to, muted};
    }
    return REFUSAL_NONE;
}

static refusal_code membership_plan_mutes(const struct conversation *conversation,
                                          const wire_change_members *request,
                                          const struct membership_facts *facts,
                                          struct membership_move *moves, size_t *count,
                                          const char **detail)
{
    Unsay__V1__Role actor = facts->actor->row.role;
    bool is_system = facts->author->authority == WIRE(ACTOR, SYSTEM);
    for (size_t i = 0; i < request->n_members; i++) {
        struct member *member = facts->members[i];
        Unsay__V1__Role role = member->row.role;
        uint64_t until_ms = request->members[i]->muted_until_ms;
        if (until_ms <= facts->now_ms)
            until_ms = 0;
        bool may = is_system || (act_is_permitted(ACT_MUTE, conversation->type, actor) &&
                                 act_reaches(actor, role) && role > actor);
        if (!may || !member->is_member) {
            *detail = member->is_member ? "members: your role here does not allow to mute them"
                                        : "members: only members are muted";
            return REFUSAL_CODE(NOT_PERMITTED);
        }
        if (member->row.muted_until_ms == until_ms)
            continue;
        moves[(*count)++] =
            (struct membership_move){request->members[i]->user, member, role, until_ms};
    }
    return REFUSAL_NONE;
}

/* Counts, and writes what is planned. */
static refusal_code membership_carry_out(struct conversation *conversation,
                                         const struct membership_facts *facts,
                                         const struct membership_move *moves, size_t count,
                                         bool mutes, struct effects *effects, wire_appended *answer,
                                         const char **detail)
{
    const struct conversation_row *row = facts->row;
    struct membership_count after = {row->member_count, row->owner_count, row->invited_count};
    answer->conversation = string_of(conversation->id);
    answer->origin = conversation->origin;
    if (count == 0)
        return REFUSAL_NONE;
    if (conversation->settings.is_dissolved)
        return REFUSAL_CODE(DISSOLVED);
    for (size_t i = 0; i < count; i++)
        membership_count_move(&after, moves[i].member->row.role, moves[i].to);
    refusal_code refusal = membership_judge_count(facts, &after, detail);
    if (refusal != REFUSAL_NONE)
        return refusal;
    conversation->member_count = after.members;
    membership_write(conversation, facts, moves, count, mutes, effects, answer);
    membership_write_count(conversation, row, &after, effects);
    return REFUSAL_NONE;
}

refusal_code membership_change(struct conversation *conversation,
                               const wire_change_members *request,
                               const struct membership_facts *facts, struct effects *effects,
                               wire_appended *answer, const char **detail)
{
    struct membership_move *moves =
        arena_alloc(effects->arena, (request->n_members + 1) * sizeof(*moves));
    size_t count = 0;
    *detail = "";
    if (facts->author->authority != WIRE(ACTOR, SYSTEM) && !facts->actor->is_member &&
        !membership_declines(request, facts))
        return REFUSAL_CODE(NOT_A_MEMBER);
    if (conversation->type == WIRE(CONVERSATION_TYPE, DIRECT)) {
        *detail = "conversation: a direct conversation has its two users for ever; create a group";
        return REFUSAL_CODE(NOT_PERMITTED);
    }
    refusal_code refusal =
        request->mutes ? membership_plan_mutes(conversation, request, facts, moves, &count, detail)
                       : membership_plan_roles(conversation, request, facts, moves, &count, detail);
    if (refusal != REFUSAL_NONE)
        return refusal;
    return membership_carry_out(conversation, facts, moves, count, request->mutes != 0, effects,
                                answer, detail);
}

refusal_code membership_join(struct conversation *conversation,
                             const struct membership_facts *facts, struct effects *effects,
                             wire_appended *answer, const char **detail)
{
    struct member *member = facts->members[0];
    struct membership_move move = {facts->author->user, member, WIRE(ROLE, MEMBER),
                                   member->row.muted_until_ms};
    bool is_invited = member->row.role == WIRE(ROLE, INVITED);
    bool is_open = conversation->settings.join == WIRE(JOIN_POLICY, OPEN) &&
                   conversation->type != WIRE(CONVERSATION_TYPE, DIRECT);
    *detail = "";
    if (!member->is_member && !is_invited && (!is_open || member->row.is_barred)) {
        if (is_open)
            *detail = "join: you were removed here; a member must add or invite you";
        return REFUSAL_CODE(NOT_OPEN);
    }
    return membership_carry_out(conversation, facts, &move, member->is_member ? 0 : 1, false,
                                effects, answer, detail);
}
