/* Conversations that are to be read, as a heap: what the application has open comes first, then
 * what was active last, then what was queued first. */
#ifndef UNSAY_CORE_CLIENT_QUEUE_H
#define UNSAY_CORE_CLIENT_QUEUE_H

#include <stddef.h>
#include <stdint.h>

struct client_conversation;

struct client_queue {
    struct client_conversation **items; /* owned; the conversations are not */
    size_t count;
    size_t capacity;
    uint64_t last; /* counts what was queued */
};

void client_queue_init(struct client_queue *queue);
void client_queue_fini(struct client_queue *queue);

/* The conversation is not in the queue. */
void client_queue_add(struct client_queue *queue, struct client_conversation *conversation);

/* The first one, taken out; NULL when there is none. */
struct client_conversation *client_queue_take(struct client_queue *queue);

/* Nothing when it is not in the queue. */
void client_queue_remove(struct client_queue *queue, struct client_conversation *conversation);

/* What the order goes by has changed; nothing when it is not in the queue. */
void client_queue_moved(struct client_queue *queue, struct client_conversation *conversation);

#endif
