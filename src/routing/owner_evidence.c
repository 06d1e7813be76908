/* Opening a body that the policy kept: on record, and where it is sealed only for two people. */
#include "core/evidence.h"
#include "core/frame.h"
#include "routing/worker.h"

static refusal_code evidence_find(struct worker *worker, const struct owned_conversation *owned,
                                  uint64_t seq, struct evidence_facts *facts)
{
    struct event_key key = {view_of(owned->id), owned->conversation.origin, seq};
    struct view bytes;
    wire_event *event;
    enum status status = owner_get_event(worker, owned, seq, &event);
    if (status != STATUS_OK)
        return status == STATUS_NOT_FOUND ? REFUSAL_CODE(UNKNOWN_MESSAGE)
                                          : REFUSAL_CODE(STORAGE_UNAVAILABLE);
    if (event->kind_case != EVENT_KIND(MESSAGE))
        return REFUSAL_CODE(NOT_A_MESSAGE);
    facts->event = event;
    status = store_get_dossier(worker->store, key, &worker->scratch, &bytes);
    if (status == STATUS_OK) {
        ProtobufCAllocator allocator;
        arena_allocator(&worker->scratch, &allocator);
        facts->dossier = unsay__v1__dossier__unpack(&allocator, bytes.size, bytes.data);
        status = facts->dossier == NULL ? STATUS_CORRUPT : STATUS_OK;
    }
    if (status == STATUS_OK)
        status = store_get_evidence(worker->store, key, &worker->scratch, &facts->body,
                                    &facts->until_ms);
    if (status == STATUS_NOT_FOUND || (status == STATUS_OK && facts->until_ms < facts->now_ms))
        return REFUSAL_CODE(NO_EVIDENCE);
    return status == STATUS_OK ? REFUSAL_NONE : REFUSAL_CODE(STORAGE_UNAVAILABLE);
}

static void evidence_approve(struct evidence_facts *facts, struct view user, struct view approval)
{
    if (!view_equal(user, view_of(facts->author->user)) &&
        evidence_is_current(approval, facts->now_ms))
        facts->is_approved = true;
}

/* What a group has decided and the store does not have yet. */
static void evidence_count_uncommitted(const struct group *group, struct event_key key,
                                       struct evidence_facts *facts)
{
    const struct change *change = group == NULL ? NULL : group->effects.changes.first;
    for (; change != NULL; change = change->next) {
        if (change->kind == CHANGE_APPROVAL && change->origin == key.origin &&
            change->seq == key.seq && view_equal(change->conversation, key.conversation))
            evidence_approve(facts, change->user, change->bytes);
    }
}

/* Whether someone else asked within a day. */
static enum status evidence_count_approvals(struct worker *worker, struct event_key key,
                                            struct evidence_facts *facts)
{
    struct store_approval approvals[LIMIT_APPROVALS_MAX];
    size_t count;
    enum status status = store_list_approvals(worker->store, key, LIMIT_APPROVALS_MAX,
                                              &worker->scratch, approvals, &count);
    for (size_t i = 0; status == STATUS_OK && i < count; i++)
        evidence_approve(facts, approvals[i].user, approvals[i].bytes);
    evidence_count_uncommitted(worker->owner.in_flight, key, facts);
    evidence_count_uncommitted(worker->owner.open, key, facts);
    return status;
}

static refusal_code evidence_look(struct worker *worker, const struct request *request,
                                  const struct owned_conversation *owned,
                                  struct evidence_facts *facts)
{
    const wire_open_evidence *query = request->frame->open_evidence;
    struct event_key key = {view_of(owned->id), owned->conversation.origin, query->target_seq};
    if (request->author.authority != WIRE(ACTOR, COMPLIANCE))
        return REFUSAL_CODE(NOT_PERMITTED);
    if (query->origin != 0 && query->origin != key.origin)
        return REFUSAL_CODE(UNKNOWN_MESSAGE);
    refusal_code refusal = evidence_find(worker, owned, query->target_seq, facts);
    if (refusal != REFUSAL_NONE)
        return refusal;
    return evidence_count_approvals(worker, key, facts) == STATUS_OK
               ? REFUSAL_NONE
               : REFUSAL_CODE(STORAGE_UNAVAILABLE);
}

void owner_evidence(struct worker *worker, const struct request *request)
{
    const wire_open_evidence *query = request->frame->open_evidence;
    struct conversation unknown = {.id = query->conversation, .origin = ORIGIN_DEFAULT};
    struct evidence_facts facts = {.author = &request->author, .now_ms = worker->now.wall_ms};
    wire_evidence evidence = UNSAY__V1__EVIDENCE__INIT;
    refusal_code refusal = REFUSAL_NONE;
    struct owned_conversation *owned = owner_load(worker, view_of(query->conversation), &refusal);
    struct group *group = owner_group(worker);
    if (owned != NULL) {
        refusal = evidence_look(worker, request, owned, &facts);
        owned->touched = group->number;
    }
    evidence_decide(owned == NULL ? &unknown : &owned->conversation, query->target_seq, refusal,
                    &facts, &worker->settings.rules, &group->effects, &evidence);
    if (refusal != REFUSAL_NONE) {
        owner_refuse(worker, request, refusal, "");
        return;
    }
    wire_server_frame answer = UNSAY__V1__SERVER_FRAME__INIT;
    answer.body_case = SERVER_FRAME(EVIDENCE);
    answer.evidence = &evidence;
    owner_answer(worker, request, &answer);
}
