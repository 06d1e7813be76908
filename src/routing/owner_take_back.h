/* What goes along when a message is taken back: its pin, and, where the policy says so, everything
 * that was made of it by forwarding, at whichever owner (take_backs.h). */
#ifndef UNSAY_ROUTING_OWNER_TAKE_BACK_H
#define UNSAY_ROUTING_OWNER_TAKE_BACK_H

#include "base/status.h"
#include "core/take_back.h"

struct mail_take_back;
struct owned_conversation;
struct worker;

/* The message at `seq` is about to be taken back in the open group: its pin goes, memory forgets
 * it, and where the rule says so the group holds the row of the job that takes its forwards back.
 * When it fails, because the store does, nothing was done. */
MUST_CHECK enum status owner_let_go(struct worker *worker, struct owned_conversation *owned,
                                    uint64_t seq, const struct take_back *what);

/* Owner of a forward: mail of its source's, lent. The answer goes back with the open group. */
void owner_take_back(struct worker *worker, const struct mail_take_back *mail);

#endif
