/* The configuration as a YAML file: libyaml's events, each with its place, so that everything that
 * is wrong can be told at once. Anchors, aliases and tags are refused: no setting needs them. */
#include "server/config_internal.h"

#include "base/memory.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <yaml.h>

enum { CONFIG_FILE_BYTES_MAX = 1 << 20, CONFIG_QUOTE_BYTES = 64, CONFIG_NAME_EDITS_MAX = 2 };

struct config_reading {
    struct config *config;
    struct config_report report;
    yaml_parser_t parser;
    yaml_event_t event; /* the current one */
    unsigned setting;   /* that is read; CONFIG_SETTINGS: none */
    char name[CONFIG_QUOTE_BYTES + 32];
    bool is_broken; /* no YAML from here on */
    bool is_wrong;
};

/* What the file says, for a message: cut short, and without control characters. */
static void config_quote(const yaml_event_t *event, char quote[CONFIG_QUOTE_BYTES])
{
    size_t size = event->data.scalar.length;
    const uint8_t *text = event->data.scalar.value;
    bool is_cut = size > CONFIG_QUOTE_BYTES - 4;
    if (is_cut)
        for (size = CONFIG_QUOTE_BYTES - 4; size > 0 && (text[size] & 0xc0) == 0x80;)
            size--;
    for (size_t i = 0; i < size; i++)
        quote[i] = (char)(text[i] < 0x20 || text[i] == 0x7f ? '?' : text[i]);
    snprintf(quote + size, CONFIG_QUOTE_BYTES - size, "%s", is_cut ? "..." : "");
}

