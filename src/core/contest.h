/* Two that share a device's name take it from each other, for as long as they come back: each
 * sign-in by token that takes the place of another one's living session counts, and after a few in
 * a row the next must wait, longer each time. Who holds the name keeps it meanwhile. */
#ifndef UNSAY_CORE_CONTEST_H
#define UNSAY_CORE_CONTEST_H

#include "core/rows.h"

enum {
    CONTESTS_FREE = 4,
    CONTEST_PAUSE_FIRST_MS = 1000, /* doubling */
    CONTEST_PAUSE_MAX_MS = 60000,
    CONTEST_QUIET_MS = 180000 /* then it is as if nothing had been */
};

/* A clock that was set back forgets, too. */
static inline bool contest_is_over(const struct device_row *row, uint64_t now_ms)
{
    return row->contests == 0 || now_ms < row->contested_ms ||
           now_ms - row->contested_ms >= CONTEST_QUIET_MS;
}

static inline void contest_count(struct device_row *row, uint64_t now_ms)
{
    if (contest_is_over(row, now_ms))
        row->contests = 0;
    row->contests += row->contests < UINT32_MAX;
    row->contested_ms = now_ms;
}

/* For how long no sign-in by token takes the name; 0: it may. */
static inline uint32_t contest_pause_ms(const struct device_row *row, uint64_t now_ms)
{
    if (contest_is_over(row, now_ms) || row->contests < CONTESTS_FREE)
        return 0;
    uint64_t pause_ms = CONTEST_PAUSE_FIRST_MS;
    for (uint32_t i = CONTESTS_FREE; i < row->contests && pause_ms < CONTEST_PAUSE_MAX_MS; i++)
        pause_ms *= 2;
    if (pause_ms > CONTEST_PAUSE_MAX_MS)
        pause_ms = CONTEST_PAUSE_MAX_MS;
    uint64_t passed_ms = now_ms - row->contested_ms;
    return passed_ms < pause_ms ? (uint32_t)(pause_ms - passed_ms) : 0;
}

#endif
