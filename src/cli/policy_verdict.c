/* What a policy said of a case, and why. */
#include "cli/policy.h"
#include "cli/text.h"
#include "core/policy_words.h"

#include <inttypes.h>
#include <stdlib.h>

static void line_write(FILE *file, enum text text, const char *first, const char *second)
{
    text_write(file, text, first, second);
    fputc('\n', file);
}

void policy_elapsed_write(uint64_t ms, char text[POLICY_ELAPSED_TEXT_BYTES])
{
    static const struct {
        const char *name;
        uint64_t ms;
    } units[] = {{"d", 86400000}, {"h", 3600000}, {"m", 60000}};
    size_t used = 0;
    text[0] = 0;
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (ms >= units[i].ms)
            used +=
                (size_t)snprintf(text + used, POLICY_ELAPSED_TEXT_BYTES - used, "%s%" PRIu64 "%s",
                                 used == 0 ? "" : " ", ms / units[i].ms, units[i].name);
        ms %= units[i].ms;
    }
    const char *space = used == 0 ? "" : " ";
    if (ms % 1000 != 0)
        snprintf(text + used, POLICY_ELAPSED_TEXT_BYTES - used, "%s%" PRIu64 ".%03us", space,
                 ms / 1000, (unsigned)(ms % 1000));
    else if (ms != 0 || used == 0)
        snprintf(text + used, POLICY_ELAPSED_TEXT_BYTES - used, "%s%" PRIu64 "s", space, ms / 1000);
}

static uint64_t window_began_ms(const struct policy_rule *rule, const struct policy_case *facts)
{
    return rule->window_from == POLICY_FROM_FIRST_DELIVERY  ? facts->first_delivered_ms
           : rule->window_from == POLICY_FROM_EACH_DELIVERY ? facts->each_delivered_ms
                                                            : facts->sent_ms;
}

/* What is left of the window, below 0 where it is over; false where it has no end, has not begun,
 * or does not matter. */
static bool window_left_ms(const struct policy_verdict *verdict, const struct policy_case *facts,
                           int64_t *left_ms)
{
    const struct policy_rule *rule = verdict->rule;
    bool is_asked = rule != NULL && rule->allows && rule->window_ms != 0 &&
                    verdict->refusal != REFUSAL_CODE(CLOCK_UNSURE);
    uint64_t began_ms = is_asked ? window_began_ms(rule, facts) : 0;
    if (began_ms == 0)
        return false;
    *left_ms = (int64_t)(began_ms + rule->window_ms - facts->now_ms);
    return true;
}

static void why_write(FILE *file, const struct policy_verdict *verdict,
                      const struct policy_case *facts)
{
    const struct policy_rule *rule = verdict->rule;
    char window[POLICY_DURATION_TEXT_BYTES];
    char duration[POLICY_ELAPSED_TEXT_BYTES];
    int64_t left_ms;
    if (rule == NULL || !rule->allows || verdict->refusal == REFUSAL_CODE(CLOCK_UNSURE)) {
        text_write(file,
                   facts->actors == 0                               ? TEXT_POLICY_NO_CAPACITY
                   : rule == NULL                                   ? TEXT_POLICY_NO_RULE
                   : verdict->refusal == REFUSAL_CODE(CLOCK_UNSURE) ? TEXT_POLICY_CLOCK_UNSURE
                                                                    : TEXT_POLICY_RULE_REFUSES,
                   NULL, NULL);
        return;
    }
    policy_duration_write(rule->window_ms, window);
    if (rule->window_ms == 0) {
        text_write(file, TEXT_POLICY_NO_WINDOW, NULL, NULL);
    } else if (!window_left_ms(verdict, facts, &left_ms)) {
        text_write(file, TEXT_POLICY_WINDOW_NOT_BEGUN, window,
                   policy_word_of(POLICY_WORDS_WINDOW_FROM, rule->window_from));
    } else {
        policy_elapsed_write((uint64_t)(left_ms < 0 ? -left_ms : left_ms), duration);
        text_write(file, left_ms < 0 ? TEXT_POLICY_WINDOW_OVER : TEXT_POLICY_WINDOW_OPEN, window,
                   duration);
    }
}

