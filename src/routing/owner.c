#include "routing/owner.h"

#include "base/memory.h"
#include "core/frame.h"
#include "core/refusal.h"
#include "routing/policies.h"
#include "routing/worker.h"

#include <assert.h>
#include <stdlib.h>

void owner_init(struct owner *owner)
{
    *owner = (struct owner){.in_flight = NULL};
    table_init(&owner->conversations);
    list_init(&owner->used);
    list_init(&owner->outgoing);
    recent_init(&owner->recent);
    jobs_init(&owner->jobs);
    waits_init(&owner->waits);
}

static void owner_forget_members(struct owner *owner, struct owned_conversation *owned)
{
    size_t at = 0;
    owner->member_count -= owned->members.count;
    for (struct owned_member *member; (member = table_next(&owned->members, &at)) != NULL;)
        free(member);
    table_fini(&owned->members);
}

static void owner_forget(struct owner *owner, struct owned_conversation *owned)
{
    table_remove(&owner->conversations, view_of(owned->id));
    list_remove(&owned->used);
    owner_forget_audience(owner, owned);
    pinned_fini(&owned->pins);
    owner_forget_members(owner, owned);
    free(owned);
}

static void owner_forget_all(struct owner *owner)
{
    while (!list_is_empty(&owner->used))
        owner_forget(owner, LIST_ITEM(owner->used.next, struct owned_conversation, used));
}

void owner_fini(struct owner *owner)
{
    owner_forget_all(owner);
    owner_discard_outgoing(owner);
    table_fini(&owner->conversations);
    recent_fini(&owner->recent);
    jobs_fini(&owner->jobs);
    waits_fini(&owner->waits);
    group_free(owner->open);
}

/* Makes room, sparing whatever an uncommitted group has changed: the store does not know that yet.
 */
static void owner_evict(struct owner *owner)
{
    struct list *node = owner->used.next;
    for (int looked = 0; looked < 8 && node != &owner->used; looked++) {
        struct owned_conversation *owned = LIST_ITEM(node, struct owned_conversation, used);
        bool is_full = owner->conversations.count >= LIMIT_CONVERSATION_CACHE_MAX ||
                       owner->member_count >= LIMIT_MEMBER_CACHE_MAX;
        if (!is_full)
            return;
        node = node->next;
        if (owned->touched <= owner->committed)
            owner_forget(owner, owned);
    }
}

struct owned_conversation *owner_new_conversation(struct worker *worker, struct view id)
{
    struct owner *owner = &worker->owner;
    owner_evict(owner);
    struct owned_conversation *owned = memory_new(sizeof(*owned));
    assert(id.size <= LIMIT_CONVERSATION_ID_BYTES_MAX);
    memcpy(owned->id, id.data, id.size);
    owned->conversation.id = owned->id;
    owned->hash = table_hash(id);
    owned->recalled_in = owner->committed;
    owned->conversation.origin = ORIGIN_DEFAULT;
    table_init(&owned->members);
    list_push_back(&owner->used, &owned->used);
    table_put(&owner->conversations, view_of(owned->id), owned);
    return owned;
}

/* The conversation as the store has it; NOT_FOUND when it has none. */
static enum status owner_read(struct worker *worker, struct view id,
                              struct conversation *conversation)
{
    struct conversation_row row;
    struct view bytes;
    enum status status = store_get_conversation(worker->store, id, &worker->scratch, &row);
    if (status != STATUS_OK)
        return status;
    conversation->type = row.type;
    conversation->settings = row.settings;
    conversation->member_count = row.member_count;
    status = store_get_last_event(worker->store, id, ORIGIN_DEFAULT, &worker->scratch,
                                  &conversation->head, &bytes);
    if (status != STATUS_OK)
        return status == STATUS_NOT_FOUND ? STATUS_CORRUPT : status;
    wire_event *last = event_decode(bytes, &worker->scratch);
    if (last == NULL)
        return STATUS_CORRUPT;
    conversation->last_time = last->time;
    conversation->ends_in_message = last->kind_case == EVENT_KIND(MESSAGE);
    return STATUS_OK;
}

