/* Policies of a scenario. A rule is one word: its name, and its fields as a policy file writes
 * them.
 *
 *   use-policy lenient author:actor=self,owner;window=2m;window_from=first_delivery
 * all:decision=refuse
 *
 * The policy's version is its name, so that answers and the audit log can be read. */
#include "scenario.h"

#include "base/memory.h"
#include "core/policy_words.h"

#include <stdlib.h>

enum { RULES_MAX = 8, POLICIES_MAX = 16 };

struct scenario_policy {
    struct policy policy;
    struct policy_rule rules[RULES_MAX];
    char *names[RULES_MAX];
    char content[POLICY_VERSION_BYTES];
};

static struct scenario_policy *policies[POLICIES_MAX];
static size_t policy_count;

static uint32_t value_of(enum policy_vocabulary vocabulary, const char *word)
{
    uint32_t value;
    if (!policy_word_find(vocabulary, view_of(word), &value))
        fail("not a word of policies", word);
    return value;
}

static policy_set set_of(enum policy_vocabulary vocabulary, char *words)
{
    policy_set set = 0;
    char *rest;
    for (char *word = strtok_r(words, ",", &rest); word != NULL; word = strtok_r(NULL, ",", &rest))
        set |= POLICY_BIT(value_of(vocabulary, word));
    return set;
}

static uint64_t time_of(const char *word)
{
    uint64_t ms;
    if (!policy_duration_find(view_of(word), &ms))
        fail("no duration of policies", word);
    return ms;
}

static void set_field(struct policy_rule *rule, const char *field, char *value)
{
    if (strcmp(field, "conversation") == 0)
        rule->conversation_types = set_of(POLICY_WORDS_CONVERSATION, value);
    else if (strcmp(field, "actor") == 0)
        rule->actors = set_of(POLICY_WORDS_ACTOR, value);
    else if (strcmp(field, "target") == 0)
        rule->target_roles = set_of(POLICY_WORDS_TARGET, value);
    else if (strcmp(field, "delivered") == 0)
        rule->is_delivered = (enum policy_truth)value_of(POLICY_WORDS_TRUTH, value);
    else if (strcmp(field, "displayed") == 0)
        rule->is_displayed = (enum policy_truth)value_of(POLICY_WORDS_TRUTH, value);
    else if (strcmp(field, "decision") == 0)
        rule->allows = value_of(POLICY_WORDS_DECISION, value) != 0;
    else if (strcmp(field, "window") == 0)
        rule->window_ms = time_of(value);
    else if (strcmp(field, "window_from") == 0)
        rule->window_from = (enum policy_start)value_of(POLICY_WORDS_WINDOW_FROM, value);
    else if (strcmp(field, "keep") == 0)
        rule->keep = (enum policy_keep)value_of(POLICY_WORDS_KEEP, value);
    else if (strcmp(field, "keep_for") == 0)
        rule->keep_ms = time_of(value);
    else if (strcmp(field, "tombstone") == 0)
        rule->vanishes = value_of(POLICY_WORDS_TOMBSTONE, value) != 0;
    else if (strcmp(field, "forwards") == 0)
        rule->forwards = (enum policy_forwards)value_of(POLICY_WORDS_FORWARDS, value);
    else
        fail("no field of a rule here", field);
}

/* NAME or NAME:FIELD=WORD;FIELD=WORD,WORD */
static void add_rule(struct scenario_policy *made, const char *text)
{
    size_t at = made->policy.rule_count++;
    if (at == RULES_MAX)
        fail("too many rules", text);
    struct policy_rule *rule = &made->rules[at];
    char *name = memory_copy(text, strlen(text));
    char *fields = strchr(name, ':');
    char *rest;
    made->names[at] = name;
    rule->name = name;
    rule->allows = true;
    if (fields == NULL)
        return;
    *fields++ = 0;
    for (char *field = strtok_r(fields, ";", &rest); field != NULL;
         field = strtok_r(NULL, ";", &rest)) {
        char *value = strchr(field, '=');
        if (value == NULL)
            fail("no FIELD=WORD", field);
        *value++ = 0;
        set_field(rule, field, value);
    }
    made->policy.asks_delivery |= rule->is_delivered != POLICY_ANY ||
                                  rule->is_displayed != POLICY_ANY ||
                                  rule->window_from != POLICY_FROM_SENDING;
}

const struct policy *policy_of(const struct words *words)
{
    const char *name = word_at(words, 0);
    if (words->count == 1)
        return NULL;
    if (policy_count == POLICIES_MAX)
        fail("too many policies", name);
    struct scenario_policy *made = memory_new(sizeof(*made));
    policies[policy_count++] = made;
    snprintf(made->content, sizeof(made->content), "%s", name);
    memcpy(made->policy.version, made->content, sizeof(made->content));
    made->policy.content = view_of(made->content);
    made->policy.rules = made->rules;
    made->policy.clock_error_max_ms = policy_default.clock_error_max_ms;
    for (size_t i = 1; i < words->count; i++) {
        if (strcmp(words->words[i], "unsure-refuse") == 0)
            made->policy.on_clock_unsure = POLICY_UNSURE_REFUSE;
        else
            add_rule(made, words->words[i]);
    }
    return &made->policy;
}

void policies_forget(void)
{
    for (size_t i = 0; i < policy_count; i++) {
        for (size_t rule = 0; rule < policies[i]->policy.rule_count; rule++)
            free(policies[i]->names[rule]);
        free(policies[i]);
    }
    policy_count = 0;
}
