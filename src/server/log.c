#include "server/log.h"

#include "server/clock.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char *const log_levels[LOG_LEVELS] = {"error", "warning", "info"};

static const struct {
    const char *name;
    enum log_level level;
    const char *sentence;
} log_events[LOG_EVENTS] = {
#define LOG_EVENT(name, level, sentence) {#name, LOG_LEVEL_##level, sentence},
#include "server/log.def"
#undef LOG_EVENT
};

static struct {
    bool is_json;
    enum log_level level;
} log_settings = {.level = LOG_LEVEL_info};

bool log_is_format(const char *format)
{
    return format != NULL && (strcmp(format, "text") == 0 || strcmp(format, "json") == 0);
}

static int log_find_level(const char *level)
{
    for (int i = 0; i < LOG_LEVELS && level != NULL; i++) {
        if (strcmp(level, log_levels[i]) == 0)
            return i;
    }
    return -1;
}

bool log_is_level(const char *level)
{
    return log_find_level(level) >= 0;
}

bool log_configure(const char *format, const char *level)
{
    int found = log_find_level(level);
    if (!log_is_format(format) || found < 0)
        return false;
    log_settings.is_json = strcmp(format, "json") == 0;
    log_settings.level = (enum log_level)found;
    return true;
}

/* The next code point, 0xfffd for what is none, and how many bytes it has. */
static uint32_t log_next(const uint8_t *text, size_t *size)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t want = text[0] < 0x80   ? 1
                  : text[0] < 0xc0 ? 0
                  : text[0] < 0xe0 ? 2
                  : text[0] < 0xf0 ? 3
                                   : 4;
    uint32_t code = want == 1 ? text[0] : want == 0 ? 0 : text[0] & (0x7fU >> want);
    *size = 1;
    if (want == 0 || text[0] >= 0xf8)
        return 0xfffd;
    for (size_t i = 1; i < want; i++) {
        if ((text[i] & 0xc0) != 0x80) /* the NUL is none, either */
            return 0xfffd;
        code = code << 6 | (text[i] & 0x3f);
    }
    if (code < least[want] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
        return 0xfffd;
    *size = want;
    return code;
}

/* What would end the line or the quotes, move a terminal's cursor, or turn the text around. */
static bool log_is_unsafe(uint32_t code)
{
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == '"' || code == '\\' ||
           (code >= 0x200e && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) ||
           (code >= 0x2066 && code <= 0x2069) || code == 0xfffd;
}

/* The value in its quotes, as a string of JSON; cut short where it is very long. */
static size_t log_quote(const char *text, char *out)
{
    const uint8_t *at = (const uint8_t *)text;
    size_t used = 0;
    out[used++] = '"';
    for (size_t size; *at != 0; at += size) {
        uint32_t code = log_next(at, &size);
        if (used > LOG_VALUE_BYTES_MAX) {
            for (int i = 0; i < 3; i++)
                out[used++] = '.';
            break;
        }
        if (!log_is_unsafe(code)) {
            memcpy(out + used, at, size);
            used += size;
        } else if (code == '"' || code == '\\') {
            out[used++] = '\\';
            out[used++] = (char)code;
        } else {
            used += (size_t)snprintf(out + used, 7, "\\u%04x", (unsigned)code);
        }
    }
    out[used++] = '"';
    return used;
}

static size_t log_stamp(uint64_t wall_ms, char *out, size_t size)
{
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm time;
    gmtime_r(&seconds, &time);
    size_t used = strftime(out, size, "%Y-%m-%dT%H:%M:%S", &time);
    return used + (size_t)snprintf(out + used, size - used, ".%03uZ", (unsigned)(wall_ms % 1000));
}

size_t log_compose(bool is_json, uint64_t wall_ms, enum log_event event,
                   const struct log_field *fields, char line[LOG_LINE_BYTES])
{
    const size_t room = LOG_LINE_BYTES - LOG_FIELDS_MAX * (LOG_VALUE_BYTES_MAX + 64);
    const char *level = log_levels[log_events[event].level];
    char stamp[40];
    log_stamp(wall_ms, stamp, sizeof(stamp));
    size_t used = (size_t)snprintf(
        line, room,
        is_json ? "{\"time\":\"%s\",\"level\":\"%s\",\"event\":\"%s\",\"text\":\"%s\""
                : "%s %s %s: %s",
        stamp, level, log_events[event].name, log_events[event].sentence);
    assert(used < room);
    for (int i = 0; fields != NULL && fields[i].name != NULL; i++) {
        assert(i < LOG_FIELDS_MAX && strlen(fields[i].name) < 32);
        used += (size_t)snprintf(line + used, 64, is_json ? ",\"%s\":" : " %s=", fields[i].name);
        if (fields[i].text != NULL)
            used += log_quote(fields[i].text, line + used);
        else
            used += (size_t)snprintf(line + used, 32, "%" PRIu64, fields[i].number);
    }
    if (is_json)
        line[used++] = '}';
    line[used++] = '\n';
    return used;
}

void log_write(enum log_event event, const struct log_field *fields)
{
    char line[LOG_LINE_BYTES];
    if (log_events[event].level > log_settings.level)
        return;
    size_t size = log_compose(log_settings.is_json, clock_wall_ms(), event, fields, line);
    (void)!write(STDERR_FILENO, line, size); /* there is nobody else to tell */
}
