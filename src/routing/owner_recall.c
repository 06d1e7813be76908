#include "core/recall.h"

#include "core/frame.h"
#include "routing/worker.h"

/* Whether any answer is kept for this user here. None that is still to be committed: when it was
 * decided, the member was known, and it was noted there. */
static enum status owner_learn_answers(struct worker *worker,
                                       const struct owned_conversation *owned,
                                       struct owned_member *member)
{
    bool has;
    enum status status =
        store_has_requests(worker->store, view_of(owned->id), view_of(member->user), &has);
    if (status == STATUS_OK)
        member->answers = has ? ANSWERS_SOME : ANSWERS_NONE;
    return status;
}

/* The answer that was kept for this request; STATUS_NOT_FOUND where none was. */
static enum status owner_find_answer(struct worker *worker, const struct request *request,
                                     const struct owned_conversation *owned,
                                     struct owned_member *member, wire_recall_result **result)
{
    if (member->answers == ANSWERS_UNKNOWN) {
        enum status status = owner_learn_answers(worker, owned, member);
        if (status != STATUS_OK)
            return status;
    }
    if (member->answers == ANSWERS_NONE)
        return STATUS_NOT_FOUND;
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

/* Looks up what one target names, its author's role, and the recall that came before this one. */
static enum status owner_find_target(struct worker *worker, const struct request *request,
                                     struct owned_conversation *owned, const wire_target *target,
                                     struct recall_facts *facts)
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
    if (event->kind_case != EVENT_KIND(MESSAGE))
        return STATUS_OK;
    if (event->message->tombstone != NULL) {
        status = owner_get_event(worker, owned, event->message->tombstone->recall_seq, &event);
        if (status == STATUS_OK)
            facts->earlier = event;
        return status == STATUS_NOT_FOUND ? STATUS_CORRUPT : status;
    }
    struct owned_member scratch;
    struct owned_member *author;
    status = owner_load_member(worker, owned, event->message->sender, &scratch, &author);
    if (status == STATUS_OK && author->member.is_member)
        facts->target_role = author->member.row.role;
    return status;
}

void owner_count_recall(struct worker *worker, const struct recall_ruling *ruling)
{
    if (ruling->step == RECALL_APPLY)
        stats_add(&worker->stats, STAT_recalls_committed, 1);
    else if (ruling->step == RECALL_WAIT)
        stats_add(&worker->stats, STAT_recalls_pending, 1);
    else if (ruling->step == RECALL_REFUSE)
        stats_add(&worker->stats, STAT_recalls_refused, 1);
    else
        stats_add(&worker->stats, STAT_recalls_repeated, 1);
}

/* One target: facts, rules, outcome. */
static enum status owner_recall_target(struct worker *worker, const struct request *request,
                                       struct owned_conversation *owned,
                                       struct owned_member *member, const wire_target *target,
                                       wire_target_outcome *outcome)
{
    const wire_recall_request *recall = request->frame->recall;
    const struct rulebook *rules = &worker->settings.rules;
    struct recall_facts facts = {.author = &request->author,
                                 .member = &member->member,
                                 .audience = owner_audience(worker, owned),
                                 .now_ms = worker->now.wall_ms};
    if (facts.audience == NULL)
        return STATUS_IO;
    enum status status = owner_find_target(worker, request, owned, target, &facts);
    if (status != STATUS_OK)
        return status;
    struct recall_ruling ruling = recall_judge(&owned->conversation, recall, target, &facts, rules);
    if (ruling.step == RECALL_APPLY) {
        uint64_t seq = facts.event->seq;
        if (ruling.verdict.rule->keep != POLICY_ERASE) {
            wire_event *whole;
            status = owner_read_event(worker, owned, seq, &whole);
            if (status != STATUS_OK)
                return status;
            facts.event = whole;
        }
        struct take_back what = {recall, &request->author, &ruling, rules};
        status = owner_let_go(worker, owned, seq, &what);
        if (status != STATUS_OK)
            return status;
    }
    recall_carry_out(&owned->conversation, &member->member, recall, target, &facts, &ruling, rules,
                     &owner_group(worker)->effects, outcome);
    owner_count_recall(worker, &ruling);
    return STATUS_OK;
}

/* Remembers the answer for the same request id. What was granted needs no row: the recall itself,
 * in the log, carries the request id; that of another request does not. */
