/* Policies, for people and for scripts. */
#include "cli/policy.h"
#include "cli/text.h"
#include "core/policy_words.h"

#include <sodium.h>
#include <string.h>

enum { COLUMNS = 6, CELL_BYTES = POLICY_CONDITION_TEXT_BYTES, WORDS_PER_SET_MAX = 32 };

void policy_version_write(const uint8_t version[POLICY_VERSION_BYTES],
                          char text[2 * POLICY_VERSION_BYTES + 1])
{
    sodium_bin2hex(text, 2 * POLICY_VERSION_BYTES + 1, version, POLICY_VERSION_BYTES);
}

void policy_window_write(const struct policy_rule *rule, char text[POLICY_WINDOW_TEXT_BYTES])
{
    char window[POLICY_DURATION_TEXT_BYTES];
    policy_duration_write(rule->window_ms, window);
    if (rule->window_ms == 0)
        snprintf(text, POLICY_WINDOW_TEXT_BYTES, "%s", window);
    else
        snprintf(text, POLICY_WINDOW_TEXT_BYTES, "%s, %s", window,
                 policy_word_of(POLICY_WORDS_WINDOW_FROM, rule->window_from));
}

/* Appends "name: value", after "; " where something stands already. */
static void cell_add(char *cell, const char *name, const char *value)
{
    size_t used = strlen(cell);
    snprintf(cell + used, CELL_BYTES - used, "%s%s: %s", used == 0 ? "" : "; ", name, value);
}

static void cell_add_set(char *cell, const char *name, enum policy_vocabulary vocabulary,
                         policy_set set)
{
    char list[POLICY_LIST_TEXT_BYTES];
    policy_words_list(vocabulary, set, list);
    if (set != 0)
        cell_add(cell, name, list);
}

static void cell_add_duration(char *cell, const char *name, uint64_t ms)
{
    char duration[POLICY_DURATION_TEXT_BYTES];
    policy_duration_write(ms, duration);
    if (ms != 0)
        cell_add(cell, name, duration);
}

static void cell_add_truth(char *cell, const char *name, enum policy_truth truth)
{
    if (truth != POLICY_ANY)
        cell_add(cell, name, policy_word_of(POLICY_WORDS_TRUTH, truth));
}

static void cell_add_regions(char *cell, const struct policy_rule *rule)
{
    for (size_t i = 0; i < rule->region_count; i++) {
        size_t used = strlen(cell);
        if (i == 0)
            cell_add(cell, "region", rule->regions[0]);
        else
            snprintf(cell + used, CELL_BYTES - used, ", %s", rule->regions[i]);
    }
}

static void rule_write_conditions(const struct policy_rule *rule, char *cell)
{
    cell[0] = 0;
    cell_add_set(cell, "conversation", POLICY_WORDS_CONVERSATION, rule->conversation_types);
    cell_add_set(cell, "actor", POLICY_WORDS_ACTOR, rule->actors);
    cell_add_set(cell, "target", POLICY_WORDS_TARGET, rule->target_roles);
    cell_add_set(cell, "content", POLICY_WORDS_CONTENT, rule->content_types);
    cell_add_regions(cell, rule);
    cell_add_duration(cell, "older_than", rule->age_min_ms);
    cell_add_duration(cell, "younger_than", rule->age_max_ms);
    cell_add_truth(cell, "delivered", rule->is_delivered);
    cell_add_truth(cell, "displayed", rule->is_displayed);
    if (cell[0] == 0)
        snprintf(cell, CELL_BYTES, "%s", text_of(TEXT_POLICY_ALWAYS));
}

void policy_condition_write(const struct policy_rule *rule, const char *name,
                            char text[POLICY_CONDITION_TEXT_BYTES])
{
    const struct {
        const char *name;
        enum policy_vocabulary vocabulary;
        policy_set set;
    } sets[] = {
        {"conversation", POLICY_WORDS_CONVERSATION, rule->conversation_types},
        {"actor", POLICY_WORDS_ACTOR, rule->actors},
        {"target", POLICY_WORDS_TARGET, rule->target_roles},
        {"content", POLICY_WORDS_CONTENT, rule->content_types},
    };
    text[0] = 0;
    for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
        if (strcmp(name, sets[i].name) == 0)
            cell_add_set(text, name, sets[i].vocabulary, sets[i].set);
    if (strcmp(name, "region") == 0)
        cell_add_regions(text, rule);
    else if (strcmp(name, "older_than") == 0)
        cell_add_duration(text, name, rule->age_min_ms);
    else if (strcmp(name, "younger_than") == 0)
        cell_add_duration(text, name, rule->age_max_ms);
    else if (strcmp(name, "delivered") == 0)
        cell_add_truth(text, name, rule->is_delivered);
    else if (strcmp(name, "displayed") == 0)
        cell_add_truth(text, name, rule->is_displayed);
}

