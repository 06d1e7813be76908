#include "core/delivery.h"

#include "base/memory.h"

#include <stdlib.h>

enum { DELIVERY_FAILURES_PAUSE = 3 };

/* Of one delivery that is refused: nearly nine hours until the twentieth try. */
static const struct backoff delivery_backoff = {.first_ms = 1000, .max_ms = 3600000};

/* While nobody is reached. */
static const struct backoff delivery_pause = {.first_ms = 1000, .max_ms = 60000};

struct delivery_lane {
    struct list node;       /* of deliveries.ready or later; of none while one is under way */
    struct list deliveries; /* in order */
    size_t name_bytes;
    uint8_t name[1 + LIMIT_CONVERSATION_ID_BYTES_MAX];
};

void deliveries_init(struct deliveries *deliveries, uint32_t attempts_max, uint64_t seed)
{
    *deliveries = (struct deliveries){.attempts_max = attempts_max, .prng = {seed}};
    table_init(&deliveries->lanes);
    list_init(&deliveries->ready);
    list_init(&deliveries->later);
    deliveries->later_ms = UINT64_MAX;
}

void deliveries_fini(struct deliveries *deliveries)
{
    size_t at = 0;
    for (struct delivery_lane *lane; (lane = table_next(&deliveries->lanes, &at)) != NULL;)
        free(lane);
    table_fini(&deliveries->lanes);
}

static struct delivery *lane_first(const struct delivery_lane *lane)
{
    return LIST_ITEM(lane->deliveries.next, struct delivery, node);
}

/* Where it belongs by its first delivery, behind the others. */
static void lane_place(struct deliveries *deliveries, struct delivery_lane *lane, uint64_t now_ms)
{
    const struct delivery *first = lane_first(lane);
    list_remove(&lane->node);
    if (first->is_under_way)
        return;
    if (first->due_ms <= now_ms) {
        list_push_back(&deliveries->ready, &lane->node);
        return;
    }
    list_push_back(&deliveries->later, &lane->node);
    if (first->due_ms < deliveries->later_ms)
        deliveries->later_ms = first->due_ms;
}

static struct delivery_lane *lane_get(struct deliveries *deliveries, struct view conversation,
                                      enum delivery_lane_kind kind)
{
    uint8_t name[1 + LIMIT_CONVERSATION_ID_BYTES_MAX] = {(uint8_t)kind};
    size_t size = conversation.size < LIMIT_CONVERSATION_ID_BYTES_MAX
                      ? conversation.size
                      : (size_t)LIMIT_CONVERSATION_ID_BYTES_MAX;
    memcpy(name + 1, conversation.data, size);
    struct delivery_lane *lane = table_get(&deliveries->lanes, view_make(name, 1 + size));
    if (lane != NULL)
        return lane;
    lane = memory_new(sizeof(*lane));
    lane->name_bytes = 1 + size;
    memcpy(lane->name, name, lane->name_bytes);
    list_init(&lane->node);
    list_init(&lane->deliveries);
    table_put(&deliveries->lanes, view_make(lane->name, lane->name_bytes), lane);
    return lane;
}

void deliveries_add(struct deliveries *deliveries, struct delivery *delivery,
                    struct view conversation, enum delivery_lane_kind kind, uint64_t due_ms,
                    uint64_t now_ms)
{
    struct delivery_lane *lane = lane_get(deliveries, conversation, kind);
    bool is_first = list_is_empty(&lane->deliveries);
    *delivery = (struct delivery){.lane = lane, .due_ms = due_ms};
    list_push_back(&lane->deliveries, &delivery->node);
    deliveries->count++;
    if (is_first)
        lane_place(deliveries, lane, now_ms);
}

bool deliveries_are_paused(const struct deliveries *deliveries)
{
    return deliveries->failures >= DELIVERY_FAILURES_PAUSE;
}

/* Whose time has come is ready. */
static void deliveries_wake(struct deliveries *deliveries, uint64_t now_ms)
{
    struct list waiting;
    if (now_ms < deliveries->later_ms)
        return;
    list_init(&waiting);
    for (struct list *at; (at = list_pop_front(&deliveries->later)) != NULL;)
        list_push_back(&waiting, at);
    deliveries->later_ms = UINT64_MAX;
    for (struct list *at; (at = list_pop_front(&waiting)) != NULL;)
        lane_place(deliveries, LIST_ITEM(at, struct delivery_lane, node), now_ms);
}

struct delivery *deliveries_next(struct deliveries *deliveries, uint64_t now_ms, uint64_t *wake_ms)
{
    *wake_ms = UINT64_MAX;
    if (deliveries_are_paused(deliveries)) {
        if (deliveries->under_way > 0)
            return NULL;
        if (now_ms < deliveries->pause_until_ms) {
            *wake_ms = deliveries->count > 0 ? deliveries->pause_until_ms : UINT64_MAX;
            return NULL;
        }
    }
    deliveries_wake(deliveries, now_ms);
    struct list *node = list_pop_front(&deliveries->ready);
    if (node == NULL) {
        *wake_ms = deliveries->later_ms;
        return NULL;
    }
    struct delivery *delivery = lane_first(LIST_ITEM(node, struct delivery_lane, node));
    delivery->is_under_way = true;
    deliveries->under_way++;
    return delivery;
}

static void delivery_land(struct deliveries *deliveries, struct delivery *delivery, uint64_t due_ms,
                          uint64_t now_ms)
{
    delivery->is_under_way = false;
    delivery->due_ms = due_ms;
    deliveries->under_way--;
    lane_place(deliveries, delivery->lane, now_ms);
}

bool deliveries_end(struct deliveries *deliveries, struct delivery *delivery,
                    enum delivery_result result, uint64_t now_ms)
{
    uint64_t due_ms = now_ms;
    if (result == DELIVERY_UNREACHABLE) {
        due_ms += backoff_jittered_ms(delivery_pause, deliveries->failures, &deliveries->prng);
        deliveries->failures += deliveries->failures < UINT32_MAX;
        deliveries->pause_until_ms = due_ms;
        delivery_land(deliveries, delivery, due_ms, now_ms);
        return false;
    }
    deliveries->failures = 0;
    if (result == DELIVERY_REFUSED)
        due_ms += backoff_jittered_ms(delivery_backoff, delivery->attempts++, &deliveries->prng);
    delivery_land(deliveries, delivery, due_ms, now_ms);
    return result == DELIVERY_TAKEN || delivery->attempts >= deliveries->attempts_max;
}

void deliveries_go_on(struct deliveries *deliveries, struct delivery *delivery)
{
    delivery_land(deliveries, delivery, 0, 0);
}

void deliveries_remove(struct deliveries *deliveries, struct delivery *delivery, uint64_t now_ms)
{
    struct delivery_lane *lane = delivery->lane;
    deliveries->under_way -= delivery->is_under_way;
    deliveries->count--;
    list_remove(&delivery->node);
    if (!list_is_empty(&lane->deliveries)) {
        lane_place(deliveries, lane, now_ms);
        return;
    }
    list_remove(&lane->node);
    table_remove(&deliveries->lanes, view_make(lane->name, lane->name_bytes));
    free(lane);
}
