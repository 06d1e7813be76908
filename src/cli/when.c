#include "cli/when.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

uint64_t when_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

bool when_parse(const char *text, uint64_t *time_ms)
{
    static const char *const forms[] = {"%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d"};
    uint64_t ago_ms;
    if (options_duration(text, &ago_ms)) {
        *time_ms = when_now_ms() - ago_ms;
        return true;
    }
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        struct tm utc = {.tm_mday = 1};
        const char *end = strptime(text, forms[i], &utc);
        if (end == NULL || *end != 0)
            continue;
        time_t seconds = timegm(&utc);
        *time_ms = (uint64_t)seconds * 1000;
        return seconds > 0;
    }
    return false;
}

/* "7_DAYS", "1_HOUR", "HOUR". */
static bool when_parse_last(const char *text, uint64_t *from_ms)
{
    static const struct {
        const char *name;
        char unit;
        unsigned count;
    } spans[] = {{"MINUTE", 'm', 1}, {"HOUR", 'h', 1}, {"DAY", 'd', 1}, {"WEEK", 'd', 7}};
    char ago[24];
    uint64_t number = 1;
    size_t digits = strspn(text, "0123456789");
    const char *word = digits == 0 ? text : text + digits + 1;
    snprintf(ago, sizeof(ago), "%.*s", (int)digits, text);
    if (digits != 0 && (text[digits] != '_' || !options_number(ago, 1, 100000, &number)))
        return false;
    for (size_t i = 0; i < sizeof(spans) / sizeof(spans[0]); i++) {
        size_t size = strlen(spans[i].name);
        if (strncasecmp(word, spans[i].name, size) != 0 ||
            (word[size] != 0 && strcasecmp(word + size, "S") != 0))
            continue;
        snprintf(ago, sizeof(ago), "%u%c", (unsigned)number * spans[i].count, spans[i].unit);
        return when_parse(ago, from_ms);
    }
    return false;
}

static bool when_parse_end(const char *text, size_t size, uint64_t *time_ms)
{
    char end[40];
    *time_ms = 0;
    if (size == 0)
        return true;
    if (size >= sizeof(end))
        return false;
    snprintf(end, sizeof(end), "%.*s", (int)size, text);
    return when_parse(end, time_ms);
}

bool when_parse_range(const char *text, uint64_t *from_ms, uint64_t *until_ms)
{
    const char *dots = strstr(text, "..");
    *until_ms = 0;
    if (strncasecmp(text, "LAST_", 5) == 0)
        return when_parse_last(text + 5, from_ms);
    if (dots == NULL)
        return when_parse(text, from_ms);
    return when_parse_end(text, (size_t)(dots - text), from_ms) &&
           when_parse_end(dots + 2, strlen(dots + 2), until_ms) &&
           (*until_ms == 0 || *from_ms < *until_ms);
}