struct owned_conversation *owner_load(struct worker *worker, struct view id,
                                      Unsay__V1__ErrorCode *refusal)
{
    struct owner *owner = &worker->owner;
    struct owned_conversation *owned = table_get(&owner->conversations, id);
    if (owned != NULL) {
        list_remove(&owned->used);
        list_push_back(&owner->used, &owned->used);
        /* The store knows of all of them as they are. */
        if (owned->members.count > LIMIT_MEMBERS_CACHED_MAX && owned->touched <= owner->committed)
            owner_forget_members(owner, owned);
        return owned;
    }
    struct conversation read = {.head = 0};
    enum status status = owner_read(worker, id, &read);
    if (status != STATUS_OK) {
        *refusal = status == STATUS_NOT_FOUND ? REFUSAL_CODE(UNKNOWN_CONVERSATION)
                                              : REFUSAL_CODE(STORAGE_UNAVAILABLE);
        return NULL;
    }
    owned = owner_new_conversation(worker, id);
    owned->conversation.type = read.type;
    owned->conversation.settings = read.settings;
    owned->conversation.member_count = read.member_count;
    owned->conversation.head = read.head;
    owned->conversation.last_time = read.last_time;
    owned->conversation.ends_in_message = read.ends_in_message;
    return owned;
}

enum status owner_load_member(struct worker *worker, struct owned_conversation *owned,
                              const char *user, struct owned_member *scratch,
                              struct owned_member **member)
{
    *member = table_get(&owned->members, view_of(user));
    if (*member != NULL)
        return STATUS_OK;
    struct view id = view_of(owned->id);
    *scratch = (struct owned_member){.member = {.is_member = true}};
    snprintf(scratch->user, sizeof(scratch->user), "%s", user);
    *member = scratch;

    struct change probe = {.kind = CHANGE_MEMBER, .conversation = id, .user = view_of(user)};
    const struct change *change = owner_find(&worker->owner, &probe);
    enum status status = STATUS_OK;
    if (change != NULL)
        scratch->member.row = change->member;
    else
        status = store_get_member(worker->store, id, view_of(user), &scratch->member.row);
    if (status == STATUS_NOT_FOUND) {
        scratch->member.is_member = false; /* not kept: strangers must not fill the memory */
        scratch->answers = ANSWERS_SOME;   /* nor learned, each time anew */
        return STATUS_OK;
    }
    if (status != STATUS_OK)
        return status;
    scratch->member.is_member = row_is_member(&scratch->member.row);
    status = store_get_last_message_id(worker->store, id, view_of(user),
                                       &scratch->member.last_message_id);
    if (status != STATUS_OK && status != STATUS_NOT_FOUND)
        return status;
    *member = memory_copy(scratch, sizeof(*scratch));
    table_put(&owned->members, view_of((*member)->user), *member);
    worker->owner.member_count++;
    return STATUS_OK;
}

const struct change *owner_find(struct owner *owner, const struct change *probe)
{
    const struct change *change = owner->open == NULL ? NULL : group_find(owner->open, probe);
    if (change == NULL && owner->in_flight != NULL)
        change = group_find(owner->in_flight, probe);
    return change;
}

enum status owner_get_message_id(struct worker *worker, const char *conversation, const char *user,
                                 const struct uuid *id, struct message_id_row *row)
{
    struct change probe = {.kind = CHANGE_MESSAGE_ID,
                           .conversation = view_of(conversation),
                           .user = view_of(user),
                           .id = *id};
    const struct change *change = owner_find(&worker->owner, &probe);
    if (change != NULL) {
        *row = change->message_id;
        return STATUS_OK;
    }
    return store_get_message_id(worker->store, probe.conversation, probe.user, id, &worker->scratch,
                                row);
}

static const struct change *owner_find_event(struct worker *worker,
                                             const struct owned_conversation *owned, uint64_t seq)
{
    struct change probe = {.kind = CHANGE_EVENT,
                           .conversation = view_of(owned->id),
                           .origin = owned->conversation.origin,
                           .seq = seq};
    return owner_find(&worker->owner, &probe);
}

