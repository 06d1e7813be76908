/* The heartbeat interval that the server grants a client. */
#ifndef UNSAY_CORE_HEARTBEAT_H
#define UNSAY_CORE_HEARTBEAT_H

#include "base/limits.h"

#include <stdint.h>

/* What it asked for (Hello.heartbeat_ms) within bounds; who did not ask gets the server's own. */
static inline uint32_t heartbeat_granted_ms(uint32_t asked_ms, uint32_t own_ms, uint32_t max_ms)
{
    uint32_t least_ms =
        own_ms < LIMIT_HEARTBEAT_ASKED_MS_MIN ? own_ms : LIMIT_HEARTBEAT_ASKED_MS_MIN;
    if (asked_ms == 0)
        return own_ms;
    if (max_ms < own_ms)
        max_ms = own_ms;
    if (asked_ms > max_ms)
        return max_ms;
    return asked_ms < least_ms ? least_ms : asked_ms;
}

#endif
