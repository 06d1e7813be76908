#include "client/loop_internal.h"

enum {
    EVICT_STEPS_MAX = 4, /* in one transaction */
    EVICT_PAUSE_MS = 50  /* until the next, while there is more to delete */
};

static void loop_on_evict(uv_timer_t *timer);

void loop_evict(struct loop *loop)
{
    struct database_evicted range;
    size_t steps = 0;
    while (steps < EVICT_STEPS_MAX &&
           database_evict(loop->client->database, &loop->arena, &range)) {
        struct evicted *evicted = arena_zero(&loop->arena, sizeof(*evicted));
        *evicted = (struct evicted){range, loop->evicted};
        loop->evicted = evicted;
        steps++;
    }
    if (steps == EVICT_STEPS_MAX && !uv_is_active((uv_handle_t *)&loop->evict))
        uv_timer_start(&loop->evict, loop_on_evict, EVICT_PAUSE_MS, 0);
}

void loop_show_evicted(struct loop *loop)
{
    struct evicted *in_order = NULL;
    while (loop->evicted != NULL) {
        struct evicted *next = loop->evicted->next;
        loop->evicted->next = in_order;
        in_order = loop->evicted;
        loop->evicted = next;
    }
    for (; in_order != NULL; in_order = in_order->next) {
        struct unsay_evicted shown = {in_order->range.conversation, in_order->range.origin,
                                      in_order->range.first, in_order->range.last};
        if (loop->client->callbacks.on_evicted != NULL)
            loop->client->callbacks.on_evicted(loop->client->context, &shown);
    }
}

/* A failure shows itself to the next transaction too, which closes the connection. */
static void loop_on_evict(uv_timer_t *timer)
{
    struct loop *loop = timer->data;
    arena_reset(&loop->arena);
    loop->evicted = NULL;
    database_begin(loop->client->database);
    loop_evict(loop);
    if (database_commit(loop->client->database, NULL) == STATUS_OK)
        loop_show_evicted(loop);
}

void loop_evict_soon(struct loop *loop)
{
    uv_timer_start(&loop->evict, loop_on_evict, 0, 0);
}
