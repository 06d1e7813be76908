/* Deliveries to the product's backend: which of them may be under way now, and when the next try
 * is.
 *
 *   WAITING --next--> UNDER WAY --taken--> gone
 *      ^                  |---refused------> WAITING, later; after attempts_max tries DEAD
 *      |------------------|---unreachable--> WAITING, and with it all others
 *
 * A lane is a conversation and a kind of news: its deliveries are taken in order, one at a time,
 * and one that waits for its next try holds up those behind it. Lanes do not hold up each other.
 * While nobody can be reached nothing counts as a try of its own: one delivery at a time probes,
 * later and later.
 *
 * Pure: times are the caller's, jitter comes from the seed. */
#ifndef UNSAY_CORE_DELIVERY_H
#define UNSAY_CORE_DELIVERY_H

#include "base/limits.h"
#include "base/list.h"
#include "base/status.h"
#include "base/table.h"
#include "core/backoff.h"

enum delivery_lane_kind { DELIVERY_OF_EVENTS, DELIVERY_OF_PUSHES };

struct delivery {
    struct list node; /* of its lane, in order */
    struct delivery_lane *lane;
    uint64_t due_ms;
    uint32_t attempts; /* that were refused */
    bool is_under_way;
};

struct deliveries {
    struct table lanes;
    struct list ready; /* of struct delivery_lane: those whose first delivery is due */
    struct list later; /* ... and those whose first one is not */
    uint64_t later_ms; /* when the first of these is, at the earliest */
    size_t count;
    size_t under_way;
    uint32_t failures; /* in a row: nobody was reached */
    uint64_t pause_until_ms;
    uint32_t attempts_max;
    struct prng prng;
};

enum delivery_result { DELIVERY_TAKEN, DELIVERY_REFUSED, DELIVERY_UNREACHABLE };

void deliveries_init(struct deliveries *deliveries, uint32_t attempts_max, uint64_t seed);

/* Forgets its deliveries, which are the caller's. */
void deliveries_fini(struct deliveries *deliveries);

/* Adds one behind those of its lane, not to be tried before due_ms. `delivery` is lent until it is
 * removed. */
void deliveries_add(struct deliveries *deliveries, struct delivery *delivery,
                    struct view conversation, enum delivery_lane_kind kind, uint64_t due_ms,
                    uint64_t now_ms);

/* The next one to try, which is then under way; NULL: none now. *wake_ms: when to ask again, unless
 * something ends before; UINT64_MAX: nothing waits for time. */
struct delivery *deliveries_next(struct deliveries *deliveries, uint64_t now_ms, uint64_t *wake_ms);

/* The try has ended. Taken, or true: it is at its end, and to be removed; else it waits. */
MUST_CHECK bool deliveries_end(struct deliveries *deliveries, struct delivery *delivery,
                               enum delivery_result result, uint64_t now_ms);

/* Part of it was taken, or what was sent is out of date: it is tried again at once. */
void deliveries_go_on(struct deliveries *deliveries, struct delivery *delivery);

void deliveries_remove(struct deliveries *deliveries, struct delivery *delivery, uint64_t now_ms);

/* Nobody has been reached for several tries. */
bool deliveries_are_paused(const struct deliveries *deliveries);

#endif
