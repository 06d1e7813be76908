/* Rules of all kinds: each condition, each start of a window, the order of rules, and a clock that
 * is not trusted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/policy.h"

#define IS(name) POLICY_BIT(WIRE(ACTOR, name))

enum { SENT_MS = 1000000 };

/* An author's text in a group, just sent, that nobody has yet. */
static const struct policy_case usual = {
    .conversation_type = WIRE(CONVERSATION_TYPE, GROUP),
    .actors = IS(SELF) | IS(MEMBER),
    .target_role = WIRE(ROLE, MEMBER),
    .content_type = WIRE(CONTENT_TYPE, TEXT),
    .region = "here",
    .sent_ms = SENT_MS,
    .now_ms = SENT_MS,
    .delivery = WIRE(DELIVERY_STATE, UNDELIVERED),
};

static struct policy_verdict judge_rule(const struct policy_rule *rule,
                                        const struct policy_case *facts)
{
    struct policy policy = {.rules = rule, .rule_count = 1, .asks_delivery = true};
    return policy_judge(&policy, facts);
}

static bool matches(const struct policy_rule *rule, const struct policy_case *facts)
{
    struct policy_verdict verdict = judge_rule(rule, facts);
    assert_int_equal(verdict.refusal,
                     verdict.rule == NULL ? REFUSAL_CODE(NOT_PERMITTED) : REFUSAL_NONE);
    assert_int_equal(policy_rule_unmet(rule, facts) == NULL, verdict.rule != NULL);
    return verdict.rule != NULL;
}

static void each_condition_is_asked(void **state)
{
    (void)state;
    static const char *const there[] = {"there", "elsewhere"};
    static const char *const here[] = {"there", "here"};
    const struct {
        struct policy_rule rule;
        bool is_met;
    } cases[] = {
        {{.allows = true}, true},
        {{.conversation_types = POLICY_BIT(WIRE(CONVERSATION_TYPE, GROUP))}, true},
        {{.conversation_types = POLICY_BIT(WIRE(CONVERSATION_TYPE, DIRECT)) |
                                POLICY_BIT(WIRE(CONVERSATION_TYPE, CHANNEL))},
         false},
        {{.actors = IS(SELF)}, true},
        {{.actors = IS(MEMBER)}, true},
        {{.actors =
              IS(OWNER) | IS(ADMIN) | IS(MODERATOR) | IS(GUEST) | IS(SYSTEM) | IS(COMPLIANCE)},
         false},
        {{.target_roles = POLICY_BIT(WIRE(ROLE, MEMBER))}, true},
        {{.target_roles = POLICY_BIT(WIRE(ROLE, UNSPECIFIED))}, false},
        {{.content_types = POLICY_BIT(WIRE(CONTENT_TYPE, TEXT))}, true},
        {{.content_types = POLICY_BIT(WIRE(CONTENT_TYPE, IMAGE))}, false},
        {{.regions = here, .region_count = 2}, true},
        {{.regions = there, .region_count = 2}, false},
        {{.is_delivered = POLICY_NO}, true},
        {{.is_delivered = POLICY_YES}, false},
        {{.is_displayed = POLICY_NO}, true},
        {{.is_displayed = POLICY_YES}, false},
        {{.age_min_ms = 1}, false},
        {{.age_max_ms = 1}, true},
        /* all of several */
        {{.actors = IS(SELF), .content_types = POLICY_BIT(WIRE(CONTENT_TYPE, IMAGE))}, false},
        {{.actors = IS(SELF), .content_types = POLICY_BIT(WIRE(CONTENT_TYPE, TEXT))}, true},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct policy_rule rule = cases[i].rule;
        rule.allows = true;
        assert_int_equal(matches(&rule, &usual), cases[i].is_met);
    }
}

static void the_condition_that_is_not_met_is_named(void **state)
{
    (void)state;
    static const char *const there[] = {"there"};
    static const struct {
        struct policy_rule rule;
        const char *unmet;
    } cases[] = {
        {{.conversation_types = POLICY_BIT(WIRE(CONVERSATION_TYPE, DIRECT))}, "conversation"},
        {{.actors = IS(OWNER)}, "actor"},
        {{.target_roles = POLICY_BIT(WIRE(ROLE, OWNER))}, "target"},
        {{.content_types = POLICY_BIT(WIRE(CONTENT_TYPE, FILE))}, "content"},
        {{.regions = there, .region_count = 1}, "region"},
        {{.is_delivered = POLICY_YES}, "delivered"},
        {{.is_displayed = POLICY_YES}, "displayed"},
        {{.age_min_ms = 51}, "older_than"},
        {{.age_max_ms = 49}, "younger_than"},
    };
    struct policy_case facts = usual;
    facts.now_ms += 50;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_string_equal(policy_rule_unmet(&cases[i].rule, &facts), cases[i].unmet);
}

