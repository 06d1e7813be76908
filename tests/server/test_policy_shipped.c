/* The policies that are shipped: the default is the one inside the program, and each example
 * decides as its comments say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/policy_file.h"

#include <stdio.h>

#define IS(name) POLICY_BIT(WIRE(ACTOR, name))

enum { DAY_S = 86400 };

static const struct policy *shipped(const char *name)
{
    char path[512];
    const struct policy *policy = NULL;
    struct failure failure = {STATUS_OK, ""};
    snprintf(path, sizeof(path), "%s/%s.yaml", POLICIES, name);
    if (policy_file_load(path, &policy, &failure) != STATUS_OK)
        fail_msg("%s", failure.text);
    return policy;
}

static void the_default_is_its_file(void **state)
{
    (void)state;
    const struct policy *policy = shipped("default");
    assert_memory_equal(policy_default.version, policy->version, POLICY_VERSION_BYTES);
    assert_true(view_equal(policy_default.content, policy->content));
    assert_int_equal(policy_default.on_clock_unsure, policy->on_clock_unsure);
    assert_int_equal(policy_default.clock_error_max_ms, policy->clock_error_max_ms);
    assert_int_equal(policy_default.asks_delivery, policy->asks_delivery);
    assert_int_equal(policy_default.rule_count, policy->rule_count);
    for (size_t i = 0; i < policy->rule_count; i++) {
        const struct policy_rule *a = &policy_default.rules[i];
        const struct policy_rule *b = &policy->rules[i];
        assert_string_equal(a->name, b->name);
        assert_int_equal(a->conversation_types, b->conversation_types);
        assert_int_equal(a->actors, b->actors);
        assert_int_equal(a->target_roles, b->target_roles);
        assert_int_equal(a->content_types, b->content_types);
        assert_int_equal(a->region_count, b->region_count);
        assert_null(a->regions);
        assert_null(b->regions);
        assert_int_equal(a->age_min_ms, b->age_min_ms);
        assert_int_equal(a->age_max_ms, b->age_max_ms);
        assert_int_equal(a->is_delivered, b->is_delivered);
        assert_int_equal(a->is_displayed, b->is_displayed);
        assert_int_equal(a->allows, b->allows);
        assert_int_equal(a->window_ms, b->window_ms);
        assert_int_equal(a->window_from, b->window_from);
        assert_int_equal(a->keep, b->keep);
        assert_int_equal(a->keep_ms, b->keep_ms);
        assert_int_equal(a->vanishes, b->vanishes);
        assert_int_equal(a->withdraws_notifications, b->withdraws_notifications);
        assert_int_equal(a->forwards, b->forwards);
    }
    policy_free(policy);
}

/* What is left out: a member's text in a group, not delivered, in no region. */
struct expectation {
    policy_set actors;
    uint64_t age_s;
    const char *rule; /* NULL: none matches */
    refusal_code refusal;
    Unsay__V1__ConversationType type;
    Unsay__V1__Role target;
    bool is_former;
    Unsay__V1__ContentType content;
    const char *region;
    uint64_t delivered_s; /* ago; 0: not delivered */
    uint64_t each_s;      /* ago; 0: not by everyone */
    bool is_displayed;
    bool clock_is_unsure;
};

static void check(const struct policy *policy, const struct expectation *expectation)
{
    uint64_t now_ms = UINT64_C(1700000000000);
    uint64_t first_ms =
        expectation->delivered_s == 0 ? 0 : now_ms - expectation->delivered_s * 1000;
    struct policy_case facts = {
        .conversation_type =
            expectation->type == 0 ? WIRE(CONVERSATION_TYPE, GROUP) : expectation->type,
        .actors = expectation->actors,
        .target_role = expectation->is_former     ? WIRE(ROLE, UNSPECIFIED)
                       : expectation->target == 0 ? WIRE(ROLE, MEMBER)
                                                  : expectation->target,
        .content_type = expectation->content == 0 ? WIRE(CONTENT_TYPE, TEXT) : expectation->content,
        .region = expectation->region == NULL ? "" : expectation->region,
        .sent_ms = now_ms - expectation->age_s * 1000,
        .now_ms = now_ms,
        .clock_is_unsure = expectation->clock_is_unsure,
        .delivery = expectation->is_displayed ? WIRE(DELIVERY_STATE, DISPLAYED)
                    : first_ms != 0           ? WIRE(DELIVERY_STATE, DELIVERED)
                                              : WIRE(DELIVERY_STATE, UNDELIVERED),
        .first_delivered_ms = first_ms,
        .each_delivered_ms = expectation->each_s == 0 ? 0 : now_ms - expectation->each_s * 1000,
    };
    struct policy_verdict verdict = policy_judge(policy, &facts);
    assert_int_equal(verdict.refusal, expectation->refusal);
    if (expectation->rule == NULL)
        assert_null(verdict.rule);
    else
        assert_string_equal(verdict.rule == NULL ? "none" : verdict.rule->name, expectation->rule);
}

