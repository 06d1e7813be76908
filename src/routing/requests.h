/* Requests as they come from a session: answered here where the store or the session is enough, and
 * else sent on to the owner of the conversation. */
#ifndef UNSAY_ROUTING_REQUESTS_H
#define UNSAY_ROUTING_REQUESTS_H

#include "base/view.h"
#include "core/contract.h"

struct session;
struct worker;

void requests_take(struct worker *worker, struct session *session, const wire_client_frame *frame,
                   struct view payload);

#endif
