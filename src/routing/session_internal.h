/* Shared by the parts of a session: its own life (session.c), what it follows
 * (session_subscriptions.c), and what is pushed to it (session_pushes.c). */
#ifndef UNSAY_ROUTING_SESSION_INTERNAL_H
#define UNSAY_ROUTING_SESSION_INTERNAL_H

#include "routing/session.h"

/* ---- session_subscriptions.c ---- */

/* What was handed out and not confirmed is remembered: the device may hold it. Nobody waits for
 * that; where the owner's mailbox is full, or the server stops, it is not known. */
void session_leave_word(struct worker *worker, const struct subscription *subscription);

/* Frees it, and the interest when it was the last one; what waits in the lanes stays. */
void session_end_subscription(struct worker *worker, struct subscription *subscription);

/* ---- session_pushes.c ---- */

/* The device did not acknowledge it; the log tells it. */
void session_abandon_notice(struct worker *worker, struct session *session, struct notice *notice);

/* Notices of the conversation are not repeated any more; one that waits still goes out. */
void session_forget_notices(struct worker *worker, struct session *session,
                            const struct interest *interest);

void session_drop_progress(struct subscription *subscription);

#endif