static void rule_write_keep(const struct policy_rule *rule, char *cell)
{
    char duration[POLICY_DURATION_TEXT_BYTES];
    policy_duration_write(rule->keep_ms, duration);
    snprintf(cell, CELL_BYTES, "%s%s%s", policy_word_of(POLICY_WORDS_KEEP, rule->keep),
             rule->keep_ms == 0 ? "" : " ", rule->keep_ms == 0 ? "" : duration);
}

/* What differs from the usual. */
static void rule_write_also(const struct policy_rule *rule, char *cell)
{
    cell[0] = 0;
    if (rule->vanishes)
        cell_add(cell, "tombstone", policy_word_of(POLICY_WORDS_TOMBSTONE, 1));
    if (!rule->withdraws_notifications)
        cell_add(cell, "notifications", policy_word_of(POLICY_WORDS_NOTIFICATIONS, 0));
    if (rule->forwards != POLICY_FORWARDS_STAY)
        cell_add(cell, "forwards", policy_word_of(POLICY_WORDS_FORWARDS, rule->forwards));
    if (cell[0] == 0)
        snprintf(cell, CELL_BYTES, "-");
}

void policy_settings_write(const struct policy_rule *rule, char text[POLICY_CONDITION_TEXT_BYTES])
{
    char also[CELL_BYTES];
    rule_write_keep(rule, text);
    rule_write_also(rule, also);
    size_t used = strlen(text);
    if (strcmp(also, "-") != 0)
        snprintf(text + used, CELL_BYTES - used, "; %s", also);
}

static void rule_write(const struct policy_rule *rule, char cells[COLUMNS][CELL_BYTES])
{
    for (size_t i = 2; i < COLUMNS; i++)
        snprintf(cells[i], CELL_BYTES, "-");
    snprintf(cells[0], CELL_BYTES, "%s", rule->name);
    snprintf(cells[1], CELL_BYTES, "%s", policy_word_of(POLICY_WORDS_DECISION, rule->allows));
    if (rule->allows) {
        policy_window_write(rule, cells[2]);
        rule_write_keep(rule, cells[3]);
        rule_write_also(rule, cells[4]);
    }
    rule_write_conditions(rule, cells[5]);
}

/* Columns of a terminal: a Chinese character takes two. */
static size_t cell_width(const char *cell)
{
    size_t width = 0;
    for (const uint8_t *at = (const uint8_t *)cell; *at != 0; at++)
        width += (*at & 0xc0) == 0x80 ? 0 : *at >= 0xe0 ? 2 : 1;
    return width;
}

static void row_print(FILE *file, char cells[COLUMNS][CELL_BYTES], const size_t widths[COLUMNS])
{
    for (size_t i = 0; i < COLUMNS; i++)
        fprintf(file, "%s%*s", cells[i],
                i == COLUMNS - 1 ? 0 : (int)(widths[i] - cell_width(cells[i]) + 2), "");
    fputc('\n', file);
}

static void rules_print(FILE *file, const struct policy *policy)
{
    static const enum text heads[COLUMNS] = {TEXT_POLICY_RULE,   TEXT_POLICY_DECISION,
                                             TEXT_POLICY_WINDOW, TEXT_POLICY_KEEP,
                                             TEXT_POLICY_ALSO,   TEXT_POLICY_WHEN};
    static char cells[COLUMNS][CELL_BYTES];
    size_t widths[COLUMNS];
    for (size_t i = 0; i < COLUMNS; i++)
        widths[i] = cell_width(text_of(heads[i]));
    for (size_t i = 0; i < policy->rule_count; i++) {
        rule_write(&policy->rules[i], cells);
        for (size_t j = 0; j < COLUMNS; j++)
            widths[j] = widths[j] > cell_width(cells[j]) ? widths[j] : cell_width(cells[j]);
    }
    for (size_t i = 0; i < COLUMNS; i++)
        snprintf(cells[i], CELL_BYTES, "%s", text_of(heads[i]));
    row_print(file, cells, widths);
    for (size_t i = 0; i < policy->rule_count; i++) {
        rule_write(&policy->rules[i], cells);
        row_print(file, cells, widths);
    }
}