static void kept_write(FILE *file, const struct policy_rule *rule)
{
    char duration[POLICY_DURATION_TEXT_BYTES];
    static const enum text texts[] = {[POLICY_ERASE] = TEXT_POLICY_ERASES,
                                      [POLICY_KEEP] = TEXT_POLICY_KEEPS,
                                      [POLICY_SEAL] = TEXT_POLICY_SEALS};
    policy_duration_write(rule->keep_ms, duration);
    line_write(file, texts[rule->keep], duration, NULL);
    line_write(file, rule->vanishes ? TEXT_POLICY_VANISHES : TEXT_POLICY_SHOWS, NULL, NULL);
    line_write(file, rule->withdraws_notifications ? TEXT_POLICY_WITHDRAWS : TEXT_POLICY_LEAVES,
               NULL, NULL);
    line_write(file,
               rule->forwards == POLICY_FORWARDS_RECALLED ? TEXT_POLICY_FORWARDS_GO
                                                          : TEXT_POLICY_FORWARDS_STAY,
               NULL, NULL);
}

/* How many rules were asked and did not match: none where the operator has no capacity. */
static size_t passed_count(const struct policy *policy, const struct policy_case *facts,
                           const struct policy_verdict *verdict)
{
    if (facts->actors == 0)
        return 0;
    return verdict->rule == NULL ? policy->rule_count : (size_t)(verdict->rule - policy->rules);
}

void policy_verdict_print(FILE *file, const struct policy *policy, const struct policy_case *facts,
                          const struct policy_verdict *verdict)
{
    bool is_granted = verdict->refusal == REFUSAL_NONE;
    line_write(file, is_granted ? TEXT_POLICY_GRANTED : TEXT_POLICY_REFUSED,
               refusal_name(verdict->refusal), NULL);
    for (size_t i = 0; i < passed_count(policy, facts, verdict); i++) {
        const struct policy_rule *rule = &policy->rules[i];
        char wanted[POLICY_CONDITION_TEXT_BYTES];
        policy_condition_write(rule, policy_rule_unmet(rule, facts), wanted);
        line_write(file, TEXT_POLICY_PASSED, rule->name, wanted);
    }
    if (verdict->rule != NULL) {
        line_write(file, TEXT_POLICY_DECIDES, verdict->rule->name,
                   policy_word_of(POLICY_WORDS_ACTOR, verdict->actor));
    }
    why_write(file, verdict, facts);
    fputc('\n', file);
    if (is_granted)
        kept_write(file, verdict->rule);
}

static json_t *passed_to_json(const struct policy *policy, const struct policy_case *facts,
                              const struct policy_verdict *verdict)
{
    json_t *passed = json_array();
    for (size_t i = 0; i < passed_count(policy, facts, verdict); i++) {
        json_t *object = json_object();
        json_object_set_new(object, "rule", json_string(policy->rules[i].name));
        json_object_set_new(object, "unmet",
                            json_string(policy_rule_unmet(&policy->rules[i], facts)));
        json_array_append_new(passed, object);
    }
    return passed;
}

json_t *policy_verdict_to_json(const struct policy *policy, const struct policy_case *facts,
                               const struct policy_verdict *verdict)
{
    bool is_granted = verdict->refusal == REFUSAL_NONE;
    const struct policy_rule *rule = verdict->rule;
    char version[2 * POLICY_VERSION_BYTES + 1];
    char *why = NULL;
    size_t why_bytes = 0;
    int64_t left_ms;
    FILE *file = open_memstream(&why, &why_bytes);
    if (file != NULL) {
        why_write(file, verdict, facts);
        fclose(file);
    }
    policy_version_write(policy->version, version);
    json_t *object = json_object();
    json_object_set_new(object, "policy", json_string(version));
    json_object_set_new(object, "verdict", json_string(is_granted ? "granted" : "refused"));
    json_object_set_new(object, "refusal",
                        is_granted ? json_null() : json_string(refusal_name(verdict->refusal)));
    json_object_set_new(object, "rule", rule == NULL ? json_null() : json_string(rule->name));
    json_object_set_new(object, "actor",
                        facts->actors == 0
                            ? json_null()
                            : json_string(policy_word_of(POLICY_WORDS_ACTOR, verdict->actor)));
    json_object_set_new(object, "why", why == NULL ? json_null() : json_string(why));
    json_object_set_new(object, "window_left_ms",
                        window_left_ms(verdict, facts, &left_ms) ? json_integer(left_ms)
                                                                 : json_null());
    json_object_set_new(object, "passed", passed_to_json(policy, facts, verdict));
    if (is_granted)
        policy_settings_to_json(rule, object);
    free(why);
    return object;
}