enum status owner_read_event(struct worker *worker, const struct owned_conversation *owned,
                             uint64_t seq, wire_event **event)
{
    struct view bytes;
    if (seq == 0 || seq > owned->conversation.head)
        return STATUS_NOT_FOUND;
    const struct change *change = owner_find_event(worker, owned, seq);
    if (change != NULL) {
        bytes = change->bytes;
    } else {
        struct event_key key = {view_of(owned->id), owned->conversation.origin, seq};
        enum status status = store_get_event(worker->store, key, &worker->scratch, &bytes);
        if (status != STATUS_OK)
            return status;
    }
    *event = event_decode(bytes, &worker->scratch);
    return *event == NULL ? STATUS_CORRUPT : STATUS_OK;
}

enum status owner_get_event(struct worker *worker, const struct owned_conversation *owned,
                            uint64_t seq, wire_event **event)
{
    if (seq != 0 && seq <= owned->conversation.head &&
        owner_find_event(worker, owned, seq) == NULL &&
        (*event = recent_get(&worker->owner.recent, owned->hash, &owned->conversation, seq,
                             &worker->scratch)) != NULL)
        return STATUS_OK;
    return owner_read_event(worker, owned, seq, event);
}

struct group *owner_group(struct worker *worker)
{
    struct owner *owner = &worker->owner;
    if (owner->open == NULL) {
        owner->open = group_new(worker->index, ++owner->last_number);
        owner->open->effects.has_outbox = worker->settings.has_outbox;
        owner->open->opened_ns = worker->now.steady_ns;
    }
    return owner->open;
}

static void owner_answer_frame(struct worker *worker, const struct request *request,
                               struct blob *frame)
{
    struct group *group = owner_group(worker);
    group->requests++;
    group_answer(group, request->worker, request->session, request->frame->request, frame);
}

void owner_answer(struct worker *worker, const struct request *request, wire_server_frame *answer)
{
    answer->request = request->frame->request;
    owner_answer_frame(worker, request, frame_from_server(answer));
}

void owner_refuse_until(struct worker *worker, const struct request *request,
                        Unsay__V1__ErrorCode code, const char *detail, uint32_t retry_after_ms)
{
    stats_add(&worker->stats, STAT_requests_refused, 1);
    owner_answer_frame(worker, request,
                       refusal_frame(request->frame->request, code, detail, false, retry_after_ms));
}

void owner_refuse(struct worker *worker, const struct request *request, Unsay__V1__ErrorCode code,
                  const char *detail)
{
    owner_refuse_until(worker, request, code, detail, 0);
}

bool owner_find_author(struct worker *worker, const struct request *request,
                       const char *conversation, struct owned_conversation **owned,
                       struct owned_member *scratch, struct owned_member **member)
{
    refusal_code refusal = REFUSAL_NONE;
    *owned = owner_load(worker, view_of(conversation), &refusal);
    if (*owned == NULL) {
        owner_refuse(worker, request, refusal, "");
        return false;
    }
    if (owner_load_member(worker, *owned, request->author.user, scratch, member) != STATUS_OK) {
        owner_refuse(worker, request, REFUSAL_CODE(STORAGE_UNAVAILABLE), "");
        return false;
    }
    return true;
}

/* The commit hangs, and the group is full: even refusals must not pile up in it. Where the session
 * is at hand it is told at once; of the others, those that find no more room ask again in time. */
static void owner_overloaded(struct worker *worker, const struct request *request)
{
    struct session *session =
        request->worker == worker->index ? worker_find_session(worker, request->session) : NULL;
    if (session != NULL)
        session_refuse(worker, session, request->frame->request, REFUSAL_CODE(OVERLOADED), "",
                       false);
    else if (request->worker != worker->index &&
             owner_group(worker)->requests < 2 * LIMIT_GROUP_REQUESTS_MAX)
        owner_refuse(worker, request, REFUSAL_CODE(OVERLOADED), "");
}

