#include "cli/when.h"

#include <time.h>

static uint64_t now_ms(void)
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
        *time_ms = now_ms() - ago_ms;
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
