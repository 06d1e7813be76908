/* Policy files: any bytes are either a policy that can judge, or a sentence with the file's name.
 */
#include "fuzz.h"

#include "base/limits.h"
#include "server/policy_file.h"

#include <assert.h>

static void judge(const struct policy *policy)
{
    static const uint64_t times[] = {0, 1, 120000, UINT64_MAX};
    for (uint32_t bits = 0; bits < 256; bits++) {
        struct policy_case facts = {
            .conversation_type = (Unsay__V1__ConversationType)(bits % 4),
            .actors = bits << 1,
            .target_role = (Unsay__V1__Role)(bits % 7),
            .content_type = (Unsay__V1__ContentType)(bits % 9),
            .region = bits % 3 == 0 ? "" : "eu",
            .sent_ms = times[bits % 4],
            .now_ms = times[bits / 4 % 4],
            .clock_is_unsure = bits % 2 == 0,
            .delivery = (Unsay__V1__DeliveryState)(1 + bits % 3),
            .first_delivered_ms = times[bits / 16 % 4],
            .each_delivered_ms = times[bits / 64 % 4],
        };
        struct policy_verdict verdict = policy_judge(policy, &facts);
        assert(verdict.refusal != REFUSAL_NONE || (verdict.rule != NULL && verdict.rule->allows));
        assert(verdict.refusal != REFUSAL_NONE || bits != 0);
    }
}

static void check_rule(const struct policy_rule *rule)
{
    size_t length = strlen(rule->name);
    assert(length > 0 && length <= LIMIT_POLICY_NAME_BYTES_MAX);
    assert((rule->regions == NULL) == (rule->region_count == 0));
    assert(rule->allows || (rule->window_ms == 0 && rule->keep_ms == 0));
    assert((rule->keep == POLICY_ERASE) == (rule->keep_ms == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct policy *policy;
    const struct policy *again;
    struct failure failure = {STATUS_OK, ""};
    if (policy_file_parse(view_make(data, size), "p", &policy, &failure) != STATUS_OK) {
        assert(policy == NULL);
        assert(strncmp(failure.text, "p:", 2) == 0);
        return 0;
    }
    assert(policy->rule_count > 0 && policy->rule_count <= LIMIT_POLICY_RULES_MAX);
    for (size_t i = 0; i < policy->rule_count; i++)
        check_rule(&policy->rules[i]);
    judge(policy);
    enum status status = policy_file_parse(policy->content, "p", &again, &failure);
    assert(status == STATUS_OK && again->rule_count == policy->rule_count);
    assert(memcmp(again->version, policy->version, POLICY_VERSION_BYTES) == 0);
    policy_free(again);
    policy_free(policy);
    return 0;
}
