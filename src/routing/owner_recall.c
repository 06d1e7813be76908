#include "core/recall.h"

#include "core/frame.h"
#include "routing/worker.h"

/* The answer that was kept for this request; STATUS_NOT_FOUND where none was. */
static enum status owner_find_answer(struct worker *worker, const struct request *request,
                                     const struct owned_conversation *owned,
                                     wire_recall_result **result)
{
    struct change probe = {.kind = CHANGE_REQUEST,
                           .conversation = view_of(owned->id),
                           .user = view_of(request->author.user),
                           .request_id = bytes_view(request->frame->recall->request_id)};
    const struct change *change = owner_find(&worker->owner, &probe);
    struct view bytes;
    if (change != NULL) {
        bytes = change->bytes;
    } else {
        enum status status = store_get_request(worker->store, probe.conversation, probe.user,
                                               probe.request_id, &worker->scratch, &bytes);
        if (status != STATUS_OK)
            return status;
    }
    ProtobufCAllocator allocator;
    arena_allocator(&worker->scratch, &allocator);
    *result = unsay__v1__recall_result__unpack(&allocator, bytes.size, bytes.data);
    return *result == NULL ? STATUS_CORRUPT : STATUS_OK;
}

static void owner_answer_recall(struct worker *worker, const struct request *request,
                                wire_recall_result *result)
{
    wire_server_frame answer = UNSAY__V1__SERVER_FRAME__INIT;
    answer.body_case = SERVER_FRAME(RECALL);
    answer.recall = result;
    owner_group(worker)->tells_recall = true;
    owner_answer(worker, request, &answer);
}

/* The seq that a target names; 0 when nothing is there. A row of the operator's message id goes to
 * facts->row. */
static enum status owner_find_seq(struct worker *worker, const struct request *request,
                                  const struct owned_conversation *owned, const wire_target *target,
                                  struct recall_facts *facts, uint64_t *seq)
{
    *seq = target->seq;
    if (target->seq != 0) {
        if (target->origin != 0 && target->origin != owned->conversation.origin)
            *seq = 0;
        return STATUS_OK;
    }
    struct message_id_row *row = arena_alloc(&worker->scratch, sizeof(*row));
    struct uuid id;
    memcpy(id.bytes, target->message_id.data, UUID_BYTES);
    enum status status = owner_get_message_id(worker, owned->id, request->author.user, &id, row);
    if (status != STATUS_OK)
        return status == STATUS_NOT_FOUND ? STATUS_OK : status;
    facts->row = row;
    *seq = row->seq;
    return STATUS_OK;
}

/* Looks up what one target names, and the recall that came before this one. */
static enum status owner_find_target(struct worker *worker, const struct request *request,
                                     const struct owned_conversation *owned,
                                     const wire_target *target, struct recall_facts *facts)
{
    uint64_t seq;
    wire_event *event = NULL;
    enum status status = owner_find_seq(worker, request, owned, target, facts, &seq);
    if (status != STATUS_OK || seq == 0)
        return status;
    status = owner_get_event(worker, owned, seq, &event);
    if (status != STATUS_OK)
        return status == STATUS_NOT_FOUND ? STATUS_OK : status;
    facts->event = event;
    if (event->kind_case != EVENT_KIND(MESSAGE) || event->message->tombstone == NULL)
        return STATUS_OK;
    status = owner_get_event(worker, owned, event->message->tombstone->recall_seq, &event);
    if (status == STATUS_OK)
        facts->earlier = event;
    return status == STATUS_NOT_FOUND ? STATUS_CORRUPT : status;
}

static void owner_count_outcome(struct worker *worker, const wire_target_outcome *outcome,
                                bool is_new)
{
    if (outcome->outcome == WIRE(RECALL_OUTCOME, RECALLED) && is_new)
        stats_add(&worker->stats, STAT_recalls_committed, 1);
    else if (outcome->outcome == WIRE(RECALL_OUTCOME, PENDING))
        stats_add(&worker->stats, STAT_recalls_pending, 1);
    else if (outcome->outcome == WIRE(RECALL_OUTCOME, REFUSED))
        stats_add(&worker->stats, STAT_recalls_refused, 1);
}