static void owner_keep_answer(struct group *group, const struct request *request,
                              const struct owned_conversation *owned, struct owned_member *member,
                              const wire_recall_result *result)
{
    bool is_in_log = true;
    for (size_t i = 0; i < result->n_outcomes; i++)
        is_in_log &= result->outcomes[i]->outcome == WIRE(RECALL_OUTCOME, RECALLED);
    if (is_in_log)
        return;
    size_t size = unsay__v1__recall_result__get_packed_size(result);
    uint8_t *bytes = arena_alloc(&group->arena, size);
    unsay__v1__recall_result__pack(result, bytes);
    struct change *change = effects_change(&group->effects, CHANGE_REQUEST, &owned->conversation);
    change->user = arena_copy(&group->arena, view_of(request->author.user));
    change->request_id = arena_copy(&group->arena, bytes_view(result->request_id));
    change->bytes = view_make(bytes, size);
    member->answers = ANSWERS_SOME;
}

static wire_target_outcome *owner_new_outcome(struct worker *worker)
{
    wire_target_outcome *outcome = arena_alloc(&worker->scratch, sizeof(*outcome));
    unsay__v1__target_outcome__init(outcome);
    outcome->target = arena_alloc(&worker->scratch, sizeof(*outcome->target));
    unsay__v1__target__init(outcome->target);
    return outcome;
}

/* The request fails as a whole; the attempt is on record all the same. */
static void owner_refuse_recall(struct worker *worker, const struct request *request,
                                const struct conversation *conversation, refusal_code refusal)
{
    const wire_recall_request *recall = request->frame->recall;
    static const struct member nobody;
    struct effects *effects = &owner_group(worker)->effects;
    struct recall_facts facts = {
        .author = &request->author, .member = &nobody, .now_ms = worker->now.wall_ms};
    struct recall_ruling ruling = {.step = RECALL_REFUSE, .refusal = refusal};
    for (size_t i = 0; i < recall->n_targets; i++) {
        recall_audit(conversation, WIRE(AUDIT_KIND, RECALL), recall, recall->targets[i], &facts,
                     &ruling, &worker->settings.rules, NULL, effects);
        owner_count_recall(worker, &ruling);
    }
    owner_refuse(worker, request, refusal, "");
}

/* The conversation and the operator's place in it; false when the request was refused. */
static bool owner_find_operator(struct worker *worker, const struct request *request,
                                struct owned_conversation **owned, struct owned_member *scratch,
                                struct owned_member **member)
{
    refusal_code refusal = REFUSAL_NONE;
    struct view id = view_of(request->frame->recall->conversation);
    *owned = owner_load(worker, id, &refusal);
    if (*owned == NULL) {
        struct conversation unknown = {.id = request->frame->recall->conversation,
                                       .origin = ORIGIN_DEFAULT};
        if (refusal == REFUSAL_CODE(UNKNOWN_CONVERSATION))
            owner_refuse_recall(worker, request, &unknown, refusal);
        else
            owner_refuse(worker, request, refusal, "");
        return false;
    }
    if (owner_load_member(worker, *owned, request->author.user, scratch, member) != STATUS_OK) {
        owner_refuse(worker, request, REFUSAL_CODE(STORAGE_UNAVAILABLE), "");
        return false;
    }
    if ((*member)->member.is_member || request->author.authority != WIRE(ACTOR, UNSPECIFIED))
        return true;
    owner_refuse_recall(worker, request, &(*owned)->conversation, REFUSAL_CODE(NOT_A_MEMBER));
    return false;
}

void owner_recall(struct worker *worker, const struct request *request)
{
    const wire_recall_request *recall = request->frame->recall;
    struct owned_conversation *owned;
    struct owned_member scratch;
    struct owned_member *member;
    if (!owner_find_operator(worker, request, &owned, &scratch, &member))
        return;
    wire_recall_result *first;
    enum status status = owner_find_answer(worker, request, owned, member, &first);
    if (status == STATUS_OK) {
        if (!waits_begin(worker, request, owned, first, false))
            owner_answer_recall(worker, request, first);
        return;
    }

    if (take_backs_are_full(&worker->owner.jobs.take_backs)) {
        owner_refuse(worker, request, REFUSAL_CODE(OVERLOADED), "");
        return;
    }
    struct group *group = owner_group(worker);
    const struct publication *before = group->effects.last;
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
    owner_keep_answer(group, request, owned, member, &result);
    if (!waits_begin(worker, request, owned, &result, group->effects.last != before))
        owner_answer_recall(worker, request, &result);
}
