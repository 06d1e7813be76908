#include "server/config_internal.h"

#include "base/memory.h"

#include <inttypes.h>
#include <stdio.h>

#define CONFIG_TEXT(name_, initial, unit_, about_) \
    {.name = #name_,                               \
     .kind = CONFIG_IS_TEXT,                       \
     .text = initial,                              \
     .unit = unit_,                                \
     .about = about_,                              \
     .offset = offsetof(struct config, name_)},
#define CONFIG_NUMBER(name_, bits_, initial, least_, most_, unit_, about_) \
    {.name = #name_,                                                       \
     .kind = CONFIG_IS_NUMBER,                                             \
     .bits = bits_,                                                        \
     .number = initial,                                                    \
     .least = least_,                                                      \
     .most = most_,                                                        \
     .unit = unit_,                                                        \
     .about = about_,                                                      \
     .offset = offsetof(struct config, name_)},
#define CONFIG_TRUTH(name_, initial, about_) \
    {.name = #name_,                         \
     .kind = CONFIG_IS_TRUTH,                \
     .number = initial,                      \
     .most = 1,                              \
     .unit = "true or false",                \
     .about = about_,                        \
     .offset = offsetof(struct config, name_)},
#define CONFIG_LIST(name_, kind_, unit_, about_) \
    {.name = #name_,                             \
     .kind = kind_,                              \
     .unit = unit_,                              \
     .about = about_,                            \
     .offset = offsetof(struct config, name_),   \
     .count_offset = offsetof(struct config, name_##_count)},
#define CONFIG_KEYS(name, about) \
    CONFIG_LIST(name, CONFIG_IS_KEYS, "list of id (optional) and file", about)
#define CONFIG_NAMES(name, about) CONFIG_LIST(name, CONFIG_IS_NAMES, "list of names", about)
const struct config_setting config_settings[CONFIG_SETTINGS] = {
#include "server/config.def"
};
#undef CONFIG_TEXT
#undef CONFIG_NUMBER
#undef CONFIG_TRUTH
#undef CONFIG_KEYS
#undef CONFIG_NAMES

void config_set(char **setting, const char *value)
{
    char *copy = value == NULL ? NULL : memory_copy(value, strlen(value));
    free(*setting);
    *setting = copy;
}

uint64_t config_number(const struct config *config, const struct config_setting *setting)
{
    const void *at = config_of(config, setting->offset);
    if (setting->kind == CONFIG_IS_TRUTH)
        return (uint64_t)(*(const int *)at != 0);
    return setting->bits == 32 ? *(const uint32_t *)at : *(const uint64_t *)at;
}

void config_set_number(struct config *config, const struct config_setting *setting, uint64_t value)
{
    void *at = config_at(config, setting->offset);
    if (setting->kind == CONFIG_IS_TRUTH)
        *(int *)at = value != 0;
    else if (setting->bits == 32)
        *(uint32_t *)at = (uint32_t)value;
    else
        *(uint64_t *)at = value;
}

void config_set_keys(struct config *config, const struct config_setting *setting,
                     const struct config_key *keys, unsigned count)
{
    struct config_key **list = config_at(config, setting->offset);
    unsigned *old_count = config_at(config, setting->count_offset);
    struct config_key *copy = memory_new_array(count, sizeof(*copy));
    for (unsigned i = 0; i < count; i++) {
        config_set(&copy[i].id, keys[i].id);
        config_set(&copy[i].file, keys[i].file);
    }
    for (unsigned i = 0; i < *old_count; i++) {
        free((*list)[i].id);
        free((*list)[i].file);
    }
    free(*list);
    *list = copy;
    *old_count = count;
}

void config_set_names(struct config *config, const struct config_setting *setting,
                      char *const *names, unsigned count)
{
    char ***list = config_at(config, setting->offset);
    unsigned *old_count = config_at(config, setting->count_offset);
    char **copy = memory_new_array(count, sizeof(*copy));
    for (unsigned i = 0; i < count; i++)
        config_set(&copy[i], names[i]);
    for (unsigned i = 0; i < *old_count; i++)
        free((*list)[i]);
    free(*list);
    *list = copy;
    *old_count = count;
}

void config_init(struct config *config)
{
    *config = (struct config){.file = NULL};
    for (unsigned i = 0; i < CONFIG_SETTINGS; i++) {
        const struct config_setting *setting = &config_settings[i];
        if (setting->kind == CONFIG_IS_TEXT)
            config_set(config_at(config, setting->offset), setting->text);
        else if (setting->kind == CONFIG_IS_NUMBER || setting->kind == CONFIG_IS_TRUTH)
            config_set_number(config, setting, setting->number);
    }
}

void config_fini(struct config *config)
{
    for (unsigned i = 0; i < CONFIG_SETTINGS; i++) {
        const struct config_setting *setting = &config_settings[i];
        if (setting->kind == CONFIG_IS_TEXT) {
            free(*(char **)config_at(config, setting->offset));
        } else if (setting->kind == CONFIG_IS_KEYS) {
            config_set_keys(config, setting, NULL, 0);
            free(*(struct config_key **)config_at(config, setting->offset));
        } else if (setting->kind == CONFIG_IS_NAMES) {
            config_set_names(config, setting, NULL, 0);
            free(*(char ***)config_at(config, setting->offset));
        }
    }
    free(config->file);
    *config = (struct config){.file = NULL};
}

/* UNSAY_SERVE_NAME */
static void config_variable(const struct config_setting *setting, char *text, size_t size)
{
    size_t used = (size_t)snprintf(text, size, CONFIG_ENVIRONMENT_PREFIX);
    for (const char *c = setting->name; *c != 0 && used + 1 < size; c++)
        text[used++] = *c >= 'a' && *c <= 'z' ? (char)(*c - 'a' + 'A') : *c;
    text[used] = 0;
}

/* What stands before the words. */
static void config_print_place(const struct config_problem *problem, char *text, size_t size)
{
    const char *name = problem->name == NULL ? "" : problem->name;
    const char *colon = *name == 0 ? "" : ": ";
    if (problem->source == CONFIG_ENVIRONMENT && problem->setting < CONFIG_SETTINGS)
        config_variable(&config_settings[problem->setting], text, size);
    else if (problem->source != CONFIG_FILE)
        snprintf(text, size, "%s", name);
    else if (problem->line == 0)
        snprintf(text, size, "%s%s%s", problem->file, colon, name);
    else
        snprintf(text, size, "%s, line %u, column %u%s%s", problem->file, problem->line,
                 problem->column, colon, name);
}

void config_report(const struct config_report *report, const struct config_problem *problem,
                   const char *words)
{
    char text[3 * CONFIG_PATH_BYTES_MAX];
    struct config_problem told = *problem;
    config_print_place(problem, text, 2 * CONFIG_PATH_BYTES_MAX);
    size_t used = strlen(text);
    snprintf(text + used, sizeof(text) - used, ": %s", words);
    for (char *at = text; *at != 0;
         at++) { /* values are quoted, and a sentence stays on its line */
        if ((unsigned char)*at < 0x20 || *at == 0x7f)
            *at = '?';
    }
    told.text = text;
    report->on_problem(report->context, &told);
}

static struct config_problem config_problem_of(const struct config *config, unsigned setting)
{
    bool is_of_file = config->sources[setting] == CONFIG_FILE;
    return (struct config_problem){
        .setting = setting,
        .name = config_settings[setting].name,
        .source = config->sources[setting],
        .file = is_of_file ? config->file : NULL,
        .line = is_of_file ? config->lines[setting] : 0,
        .column = is_of_file ? config->columns[setting] : 0,
    };
}

void config_tell(const struct config *config, unsigned setting, config_problem_fn *on_problem,
                 void *context, const char *words)
{
    struct config_problem problem = config_problem_of(config, setting);
    config_report(&(struct config_report){on_problem, context}, &problem, words);
}

void config_keep_first(void *context, const struct config_problem *problem)
{
    struct failure *failure = context;
    if (failure->status == STATUS_OK)
        (void)failure_set(failure, STATUS_MALFORMED, "%s", problem->text);
}

void config_place(const struct config *config, unsigned setting, char *text, size_t size)
{
    struct config_problem problem = config_problem_of(config, setting);
    config_print_place(&problem, text, size);
}

static void config_append(char *text, size_t size, const char *before, const char *value)
{
    size_t used = strlen(text);
    snprintf(text + used, size - used, "%s%s", before, value);
}

void config_value(const struct config *config, unsigned setting, char *text, size_t size)
{
    const struct config_setting *of = &config_settings[setting];
    const void *at = config_of(config, of->offset);
    const char *string = of->kind == CONFIG_IS_TEXT ? *(char *const *)at : NULL;
    text[0] = 0;
    switch (of->kind) {
    case CONFIG_IS_TEXT:
        snprintf(text, size, "%s", string == NULL ? "" : string);
        return;
    case CONFIG_IS_NUMBER:
        snprintf(text, size, "%" PRIu64, config_number(config, of));
        return;
    case CONFIG_IS_TRUTH:
        snprintf(text, size, "%s", config_number(config, of) == 0 ? "false" : "true");
        return;
    case CONFIG_IS_KEYS:
        for (unsigned i = 0; i < *(const unsigned *)config_of(config, of->count_offset); i++) {
            const struct config_key *key = &(*(struct config_key *const *)at)[i];
            config_append(text, size, i == 0 ? "" : ",", key->id == NULL ? "" : key->id);
            config_append(text, size, key->id == NULL ? "" : "=", key->file);
        }
        return;
    case CONFIG_IS_NAMES:
        for (unsigned i = 0; i < *(const unsigned *)config_of(config, of->count_offset); i++)
            config_append(text, size, i == 0 ? "" : ",", (*(char **const *)at)[i]);
        return;
    }
}
