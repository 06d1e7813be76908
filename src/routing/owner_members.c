#include "routing/owner_members.h"

#include "base/memory.h"
#include "core/membership.h"
#include "routing/worker.h"

/* The conversation's row as the latest decision left it. */
static enum status owner_get_conversation(struct worker *worker,
                                          const struct owned_conversation *owned,
                                          struct conversation_row *row)
{
    struct change probe = {.kind = CHANGE_CONVERSATION, .conversation = view_of(owned->id)};
    const struct change *change = owner_find(&worker->owner, &probe);
    if (change == NULL)
        return store_get_conversation(worker->store, probe.conversation, &worker->scratch, row);
    *row = change->conversation_row;
    return STATUS_OK;
}

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

/* New members are known from now on, before their rows are committed. */
static void owner_keep_named(struct worker *worker, struct owned_conversation *owned,
                             const struct named_members *named, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (named->owned[i] != named->scratch[i] || !named->owned[i]->member.is_member)
            continue;
        struct owned_member *member = memory_copy(named->owned[i], sizeof(*member));
        table_put(&owned->members, view_of(member->user), member);
        worker->owner.member_count++;
    }
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
    struct group *group = owner_group(worker);
    wire_appended appended = UNSAY__V1__APPENDED__INIT;
    wire_server_frame answer = UNSAY__V1__SERVER_FRAME__INIT;
    const char *detail;
    refusal_code refusal = membership_change(&owned->conversation, change, &facts, &group->effects,
                                             &appended, &detail);
    if (refusal != REFUSAL_NONE) {
        owner_refuse(worker, request, refusal, detail);
        return;
    }
    if (appended.seq != 0) {
        owned->touched = group->number;
        owner_keep_named(worker, owned, &named, change->n_members);
        owner_forget_audience(&worker->owner, owned);
    }
    answer.body_case = SERVER_FRAME(APPENDED);
    answer.appended = &appended;
    owner_answer(worker, request, &answer);
}
