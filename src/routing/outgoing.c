#include "routing/outgoing.h"

#include "base/memory.h"
#include "routing/worker.h"

#include <stdlib.h>

/* Mail for another owner that waits for the commit of its group. */
struct outgoing {
    struct list waiting; /* owner.outgoing, in the order of decisions */
    uint64_t number;     /* of the group */
    unsigned to;
    struct mail mail; /* owned */
};

void owner_send_out(struct worker *worker, struct view conversation, struct mail mail)
{
    struct outgoing *outgoing = memory_new(sizeof(*outgoing));
    struct group *group = owner_group(worker);
    outgoing->number = group->number;
    outgoing->to = worker_of(worker, conversation);
    outgoing->mail = mail;
    list_push_back(&worker->owner.outgoing, &outgoing->waiting);
    group->requests++; /* it is to be committed, even if it changes nothing */
}

void owner_discard_outgoing(struct owner *owner)
{
    for (struct list *node; (node = list_pop_front(&owner->outgoing)) != NULL;) {
        struct outgoing *outgoing = LIST_ITEM(node, struct outgoing, waiting);
        mail_discard(&outgoing->mail);
        free(outgoing);
    }
}

void owner_release_outgoing(struct worker *worker, uint64_t number, refusal_code failure)
{
    struct list *all = &worker->owner.outgoing;
    while (!list_is_empty(all) &&
           LIST_ITEM(all->next, struct outgoing, waiting)->number <= number) {
        struct outgoing *outgoing = LIST_ITEM(list_pop_front(all), struct outgoing, waiting);
        bool is_answer = outgoing->mail.kind == MAIL_TAKEN_BACK;
        if (is_answer && failure != REFUSAL_NONE)
            outgoing->mail.taken_back->is_done = false;
        bool is_posted = (failure == REFUSAL_NONE || is_answer) &&
                         shell_post(worker->shell, outgoing->to, outgoing->mail);
        if (!is_posted && outgoing->mail.kind == MAIL_FORWARD)
            owner_refuse_forward(worker, outgoing->mail.forward,
                                 failure == REFUSAL_NONE ? REFUSAL_CODE(OVERLOADED) : failure);
        if (!is_posted)
            mail_discard(&outgoing->mail);
        free(outgoing);
    }
}
