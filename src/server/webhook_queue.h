/* What waits to be told to the product's backend: rows of the store's outbox that are in memory, a
 * window of WEBHOOK_WINDOW deliveries, each a webhook of its own, and what is to be written of
 * them. Of one thread. */
#ifndef UNSAY_SERVER_WEBHOOK_QUEUE_H
#define UNSAY_SERVER_WEBHOOK_QUEUE_H

#include "core/delivery.h"
#include "server/webhook_content.h"

enum { WEBHOOK_REASON_BYTES = 160 };

struct webhook_row;

struct webhook_job {
    struct delivery delivery; /* first: it is found from there */
    struct list node;         /* of the queue: jobs, or buried */
    struct webhook_row *row;
    struct webhook_item item;
    char reason[WEBHOOK_REASON_BYTES]; /* of the last failure */
};

/* Waiting goes by a clock that is never set; what is said of time by the other one. */
struct webhook_now {
    uint64_t steady_ms;
    uint64_t wall_ms; /* Unix */
};

struct webhook_queue {
    struct store *store;
    unsigned types; /* a bit for each that is told */
    uint32_t push_delay_ms;
    struct deliveries deliveries;
    struct list rows;   /* of which something waits, ascending */
    struct list jobs;   /* in the order in which they came */
    struct list done;   /* rows that may go */
    struct list buried; /* jobs that were given up */
    uint64_t read;      /* rows up to here are in memory, or done */
    uint64_t rescan_ms;
    size_t damaged;     /* entries that cannot be read; set to 0 by whoever counts them */
    struct arena arena; /* of one reading or writing */
};

void webhook_queue_init(struct webhook_queue *queue, struct store *store, uint32_t attempts_max,
                        uint64_t seed);
void webhook_queue_fini(struct webhook_queue *queue);

/* Fills the window from the store. Where only now_ms is asked for, it is the steady one. */
MUST_CHECK enum status webhook_queue_read(struct webhook_queue *queue, struct webhook_now now);

/* The next one to try, which is then under way; *wake_ms as of deliveries_next. */
struct webhook_job *webhook_queue_next(struct webhook_queue *queue, uint64_t now_ms,
                                       uint64_t *wake_ms);

/* It was taken, or there is nothing to tell: it is no more. */
void webhook_queue_end(struct webhook_queue *queue, struct webhook_job *job, uint64_t now_ms);

/* It was given up: it becomes a dead letter. */
void webhook_queue_bury(struct webhook_queue *queue, struct webhook_job *job, uint64_t now_ms);

/* Gives up what belongs to commits longer ago than OUTBOX_COMMITS_MAX, but for what is under way;
 * returns how many. */
size_t webhook_queue_trim(struct webhook_queue *queue, uint64_t now_ms);

/* Writes what has ended; *lost: dead letters that went to make room. After a failure it is tried
 * again with the next call. */
MUST_CHECK enum status webhook_queue_settle(struct webhook_queue *queue, uint64_t wall_ms,
                                            size_t *lost, struct failure *failure);

/* When the oldest of them was committed; 0: nothing waits. */
uint64_t webhook_queue_oldest_ms(const struct webhook_queue *queue);

#endif
