#include "routing/owner_members.h"

#include "base/memory.h"
#include "core/membership.h"
#include "routing/worker.h"

/* The users that a request names. One who was never a member here is in `scratch`. */
struct named_members {
    struct owned_member *scratch[LIMIT_MEMBER_CHANGES_MAX];
    struct owned_member *owned[LIMIT_MEMBER_CHANGES_MAX];
    struct member *members[LIMIT_MEMBER_CHANGES_MAX];
};

static enum status owner_find_named(struct worker *worker, struct owned_conversation *owned,
                                    const wire_change_members *change, struct named_members *named)
{
    for (size_t i = 0; i < change->n_members; i++) {
        named->scratch[i] = arena_alloc(&worker->scratch, sizeof(*named->scratch[i]));
        enum status status = owner_load_member(worker, owned, change->members[i]->user,
                                               named->scratch[i], &named->owned[i]);
        if (status != STATUS_OK)
            return status;
        named->members[i] = &named->owned[i]->member;
    }
    return STATUS_OK;
}

/* New members are known from now on, before their rows are committed: those for whom there is room
 * here, the others in the group. */
static void owner_keep_named(struct worker *worker, struct owned_conversation *owned,
                             const struct named_members *named, size_t count)
{
    for (size_t i = 0; i < count && owned->members.count <= LIMIT_MEMBERS_CACHED_MAX; i++) {
        if (named->owned[i] != named->scratch[i] || !named->owned[i]->member.is_member)
            continue;
        struct owned_member *member = memory_copy(named->owned[i], sizeof(*member));
        table_put(&owned->members, view_of(member->user), member);
        worker->owner.member_count++;
    }
}

static void owner_answer_members(struct worker *worker, const struct request *request,
                                 struct owned_conversation *owned,
                                 const struct named_members *named, size_t count,
                                 wire_appended *appended)
{
    wire_server_frame answer = UNSAY__V1__SERVER_FRAME__INIT;
    if (appended->seq != 0) {
        owned->touched = owner_group(worker)->number;
        owner_keep_named(worker, owned, named, count);
        owner_forget_audience(&worker->owner, owned);
    }
    answer.body_case = SERVER_FRAME(APPENDED);
    answer.appended = appended;
    owner_answer(worker, request, &answer);
}

void owner_change_members(struct worker *worker, const struct request *request)
{
    const wire_change_members *change = request->frame->change_members;
    struct owned_conversation *owned;
    struct owned_member scratch;
    struct owned_member *actor;
    struct named_members named;
    struct conversation_row row;
    if (!owner_find_author(worker, request, change->conversation, &owned, &scratch, &actor))
        return;
    if (owner_get_conversation(worker, owned, &row) != STATUS_OK ||
        owner_find_named(worker, owned, change, &named) != STATUS_OK) {
        owner_refuse(worker, request, REFUSAL_CODE(STORAGE_UNAVAILABLE), "");
        return;
    }
    struct membership_facts facts = {.author = &request->author,
                                     .actor = &actor->member,
                                     .members = named.members,
                                     .row = &row,
                                     .now_ms = worker->now.wall_ms};
    wire_appended appended = UNSAY__V1__APPENDED__INIT;
    const char *detail;
    refusal_code refusal = membership_change(&owned->conversation, change, &facts,
                                             &owner_group(worker)->effects, &appended, &detail);
    if (refusal != REFUSAL_NONE)
        owner_refuse(worker, request, refusal, detail);
    else
        owner_answer_members(worker, request, owned, &named, change->n_members, &appended);
}

void owner_join(struct worker *worker, const struct request *request)
{
    const char *conversation = request->frame->join_conversation->conversation;
    struct owned_conversation *owned;
    struct owned_member scratch;
    struct owned_member *member;
    struct conversation_row row;
    if (!owner_find_author(worker, request, conversation, &owned, &scratch, &member))
        return;
    if (owner_get_conversation(worker, owned, &row) != STATUS_OK) {
        owner_refuse(worker, request, REFUSAL_CODE(STORAGE_UNAVAILABLE), "");
        return;
    }
    if (!request->may_create && !member->member.is_member) {
        owner_refuse(worker, request, REFUSAL_CODE(TOO_MANY_CONVERSATIONS), "");
        return;
    }
    struct named_members named = {{&scratch}, {member}, {&member->member}};
    struct membership_facts facts = {.author = &request->author,
                                     .actor = &member->member,
                                     .members = named.members,
                                     .row = &row,
                                     .now_ms = worker->now.wall_ms};
    wire_appended appended = UNSAY__V1__APPENDED__INIT;
    const char *detail;
    refusal_code refusal = membership_join(&owned->conversation, &facts,
                                           &owner_group(worker)->effects, &appended, &detail);
    if (refusal != REFUSAL_NONE)
        owner_refuse(worker, request, refusal, detail);
    else
        owner_answer_members(worker, request, owned, &named, 1, &appended);
}
