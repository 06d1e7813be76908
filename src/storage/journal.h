/* The numbers of journal rows: who has one, and up to which one no commit is under way any more.
 *
 * Threads: all of it from any thread at any time. */
#ifndef UNSAY_STORAGE_JOURNAL_H
#define UNSAY_STORAGE_JOURNAL_H

#include "base/list.h"

#include <pthread.h>
#include <stdint.h>

struct journal {
    pthread_mutex_t lock;
    uint64_t next;         /* the number of the next commit */
    struct list in_flight; /* of struct journal_place, ascending */
};

/* Of a commit under way. */
struct journal_place {
    struct list node;
    uint64_t number;
};

void journal_init(struct journal *journal);
void journal_fini(struct journal *journal);

/* Numbers up to this one were used. */
void journal_skip(struct journal *journal, uint64_t number);

/* The next number, from here until journal_leave. */
void journal_enter(struct journal *journal, struct journal_place *place);
void journal_leave(struct journal *journal, struct journal_place *place);

/* All commits with a smaller number have ended, one way or the other. */
uint64_t journal_bound(struct journal *journal);

#endif
