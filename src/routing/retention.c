#include "routing/retention.h"

#include "base/memory.h"
#include "core/frame.h"
#include "routing/worker.h"

#include <stdlib.h>

enum { RETENTION_PERIODS = 168 }; /* in a retention: an hour, if that is seven days */

void retention_init(struct retention *retention)
{
    *retention = (struct retention){.entries = NULL};
}

void retention_fini(struct retention *retention)
{
    free(retention->entries);
}

static struct retention_entry *retention_entry(struct retention *retention,
                                               struct view conversation, uint32_t origin)
{
    if (retention->entries == NULL)
        retention->entries =
            memory_new_array(LIMIT_RETENTION_CACHE_MAX, sizeof(*retention->entries));
    struct retention_entry *entry =
        &retention->entries[(table_hash(conversation) + origin) % LIMIT_RETENTION_CACHE_MAX];
    if (entry->origin != origin ||
        !view_equal(view_make(entry->id, entry->id_bytes), conversation)) {
        *entry = (struct retention_entry){.origin = origin, .id_bytes = (uint8_t)conversation.size};
        memcpy(entry->id, conversation.data, conversation.size);
    }
    return entry;
}

/* The policy would decide nothing by this clock, and neither is anything skipped by it. */
static bool retention_has_clock(const struct worker *worker)
{
    const struct rulebook *rules = &worker->settings.rules;
    return !rules->clock_is_unsure || rules->policy->on_clock_unsure == POLICY_UNSURE_DECIDE;
}

/* An event that is no longer there is old. */
static enum status retention_is_old(struct worker *worker, struct event_key key, uint64_t before_ms,
                                    bool *is_old)
{
    struct view bytes;
    struct arena arena;
    *is_old = true;
    arena_init(&arena);
    enum status status = store_get_event(worker->store, key, &arena, &bytes);
    if (status == STATUS_OK)
        *is_old = event_peek(bytes).time >> 16 < before_ms;
    arena_fini(&arena);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

/* Event *old is old; moves it to the last one before `recent` that is. */
static enum status retention_bisect(struct worker *worker, struct event_key key, uint64_t before_ms,
                                    uint64_t recent, uint64_t *old)
{
    while (recent - *old > 1) {
        bool is_old;
        key.seq = *old + (recent - *old) / 2;
        enum status status = retention_is_old(worker, key, before_ms, &is_old);
        if (status != STATUS_OK)
            return status;
        if (is_old)
            *old = key.seq;
        else
            recent = key.seq;
    }
    return STATUS_OK;
}

enum status retention_begin(struct worker *worker, struct view conversation, uint32_t origin,
                            uint64_t head, uint64_t after, uint64_t *begin)
{
    uint64_t retention_ms = worker->settings.offline_retention_ms;
    uint64_t now_ms = worker->now.wall_ms;
    /* The first one that is given in any case. */
    uint64_t last = head < LIMIT_SYNC_EVENTS_MIN ? 1 : head - LIMIT_SYNC_EVENTS_MIN + 1;
    *begin = 0;
    if (retention_ms == 0 || retention_ms > now_ms || !retention_has_clock(worker) ||
        after >= last || last - after == 1)
        return STATUS_OK;
    uint64_t before_ms = now_ms - retention_ms;
    struct event_key key = {conversation, origin, after + 1};
    bool is_old;
    enum status status = retention_is_old(worker, key, before_ms, &is_old);
    if (status != STATUS_OK || !is_old)
        return status;

    uint64_t old = key.seq;
    uint64_t period = now_ms / (retention_ms / RETENTION_PERIODS + 1);
    struct retention_entry *entry = retention_entry(&worker->retention, conversation, origin);
    if (entry->period == period && entry->old >= old) {
        old = entry->old;
    } else {
        key.seq = last;
        status = retention_is_old(worker, key, before_ms, &is_old);
        if (status == STATUS_OK && is_old)
            old = last;
        else if (status == STATUS_OK)
            status = retention_bisect(worker, key, before_ms, last, &old);
        if (status != STATUS_OK)
            return status;
        entry->period = period;
        entry->old = old;
    }
    *begin = old < last ? old + 1 : last;
    return STATUS_OK;
}
