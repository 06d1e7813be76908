#include "core/policy.h"

const struct policy policy_default = {.recall_window_ms = 120000};

refusal_code policy_judge(const struct policy *policy, const struct policy_case *facts)
{
    if (!view_equal(facts->operator_user, facts->target_sender))
        return REFUSAL_CODE(NOT_PERMITTED);
    if (policy->recall_window_ms != 0 && facts->now_ms > facts->target_time_ms &&
        facts->now_ms - facts->target_time_ms > policy->recall_window_ms)
        return REFUSAL_CODE(WINDOW_CLOSED);
    return REFUSAL_NONE;
}
