#include "server/policy_reader.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void policy_reader_init(struct policy_reader *reader, struct view content, const char *file,
                        struct failure *failure)
{
    *reader = (struct policy_reader){.file = file, .rule = POLICY_READER_TOP, .failure = failure};
    if (yaml_parser_initialize(&reader->parser) == 0)
        abort();
    yaml_parser_set_encoding(&reader->parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(
        &reader->parser, content.size == 0 ? (const uint8_t *)"" : content.data, content.size);
}

void policy_reader_fini(struct policy_reader *reader)
{
    yaml_event_delete(&reader->event);
    yaml_parser_delete(&reader->parser);
}

size_t policy_reader_line(const struct policy_reader *reader)
{
    return reader->event.start_mark.line + 1;
}

bool policy_reader_wrong(struct policy_reader *reader, size_t line, const char *format, ...)
{
    char place[96] = "";
    char what[320];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof(what), format, arguments);
    va_end(arguments);
    const char *field = reader->field == NULL ? "" : reader->field;
    if (reader->rule != POLICY_READER_TOP)
        snprintf(place, sizeof(place), "rules[%d]%s%s: ", reader->rule, *field == 0 ? "" : ".",
                 field);
    else if (*field != 0)
        snprintf(place, sizeof(place), "%s: ", field);
    failure_set(reader->failure, STATUS_MALFORMED, "%s:%zu: %s%s", reader->file, line, place, what);
    return false;
}

/* Where the text is no YAML at all. */
static bool policy_reader_not_yaml(struct policy_reader *reader)
{
    const yaml_parser_t *parser = &reader->parser;
    size_t line = parser->problem_mark.line + 1;
    reader->field = NULL;
    reader->rule = POLICY_READER_TOP;
    if (parser->error == YAML_READER_ERROR) {
        for (size_t i = line = 1; i < parser->problem_offset; i++)
            line += parser->input.string.start[i] == '\n';
        return policy_reader_wrong(reader, line, "not UTF-8 text (%s)", parser->problem);
    }
    return policy_reader_wrong(reader, line, "not YAML: %s",
                               parser->problem == NULL ? "it cannot be read" : parser->problem);
}

/* What the current event carries that policies do without; NULL: nothing. */
static const char *policy_reader_find_excess(const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_ALIAS_EVENT:
        return "an alias (*)";
    case YAML_SCALAR_EVENT:
        return event->data.scalar.anchor != NULL ? "an anchor (&)"
               : event->data.scalar.tag != NULL  ? "a tag (!)"
                                                 : NULL;
    case YAML_SEQUENCE_START_EVENT:
        return event->data.sequence_start.anchor != NULL ? "an anchor (&)"
               : event->data.sequence_start.tag != NULL  ? "a tag (!)"
                                                         : NULL;
    case YAML_MAPPING_START_EVENT:
        return event->data.mapping_start.anchor != NULL ? "an anchor (&)"
               : event->data.mapping_start.tag != NULL  ? "a tag (!)"
                                                        : NULL;
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_START_EVENT:
    case YAML_DOCUMENT_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
    default:
        return NULL;
    }
}

bool policy_reader_next(struct policy_reader *reader)
{
    yaml_event_delete(&reader->event);
    if (yaml_parser_parse(&reader->parser, &reader->event) == 0)
        return policy_reader_not_yaml(reader);
    const char *excess = policy_reader_find_excess(&reader->event);
    if (excess != NULL)
        return policy_reader_wrong(reader, policy_reader_line(reader),
                                   "%s is not accepted in a policy; write the value itself",
                                   excess);
    return true;
}

bool policy_reader_scalar(struct policy_reader *reader, struct view *text, const char *expected)
{
    if (reader->event.type != YAML_SCALAR_EVENT)
        return policy_reader_wrong(reader, policy_reader_line(reader),
                                   "write %s here, no list "
                                   "and no fields",
                                   expected);
    *text = view_make(reader->event.data.scalar.value, reader->event.data.scalar.length);
    return true;
}

const char *policy_reader_quote(struct view text, char quote[POLICY_READER_QUOTE_BYTES])
{
    size_t size = text.size;
    if (size > POLICY_READER_QUOTE_BYTES - 4) {
        size = POLICY_READER_QUOTE_BYTES - 4;
        while (size > 0 && (text.data[size] & 0xc0) == 0x80)
            size--;
    }
    for (size_t i = 0; i < size; i++)
        quote[i] = (char)(text.data[i] < 0x20 || text.data[i] == 0x7f ? '?' : text.data[i]);
    snprintf(quote + size, POLICY_READER_QUOTE_BYTES - size, "%s", size < text.size ? "..." : "");
    return quote;
}