static const struct policy_rule *rule_of(const struct policy *policy, const char *name)
{
    for (size_t i = 0; i < policy->rule_count; i++)
        if (strcmp(policy->rules[i].name, name) == 0)
            return &policy->rules[i];
    fail_msg("there is no rule %s", name);
    return NULL;
}

#define CHECK_ALL(policy, expectations)                                           \
    for (size_t i = 0; i < sizeof(expectations) / sizeof((expectations)[0]); i++) \
    check(policy, &(expectations)[i])

#define NO REFUSAL_CODE(NOT_PERMITTED)
#define LATE REFUSAL_CODE(WINDOW_CLOSED)

static void retain(void **state)
{
    (void)state;
    const struct policy *policy = shipped("retain");
    static const struct expectation expectations[] = {
        {IS(SELF) | IS(MEMBER), 120, "author", .refusal = REFUSAL_NONE},
        {IS(SELF) | IS(MEMBER), 121, "author", .refusal = LATE},
        {IS(SELF) | IS(MEMBER), 1, "author", .refusal = REFUSAL_CODE(CLOCK_UNSURE),
         .clock_is_unsure = true},
        {IS(COMPLIANCE), 999 * DAY_S, "mandate", .refusal = REFUSAL_NONE, .clock_is_unsure = true},
        {IS(SYSTEM), 8 * DAY_S, "filters", .refusal = LATE},
        {IS(SELF) | IS(OWNER), 60, "announcements-that-were-read", .refusal = NO,
         .type = WIRE(CONVERSATION_TYPE, CHANNEL), .delivered_s = 30, .is_displayed = true},
        {IS(SELF) | IS(OWNER), 60, "owners-and-admins", .refusal = REFUSAL_NONE,
         .type = WIRE(CONVERSATION_TYPE, CHANNEL), .delivered_s = 30},
        {IS(ADMIN), DAY_S + 1, "owners-and-admins", .refusal = LATE},
        {IS(MEMBER), 1, NULL, .refusal = NO},
    };
    CHECK_ALL(policy, expectations);
    for (size_t i = 0; i < policy->rule_count; i++) {
        assert_int_equal(policy->rules[i].keep, policy->rules[i].allows ? POLICY_SEAL : 0);
        assert_int_equal(policy->rules[i].keep_ms,
                         policy->rules[i].allows ? UINT64_C(180) * DAY_S * 1000 : 0);
        assert_false(policy->rules[i].vanishes);
    }
    policy_free(policy);
}

static void erasure(void **state)
{
    (void)state;
    const struct policy *policy = shipped("erasure");
    static const struct expectation expectations[] = {
        {IS(SELF) | IS(MEMBER), 900 * DAY_S, "author-with-a-right", .refusal = REFUSAL_NONE,
         .region = "eu-west"},
        {IS(SELF) | IS(MEMBER), 900 * DAY_S, "author", .refusal = LATE, .region = "ap-east"},
        {IS(SELF) | IS(MEMBER), 900 * DAY_S, "author", .refusal = LATE},
        {IS(MODERATOR), 900 * DAY_S, "moderation-with-a-right", .refusal = REFUSAL_NONE,
         .region = "uk"},
        {IS(MODERATOR), 900 * DAY_S, "moderation", .refusal = REFUSAL_NONE},
        {IS(SYSTEM), 900 * DAY_S, "erasure-on-request", .refusal = REFUSAL_NONE, .is_former = true},
        {IS(OWNER), 1, NULL, .refusal = NO, .type = WIRE(CONVERSATION_TYPE, DIRECT),
         .region = "uk"},
    };
    CHECK_ALL(policy, expectations);
    const struct policy_rule *right = rule_of(policy, "author-with-a-right");
    assert_int_equal(right->keep, POLICY_ERASE);
    assert_int_equal(right->forwards, POLICY_FORWARDS_RECALLED);
    assert_true(right->vanishes);
    assert_int_equal(rule_of(policy, "author")->keep, POLICY_KEEP);
    policy_free(policy);
}

