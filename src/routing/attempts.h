/* Listing what was attempted, from the audit log. */
#ifndef UNSAY_ROUTING_ATTEMPTS_H
#define UNSAY_ROUTING_ATTEMPTS_H

#include "routing/session.h"

/* Checks the request and the user's right to ask, and answers: system and compliance see
 * everything, others what they attempted themselves. */
void attempts_list(struct worker *worker, struct session *session, uint64_t request,
                   const wire_list_recalls *query);

#endif
