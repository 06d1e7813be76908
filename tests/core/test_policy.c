/* Who may take a message back, and until when: the whole matrix. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/policy.h"

enum { SENT_MS = 1000000, WINDOW_MS = 120000 };

static refusal_code judge(uint64_t window_ms, const char *operator_user, Unsay__V1__Role role,
                          uint64_t now_ms)
{
    struct policy policy = {.recall_window_ms = window_ms};
    struct policy_case facts = {.operator_user = view_of(operator_user),
                                .operator_role = role,
                                .target_sender = view_of("ann"),
                                .target_time_ms = SENT_MS,
                                .now_ms = now_ms};
    return policy_judge(&policy, &facts);
}

static void only_the_author_whatever_the_role(void **state)
{
    (void)state;
    static const char *const others[] = {"bob", "an", "anna", "Ann", ""};
    for (int role = (int)WIRE(ROLE, UNSPECIFIED); role <= (int)WIRE(ROLE, GUEST); role++) {
        assert_int_equal(judge(WINDOW_MS, "ann", (Unsay__V1__Role)role, SENT_MS), REFUSAL_NONE);
        for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
            assert_int_equal(judge(WINDOW_MS, others[i], (Unsay__V1__Role)role, SENT_MS),
                             REFUSAL_CODE(NOT_PERMITTED));
            assert_int_equal(judge(0, others[i], (Unsay__V1__Role)role, SENT_MS + WINDOW_MS * 9),
                             REFUSAL_CODE(NOT_PERMITTED));
        }
    }
}

static void the_window_ends_after_its_last_millisecond(void **state)
{
    (void)state;
    static const struct {
        uint64_t window_ms;
        uint64_t now_ms;
        refusal_code verdict;
    } cases[] = {
        {WINDOW_MS, SENT_MS, REFUSAL_NONE},
        {WINDOW_MS, SENT_MS + WINDOW_MS, REFUSAL_NONE},
        {WINDOW_MS, SENT_MS + WINDOW_MS + 1, REFUSAL_CODE(WINDOW_CLOSED)},
        {WINDOW_MS, UINT64_MAX, REFUSAL_CODE(WINDOW_CLOSED)},
        {WINDOW_MS, SENT_MS - 1, REFUSAL_NONE}, /* the clock went back */
        {WINDOW_MS, 0, REFUSAL_NONE},
        {1, SENT_MS + 1, REFUSAL_NONE},
        {1, SENT_MS + 2, REFUSAL_CODE(WINDOW_CLOSED)},
        {0, UINT64_MAX, REFUSAL_NONE}, /* no end */
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(judge(cases[i].window_ms, "ann", WIRE(ROLE, MEMBER), cases[i].now_ms),
                         cases[i].verdict);
    assert_int_equal(policy_default.recall_window_ms, WINDOW_MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_author_whatever_the_role),
        cmocka_unit_test(the_window_ends_after_its_last_millisecond),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
