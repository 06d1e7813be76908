/* Mail for other owners that tells of a decision: it waits until the decision is committed, and
 * goes out in the order of decisions. */
#ifndef UNSAY_ROUTING_OUTGOING_H
#define UNSAY_ROUTING_OUTGOING_H

#include "core/refusal.h"
#include "routing/mail.h"

struct owner;
struct worker;

/* To the owner of the conversation, once the open group is committed; takes over what the mail
 * owns. If that commit fails, or the mailbox is full, a forward is refused; what was to be answered
 * is answered as failed. */
void owner_send_out(struct worker *worker, struct view conversation, struct mail mail);

/* Group `number`, and every one before it, was committed, or failed. */
void owner_release_outgoing(struct worker *worker, uint64_t number, refusal_code failure);

/* Drops whatever waits. */
void owner_discard_outgoing(struct owner *owner);

#endif
