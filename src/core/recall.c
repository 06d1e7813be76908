#include "core/recall.h"

#include "base/limits.h"
#include "base/utf8.h"
#include "core/hlc.h"
#include "core/ids.h"

static bool recall_target_is_valid(const wire_target *target)
{
    return target->seq != 0 ? target->message_id.len == 0 || target->message_id.len == UUID_BYTES
                            : target->message_id.len == UUID_BYTES;
}

refusal_code recall_check(const wire_recall_request *request, const char **detail)
{
    *detail = "";
    if (!id_is_conversation(view_of(request->conversation))) {
        *detail = "conversation: 1 to 64 of [A-Za-z0-9._:@-]";
        return REFUSAL_CODE(INVALID_ID);
    }
    if (request->request_id.len == 0 || request->request_id.len > LIMIT_REQUEST_ID_BYTES_MAX) {
        *detail = "request_id: 1 to 64 bytes";
        return REFUSAL_CODE(INVALID_ID);
    }
    if (request->n_targets == 0 || request->n_targets > LIMIT_RECALL_TARGETS_MAX) {
        *detail = "targets: 1 to 100";
        return REFUSAL_CODE(FIELD_INVALID);
    }
    if (strlen(request->reason) > LIMIT_REASON_BYTES_MAX ||
        !utf8_is_valid(view_of(request->reason))) {
        *detail = "reason: at most 256 bytes of UTF-8";
        return REFUSAL_CODE(FIELD_INVALID);
    }
    if (request->extension.len > LIMIT_EXTENSION_BYTES_MAX) {
        *detail = "extension: at most 1024 bytes";
        return REFUSAL_CODE(FIELD_INVALID);
    }
    if (request->condition < WIRE(RECALL_CONDITION, NONE) ||
        request->condition > WIRE(RECALL_CONDITION, IF_UNREAD)) {
        *detail = "condition: 0 to 2";
        return REFUSAL_CODE(FIELD_INVALID);
    }
    if (request->wait < WIRE(RECALL_WAIT, COMMITTED) || request->wait > WIRE(RECALL_WAIT, ALL)) {
        *detail = "wait: 0 to 2";
        return REFUSAL_CODE(FIELD_INVALID);
    }
    if (request->wait_ms > LIMIT_RECALL_WAIT_MS_MAX) {
        *detail = "wait_ms: 0 to 60000";
        return REFUSAL_CODE(FIELD_INVALID);
    }
    for (size_t i = 0; i < request->n_targets; i++) {
        if (!recall_target_is_valid(request->targets[i])) {
            *detail = "targets: each needs a seq or a message_id of 16 bytes";
            return REFUSAL_CODE(FIELD_INVALID);
        }
    }
    return REFUSAL_NONE;
}

/* All capacities in which the operator acts on this message. */
static policy_set recall_capacities(const struct recall_facts *facts)
{
    static const Unsay__V1__Actor of_role[] = {
        [WIRE(ROLE, UNSPECIFIED)] = WIRE(ACTOR, UNSPECIFIED),
        [WIRE(ROLE, OWNER)] = WIRE(ACTOR, OWNER),
        [WIRE(ROLE, ADMIN)] = WIRE(ACTOR, ADMIN),
        [WIRE(ROLE, MODERATOR)] = WIRE(ACTOR, MODERATOR),
        [WIRE(ROLE, MEMBER)] = WIRE(ACTOR, MEMBER),
        [WIRE(ROLE, GUEST)] = WIRE(ACTOR, GUEST),
    };
    policy_set capacities = 0;
    if (facts->author->authority != WIRE(ACTOR, UNSPECIFIED))
        capacities |= POLICY_BIT(facts->author->authority);
    if (!facts->member->is_member)
        return capacities;
    Unsay__V1__Role role = facts->member->row.role;
    if (role > WIRE(ROLE, UNSPECIFIED) && role <= WIRE(ROLE, GUEST))
        capacities |= POLICY_BIT(of_role[role]);
    if (strcmp(facts->author->user, facts->event->message->sender) == 0)
        capacities |= POLICY_BIT(WIRE(ACTOR, SELF));
    return capacities;
}

static bool recall_meets(Unsay__V1__RecallCondition condition, const struct reach *reach)
{
    if (condition == WIRE(RECALL_CONDITION, IF_UNDELIVERED))
        return reach->state == WIRE(DELIVERY_STATE, UNDELIVERED);
    if (condition == WIRE(RECALL_CONDITION, IF_UNREAD))
        return reach->state != WIRE(DELIVERY_STATE, DISPLAYED);
    return true;
}

