/* Where a log begins for a device that was away for long. Sync gives what is not older than the
 * retention, and the last LIMIT_SYNC_EVENTS_MIN events however old they are; what lies between the
 * device's cursor and that stays in the log, to be read on request.
 *
 * The place is found by bisecting the log by the events' times, which ascend, and is remembered for
 * a while: it only moves forward, so one that was found earlier gives too much, never too little.
 * Where the policy does not trust the clock, everything is given. */
#ifndef UNSAY_ROUTING_RETENTION_H
#define UNSAY_ROUTING_RETENTION_H

#include "base/limits.h"
#include "base/status.h"
#include "base/view.h"

#include <stdint.h>

struct worker;

/* Found in a period of time: the events up to `old` are older than the retention. */
struct retention_entry {
    uint64_t period; /* 0: none */
    uint64_t old;
    uint32_t origin;
    uint8_t id_bytes;
    char id[LIMIT_CONVERSATION_ID_BYTES_MAX];
};

struct retention {
    struct retention_entry *entries; /* by hash, LIMIT_RETENTION_CACHE_MAX; NULL until needed */
};

void retention_init(struct retention *retention);
void retention_fini(struct retention *retention);

/* Where the log (whose last event is `head`) begins for a cursor at `after`; 0: right after it. */
MUST_CHECK enum status retention_begin(struct worker *worker, struct view conversation,
                                       uint32_t origin, uint64_t head, uint64_t after,
                                       uint64_t *begin);

#endif
