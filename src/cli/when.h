/* Points in time as a person gives them. */
#ifndef UNSAY_CLI_WHEN_H
#define UNSAY_CLI_WHEN_H

#include "cli/options.h"

/* "2026-01-31", "2026-01-31T23:59:59Z" (UTC), or how long ago: 30s, 15m, 24h, 7d. Unix
 * milliseconds; false when it is none of them. */
MUST_CHECK bool when_parse(const char *text, uint64_t *time_ms);

#endif
