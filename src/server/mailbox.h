/* A mailbox: mail from many threads to one, in order. Bounded for requests; what the system itself
 * must deliver always fits, and is bounded by the number of groups under way. */
#ifndef UNSAY_SERVER_MAILBOX_H
#define UNSAY_SERVER_MAILBOX_H

#include "routing/mail.h"

#include <uv.h>

struct mailbox {
    uv_mutex_t mutex;
    struct mail *posted; /* since the last take */
    size_t count;
    size_t capacity;
    struct mail *taken; /* the reader's */
    size_t taken_capacity;
};

void mailbox_init(struct mailbox *mailbox);

/* Discards what was not taken. */
void mailbox_fini(struct mailbox *mailbox);

/* From any thread. False: full. *was_empty: the reader must be woken. */
bool mailbox_post(struct mailbox *mailbox, struct mail mail, bool *was_empty);

/* By the reader: everything posted so far, valid until the next take. */
struct mail *mailbox_take(struct mailbox *mailbox, size_t *count);

/* From any thread: how much was posted and not yet taken. */
size_t mailbox_count(struct mailbox *mailbox);

#endif