__attribute__((format(printf, 3, 4))) static void
config_wrong_at(struct config_reading *reading, yaml_mark_t mark, const char *format, ...)
{
    char words[CONFIG_PATH_BYTES_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(words, sizeof(words), format, arguments);
    va_end(arguments);
    reading->is_wrong = true;
    config_report(&reading->report,
                  &(struct config_problem){.setting = reading->setting,
                                           .name = reading->name,
                                           .source = CONFIG_FILE,
                                           .file = reading->config->file,
                                           .line = (unsigned)mark.line + 1,
                                           .column = (unsigned)mark.column + 1},
                  words);
}

/* Where the text is no YAML at all. */
static void config_not_yaml(struct config_reading *reading)
{
    const yaml_parser_t *parser = &reading->parser;
    const char *problem = parser->problem == NULL ? "it cannot be read" : parser->problem;
    yaml_mark_t mark = parser->problem_mark;
    reading->is_broken = true;
    reading->setting = CONFIG_SETTINGS;
    reading->name[0] = 0;
    if (parser->error != YAML_READER_ERROR) {
        config_wrong_at(reading, mark, "not YAML: %s.", problem);
        return;
    }
    mark.line = mark.column = 0;
    for (size_t i = 0; i < parser->problem_offset; i++) {
        bool is_end = parser->input.string.start[i] == '\n';
        mark.line += is_end;
        mark.column = is_end ? 0 : mark.column + 1;
    }
    config_wrong_at(reading, mark, "not UTF-8 text (%s).", problem);
}

/* False at the end of what can be read. */
static bool config_next(struct config_reading *reading)
{
    yaml_event_delete(&reading->event);
    if (reading->is_broken)
        return false;
    if (yaml_parser_parse(&reading->parser, &reading->event) != 0)
        return true;
    config_not_yaml(reading);
    return false;
}

static bool config_is_at(const struct config_reading *reading, yaml_event_type_t type)
{
    return reading->event.type == type;
}

/* Passes over the current value, whatever it is, to its last event. */
static void config_skip(struct config_reading *reading)
{
    unsigned depth = 0;
    do {
        yaml_event_type_t type = reading->event.type;
        if (type == YAML_SEQUENCE_START_EVENT || type == YAML_MAPPING_START_EVENT)
            depth++;
        else if (type == YAML_SEQUENCE_END_EVENT || type == YAML_MAPPING_END_EVENT)
            depth--;
    } while (depth > 0 && config_next(reading));
}

/* What the current event carries that no setting needs. */
static const char *config_find_excess(const yaml_event_t *event)
{
    const yaml_char_t *anchor = NULL;
    const yaml_char_t *tag = NULL;
    if (event->type == YAML_ALIAS_EVENT)
        return "an alias (*)";
    if (event->type == YAML_SCALAR_EVENT) {
        anchor = event->data.scalar.anchor;
        tag = event->data.scalar.tag;
    } else if (event->type == YAML_SEQUENCE_START_EVENT) {
        anchor = event->data.sequence_start.anchor;
        tag = event->data.sequence_start.tag;
    } else if (event->type == YAML_MAPPING_START_EVENT) {
        anchor = event->data.mapping_start.anchor;
        tag = event->data.mapping_start.tag;
    }
    return anchor != NULL ? "an anchor (&)" : tag != NULL ? "a tag (!)" : NULL;
}

/* True when the current event begins a value of this type. Otherwise that was told, with what would
 * be valid, and the value is passed over. */
static bool config_expect(struct config_reading *reading, yaml_event_type_t type,
                          const char *expected)
{
    const char *excess = config_find_excess(&reading->event);
    yaml_mark_t mark = reading->event.start_mark;
    if (excess != NULL)
        config_wrong_at(reading, mark, "%s is not accepted here; write %s itself.", excess,
                        expected);
    else if (!config_is_at(reading, type))
        config_wrong_at(reading, mark, "%s is needed, not %s.", expected,
                        config_is_at(reading, YAML_SCALAR_EVENT)           ? "a single value"
                        : config_is_at(reading, YAML_SEQUENCE_START_EVENT) ? "a list"
                                                                           : "fields");
    else if (type == YAML_SCALAR_EVENT && reading->event.data.scalar.length == 0 &&
             reading->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
        config_wrong_at(reading, mark,
                        "%s is needed, and nothing is there; for the default, take "
                        "the line away.",
                        expected);
    else if (type == YAML_SCALAR_EVENT &&
             (reading->event.data.scalar.length >= CONFIG_PATH_BYTES_MAX ||
              strlen((const char *)reading->event.data.scalar.value) !=
                  reading->event.data.scalar.length))
        config_wrong_at(reading, mark, "%s is needed, of less than %d bytes and without a NUL.",
                        expected, CONFIG_PATH_BYTES_MAX);
    else
        return true;
    config_skip(reading);
    return false;
}

static const char *config_scalar(const struct config_reading *reading)
{
    return (const char *)reading->event.data.scalar.value;
}

static void config_read_scalar(struct config_reading *reading)
{
    const struct config_setting *setting = &config_settings[reading->setting];
    struct failure valid;
    if (config_expect(reading, YAML_SCALAR_EVENT, setting->unit) &&
        config_override(reading->config, reading->setting, config_scalar(reading), CONFIG_FILE,
                        &valid) != STATUS_OK)
        config_wrong_at(reading, reading->event.start_mark, "%s.", valid.text);
}

static void config_read_names(struct config_reading *reading)
{
    const struct config_setting *setting = &config_settings[reading->setting];
    char *names[CONFIG_KEYS_MAX];
    unsigned count = 0;
    if (!config_expect(reading, YAML_SEQUENCE_START_EVENT, "a list, as in [a, b],"))
        return;
    while (config_next(reading) && !config_is_at(reading, YAML_SEQUENCE_END_EVENT)) {
        yaml_mark_t mark = reading->event.start_mark;
        if (!config_expect(reading, YAML_SCALAR_EVENT, "a name"))
            continue;
        if (count == CONFIG_KEYS_MAX)
            config_wrong_at(reading, mark, "at most %d names.", CONFIG_KEYS_MAX);
        else if (strlen(config_scalar(reading)) > CONFIG_NAME_BYTES_MAX)
            config_wrong_at(reading, mark, "a name has at most %d bytes.", CONFIG_NAME_BYTES_MAX);
        else
            names[count++] = memory_copy(config_scalar(reading), strlen(config_scalar(reading)));
    }
    config_set_names(reading->config, setting, names, count);
    while (count > 0)
        free(names[--count]);
}

/* The fields of one key. */
static void config_read_key(struct config_reading *reading, struct config_key *key)
{
    yaml_mark_t begin = reading->event.start_mark;
    while (config_next(reading) && !config_is_at(reading, YAML_MAPPING_END_EVENT)) {
        char quote[CONFIG_QUOTE_BYTES] = "";
        char **field = NULL;
        yaml_mark_t mark = reading->event.start_mark;
        if (config_is_at(reading, YAML_SCALAR_EVENT)) {
            config_quote(&reading->event, quote);
            field = strcmp(quote, "id") == 0     ? &key->id
                    : strcmp(quote, "file") == 0 ? &key->file
                                                 : NULL;
        } else {
            config_skip(reading);
        }
        if (!config_next(reading))
            return;
        if (field == NULL || *field != NULL) {
            config_wrong_at(reading, mark,
                            field == NULL ? "\"%s\" is no field of it; there are id and file."
                                          : "%s is given twice.",
                            quote);
            config_skip(reading);
        } else if (config_expect(reading, YAML_SCALAR_EVENT, "a text")) {
            *field = memory_copy(config_scalar(reading), strlen(config_scalar(reading)));
        }
    }
    if (key->file == NULL)
        config_wrong_at(reading, begin, "each needs a file.");
}

static void config_read_keys(struct config_reading *reading)
{
    const struct config_setting *setting = &config_settings[reading->setting];
    struct config_key keys[CONFIG_KEYS_MAX];
    unsigned count = 0;
    if (!config_expect(reading, YAML_SEQUENCE_START_EVENT, "a list of id (optional) and file"))
        return;
    while (config_next(reading) && !config_is_at(reading, YAML_SEQUENCE_END_EVENT)) {
        struct config_key key = {.id = NULL};
        yaml_mark_t mark = reading->event.start_mark;
        if (!config_expect(reading, YAML_MAPPING_START_EVENT, "id (optional) and file"))
            continue;
        config_read_key(reading, &key);
        if (count < CONFIG_KEYS_MAX && key.file != NULL) {
            keys[count++] = key;
            continue;
        }
        if (count == CONFIG_KEYS_MAX)
            config_wrong_at(reading, mark, "at most %d keys.", CONFIG_KEYS_MAX);
        free(key.id);
        free(key.file);
    }
    config_set_keys(reading->config, setting, keys, count);
    while (count-- > 0) {
        free(keys[count].id);
        free(keys[count].file);
    }
}

/* How many letters differ, are missing or too many. */
static unsigned config_count_edits(const char *from, const char *to)
{
    unsigned row[CONFIG_QUOTE_BYTES];
    size_t size = strlen(to);
    assert(size < CONFIG_QUOTE_BYTES);
    for (unsigned i = 0; i <= size; i++)
        row[i] = i;
    for (unsigned line = 1; *from != 0; from++, line++) {
        unsigned diagonal = row[0];
        row[0] = line;
        for (size_t i = 1; i <= size; i++) {
            unsigned best = diagonal + (*from != to[i - 1]);
            diagonal = row[i];
            best = best < row[i] + 1 ? best : row[i] + 1;
            row[i] = best < row[i - 1] + 1 ? best : row[i - 1] + 1;
        }
    }
    return row[size];
}

static void config_unknown(struct config_reading *reading, yaml_mark_t mark)
{
    const char *nearest = NULL;
    unsigned least = CONFIG_NAME_EDITS_MAX + 1;
    for (unsigned i = 0; i < CONFIG_SETTINGS; i++) {
        unsigned edits = config_count_edits(reading->name, config_settings[i].name);
        if (edits < least) {
            least = edits;
            nearest = config_settings[i].name;
        }
    }
    config_wrong_at(reading, mark,
                    "there is no such setting%s%s%s "
                    "docs/configuration.md lists them.",
                    nearest == NULL ? "." : "; is ", nearest == NULL ? "" : nearest,
                    nearest == NULL ? "" : " meant?");
}

/* A setting's name is the current event: reads its value. */
static void config_read_setting(struct config_reading *reading)
{
    struct config *config = reading->config;
    yaml_mark_t mark = reading->event.start_mark;
    reading->name[0] = 0;
    reading->setting = CONFIG_SETTINGS;
    if (!config_expect(reading, YAML_SCALAR_EVENT, "a setting's name")) {
        if (config_next(reading))
            config_skip(reading);
        return;
    }
    config_quote(&reading->event, reading->name);
    for (unsigned i = 0; i < CONFIG_SETTINGS; i++) {
        if (strcmp(reading->name, config_settings[i].name) == 0)
            reading->setting = i;
    }
    unsigned setting = reading->setting;
    if (!config_next(reading))
        return;
    if (setting == CONFIG_SETTINGS) {
        config_unknown(reading, mark);
        config_skip(reading);
        return;
    }
    if (config->sources[setting] == CONFIG_FILE) {
        config_wrong_at(reading, mark, "it is given twice, first in line %u; take one away.",
                        config->lines[setting]);
        config_skip(reading);
        return;
    }
    config->sources[setting] = CONFIG_FILE; /* also where the value is wrong: it was told then */
    if (config_is_at(reading, YAML_SCALAR_EVENT)) /* a list begins with its name */
        mark = reading->event.start_mark;
    config->lines[setting] = (unsigned)mark.line + 1;
    config->columns[setting] = (unsigned)mark.column + 1;
    if (config_settings[setting].kind == CONFIG_IS_KEYS)
        config_read_keys(reading);
    else if (config_settings[setting].kind == CONFIG_IS_NAMES)
        config_read_names(reading);
    else
        config_read_scalar(reading);
}

static void config_read_document(struct config_reading *reading)
{
    bool is_first = true;
    while (config_next(reading) && !config_is_at(reading, YAML_STREAM_END_EVENT)) {
        if (!config_is_at(reading, YAML_DOCUMENT_START_EVENT))
            continue;
        yaml_mark_t mark = reading->event.start_mark;
        reading->setting = CONFIG_SETTINGS;
        reading->name[0] = 0;
        if (!is_first) {
            config_wrong_at(reading, mark,
                            "a second document (---) is not read; write all "
                            "settings into one.");
            return;
        }
        is_first = false;
        if (!config_next(reading) ||
            !config_expect(reading, YAML_MAPPING_START_EVENT, "settings, as in \"workers: 4\","))
            continue;
        while (config_next(reading) && !config_is_at(reading, YAML_MAPPING_END_EVENT))
            config_read_setting(reading);
    }
}

static enum status config_read_file(const char *file, char **text, size_t *size)
{
    FILE *in = fopen(file, "re");
    if (in == NULL)
        return errno == ENOENT ? STATUS_NOT_FOUND : STATUS_IO;
    *text = memory_new(CONFIG_FILE_BYTES_MAX);
    *size = fread(*text, 1, CONFIG_FILE_BYTES_MAX, in);
    enum status status = ferror(in) != 0                  ? STATUS_IO
                         : *size == CONFIG_FILE_BYTES_MAX ? STATUS_TOO_LARGE
                                                          : STATUS_OK;
    fclose(in);
    return status;
}

enum status config_parse(struct config *config, const char *file, struct view text,
                         config_problem_fn *on_problem, void *context)
{
    struct config_reading reading = {
        .config = config, .report = {on_problem, context}, .setting = CONFIG_SETTINGS};
    config_set(&config->file, file);
    if (yaml_parser_initialize(&reading.parser) == 0)
        abort();
    yaml_parser_set_encoding(&reading.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&reading.parser, text.data, text.size);
    config_read_document(&reading);
    yaml_event_delete(&reading.event);
    yaml_parser_delete(&reading.parser);
    return reading.is_wrong ? STATUS_MALFORMED : STATUS_OK;
}

enum status config_load(struct config *config, const char *file, config_problem_fn *on_problem,
                        void *context)
{
    struct config_report report = {on_problem, context};
    char *text = NULL;
    size_t size = 0;
    enum status status = config_read_file(file, &text, &size);
    if (status == STATUS_OK) {
        status = config_parse(config, file, view_make(text, size), on_problem, context);
    } else {
        config_set(&config->file, file);
        config_report(&report,
                      &(struct config_problem){
                          .setting = CONFIG_SETTINGS, .source = CONFIG_FILE, .file = config->file},
                      status == STATUS_TOO_LARGE
                          ? "the configuration file is larger than 1 MiB."
                          : "the configuration file cannot be opened; check the path and its "
                            "permissions.");
    }
    free(text);
    return status;
}