/* One target: facts, rules, outcome. */
static enum status owner_recall_target(struct worker *worker, const struct request *request,
                                       struct owned_conversation *owned,
                                       struct owned_member *member, const wire_target *target,
                                       wire_target_outcome *outcome)
{
    struct effects *effects = &owner_group(worker)->effects;
    const struct publication *before = effects->last;
    struct recall_facts facts = {.author = &request->author, .now_ms = worker->now.wall_ms};
    enum status status = owner_find_target(worker, request, owned, target, &facts);
    if (status != STATUS_OK)
        return status;
    recall_decide(&owned->conversation, &member->member, request->frame->recall, target, &facts,
                  &worker->settings.policy, effects, outcome);
    if (effects->last != before)
        recent_forget(&worker->owner.recent, owned->hash, outcome->target->seq);
    owner_count_outcome(worker, outcome, effects->last != before);
    return STATUS_OK;
}

/* Remembers the answer for the same request id. What was granted needs no row: the recall itself,
 * in the log, carries the request id. */
static void owner_keep_answer(struct group *group, const struct request *request,
                              const struct owned_conversation *owned,
                              const wire_recall_result *result)
{
    bool is_in_log = true;
    for (size_t i = 0; i < result->n_outcomes; i++)
        is_in_log &= result->outcomes[i]->outcome == WIRE(RECALL_OUTCOME, RECALLED) ||
                     result->outcomes[i]->outcome == WIRE(RECALL_OUTCOME, ALREADY_RECALLED);
    if (is_in_log)
        return;
    size_t size = unsay__v1__recall_result__get_packed_size(result);
    uint8_t *bytes = arena_alloc(&group->arena, size);
    unsay__v1__recall_result__pack(result, bytes);
    struct change *change = effects_change(&group->effects, CHANGE_REQUEST, &owned->conversation);
    change->user = arena_copy(&group->arena, view_of(request->author.user));
    change->request_id = arena_copy(&group->arena, bytes_view(result->request_id));
    change->bytes = view_make(bytes, size);
}

static wire_target_outcome *owner_new_outcome(struct worker *worker)
{
    wire_target_outcome *outcome = arena_alloc(&worker->scratch, sizeof(*outcome));
    unsay__v1__target_outcome__init(outcome);
    outcome->target = arena_alloc(&worker->scratch, sizeof(*outcome->target));
    unsay__v1__target__init(outcome->target);
    return outcome;
}

void owner_recall(struct worker *worker, const struct request *request)
{
    const wire_recall_request *recall = request->frame->recall;
    struct owned_conversation *owned;
    struct owned_member scratch;
    struct owned_member *member;
    if (!owner_find_author(worker, request, recall->conversation, &owned, &scratch, &member))
        return;
    if (!member->member.is_member) {
        owner_refuse(worker, request, REFUSAL_CODE(NOT_A_MEMBER), "");
        return;
    }
    wire_recall_result *first;
    enum status status = owner_find_answer(worker, request, owned, &first);
    if (status == STATUS_OK) {
        owner_answer_recall(worker, request, first);
        return;
    }

    struct group *group = owner_group(worker);
    wire_recall_result result = UNSAY__V1__RECALL_RESULT__INIT;
    wire_target_outcome *outcomes[LIMIT_RECALL_TARGETS_MAX];
    result.conversation = owned->id;
    result.request_id = recall->request_id;
    result.outcomes = outcomes;
    owned->touched = group->number;
    if (status == STATUS_NOT_FOUND)
        status = STATUS_OK;
    for (size_t i = 0; i < recall->n_targets && status == STATUS_OK; i++) {
        outcomes[i] = owner_new_outcome(worker);
        result.n_outcomes++;
        status =
            owner_recall_target(worker, request, owned, member, recall->targets[i], outcomes[i]);
    }
    if (status != STATUS_OK) {
        /* Targets decided so far stay decided; the same request id may be sent again. */
        owner_refuse(worker, request, REFUSAL_CODE(STORAGE_UNAVAILABLE), "");
        return;
    }
    owner_keep_answer(group, request, owned, &result);
    owner_answer_recall(worker, request, &result);
}