static void enterprise(void **state)
{
    (void)state;
    const struct policy *policy = shipped("enterprise");
    static const struct expectation expectations[] = {
        {IS(SELF) | IS(MEMBER), DAY_S, "author", .refusal = REFUSAL_NONE},
        {IS(SELF) | IS(MEMBER), DAY_S + 1, "author", .refusal = LATE},
        {IS(SELF) | IS(GUEST), 600, "guests-own", .refusal = REFUSAL_NONE,
         .target = WIRE(ROLE, GUEST)},
        {IS(SELF) | IS(GUEST), 601, "guests-own", .refusal = LATE, .target = WIRE(ROLE, GUEST)},
        {IS(ADMIN), 1, "owners-and-admins", .refusal = REFUSAL_NONE, .target = WIRE(ROLE, OWNER)},
        {IS(ADMIN), 2 * DAY_S, "owners-are-not-moderated", .refusal = NO,
         .target = WIRE(ROLE, OWNER)},
        {IS(ADMIN), 2 * DAY_S, "owners-and-admins", .refusal = REFUSAL_NONE,
         .target = WIRE(ROLE, ADMIN)},
        {IS(SELF) | IS(OWNER), 2 * DAY_S, "owners-and-admins", .refusal = REFUSAL_NONE,
         .target = WIRE(ROLE, OWNER)},
        {IS(MODERATOR), 2 * DAY_S, "moderators", .refusal = REFUSAL_NONE, .is_former = true},
        {IS(MODERATOR), 8 * DAY_S, "moderators", .refusal = LATE},
        {IS(MODERATOR), 1, NULL, .refusal = NO, .target = WIRE(ROLE, MODERATOR)},
        {IS(SELF) | IS(MODERATOR), 1, "author", .refusal = REFUSAL_NONE,
         .target = WIRE(ROLE, MODERATOR)},
        {IS(COMPLIANCE), 4000 * DAY_S, "compliance", .refusal = REFUSAL_NONE,
         .clock_is_unsure = true},
        {IS(SELF) | IS(MEMBER), 1, "author", .refusal = REFUSAL_CODE(CLOCK_UNSURE),
         .clock_is_unsure = true},
    };
    CHECK_ALL(policy, expectations);
    for (size_t i = 0; i < policy->rule_count; i++)
        assert_true(!policy->rules[i].allows || policy->rules[i].keep != POLICY_ERASE);
    policy_free(policy);
}

static void slow_network(void **state)
{
    (void)state;
    const struct policy *policy = shipped("slow-network");
    static const struct expectation expectations[] = {
        {IS(SELF) | IS(MEMBER), 30 * DAY_S, "author-before-delivery", .refusal = REFUSAL_NONE},
        {IS(SELF) | IS(MEMBER), 3720, "author-direct", .refusal = REFUSAL_NONE,
         .type = WIRE(CONVERSATION_TYPE, DIRECT), .delivered_s = 120},
        {IS(SELF) | IS(MEMBER), 3720, "author-direct", .refusal = LATE,
         .type = WIRE(CONVERSATION_TYPE, DIRECT), .delivered_s = 121},
        {IS(SELF) | IS(MEMBER), 3600, "author-group", .refusal = REFUSAL_NONE, .delivered_s = 3000},
        {IS(SELF) | IS(MEMBER), 3600, "author-group", .refusal = REFUSAL_NONE, .delivered_s = 3000,
         .each_s = 120},
        {IS(SELF) | IS(MEMBER), 3600, "author-group", .refusal = LATE, .delivered_s = 3000,
         .each_s = 121},
        {IS(SELF) | IS(MEMBER), 7 * DAY_S + 1, NULL, .refusal = NO, .delivered_s = 3000},
        {IS(SELF) | IS(MEMBER), 601, "author-channel", .refusal = LATE,
         .type = WIRE(CONVERSATION_TYPE, CHANNEL), .delivered_s = 1},
        {IS(ADMIN), 30 * DAY_S, "owners-and-admins", .refusal = REFUSAL_NONE, .delivered_s = 1},
    };
    assert_true(policy->asks_delivery);
    CHECK_ALL(policy, expectations);
    policy_free(policy);
}

static void children(void **state)
{
    (void)state;
    const struct policy *policy = shipped("children");
    static const struct expectation expectations[] = {
        {IS(SELF) | IS(MEMBER), DAY_S, "child", .refusal = REFUSAL_NONE},
        {IS(SELF) | IS(MEMBER), DAY_S + 1, "child", .refusal = LATE},
        {IS(SELF) | IS(MEMBER), 900 * DAY_S, "child-pictures-and-places", .refusal = REFUSAL_NONE,
         .content = WIRE(CONTENT_TYPE, LOCATION)},
        {IS(SELF) | IS(OWNER), 120, "grown-ups-own", .refusal = NO, .target = WIRE(ROLE, OWNER)},
        {IS(SELF) | IS(OWNER), 119, "grown-ups", .refusal = REFUSAL_NONE,
         .target = WIRE(ROLE, OWNER)},
        {IS(MODERATOR), 900 * DAY_S, "grown-ups", .refusal = REFUSAL_NONE},
        {IS(MEMBER), 1, NULL, .refusal = NO},
        {IS(SYSTEM), 900 * DAY_S, "parents-and-authorities", .refusal = REFUSAL_NONE},
    };
    CHECK_ALL(policy, expectations);
    for (size_t i = 0; i < policy->rule_count; i++)
        assert_int_equal(policy->rules[i].keep, policy->rules[i].allows ? POLICY_SEAL : 0);
    assert_true(rule_of(policy, "child-pictures-and-places")->vanishes);
    policy_free(policy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_default_is_its_file),
        cmocka_unit_test(retain),
        cmocka_unit_test(erasure),
        cmocka_unit_test(enterprise),
        cmocka_unit_test(slow_network),
        cmocka_unit_test(children),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