static struct recall_ruling recall_refuse(refusal_code refusal)
{
    return (struct recall_ruling){.step = RECALL_REFUSE, .refusal = refusal};
}

struct recall_ruling recall_judge_message(const struct conversation *conversation,
                                          Unsay__V1__RecallCondition condition,
                                          const struct recall_facts *facts,
                                          const struct rulebook *rules)
{
    const wire_message *message = facts->event->message;
    struct recall_ruling ruling = {.step = RECALL_APPLY, .capacities = recall_capacities(facts)};
    uint64_t sent_ms = hlc_ms(facts->event->time);
    struct reach_message asked = {
        .author = message->sender,
        .author_is_member = facts->target_role != WIRE(ROLE, UNSPECIFIED),
        .seq = facts->event->seq,
        .sent_ms = sent_ms,
    };
    if (rules->policy->asks_delivery || condition != WIRE(RECALL_CONDITION, NONE))
        ruling.reach = reach_of(facts->audience, &asked);
    struct policy_case facts_of_case = {
        .conversation_type = conversation->type,
        .actors = ruling.capacities,
        .target_role = facts->target_role,
        .content_type = message->content_type,
        .region = rules->region,
        .sent_ms = sent_ms,
        .now_ms = facts->now_ms,
        .clock_is_unsure = rules->clock_is_unsure,
        .delivery = ruling.reach.state,
        .first_delivered_ms = ruling.reach.first_ms,
        .each_delivered_ms = ruling.reach.each_ms,
    };
    ruling.verdict = policy_judge(rules->policy, &facts_of_case);
    ruling.refusal = ruling.verdict.refusal;
    if (ruling.refusal == REFUSAL_NONE && !recall_meets(condition, &ruling.reach))
        ruling.refusal = REFUSAL_CODE(CONDITION_NOT_MET);
    if (ruling.refusal != REFUSAL_NONE)
        ruling.step = RECALL_REFUSE;
    return ruling;
}

/* True when the message was taken back by this very request. */
static bool recall_is_repetition(const wire_recall_request *request,
                                 const struct recall_facts *facts)
{
    if (facts->earlier == NULL || facts->earlier->kind_case != EVENT_KIND(RECALL))
        return false;
    const wire_recall *earlier = facts->earlier->recall;
    return strcmp(earlier->operator_, facts->author->user) == 0 &&
           view_equal(bytes_view(earlier->request_id), bytes_view(request->request_id));
}

/* Nothing is here under the target's name. */
static struct recall_ruling recall_judge_missing(const wire_target *target,
                                                 const struct recall_facts *facts)
{
    if (target->seq != 0 || !facts->member->is_member)
        return recall_refuse(REFUSAL_CODE(UNKNOWN_MESSAGE));
    if (facts->row == NULL && facts->member->row.pending_recalls >= LIMIT_RECALL_PENDING_MAX)
        return recall_refuse(REFUSAL_CODE(TOO_MANY_PENDING));
    return (struct recall_ruling){.step = RECALL_WAIT};
}

struct recall_ruling recall_judge(const struct conversation *conversation,
                                  const wire_recall_request *request, const wire_target *target,
                                  const struct recall_facts *facts, const struct rulebook *rules)
{
    if (!facts->member->is_member && facts->author->authority == WIRE(ACTOR, UNSPECIFIED))
        return recall_refuse(REFUSAL_CODE(NOT_A_MEMBER));
    if (facts->event == NULL)
        return recall_judge_missing(target, facts);
    if (facts->event->kind_case != EVENT_KIND(MESSAGE))
        return recall_refuse(REFUSAL_CODE(NOT_A_MESSAGE));
    const wire_message *message = facts->event->message;
    if (target->message_id.len != 0 &&
        !view_equal(bytes_view(target->message_id), bytes_view(message->message_id)))
        return recall_refuse(REFUSAL_CODE(UNKNOWN_MESSAGE)); /* seq and id contradict */
    if (message->state != WIRE(MESSAGE_STATE, NORMAL))
        return (struct recall_ruling){.step = RECALL_NOTHING,
                                      .is_repetition = recall_is_repetition(request, facts)};
    return recall_judge_message(conversation, request->condition, facts, rules);
}

