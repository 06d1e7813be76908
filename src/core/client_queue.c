#include "core/client_queue.h"

#include "base/memory.h"
#include "core/client_conversations.h"

#include <stdlib.h>

void client_queue_init(struct client_queue *queue)
{
    *queue = (struct client_queue){.items = NULL};
}

void client_queue_fini(struct client_queue *queue)
{
    free(queue->items);
}

static bool client_queue_is_before(const struct client_conversation *a,
                                   const struct client_conversation *b)
{
    if (a->is_open != b->is_open)
        return a->is_open;
    return a->activity != b->activity ? a->activity > b->activity : a->queued < b->queued;
}

/* Places in the heap begin with 1. */
static void client_queue_put(struct client_queue *queue, size_t place,
                             struct client_conversation *conversation)
{
    queue->items[place - 1] = conversation;
    conversation->queue_place = place;
}

/* Moves the conversation from `place`, where there is room for it, to where it belongs. */
static void client_queue_settle(struct client_queue *queue, size_t place,
                                struct client_conversation *conversation)
{
    for (; place > 1 && client_queue_is_before(conversation, queue->items[place / 2 - 1]);
         place /= 2)
        client_queue_put(queue, place, queue->items[place / 2 - 1]);
    for (size_t below; (below = 2 * place) <= queue->count; place = below) {
        if (below < queue->count &&
            client_queue_is_before(queue->items[below], queue->items[below - 1]))
            below++;
        if (!client_queue_is_before(queue->items[below - 1], conversation))
            break;
        client_queue_put(queue, place, queue->items[below - 1]);
    }
    client_queue_put(queue, place, conversation);
}

void client_queue_add(struct client_queue *queue, struct client_conversation *conversation)
{
    if (queue->count == queue->capacity) {
        queue->capacity = queue->capacity == 0 ? 16 : 2 * queue->capacity;
        queue->items = memory_resize(queue->items, queue->capacity * sizeof(*queue->items));
    }
    conversation->queued = ++queue->last;
    queue->count++;
    client_queue_settle(queue, queue->count, conversation);
}

struct client_conversation *client_queue_take(struct client_queue *queue)
{
    struct client_conversation *first = queue->count == 0 ? NULL : queue->items[0];
    if (first != NULL)
        client_queue_remove(queue, first);
    return first;
}

void client_queue_remove(struct client_queue *queue, struct client_conversation *conversation)
{
    size_t place = conversation->queue_place;
    if (place == 0)
        return;
    conversation->queue_place = 0;
    struct client_conversation *last = queue->items[--queue->count];
    if (last != conversation)
        client_queue_settle(queue, place, last);
}

void client_queue_moved(struct client_queue *queue, struct client_conversation *conversation)
{
    if (conversation->queue_place != 0)
        client_queue_settle(queue, conversation->queue_place, conversation);
}
