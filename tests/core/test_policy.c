/* The default policy, the whole matrix: every capacity of the operator, role of the author, type of
 * conversation, own or other's, content and age before, at and after the window. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/policy.h"

#define IS(name) POLICY_BIT(WIRE(ACTOR, name))

enum { SENT_MS = 1000000, WINDOW_MS = 120000 };

enum { NO, YES, IN_WINDOW };

/* One line for each way in which somebody can stand to a message. */
static const struct {
    policy_set actors;
    int direct, group, channel;
} matrix[] = {
    /* nobody: a stranger, or a former member, the author included */
    {0, NO, NO, NO},
    /* a member, to what another one wrote */
    {IS(OWNER), NO, YES, YES},
    {IS(ADMIN), NO, YES, YES},
    {IS(MODERATOR), NO, NO, NO},
    {IS(MEMBER), NO, NO, NO},
    {IS(GUEST), NO, NO, NO},
    /* a member, to their own */
    {IS(SELF) | IS(OWNER), IN_WINDOW, YES, YES},
    {IS(SELF) | IS(ADMIN), IN_WINDOW, YES, YES},
    {IS(SELF) | IS(MODERATOR), IN_WINDOW, IN_WINDOW, IN_WINDOW},
    {IS(SELF) | IS(MEMBER), IN_WINDOW, IN_WINDOW, IN_WINDOW},
    {IS(SELF) | IS(GUEST), IN_WINDOW, IN_WINDOW, IN_WINDOW},
    /* a mandate from the token, without and with membership */
    {IS(SYSTEM), YES, YES, YES},
    {IS(COMPLIANCE), YES, YES, YES},
    {IS(MEMBER) | IS(SYSTEM), YES, YES, YES},
    {IS(GUEST) | IS(COMPLIANCE), YES, YES, YES},
    {IS(SELF) | IS(MEMBER) | IS(COMPLIANCE), YES, YES, YES},
    {IS(OWNER) | IS(SYSTEM), YES, YES, YES},
};

static const struct {
    uint64_t now_ms;
    bool is_over;
} ages[] = {
    {0, false},
    {SENT_MS - 1, false}, /* the clock went back */
    {SENT_MS, false},
    {SENT_MS + WINDOW_MS - 1, false},
    {SENT_MS + WINDOW_MS, false},
    {SENT_MS + WINDOW_MS + 1, true},
    {SENT_MS + WINDOW_MS * UINT64_C(1000000), true},
    {UINT64_MAX, true},
};

enum { ROWS = sizeof(matrix) / sizeof(matrix[0]), AGES = sizeof(ages) / sizeof(ages[0]) };

static const char *expected_rule(policy_set actors, bool is_direct)
{
    if ((actors & (IS(SYSTEM) | IS(COMPLIANCE))) != 0)
        return "system-and-compliance";
    if (!is_direct && (actors & (IS(OWNER) | IS(ADMIN))) != 0)
        return "owners-and-admins";
    return (actors & IS(SELF)) != 0 ? "author" : NULL;
}

static Unsay__V1__Actor expected_actor(policy_set actors, const char *rule)
{
    static const Unsay__V1__Actor order[] = {
        WIRE(ACTOR, SELF),   WIRE(ACTOR, OWNER), WIRE(ACTOR, ADMIN),  WIRE(ACTOR, MODERATOR),
        WIRE(ACTOR, MEMBER), WIRE(ACTOR, GUEST), WIRE(ACTOR, SYSTEM), WIRE(ACTOR, COMPLIANCE),
    };
    if (rule != NULL && strcmp(rule, "system-and-compliance") == 0)
        actors &= IS(SYSTEM) | IS(COMPLIANCE);
    if (rule != NULL && strcmp(rule, "owners-and-admins") == 0)
        actors &= IS(OWNER) | IS(ADMIN);
    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
        if ((actors & POLICY_BIT(order[i])) != 0)
            return order[i];
    return WIRE(ACTOR, UNSPECIFIED);
}

