/* The exposure report: which devices had a message when it was taken back, and which have applied
 * the recall since. Read from the store by the worker that has the session; nothing is kept for it
 * but cursors and the dossier that the recall's commit wrote. */
#ifndef UNSAY_ROUTING_EXPOSURE_H
#define UNSAY_ROUTING_EXPOSURE_H

#include "routing/session.h"

/* Checks the request and the user's right to ask, and answers. */
void exposure_read(struct worker *worker, struct session *session, uint64_t request,
                   const wire_read_exposure *query);

#endif