/* The message is not here: remember the recall until it is. */
static void recall_wait(struct conversation *conversation, struct member *member,
                        const wire_recall_request *request, const wire_target *target,
                        const struct recall_facts *facts, struct effects *effects)
{
    bool is_waiting = facts->row != NULL;
    bool has_mandate = facts->author->authority != WIRE(ACTOR, UNSPECIFIED);
    if (is_waiting && (facts->row->seq != 0 || !has_mandate || facts->row->pending_is_granted ||
                       facts->row->pending_authority != WIRE(ACTOR, UNSPECIFIED)))
        return; /* another recall waits already: one is enough, the granted one first */

    wire_recall_request waiting = *request;
    waiting.n_targets = 0;
    waiting.targets = NULL;
    waiting.wait = WIRE(RECALL_WAIT, COMMITTED);
    size_t size = unsay__v1__recall_request__get_packed_size(&waiting);
    uint8_t *bytes = arena_alloc(effects->arena, size);
    unsay__v1__recall_request__pack(&waiting, bytes);

    struct change *id_change = effects_change(effects, CHANGE_MESSAGE_ID, conversation);
    id_change->user = arena_copy(effects->arena, view_of(facts->author->user));
    memcpy(id_change->id.bytes, target->message_id.data, UUID_BYTES);
    id_change->message_id.pending = view_make(bytes, size);
    id_change->message_id.pending_device =
        arena_copy(effects->arena, view_of(facts->author->device));
    id_change->message_id.pending_authority = facts->author->authority;
    if (uuid_compare(&id_change->id, &member->last_message_id) > 0) {
        member->last_message_id = id_change->id;
        member->last_is_in_log = false;
    }

    if (is_waiting)
        return;
    member->row.pending_recalls++;
    struct change *member_change = effects_change(effects, CHANGE_MEMBER, conversation);
    member_change->user = id_change->user;
    member_change->member = member->row;
}

/* What the request hears of the target, as far as it may know. */
static void recall_name_target(const struct conversation *conversation, const wire_target *target,
                               const struct recall_facts *facts, const struct recall_ruling *ruling,
                               wire_target_outcome *outcome)
{
    *outcome->target = *target;
    if (outcome->target->origin == 0)
        outcome->target->origin = conversation->origin;
    bool is_found = facts->event != NULL && facts->event->kind_case == EVENT_KIND(MESSAGE) &&
                    ruling->refusal != REFUSAL_CODE(UNKNOWN_MESSAGE) &&
                    ruling->refusal != REFUSAL_CODE(NOT_A_MEMBER);
    if (!is_found)
        return;
    outcome->target->origin = facts->event->origin;
    outcome->target->seq = facts->event->seq;
    outcome->target->message_id = facts->event->message->message_id;
}

void recall_carry_out(struct conversation *conversation, struct member *member,
                      const wire_recall_request *request, const wire_target *target,
                      const struct recall_facts *facts, const struct recall_ruling *ruling,
                      const struct rulebook *rules, struct effects *effects,
                      wire_target_outcome *outcome)
{
    const struct publication *recall = NULL;
    recall_name_target(conversation, target, facts, ruling, outcome);
    switch (ruling->step) {
    case RECALL_NOTHING: {
        const wire_tombstone *tombstone = facts->event->message->tombstone;
        outcome->outcome = ruling->is_repetition ? WIRE(RECALL_OUTCOME, RECALLED)
                                                 : WIRE(RECALL_OUTCOME, ALREADY_RECALLED);
        outcome->time = tombstone == NULL ? 0 : tombstone->time;
        outcome->recall_seq = tombstone == NULL ? 0 : tombstone->recall_seq;
        break;
    }
    case RECALL_REFUSE:
        outcome->outcome = WIRE(RECALL_OUTCOME, REFUSED);
        outcome->refusal = ruling->refusal;
        break;
    case RECALL_WAIT:
        outcome->outcome = WIRE(RECALL_OUTCOME, PENDING);
        recall_wait(conversation, member, request, target, facts, effects);
        break;
    case RECALL_APPLY:
        recall = recall_apply(conversation, request, facts, ruling, rules, effects);
        outcome->outcome = WIRE(RECALL_OUTCOME, RECALLED);
        outcome->time = conversation->last_time;
        outcome->recall_seq = recall->seq;
        break;
    }
    if (!ruling->is_repetition)
        recall_audit(conversation, WIRE(AUDIT_KIND, RECALL), request, target, facts, ruling, rules,
                     recall, effects);
}