static void a_former_author_is_a_target_of_its_own(void **state)
{
    (void)state;
    struct policy_rule rule = {.target_roles = POLICY_BIT(WIRE(ROLE, UNSPECIFIED)), .allows = true};
    struct policy_case facts = usual;
    facts.actors = IS(ADMIN);
    facts.target_role = WIRE(ROLE, UNSPECIFIED);
    assert_true(matches(&rule, &facts));
}

static void a_server_without_a_name_is_in_no_region(void **state)
{
    (void)state;
    static const char *const here[] = {"here"};
    struct policy_rule rule = {.regions = here, .region_count = 1, .allows = true};
    struct policy_case facts = usual;
    facts.region = "";
    assert_false(matches(&rule, &facts));
}

static void nobody_is_refused_even_where_a_rule_names_no_actor(void **state)
{
    (void)state;
    struct policy_rule rule = {.allows = true};
    struct policy_case facts = usual;
    facts.actors = 0;
    struct policy_verdict verdict = judge_rule(&rule, &facts);
    assert_int_equal(verdict.refusal, REFUSAL_CODE(NOT_PERMITTED));
    assert_null(verdict.rule);
    assert_int_equal(verdict.actor, WIRE(ACTOR, UNSPECIFIED));
}

static void how_far_it_got(void **state)
{
    (void)state;
    static const struct {
        Unsay__V1__DeliveryState delivery;
        bool is_delivered, is_displayed;
    } cases[] = {
        {WIRE(DELIVERY_STATE, UNDELIVERED), false, false},
        {WIRE(DELIVERY_STATE, DELIVERED), true, false},
        {WIRE(DELIVERY_STATE, DISPLAYED), true, true},
    };
    for (size_t i = 0; i < 3; i++) {
        struct policy_case facts = usual;
        facts.delivery = cases[i].delivery;
        struct policy_rule delivered = {.is_delivered = POLICY_YES, .allows = true};
        struct policy_rule undelivered = {.is_delivered = POLICY_NO, .allows = true};
        struct policy_rule displayed = {.is_displayed = POLICY_YES, .allows = true};
        struct policy_rule unread = {.is_displayed = POLICY_NO, .allows = true};
        assert_int_equal(matches(&delivered, &facts), cases[i].is_delivered);
        assert_int_equal(matches(&undelivered, &facts), !cases[i].is_delivered);
        assert_int_equal(matches(&displayed, &facts), cases[i].is_displayed);
        assert_int_equal(matches(&unread, &facts), !cases[i].is_displayed);
    }
}

