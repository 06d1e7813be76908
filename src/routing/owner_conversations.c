/* Opening and creating conversations. */
#include "base/memory.h"
#include "core/creation.h"
#include "core/ids.h"
#include "routing/worker.h"

static void owner_answer_opened(struct worker *worker, const struct request *request,
                                struct owned_conversation *owned, bool created)
{
    wire_opened opened = UNSAY__V1__OPENED__INIT;
    wire_server_frame answer = UNSAY__V1__SERVER_FRAME__INIT;
    opened.conversation = owned->id;
    opened.created = created;
    answer.body_case = SERVER_FRAME(OPENED);
    answer.opened = &opened;
    owner_answer(worker, request, &answer);
}

/* The new members are known at once, so that a send right behind the creation finds them. */
static void owner_add_members(struct worker *worker, struct owned_conversation *owned,
                              const struct change *first)
{
    for (const struct change *change = first; change != NULL; change = change->next) {
        if (change->kind != CHANGE_MEMBER)
            continue;
        struct owned_member *member = memory_new(sizeof(*member));
        member->member.is_member = true;
        member->member.row = change->member;
        memcpy(member->user, change->user.data, change->user.size);
        table_put(&owned->members, view_of(member->user), member);
        worker->owner.member_count++;
    }
}

/* The conversation: one that exists, or one that is begun now (*is_new), whose changes come after
 * `*before` in the open group. NULL: the request was refused. */
static struct owned_conversation *owner_find_or_begin(struct worker *worker,
                                                      const struct request *request, struct view id,
                                                      bool *is_new, const struct change **before)
{
    refusal_code refusal = REFUSAL_NONE;
    struct owned_conversation *owned = owner_load(worker, id, &refusal);
    *is_new = false;
    if (owned != NULL)
        return owned;
    if (refusal == REFUSAL_CODE(UNKNOWN_CONVERSATION) && request->may_create) {
        const struct group *group = owner_group(worker);
        *is_new = true;
        *before = group->effects.changes.last;
        owned = owner_new_conversation(worker, id);
        owned->touched = group->number;
        return owned;
    }
    if (refusal == REFUSAL_CODE(UNKNOWN_CONVERSATION))
        refusal = REFUSAL_CODE(TOO_MANY_CONVERSATIONS);
    owner_refuse(worker, request, refusal, "");
    return NULL;
}

static void owner_finish(struct worker *worker, const struct request *request,
                         struct owned_conversation *owned, const struct group *group,
                         const struct change *before)
{
    owner_add_members(worker, owned, before == NULL ? group->effects.changes.first : before->next);
    owner_answer_opened(worker, request, owned, true);
}

void owner_open(struct worker *worker, const struct request *request)
{
    const char *user = request->frame->open_conversation->user;
    const struct change *before = NULL;
    bool is_new;
    struct view id =
        id_direct_conversation(&worker->scratch, view_of(request->author.user), view_of(user));
    struct owned_conversation *owned = owner_find_or_begin(worker, request, id, &is_new, &before);
    if (owned == NULL)
        return;
    if (!is_new) {
        owner_answer_opened(worker, request, owned, false);
        return;
    }
    struct group *group = owner_group(worker);
    creation_apply_direct(&owned->conversation, &request->author, user, worker->now.wall_ms,
                          &group->effects);
    owner_finish(worker, request, owned, group, before);
}

/* Whether the group that has this id already is the author's own: then this is a repetition. */
static bool owner_is_creator(struct worker *worker, const struct owned_conversation *owned,
                             const char *user)
{
    wire_event *creation;
    return owner_get_event(worker, owned, 1, &creation) == STATUS_OK &&
           creation->kind_case == EVENT_KIND(CREATION) &&
           strcmp(creation->creation->creator, user) == 0;
}

void owner_create(struct worker *worker, const struct request *request)
{
    const wire_create_conversation *create = request->frame->create_conversation;
    const struct change *before = NULL;
    bool is_new;
    struct uuid creation_id;
    memcpy(creation_id.bytes, create->creation_id.data, UUID_BYTES);
    struct view id = id_created_conversation(&worker->scratch, &creation_id);
    struct owned_conversation *owned = owner_find_or_begin(worker, request, id, &is_new, &before);
    if (owned == NULL)
        return;
    if (!is_new) {
        if (owner_is_creator(worker, owned, request->author.user))
            owner_answer_opened(worker, request, owned, true);
        else
            owner_refuse(worker, request, REFUSAL_CODE(ALREADY_EXISTS), "");
        return;
    }
    struct group *group = owner_group(worker);
    creation_apply(&owned->conversation, &request->author, create, worker->now.wall_ms,
                   &group->effects);
    owner_finish(worker, request, owned, group, before);
}
