/* The configuration as a YAML file: libcyaml checks its shape, this takes what it says. */
#include "server/config_internal.h"

#include "base/memory.h"

#include <cyaml/cyaml.h>
#include <stdarg.h>
#include <stdio.h>

/* What a file may say; absent settings are NULL. Numbers are pointers for that reason. */
#define CONFIG_TEXT(name, initial, unit, about) char *name;
#define CONFIG_NUMBER(name, bits, initial, least, most, unit, about) uint##bits##_t *name;
#define CONFIG_TRUTH(name, initial, about) int *name;
#define CONFIG_KEYS(name, about) \
    struct config_key *name;     \
    unsigned name##_count;
#define CONFIG_NAMES(name, about) \
    char **name;                  \
    unsigned name##_count;
struct config_file {
#include "server/config.def"
};
#undef CONFIG_TEXT
#undef CONFIG_NUMBER
#undef CONFIG_TRUTH
#undef CONFIG_KEYS
#undef CONFIG_NAMES

static const cyaml_schema_field_t config_key_fields[] = {
    CYAML_FIELD_STRING_PTR("id", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct config_key, id, 1,
                           256),
    CYAML_FIELD_STRING_PTR("file", CYAML_FLAG_POINTER, struct config_key, file, 1,
                           CONFIG_PATH_BYTES_MAX),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t config_key_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct config_key, config_key_fields),
};

static const cyaml_schema_value_t config_name_value = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, CONFIG_NAME_BYTES_MAX),
};

/* libcyaml's own booleans take any word that they do not know for true. */
static const cyaml_strval_t config_truths[] = {{"false", 0}, {"true", 1}};

#define CONFIG_TEXT(name, initial, unit, about)                                                 \
    CYAML_FIELD_STRING_PTR(#name, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct config_file, \
                           name, 0, CONFIG_PATH_BYTES_MAX),
#define CONFIG_NUMBER(name, bits, initial, least, most, unit, about) \
    CYAML_FIELD_UINT_PTR(#name, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct config_file, name),
#define CONFIG_TRUTH(name, initial, about)                                                    \
    CYAML_FIELD_ENUM_PTR(#name, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL | CYAML_FLAG_STRICT, \
                         struct config_file, name, config_truths, CYAML_ARRAY_LEN(config_truths)),
#define CONFIG_KEYS(name, about)                                                              \
    CYAML_FIELD_SEQUENCE(#name, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct config_file, \
                         name, &config_key_value, 0, CONFIG_KEYS_MAX),
#define CONFIG_NAMES(name, about)                                                             \
    CYAML_FIELD_SEQUENCE(#name, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct config_file, \
                         name, &config_name_value, 0, CONFIG_KEYS_MAX),
static const cyaml_schema_field_t config_fields[] = {
#include "server/config.def"
    CYAML_FIELD_END,
};
#undef CONFIG_TEXT
#undef CONFIG_NUMBER
#undef CONFIG_TRUTH
#undef CONFIG_KEYS
#undef CONFIG_NAMES

static const cyaml_schema_value_t config_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct config_file, config_fields),
};

/* cyaml explains a failure in several lines of log; they become one sentence. */
__attribute__((format(printf, 3, 0))) static void
config_on_log(cyaml_log_t level, void *context, const char *format, va_list arguments)
{
    struct failure *failure = context;
    size_t used = strlen(failure->text);
    (void)level;
    if (used + 2 < sizeof(failure->text)) {
        vsnprintf(failure->text + used, sizeof(failure->text) - used, format, arguments);
        for (char *c = failure->text + used; *c != 0; c++)
            *c = *c == '\n' ? ' ' : *c;
    }
}

#define CONFIG_TAKE(name, set)                                \
    if (file->name != NULL) {                                 \
        set;                                                  \
        config->sources[CONFIG_SETTING_##name] = CONFIG_FILE; \
    }
#define CONFIG_TEXT(name, initial, unit, about) \
    CONFIG_TAKE(name, config_set(&config->name, file->name))
#define CONFIG_NUMBER(name, bits, initial, least, most, unit, about) \
    CONFIG_TAKE(name, config->name = *file->name)
#define CONFIG_TRUTH(name, initial, about) CONFIG_TAKE(name, config->name = *file->name)
#define CONFIG_KEYS(name, about)                                                                   \
    CONFIG_TAKE(name, config_set_keys(config, &config_settings[CONFIG_SETTING_##name], file->name, \
                                      file->name##_count))
#define CONFIG_NAMES(name, about)                                                       \
    CONFIG_TAKE(name, config_set_names(config, &config_settings[CONFIG_SETTING_##name], \
                                       file->name, file->name##_count))
static void config_take_file(struct config *config, const struct config_file *file)
{
#include "server/config.def"
}
#undef CONFIG_TEXT
#undef CONFIG_NUMBER
#undef CONFIG_TRUTH
#undef CONFIG_KEYS
#undef CONFIG_NAMES
#undef CONFIG_TAKE

/* libcyaml does not tell where a value was: a setting begins its line. */
static void config_find_lines(struct config *config)
{
    FILE *in = fopen(config->file, "re");
    char *line = NULL;
    size_t capacity = 0;
    if (in == NULL)
        return;
    for (unsigned number = 1; getline(&line, &capacity, in) > 0; number++) {
        size_t name_bytes = strcspn(line, ": \t\r\n");
        for (unsigned i = 0; i < CONFIG_SETTINGS; i++) {
            const char *name = config_settings[i].name;
            if (strlen(name) == name_bytes && memcmp(name, line, name_bytes) == 0)
                config->lines[i] = number;
        }
    }
    free(line);
    fclose(in);
}

enum status config_load(struct config *config, const char *file, struct failure *failure)
{
    struct failure log = {STATUS_OK, ""};
    const cyaml_config_t settings = {
        .log_fn = config_on_log,
        .log_ctx = &log,
        .mem_fn = cyaml_mem,
        .log_level = CYAML_LOG_ERROR,
    };
    struct config_file *loaded = NULL;
    cyaml_err_t error =
        cyaml_load_file(file, &settings, &config_schema, (cyaml_data_t **)&loaded, NULL);
    if (error == CYAML_ERR_FILE_OPEN)
        return failure_set(failure, STATUS_NOT_FOUND,
                           "%s: the configuration file cannot be opened; check the path and its "
                           "permissions.",
                           file);
    if (error != CYAML_OK)
        return failure_set(failure, STATUS_MALFORMED,
                           "%s: %s (%s). docs/configuration.md lists "
                           "every setting.",
                           file, log.text[0] == 0 ? "not valid" : log.text, cyaml_strerror(error));
    config_set(&config->file, file);
    if (loaded != NULL)
        config_take_file(config, loaded);
    cyaml_free(&settings, &config_schema, loaded, 0);
    config_find_lines(config);
    return STATUS_OK;
}
