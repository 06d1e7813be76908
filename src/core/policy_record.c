#include "core/policy_record.h"

#include "core/hlc.h"

/* Each enumerator of Actor but UNSPECIFIED. */
#define POLICY_ACTORS ((POLICY_BIT(WIRE(ACTOR, COMPLIANCE)) << 1) - POLICY_BIT(WIRE(ACTOR, SELF)))

/* The refusals that come after the policy was asked. */
static bool policy_record_is_verdict(const wire_audit_entry *entry)
{
    refusal_code refusal = (refusal_code)entry->refusal;
    if (entry->outcome == WIRE(RECALL_OUTCOME, RECALLED))
        return true;
    return entry->outcome == WIRE(RECALL_OUTCOME, REFUSED) &&
           (refusal == REFUSAL_CODE(NOT_PERMITTED) || refusal == REFUSAL_CODE(WINDOW_CLOSED) ||
            refusal == REFUSAL_CODE(CLOCK_UNSURE) || refusal == REFUSAL_CODE(CONDITION_NOT_MET));
}

/* Whoever acts in no capacity is refused by every policy, and needs no facts: the entries of those
 * who left before the message came for which their recall waited. */
static bool policy_record_is_of_nobody(const wire_audit_entry *entry)
{
    return entry->capacities == 0 && entry->actor == WIRE(ACTOR, UNSPECIFIED) &&
           entry->refusal == (uint32_t)REFUSAL_CODE(NOT_PERMITTED);
}

static bool policy_record_is_whole(const wire_audit_entry *entry)
{
    return entry->capacities != 0 && (entry->capacities & ~POLICY_ACTORS) == 0 &&
           entry->conversation_type != WIRE(CONVERSATION_TYPE, UNSPECIFIED) &&
           entry->target_time != 0 && entry->policy.len == POLICY_VERSION_BYTES;
}

enum policy_record_state policy_record_read(const wire_audit_entry *entry,
                                            struct policy_record *record)
{
    bool is_unsure = entry->clock_unsure != 0;
    *record = (struct policy_record){
        .facts = {.conversation_type = entry->conversation_type,
                  .actors = entry->capacities,
                  .target_role = entry->target_role,
                  .content_type = entry->content_type,
                  .region = entry->region,
                  .sent_ms = hlc_ms(entry->target_time),
                  .now_ms = entry->time,
                  .clock_is_unsure = is_unsure,
                  .delivery = entry->delivery,
                  .first_delivered_ms = entry->delivered_ms,
                  .each_delivered_ms = entry->delivered_all_ms},
        .policy = bytes_view(entry->policy),
        .rule = entry->rule,
        .actor = entry->actor,
        .refusal = entry->outcome == WIRE(RECALL_OUTCOME, RECALLED) ||
                           entry->refusal == (uint32_t)REFUSAL_CODE(CONDITION_NOT_MET)
                       ? REFUSAL_NONE
                       : (refusal_code)entry->refusal,
    };
    if ((entry->kind != WIRE(AUDIT_KIND, RECALL) &&
         entry->kind != WIRE(AUDIT_KIND, RECALL_ON_ARRIVAL)) ||
        !policy_record_is_verdict(entry))
        return POLICY_RECORD_NOT_ASKED;
    return policy_record_is_of_nobody(entry) || policy_record_is_whole(entry)
               ? POLICY_RECORD_ASKED
               : POLICY_RECORD_INCOMPLETE;
}

/* ---- Asking again ---- */

static bool policy_has_version(const struct policy *policy, struct view version)
{
    return view_equal(view_make(policy->version, POLICY_VERSION_BYTES), version);
}

/* Whether the clock was sure by this policy's bound follows from what was found by the other's. */
static bool policy_record_tells_clock(const struct policy_record *record,
                                      const struct policy *policy, const struct policy *decided_by)
{
    if (policy->on_clock_unsure == POLICY_UNSURE_DECIDE ||
        policy_has_version(policy, record->policy))
        return true;
    if (decided_by == NULL)
        return false;
    return record->facts.clock_is_unsure
               ? policy->clock_error_max_ms <= decided_by->clock_error_max_ms
               : policy->clock_error_max_ms >= decided_by->clock_error_max_ms;
}

