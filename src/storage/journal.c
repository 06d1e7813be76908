#include "storage/journal.h"

void journal_init(struct journal *journal)
{
    pthread_mutex_init(&journal->lock, NULL);
    journal->next = 1;
    list_init(&journal->in_flight);
}

void journal_fini(struct journal *journal)
{
    pthread_mutex_destroy(&journal->lock);
}

void journal_skip(struct journal *journal, uint64_t number)
{
    pthread_mutex_lock(&journal->lock);
    if (journal->next <= number)
        journal->next = number + 1;
    pthread_mutex_unlock(&journal->lock);
}

void journal_enter(struct journal *journal, struct journal_place *place)
{
    pthread_mutex_lock(&journal->lock);
    place->number = journal->next++;
    list_push_back(&journal->in_flight, &place->node);
    pthread_mutex_unlock(&journal->lock);
}

void journal_leave(struct journal *journal, struct journal_place *place)
{
    pthread_mutex_lock(&journal->lock);
    list_remove(&place->node);
    pthread_mutex_unlock(&journal->lock);
}

uint64_t journal_bound(struct journal *journal)
{
    pthread_mutex_lock(&journal->lock);
    uint64_t bound = journal->next;
    if (!list_is_empty(&journal->in_flight))
        bound = LIST_ITEM(journal->in_flight.next, struct journal_place, node)->number;
    pthread_mutex_unlock(&journal->lock);
    return bound;
}
