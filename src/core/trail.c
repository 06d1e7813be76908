#include "core/trail.h"

#include <string.h>

enum { TRAIL_FINE_MS = 3600000, TRAIL_GRAIN_MS = 1000 };

/* How much would be lost with mark `at`: the time between its neighbours, compared with the age of
 * the younger one. */
static double trail_worth(const struct trail *trail, uint32_t at, uint64_t now_ms)
{
    uint64_t gap_ms = trail->marks[at + 1].time_ms - trail->marks[at - 1].time_ms;
    return (double)gap_ms / (double)(now_ms - trail->marks[at + 1].time_ms + TRAIL_GRAIN_MS);
}

/* What is older than an hour goes first; among younger marks, the one that tells least. */
static void trail_thin(struct trail *trail, uint64_t now_ms)
{
    uint32_t dropped = 0;
    if (now_ms - trail->marks[1].time_ms < TRAIL_FINE_MS) {
        dropped = 1;
        for (uint32_t i = 2; i + 1 < trail->count; i++)
            if (trail_worth(trail, i, now_ms) < trail_worth(trail, dropped, now_ms))
                dropped = i;
    }
    trail->count--;
    memmove(&trail->marks[dropped], &trail->marks[dropped + 1],
            (trail->count - dropped) * sizeof(trail->marks[0]));
}

void trail_move(struct trail *trail, uint64_t seq, uint64_t now_ms)
{
    if (seq <= trail_seq(trail))
        return;
    struct trail_mark *last = trail->count == 0 ? NULL : &trail->marks[trail->count - 1];
    if (last != NULL && now_ms <= last->time_ms) {
        last->seq = seq;
        return;
    }
    if (trail->count == TRAIL_MARKS_MAX)
        trail_thin(trail, now_ms);
    trail->marks[trail->count++] = (struct trail_mark){seq, now_ms};
}

uint64_t trail_reached(const struct trail *trail, uint64_t seq, uint64_t *earliest_ms)
{
    *earliest_ms = 0;
    for (uint32_t i = 0; i < trail->count; i++) {
        if (trail->marks[i].seq >= seq) {
            if (trail->count < TRAIL_MARKS_MAX) /* no mark was ever dropped: that is when it was */
                *earliest_ms = trail->marks[i].time_ms - 1;
            return trail->marks[i].time_ms;
        }
        *earliest_ms = trail->marks[i].time_ms;
    }
    return 0;
}
