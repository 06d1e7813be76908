/* ReadReceipts: whom a message has reached, counted from the cursors, a bounded page at a time. */
#ifndef UNSAY_ROUTING_RECEIPTS_H
#define UNSAY_ROUTING_RECEIPTS_H

#include "routing/session.h"

void receipts_read(struct worker *worker, struct session *session, uint64_t request,
                   const wire_read_receipts *query);

#endif