static void check_case(size_t row, Unsay__V1__ConversationType type, Unsay__V1__Role target,
                       Unsay__V1__ContentType content, size_t age)
{
    struct policy_case facts = {
        .conversation_type = type,
        .actors = matrix[row].actors,
        .target_role = target,
        .content_type = content,
        .region = "",
        .sent_ms = SENT_MS,
        .now_ms = ages[age].now_ms,
    };
    bool is_direct = type == WIRE(CONVERSATION_TYPE, DIRECT);
    int expected = is_direct                                ? matrix[row].direct
                   : type == WIRE(CONVERSATION_TYPE, GROUP) ? matrix[row].group
                                                            : matrix[row].channel;
    refusal_code refusal = expected == NO ? REFUSAL_CODE(NOT_PERMITTED)
                           : expected == IN_WINDOW && ages[age].is_over
                               ? REFUSAL_CODE(WINDOW_CLOSED)
                               : REFUSAL_NONE;
    const char *rule = expected_rule(facts.actors, is_direct);
    for (int is_unsure = 0; is_unsure < 2; is_unsure++) {
        facts.clock_is_unsure = is_unsure != 0; /* the default decides all the same */
        struct policy_verdict verdict = policy_judge(&policy_default, &facts);
        assert_int_equal(verdict.refusal, refusal);
        assert_int_equal(verdict.actor, expected_actor(facts.actors, rule));
        if (rule == NULL)
            assert_null(verdict.rule);
        else
            assert_string_equal(verdict.rule->name, rule);
    }
}

static void the_whole_matrix(void **state)
{
    (void)state;
    size_t cases = 0;
    for (size_t row = 0; row < ROWS; row++)
        for (int type = (int)WIRE(CONVERSATION_TYPE, DIRECT);
             type <= (int)WIRE(CONVERSATION_TYPE, CHANNEL); type++)
            for (int target = (int)WIRE(ROLE, UNSPECIFIED); target <= (int)WIRE(ROLE, GUEST);
                 target++)
                for (int content = (int)WIRE(CONTENT_TYPE, TEXT);
                     content <= (int)WIRE(CONTENT_TYPE, CUSTOM); content++)
                    for (size_t age = 0; age < AGES; age++, cases++)
                        check_case(row, (Unsay__V1__ConversationType)type, (Unsay__V1__Role)target,
                                   (Unsay__V1__ContentType)content, age);
    assert_int_equal(cases, ROWS * 3 * 6 * 7 * AGES);
}

static void values_of_a_later_version_match_no_set(void **state)
{
    (void)state;
    struct policy_case facts = {
        .actors = IS(OWNER),
        .region = "",
        .sent_ms = SENT_MS,
        .now_ms = SENT_MS,
    };
    static const int strange[] = {0, 4, 31, 32, 33, 34, 1000, -1};
    for (size_t i = 0; i < sizeof(strange) / sizeof(strange[0]); i++) {
        facts.conversation_type = (Unsay__V1__ConversationType)strange[i];
        assert_int_equal(policy_judge(&policy_default, &facts).refusal,
                         REFUSAL_CODE(NOT_PERMITTED));
    }
}

static void it_keeps_nothing_and_shows_a_tombstone(void **state)
{
    (void)state;
    assert_false(policy_default.asks_delivery);
    assert_int_equal(policy_default.on_clock_unsure, POLICY_UNSURE_DECIDE);
    for (size_t i = 0; i < policy_default.rule_count; i++) {
        const struct policy_rule *rule = &policy_default.rules[i];
        assert_int_equal(rule->keep, POLICY_ERASE);
        assert_int_equal(rule->keep_ms, 0);
        assert_false(rule->vanishes);
        assert_true(rule->withdraws_notifications);
        assert_int_equal(rule->forwards, POLICY_FORWARDS_STAY);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_whole_matrix),
        cmocka_unit_test(values_of_a_later_version_match_no_set),
        cmocka_unit_test(it_keeps_nothing_and_shows_a_tombstone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
