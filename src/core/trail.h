/* How a cursor moved: at which time it had come how far. A device's acknowledgements are
 * cumulative, so a few marks tell for every event when it was reached. Within the last hour marks
 * are dropped where their neighbours are close compared with their age, so that recent times are
 * told finely; of what is older only the end of the trail is known. */
#ifndef UNSAY_CORE_TRAIL_H
#define UNSAY_CORE_TRAIL_H

#include <stdint.h>

enum { TRAIL_MARKS_MAX = 8 };

struct trail_mark {
    uint64_t seq;     /* the cursor */
    uint64_t time_ms; /* since when, Unix milliseconds, the server's clock */
};

/* Marks ascend in both; the last one is the cursor. Zeroed: the cursor is 0. */
struct trail {
    uint32_t count;
    struct trail_mark marks[TRAIL_MARKS_MAX];
};

static inline uint64_t trail_seq(const struct trail *trail)
{
    return trail->count == 0 ? 0 : trail->marks[trail->count - 1].seq;
}

/* The cursor has come to `seq`; one that is not larger changes nothing. A clock that went back
 * counts as standing still. */
void trail_move(struct trail *trail, uint64_t seq, uint64_t now_ms);

/* When the cursor had passed `seq`: at the latest; 0: it has not. *earliest_ms: a time at which it
 * was not there yet; 0: none is known. */
uint64_t trail_reached(const struct trail *trail, uint64_t seq, uint64_t *earliest_ms);

#endif
