/* The log: what a server says on stderr once it runs, an event a line. As text
 *
 *   2026-05-04T10:11:12.345Z warning policy_refused: the policy file is not valid: ... reason="..."
 *
 * or as JSON, with time, level, event and text, and then the fields. Whatever a value holds, it
 * stays within its quotes and its line. From any thread; a line is one write. */
#ifndef UNSAY_SERVER_LOG_H
#define UNSAY_SERVER_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_LEVEL_error, LOG_LEVEL_warning, LOG_LEVEL_info, LOG_LEVELS };

enum log_event {
#define LOG_EVENT(name, level, sentence) LOG_##name,
#include "server/log.def"
#undef LOG_EVENT
    LOG_EVENTS
};

enum { LOG_FIELDS_MAX = 6, LOG_VALUE_BYTES_MAX = 1024, LOG_LINE_BYTES = 8192 };

struct log_field {
    const char *name; /* NULL: the end */
    const char *text; /* lent; NULL: it is a number */
    uint64_t number;
};

/* Says the event, with the fields, at most LOG_FIELDS_MAX. */
#define log_say(event, ...) \
    log_write(event, (const struct log_field[]){__VA_ARGS__, {.name = NULL}})
#define LOG_TEXT(name_, text_)       \
    {                                \
        .name = name_, .text = text_ \
    }
#define LOG_NUMBER(name_, number_)       \
    {                                    \
        .name = name_, .number = number_ \
    }

/* "text" or "json"; the last level that is said: "error", "warning" or "info". False: not one of
 * them, and all stays. Before the threads. */
bool log_configure(const char *format, const char *level);

bool log_is_format(const char *format);
bool log_is_level(const char *level);

/* `fields` end with a name that is NULL; NULL: there are none. */
void log_write(enum log_event event, const struct log_field *fields);

/* The line for that, with its newline; returns its size. */
size_t log_compose(bool is_json, uint64_t wall_ms, enum log_event event,
                   const struct log_field *fields, char line[LOG_LINE_BYTES]);

#endif