void policy_print(FILE *file, const struct policy *policy)
{
    char version[2 * POLICY_VERSION_BYTES + 1];
    char error_max[POLICY_DURATION_TEXT_BYTES];
    policy_version_write(policy->version, version);
    policy_duration_write(policy->clock_error_max_ms, error_max);
    text_write(file, TEXT_POLICY_VERSION, version, NULL);
    fputc('\n', file);
    text_write(file,
               policy->on_clock_unsure == POLICY_UNSURE_REFUSE ? TEXT_POLICY_CLOCK_REFUSES
                                                               : TEXT_POLICY_CLOCK_DECIDES,
               error_max, NULL);
    fputs("\n\n", file);
    rules_print(file, policy);
}

static void json_add_set(json_t *object, const char *name, enum policy_vocabulary vocabulary,
                         policy_set set)
{
    if (set == 0)
        return;
    json_t *list = json_array();
    for (uint32_t value = 0; value < WORDS_PER_SET_MAX; value++)
        if ((set & POLICY_BIT(value)) != 0)
            json_array_append_new(list, json_string(policy_word_of(vocabulary, value)));
    json_object_set_new(object, name, list);
}

static void json_add_ms(json_t *object, const char *name, uint64_t ms)
{
    json_object_set_new(object, name, ms == 0 ? json_null() : json_integer((json_int_t)ms));
}

static void json_add_word(json_t *object, const char *name, enum policy_vocabulary vocabulary,
                          uint32_t value)
{
    json_object_set_new(object, name, json_string(policy_word_of(vocabulary, value)));
}

void policy_settings_to_json(const struct policy_rule *rule, json_t *object)
{
    json_add_ms(object, "window_ms", rule->window_ms);
    json_add_word(object, "window_from", POLICY_WORDS_WINDOW_FROM, rule->window_from);
    json_add_word(object, "keep", POLICY_WORDS_KEEP, rule->keep);
    json_add_ms(object, "keep_for_ms", rule->keep_ms);
    json_add_word(object, "tombstone", POLICY_WORDS_TOMBSTONE, rule->vanishes);
    json_add_word(object, "notifications", POLICY_WORDS_NOTIFICATIONS,
                  rule->withdraws_notifications);
    json_add_word(object, "forwards", POLICY_WORDS_FORWARDS, rule->forwards);
}

static json_t *rule_to_json(const struct policy_rule *rule)
{
    json_t *object = json_object();
    json_object_set_new(object, "name", json_string(rule->name));
    json_add_set(object, "conversation", POLICY_WORDS_CONVERSATION, rule->conversation_types);
    json_add_set(object, "actor", POLICY_WORDS_ACTOR, rule->actors);
    json_add_set(object, "target", POLICY_WORDS_TARGET, rule->target_roles);
    json_add_set(object, "content", POLICY_WORDS_CONTENT, rule->content_types);
    if (rule->regions != NULL) {
        json_t *regions = json_array();
        for (size_t i = 0; i < rule->region_count; i++)
            json_array_append_new(regions, json_string(rule->regions[i]));
        json_object_set_new(object, "region", regions);
    }
    if (rule->age_min_ms != 0)
        json_add_ms(object, "older_than_ms", rule->age_min_ms);
    if (rule->age_max_ms != 0)
        json_add_ms(object, "younger_than_ms", rule->age_max_ms);
    if (rule->is_delivered != POLICY_ANY)
        json_add_word(object, "delivered", POLICY_WORDS_TRUTH, rule->is_delivered);
    if (rule->is_displayed != POLICY_ANY)
        json_add_word(object, "displayed", POLICY_WORDS_TRUTH, rule->is_displayed);
    json_add_word(object, "decision", POLICY_WORDS_DECISION, rule->allows);
    if (rule->allows)
        policy_settings_to_json(rule, object);
    return object;
}

json_t *policy_to_json(const struct policy *policy)
{
    char version[2 * POLICY_VERSION_BYTES + 1];
    json_t *object = json_object();
    json_t *rules = json_array();
    policy_version_write(policy->version, version);
    json_object_set_new(object, "version", json_string(version));
    json_add_word(object, "on_clock_unsure", POLICY_WORDS_UNSURE, policy->on_clock_unsure);
    json_add_ms(object, "clock_error_max_ms", policy->clock_error_max_ms);
    json_object_set_new(object, "asks_delivery", json_boolean(policy->asks_delivery));
    for (size_t i = 0; i < policy->rule_count; i++)
        json_array_append_new(rules, rule_to_json(&policy->rules[i]));
    json_object_set_new(object, "rules", rules);
    return object;
}
