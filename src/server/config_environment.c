/* Settings that are written as a word: in the environment, on the command line. */
#include "server/config_internal.h"

#include "base/memory.h"

#include <inttypes.h>
#include <stdio.h>

/* Cuts the next part off a list that is written with commas; NULL at its end. */
static char *config_next_part(char **rest)
{
    char *part = *rest;
    if (part == NULL || *part == 0)
        return NULL;
    char *comma = strchr(part, ',');
    *rest = comma == NULL ? NULL : comma + 1;
    if (comma != NULL)
        *comma = 0;
    return part;
}

static enum status config_parse_list(struct config *config, const struct config_setting *setting,
                                     char *list, struct failure *failure)
{
    char *names[CONFIG_KEYS_MAX];
    struct config_key keys[CONFIG_KEYS_MAX];
    unsigned count = 0;
    char *rest = list;
    for (char *part; (part = config_next_part(&rest)) != NULL; count++) {
        if (count == CONFIG_KEYS_MAX)
            return failure_set(failure, STATUS_MALFORMED, "at most %d, with commas between them",
                               CONFIG_KEYS_MAX);
        char *file = setting->kind == CONFIG_IS_KEYS ? strchr(part, '=') : NULL;
        names[count] = part;
        keys[count] = (struct config_key){.id = file == NULL ? NULL : part,
                                          .file = file == NULL ? part : file + 1};
        if (file != NULL)
            *file = 0;
        if (*part == 0 || *keys[count].file == 0)
            return failure_set(failure, STATUS_MALFORMED, "%s, with commas between them",
                               setting->kind == CONFIG_IS_KEYS ? "FILE or ID=FILE" : "names");
    }
    if (setting->kind == CONFIG_IS_KEYS)
        config_set_keys(config, setting, keys, count);
    else
        config_set_names(config, setting, names, count);
    return STATUS_OK;
}

static bool config_parse_number(const char *text, uint64_t most, uint64_t *value)
{
    *value = 0;
    if (*text == 0)
        return false;
    for (; *text != 0; text++) {
        uint64_t digit = (uint64_t)(unsigned char)*text - '0';
        if (*text < '0' || *text > '9' || *value > (UINT64_MAX - digit) / 10)
            return false;
        *value = *value * 10 + digit;
    }
    return *value <= most;
}

enum status config_override(struct config *config, unsigned setting, const char *value,
                            enum config_source source, struct failure *failure)
{
    const struct config_setting *of = &config_settings[setting];
    enum status status = STATUS_OK;
    uint64_t number = 0;
    if (of->kind == CONFIG_IS_TEXT) {
        config_set(config_at(config, of->offset), value);
    } else if (of->kind == CONFIG_IS_KEYS || of->kind == CONFIG_IS_NAMES) {
        char *list = memory_copy(value, strlen(value));
        status = config_parse_list(config, of, list, failure);
        free(list);
    } else if (of->kind == CONFIG_IS_TRUTH) {
        if (strcmp(value, "true") != 0 && strcmp(value, "false") != 0)
            return failure_set(failure, STATUS_MALFORMED, "true or false, not \"%s\"", value);
        config_set_number(config, of, strcmp(value, "true") == 0);
    } else {
        if (!config_parse_number(value, of->most, &number) || number < of->least)
            return failure_set(failure, STATUS_MALFORMED,
                               "%" PRIu64 " to %" PRIu64 " (%s), not \"%s\"", of->least, of->most,
                               of->unit, value);
        config_set_number(config, of, number);
    }
    if (status == STATUS_OK)
        config->sources[setting] = source;
    return status;
}

/* The setting of a variable, without its prefix; CONFIG_SETTINGS: there is none. */
static unsigned config_find_variable(const char *variable, size_t bytes)
{
    for (unsigned i = 0; i < CONFIG_SETTINGS; i++) {
        const char *name = config_settings[i].name;
        size_t at = 0;
        while (at < bytes && name[at] != 0 &&
               variable[at] ==
                   (name[at] >= 'a' && name[at] <= 'z' ? name[at] - 'a' + 'A' : name[at]))
            at++;
        if (at == bytes && name[at] == 0)
            return i;
    }
    return CONFIG_SETTINGS;
}

/* One variable; true: it is well. */
static bool config_read_variable(struct config *config, const char *entry, const char *equals,
                                 const struct config_report *report)
{
    char name[128];
    struct failure valid;
    const char *variable = entry + strlen(CONFIG_ENVIRONMENT_PREFIX);
    struct config_problem problem = {
        .setting = config_find_variable(variable, (size_t)(equals - variable)),
        .name = name,
        .source = CONFIG_ENVIRONMENT,
    };
    snprintf(name, sizeof(name), "%.*s", (int)(equals - entry), entry);
    if (problem.setting == CONFIG_SETTINGS) {
        config_report(report, &problem,
                      "there is no such setting. docs/configuration.md lists them.");
        return false;
    }
    problem.name = config_settings[problem.setting].name;
    if (config_override(config, problem.setting, equals + 1, CONFIG_ENVIRONMENT, &valid) ==
        STATUS_OK)
        return true;
    size_t used = strlen(valid.text);
    snprintf(valid.text + used, sizeof(valid.text) - used, ".");
    config_report(report, &problem, valid.text);
    return false;
}

enum status config_read_environment(struct config *config, const char *const *environment,
                                    config_problem_fn *on_problem, void *context)
{
    const struct config_report report = {on_problem, context};
    const size_t prefix = strlen(CONFIG_ENVIRONMENT_PREFIX);
    bool is_well = true;
    for (; *environment != NULL; environment++) {
        const char *entry = *environment;
        const char *equals = strchr(entry, '=');
        if (strncmp(entry, CONFIG_ENVIRONMENT_PREFIX, prefix) == 0 && equals != NULL &&
            equals >= entry + prefix)
            is_well &= config_read_variable(config, entry, equals, &report);
    }
    return is_well ? STATUS_OK : STATUS_MALFORMED;
}