static bool policy_verdict_equal(const struct policy_verdict *a, const struct policy_verdict *b)
{
    return a->rule == b->rule && a->refusal == b->refusal && a->actor == b->actor;
}

/* How far it may have got: where a window is open for the earliest and for the latest times, it is
 * open for those between them, and which rules match does not depend on times of delivery. */
static bool policy_judge_deliveries(const struct policy *policy, const struct policy_case *facts,
                                    struct policy_verdict *verdict)
{
    const struct {
        Unsay__V1__DeliveryState state;
        uint64_t first_ms;
        uint64_t each_ms;
    } deliveries[] = {
        {WIRE(DELIVERY_STATE, UNDELIVERED), 0, 0},
        {WIRE(DELIVERY_STATE, DELIVERED), facts->sent_ms, facts->sent_ms},
        {WIRE(DELIVERY_STATE, DELIVERED), facts->now_ms, 0},
        {WIRE(DELIVERY_STATE, DISPLAYED), facts->sent_ms, facts->sent_ms},
        {WIRE(DELIVERY_STATE, DISPLAYED), facts->now_ms, 0},
    };
    struct policy_case possible = *facts;
    for (size_t i = 0; i < sizeof(deliveries) / sizeof(deliveries[0]); i++) {
        possible.delivery = deliveries[i].state;
        possible.first_delivered_ms = deliveries[i].first_ms;
        possible.each_delivered_ms = deliveries[i].each_ms;
        struct policy_verdict other = policy_judge(policy, &possible);
        if (i == 0)
            *verdict = other;
        else if (!policy_verdict_equal(verdict, &other))
            return false;
    }
    return true;
}

static bool policy_judge_possible(const struct policy *policy, const struct policy_case *facts,
                                  struct policy_verdict *verdict)
{
    if (facts->delivery == WIRE(DELIVERY_STATE, UNKNOWN) && policy->asks_delivery)
        return policy_judge_deliveries(policy, facts, verdict);
    *verdict = policy_judge(policy, facts);
    return true;
}

enum policy_lack policy_record_judge(const struct policy_record *record,
                                     const struct policy *policy, const struct policy *decided_by,
                                     struct policy_verdict *verdict)
{
    struct policy_case otherwise = record->facts;
    struct policy_verdict other;
    if (!policy_judge_possible(policy, &record->facts, verdict))
        return POLICY_LACKS_DELIVERY;
    if (policy_record_tells_clock(record, policy, decided_by))
        return POLICY_LACKS_NOTHING;
    otherwise.clock_is_unsure = !otherwise.clock_is_unsure;
    return policy_judge_possible(policy, &otherwise, &other) &&
                   policy_verdict_equal(verdict, &other)
               ? POLICY_LACKS_NOTHING
               : POLICY_LACKS_CLOCK;
}

bool policy_record_agrees(const struct policy_record *record, const struct policy_verdict *verdict)
{
    const char *rule = verdict->rule == NULL ? "" : verdict->rule->name;
    return record->refusal == verdict->refusal && record->actor == verdict->actor &&
           strcmp(record->rule, rule) == 0;
}

/* ---- Two verdicts ---- */

static bool policy_verdict_settles_same(const struct policy_verdict *a,
                                        const struct policy_verdict *b)
{
    return a->actor == b->actor && a->rule->keep == b->rule->keep &&
           a->rule->keep_ms == b->rule->keep_ms && a->rule->vanishes == b->rule->vanishes &&
           a->rule->withdraws_notifications == b->rule->withdraws_notifications &&
           a->rule->forwards == b->rule->forwards;
}

enum policy_change policy_verdict_change(const struct policy_verdict *before,
                                         const struct policy_verdict *after)
{
    if (before->refusal != REFUSAL_NONE && after->refusal != REFUSAL_NONE)
        return before->refusal == after->refusal ? POLICY_SAME : POLICY_REFUSED_OTHERWISE;
    if (after->refusal == REFUSAL_NONE && before->refusal == REFUSAL_NONE)
        return policy_verdict_settles_same(before, after) ? POLICY_SAME : POLICY_GRANTED_OTHERWISE;
    return after->refusal == REFUSAL_NONE ? POLICY_NEWLY_GRANTED : POLICY_NEWLY_REFUSED;
}