void owner_request(struct worker *worker, const struct request *request)
{
    const struct group *group = owner_group(worker);
    if (worker->is_draining) {
        owner_refuse(worker, request, REFUSAL_CODE(SHUTTING_DOWN), "");
        return;
    }
    if (group->requests >= LIMIT_GROUP_REQUESTS_MAX ||
        group->effects.changes.bytes >= LIMIT_GROUP_BYTES_MAX) {
        owner_overloaded(worker, request);
        return;
    }
    if (request->frame->body_case == CLIENT_FRAME(SEND))
        owner_send(worker, request);
    else if (request->frame->body_case == CLIENT_FRAME(RECALL))
        owner_recall(worker, request);
    else if (request->frame->body_case == CLIENT_FRAME(RECALL_RANGE))
        owner_range(worker, request);
    else if (request->frame->body_case == CLIENT_FRAME(POLICY))
        policies_reload(worker, request);
    else if (request->frame->body_case == CLIENT_FRAME(OPEN_EVIDENCE))
        owner_evidence(worker, request);
    else if (request->frame->body_case == CLIENT_FRAME(CHANGE_MEMBERS))
        owner_change_members(worker, request);
    else if (request->frame->body_case == CLIENT_FRAME(JOIN_CONVERSATION))
        owner_join(worker, request);
    else if (request->frame->body_case == CLIENT_FRAME(CHANGE_SETTINGS))
        owner_change_settings(worker, request);
    else if (request->frame->body_case == CLIENT_FRAME(CHANGE_PIN))
        owner_change_pin(worker, request);
    else if (request->frame->body_case == CLIENT_FRAME(CHANGE_LISTING))
        owner_change_listing(worker, request);
    else if (request->frame->body_case == CLIENT_FRAME(ACK))
        owner_ack(worker, request, request->frame->ack);
    else if (request->frame->body_case == CLIENT_FRAME(OPEN_CONVERSATION))
        owner_open(worker, request);
    else if (request->frame->body_case == CLIENT_FRAME(CREATE_CONVERSATION))
        owner_create(worker, request);
    else if (request->frame->body_case == CLIENT_FRAME(CHANGE_PRIVACY))
        owner_privacy(worker, request);
}

void owner_commit(struct worker *worker)
{
    struct owner *owner = &worker->owner;
    if (owner->in_flight != NULL || owner->open == NULL || group_is_empty(owner->open))
        return;
    owner->in_flight = owner->open;
    owner->open = NULL;
    owner_tell_progress(owner->in_flight);
    group_make_waves(owner->in_flight);
    stats_observe(&worker->stats, HISTOGRAM_group_sizes, owner->in_flight->requests);
    atomic_init(&owner->in_flight->waiting, worker->count);
    shell_commit(worker->shell, owner->in_flight);
}

void owner_committed(struct worker *worker, struct group *group)
{
    struct owner *owner = &worker->owner;
    if (owner->in_flight != group) /* failed along with the one before it */
        return;
    owner->in_flight = NULL;
    owner->committed = group->number;
    if (group->failure == REFUSAL_NONE) {
        stats_add(&worker->stats, STAT_groups_committed, 1);
        stats_observe(&worker->stats, HISTOGRAM_accept, worker->now.steady_ns - group->opened_ns);
        owner_release_outgoing(worker, group->number, REFUSAL_NONE);
        waits_end(worker);
        return;
    }
    /* What was decided since then rests on what did not happen: it fails as well. */
    stats_add(&worker->stats, STAT_groups_failed, 1);
    recent_clear(&owner->recent);
    jobs_fini(&owner->jobs);
    owner_forget_all(owner);
    waits_fail(worker, group);
    if (owner->open == NULL || group_is_empty(owner->open)) {
        owner_release_outgoing(worker, group->number, group->failure);
        return;
    }
    struct group *failed = owner->open;
    owner->open = NULL;
    owner->committed = failed->number;
    failed->failure = group->failure;
    owner_release_outgoing(worker, failed->number, failed->failure);
    atomic_init(&failed->waiting, worker->count);
    for (unsigned i = 0; i < worker->count; i++) {
        bool posted =
            shell_post(worker->shell, i, (struct mail){.kind = MAIL_GROUP, .group = failed});
        assert(posted);
        (void)posted;
    }
}
