/* What is new for a device that comes back: the conversations whose log goes beyond what it has
 * acknowledged as stored. The session follows its conversations by then, so whatever is committed
 * later is pushed: between the two nothing is missed. */
#ifndef UNSAY_ROUTING_NEWS_H
#define UNSAY_ROUTING_NEWS_H

#include "core/contract.h"

struct session;
struct worker;

/* Sets resumed and news, in the worker's scratch arena; neither where there is too much to tell, or
 * the store does not: the client lists its conversations then. */
void news_tell(struct worker *worker, const struct session *session, wire_welcome *welcome);

#endif
