#include "core/policy.h"

#include "core/policy_default.inc"

#include <assert.h>

static const struct policy_rule policy_default_rules[] = {
    {
        .name = "system-and-compliance",
        .actors = POLICY_BIT(WIRE(ACTOR, SYSTEM)) | POLICY_BIT(WIRE(ACTOR, COMPLIANCE)),
        .allows = true,
        .withdraws_notifications = true,
    },
    {
        .name = "owners-and-admins",
        .conversation_types = POLICY_BIT(WIRE(CONVERSATION_TYPE, GROUP)) |
                              POLICY_BIT(WIRE(CONVERSATION_TYPE, CHANNEL)),
        .actors = POLICY_BIT(WIRE(ACTOR, OWNER)) | POLICY_BIT(WIRE(ACTOR, ADMIN)),
        .allows = true,
        .withdraws_notifications = true,
    },
    {
        .name = "author",
        .actors = POLICY_BIT(WIRE(ACTOR, SELF)),
        .allows = true,
        .window_ms = 120000,
        .withdraws_notifications = true,
    },
};

static const uint8_t policy_default_content[] = POLICY_DEFAULT_CONTENT;

const struct policy policy_default = {
    .version = POLICY_DEFAULT_SHA256,
    .rules = policy_default_rules,
    .rule_count = sizeof(policy_default_rules) / sizeof(policy_default_rules[0]),
    .on_clock_unsure = POLICY_UNSURE_DECIDE,
    .clock_error_max_ms = 500,
    .content = {policy_default_content, sizeof(policy_default_content)},
};

static bool policy_set_has(policy_set set, unsigned value)
{
    return set == 0 || (value < 32 && (set & POLICY_BIT(value)) != 0);
}

static bool policy_truth_is(enum policy_truth truth, bool is_so)
{
    return truth == POLICY_ANY || (truth == POLICY_YES) == is_so;
}

static bool policy_rule_names_region(const struct policy_rule *rule, const char *region)
{
    for (size_t i = 0; i < rule->region_count; i++)
        if (strcmp(rule->regions[i], region) == 0)
            return true;
    return rule->regions == NULL;
}

/* The first condition, but for the age, that is not met; NULL: all are. */
static const char *policy_rule_unmet_fact(const struct policy_rule *rule,
                                          const struct policy_case *facts)
{
    bool is_delivered = facts->delivery >= WIRE(DELIVERY_STATE, DELIVERED);
    bool is_displayed = facts->delivery == WIRE(DELIVERY_STATE, DISPLAYED);
    if (!policy_set_has(rule->conversation_types, (unsigned)facts->conversation_type))
        return "conversation";
    if (rule->actors != 0 && (rule->actors & facts->actors) == 0)
        return "actor";
    if (!policy_set_has(rule->target_roles, (unsigned)facts->target_role))
        return "target";
    if (!policy_set_has(rule->content_types, (unsigned)facts->content_type))
        return "content";
    if (!policy_rule_names_region(rule, facts->region))
        return "region";
    if (!policy_truth_is(rule->is_delivered, is_delivered))
        return "delivered";
    return policy_truth_is(rule->is_displayed, is_displayed) ? NULL : "displayed";
}

static uint64_t policy_elapsed_ms(uint64_t from_ms, uint64_t now_ms)
{
    return now_ms > from_ms ? now_ms - from_ms : 0;
}

static const char *policy_rule_unmet_age(const struct policy_rule *rule,
                                         const struct policy_case *facts)
{
    uint64_t age_ms = policy_elapsed_ms(facts->sent_ms, facts->now_ms);
    if (age_ms < rule->age_min_ms)
        return "older_than";
    return rule->age_max_ms != 0 && age_ms > rule->age_max_ms ? "younger_than" : NULL;
}

const char *policy_rule_unmet(const struct policy_rule *rule, const struct policy_case *facts)
{
    const char *unmet = policy_rule_unmet_fact(rule, facts);
    return unmet != NULL ? unmet : policy_rule_unmet_age(rule, facts);
}

/* False where the window has no end, or has not begun: it is open. */
static bool policy_window_has_begun(const struct policy_rule *rule, const struct policy_case *facts,
                                    uint64_t *began_ms)
{
    *began_ms = rule->window_from == POLICY_FROM_FIRST_DELIVERY  ? facts->first_delivered_ms
                : rule->window_from == POLICY_FROM_EACH_DELIVERY ? facts->each_delivered_ms
                                                                 : facts->sent_ms;
    return rule->window_ms != 0 && (rule->window_from == POLICY_FROM_SENDING || *began_ms != 0);
}

static refusal_code policy_rule_decide(const struct policy_rule *rule,
                                       const struct policy_case *facts, bool trusts_clock)
{
    uint64_t began_ms;
    if (!rule->allows)
        return REFUSAL_CODE(NOT_PERMITTED);
    if (!policy_window_has_begun(rule, facts, &began_ms))
        return REFUSAL_NONE;
    if (!trusts_clock)
        return REFUSAL_CODE(CLOCK_UNSURE);
    return policy_elapsed_ms(began_ms, facts->now_ms) <= rule->window_ms
               ? REFUSAL_NONE
               : REFUSAL_CODE(WINDOW_CLOSED);
}

/* The first of a set that is not empty: the actors are numbered by rank, SELF first. */
static Unsay__V1__Actor policy_first_actor(policy_set actors)
{
    return (Unsay__V1__Actor)__builtin_ctz(actors);
}

struct policy_verdict policy_judge(const struct policy *policy, const struct policy_case *facts)
{
    bool trusts_clock = !facts->clock_is_unsure || policy->on_clock_unsure == POLICY_UNSURE_DECIDE;
    struct policy_verdict verdict = {.refusal = REFUSAL_CODE(NOT_PERMITTED)};
    assert(facts->delivery != WIRE(DELIVERY_STATE, UNKNOWN) || !policy->asks_delivery);
    if (facts->actors == 0)
        return verdict;
    verdict.actor = policy_first_actor(facts->actors);
    for (size_t i = 0; i < policy->rule_count; i++) {
        const struct policy_rule *rule = &policy->rules[i];
        bool has_age = rule->age_min_ms != 0 || rule->age_max_ms != 0;
        bool depends_on_age = has_age && !trusts_clock;
        if (policy_rule_unmet_fact(rule, facts) != NULL ||
            (!depends_on_age && policy_rule_unmet_age(rule, facts) != NULL))
            continue;
        verdict.rule = rule;
        verdict.refusal = depends_on_age ? REFUSAL_CODE(CLOCK_UNSURE)
                                         : policy_rule_decide(rule, facts, trusts_clock);
        if (rule->actors != 0)
            verdict.actor = policy_first_actor(facts->actors & rule->actors);
        return verdict;
    }
    return verdict;
}
