/* Points in time as a person gives them. */
#ifndef UNSAY_CLI_WHEN_H
#define UNSAY_CLI_WHEN_H

#include "cli/options.h"

/* The system's clock, Unix milliseconds. */
uint64_t when_now_ms(void);

/* "2026-01-31", "2026-01-31T23:59:59Z" (UTC), or how long ago: 30s, 15m, 24h, 7d. Unix
 * milliseconds; false when it is none of them. */
MUST_CHECK bool when_parse(const char *text, uint64_t *time_ms);

/* A range of time: "FROM..UNTIL", each a point in time or nothing, "LAST_7_DAYS" (MINUTES, HOURS,
 * DAYS or WEEKS, in any case, of one also LAST_HOUR), or one point in time: from then on. 0 stands
 * for an end that is open; false when it is none of them, or ends before it begins. */
MUST_CHECK bool when_parse_range(const char *text, uint64_t *from_ms, uint64_t *until_ms);

#endif