static void ages_count_from_and_up_to_their_bounds(void **state)
{
    (void)state;
    static const struct {
        uint64_t age_min_ms, age_max_ms, now_ms;
        bool is_met;
    } cases[] = {
        {100, 0, SENT_MS + 99, false},  {100, 0, SENT_MS + 100, true},
        {100, 0, UINT64_MAX, true},     {0, 100, SENT_MS + 100, true},
        {0, 100, SENT_MS + 101, false}, {0, 100, SENT_MS - 1, true}, /* the clock went back */
        {100, 0, SENT_MS - 1, false},   {0, 100, 0, true},
        {50, 100, SENT_MS + 49, false}, {50, 100, SENT_MS + 50, true},
        {50, 100, SENT_MS + 100, true}, {50, 100, SENT_MS + 101, false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct policy_rule rule = {
            .age_min_ms = cases[i].age_min_ms, .age_max_ms = cases[i].age_max_ms, .allows = true};
        struct policy_case facts = usual;
        facts.now_ms = cases[i].now_ms;
        assert_int_equal(matches(&rule, &facts), cases[i].is_met);
    }
}

static void a_window_begins_where_the_rule_says(void **state)
{
    (void)state;
    enum { WINDOW = 100, FIRST = SENT_MS + 500, EACH = SENT_MS + 900 };
    static const struct {
        enum policy_start from;
        uint64_t first_ms, each_ms, now_ms;
        bool is_open;
    } cases[] = {
        {POLICY_FROM_SENDING, FIRST, EACH, SENT_MS + WINDOW, true},
        {POLICY_FROM_SENDING, FIRST, EACH, SENT_MS + WINDOW + 1, false},
        {POLICY_FROM_SENDING, 0, 0, SENT_MS + WINDOW + 1, false},
        {POLICY_FROM_FIRST_DELIVERY, 0, 0, UINT64_MAX, true}, /* reached nobody */
        {POLICY_FROM_FIRST_DELIVERY, FIRST, 0, FIRST + WINDOW, true},
        {POLICY_FROM_FIRST_DELIVERY, FIRST, 0, FIRST + WINDOW + 1, false},
        {POLICY_FROM_FIRST_DELIVERY, FIRST, EACH, FIRST + WINDOW + 1, false},
        {POLICY_FROM_FIRST_DELIVERY, FIRST, EACH, FIRST - 1, true}, /* the clock went back */
        {POLICY_FROM_EACH_DELIVERY, FIRST, 0, UINT64_MAX, true},    /* somebody lacks it */
        {POLICY_FROM_EACH_DELIVERY, FIRST, EACH, EACH + WINDOW, true},
        {POLICY_FROM_EACH_DELIVERY, FIRST, EACH, EACH + WINDOW + 1, false},
        {POLICY_FROM_EACH_DELIVERY, FIRST, EACH, 0, true},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct policy_rule rule = {
            .allows = true, .window_ms = WINDOW, .window_from = cases[i].from};
        struct policy_case facts = usual;
        facts.delivery = cases[i].first_ms == 0 ? WIRE(DELIVERY_STATE, UNDELIVERED)
                                                : WIRE(DELIVERY_STATE, DELIVERED);
        facts.first_delivered_ms = cases[i].first_ms;
        facts.each_delivered_ms = cases[i].each_ms;
        facts.now_ms = cases[i].now_ms;
        struct policy_verdict verdict = judge_rule(&rule, &facts);
        assert_int_equal(verdict.refusal,
                         cases[i].is_open ? REFUSAL_NONE : REFUSAL_CODE(WINDOW_CLOSED));
        assert_ptr_equal(verdict.rule, &rule);
    }
}

static void a_window_without_end_needs_no_start(void **state)
{
    (void)state;
    for (int from = POLICY_FROM_SENDING; from <= POLICY_FROM_EACH_DELIVERY; from++) {
        struct policy_rule rule = {.allows = true, .window_from = (enum policy_start)from};
        struct policy_case facts = usual;
        facts.now_ms = UINT64_MAX;
        assert_int_equal(judge_rule(&rule, &facts).refusal, REFUSAL_NONE);
    }
}

static void the_first_rule_that_matches_decides(void **state)
{
    (void)state;
    const struct policy_rule rules[] = {
        {.name = "other", .actors = IS(OWNER), .allows = true},
        {.name = "files", .content_types = POLICY_BIT(WIRE(CONTENT_TYPE, FILE))},
        {.name = "own", .actors = IS(SELF), .allows = true, .window_ms = 100},
        {.name = "all", .allows = true},
    };
    struct policy policy = {.rules = rules, .rule_count = 4};
    struct policy_case facts = usual;
    assert_string_equal(policy_judge(&policy, &facts).rule->name, "own");
    assert_int_equal(policy_judge(&policy, &facts).refusal, REFUSAL_NONE);

    /* The window is over: "all" would allow, but is not asked. */
    facts.now_ms = SENT_MS + 101;
    assert_string_equal(policy_judge(&policy, &facts).rule->name, "own");
    assert_int_equal(policy_judge(&policy, &facts).refusal, REFUSAL_CODE(WINDOW_CLOSED));

    facts.content_type = WIRE(CONTENT_TYPE, FILE);
    assert_string_equal(policy_judge(&policy, &facts).rule->name, "files");
    assert_int_equal(policy_judge(&policy, &facts).refusal, REFUSAL_CODE(NOT_PERMITTED));

    facts.actors = IS(OWNER);
    assert_string_equal(policy_judge(&policy, &facts).rule->name, "other");
    assert_int_equal(policy_judge(&policy, &facts).refusal, REFUSAL_NONE);

    facts.actors = IS(GUEST);
    facts.content_type = WIRE(CONTENT_TYPE, TEXT);
    assert_string_equal(policy_judge(&policy, &facts).rule->name, "all");
    policy.rule_count = 0;
    assert_null(policy_judge(&policy, &facts).rule);
    assert_int_equal(policy_judge(&policy, &facts).refusal, REFUSAL_CODE(NOT_PERMITTED));
}

static void the_capacity_is_one_that_the_rule_names(void **state)
{
    (void)state;
    static const struct {
        policy_set named, held;
        Unsay__V1__Actor actor;
    } cases[] = {
        {IS(SELF) | IS(ADMIN), IS(SELF) | IS(ADMIN), WIRE(ACTOR, SELF)},
        {IS(ADMIN), IS(SELF) | IS(ADMIN), WIRE(ACTOR, ADMIN)},
        {IS(SYSTEM), IS(SELF) | IS(OWNER) | IS(SYSTEM), WIRE(ACTOR, SYSTEM)},
        {0, IS(MEMBER) | IS(COMPLIANCE), WIRE(ACTOR, MEMBER)},
        {0, IS(SELF) | IS(OWNER) | IS(SYSTEM), WIRE(ACTOR, SELF)},
        {IS(GUEST), IS(MEMBER) | IS(SYSTEM), WIRE(ACTOR, MEMBER)}, /* none matched */
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct policy_rule rule = {.actors = cases[i].named, .allows = true};
        struct policy_case facts = usual;
        facts.actors = cases[i].held;
        assert_int_equal(judge_rule(&rule, &facts).actor, cases[i].actor);
    }
}

static void an_untrusted_clock_decides_nothing_that_depends_on_it(void **state)
{
    (void)state;
    const struct policy_rule rules[] = {
        {.name = "old", .actors = IS(ADMIN), .age_min_ms = 1000},
        {.name = "admins", .actors = IS(ADMIN), .allows = true},
        {.name = "owners", .actors = IS(OWNER), .allows = true},
        {.name = "own",
         .actors = IS(SELF),
         .allows = true,
         .window_ms = 100,
         .window_from = POLICY_FROM_FIRST_DELIVERY},
    };
    struct policy policy = {.rules = rules,
                            .rule_count = 4,
                            .asks_delivery = true,
                            .on_clock_unsure = POLICY_UNSURE_REFUSE};
    struct policy_case facts = usual;
    facts.clock_is_unsure = true;

    /* No window, no age: the clock does not matter. */
    facts.actors = IS(OWNER);
    assert_int_equal(policy_judge(&policy, &facts).refusal, REFUSAL_NONE);
    /* A window that has not begun neither. */
    facts.actors = IS(SELF);
    assert_int_equal(policy_judge(&policy, &facts).refusal, REFUSAL_NONE);
    facts.delivery = WIRE(DELIVERY_STATE, DELIVERED);
    facts.first_delivered_ms = SENT_MS;
    assert_int_equal(policy_judge(&policy, &facts).refusal, REFUSAL_CODE(CLOCK_UNSURE));
    assert_string_equal(policy_judge(&policy, &facts).rule->name, "own");
    /* Whether "old" matches is a question of age, so nothing after it is asked. */
    facts.actors = IS(ADMIN);
    assert_int_equal(policy_judge(&policy, &facts).refusal, REFUSAL_CODE(CLOCK_UNSURE));
    assert_string_equal(policy_judge(&policy, &facts).rule->name, "old");
    /* Where no rule concerns the case, the clock is no reason. */
    facts.actors = IS(GUEST);
    assert_int_equal(policy_judge(&policy, &facts).refusal, REFUSAL_CODE(NOT_PERMITTED));

    policy.on_clock_unsure = POLICY_UNSURE_DECIDE;
    facts.actors = IS(ADMIN);
    assert_int_equal(policy_judge(&policy, &facts).refusal, REFUSAL_NONE);
    facts.actors = IS(SELF);
    facts.now_ms = SENT_MS + 101;
    assert_int_equal(policy_judge(&policy, &facts).refusal, REFUSAL_CODE(WINDOW_CLOSED));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_condition_is_asked),
        cmocka_unit_test(the_condition_that_is_not_met_is_named),
        cmocka_unit_test(a_former_author_is_a_target_of_its_own),
        cmocka_unit_test(a_server_without_a_name_is_in_no_region),
        cmocka_unit_test(nobody_is_refused_even_where_a_rule_names_no_actor),
        cmocka_unit_test(how_far_it_got),
        cmocka_unit_test(ages_count_from_and_up_to_their_bounds),
        cmocka_unit_test(a_window_begins_where_the_rule_says),
        cmocka_unit_test(a_window_without_end_needs_no_start),
        cmocka_unit_test(the_first_rule_that_matches_decides),
        cmocka_unit_test(the_capacity_is_one_that_the_rule_names),
        cmocka_unit_test(an_untrusted_clock_decides_nothing_that_depends_on_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
