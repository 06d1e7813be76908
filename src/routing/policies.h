/* Policies as clients see them: which is in force, which were, and bringing another into force.
 *
 * A new policy is a decision like any other: its content and an entry of the audit log are
 * committed, and only then does every worker decide by it, each when the group comes to it. Worker
 * 0 decides on policies, one after the other. */
#ifndef UNSAY_ROUTING_POLICIES_H
#define UNSAY_ROUTING_POLICIES_H

#include "routing/session.h"

struct group;
struct policy;
struct request;

enum { POLICIES_WORKER = 0 };

/* A PolicyRequest that asks for what is known; a reload goes to worker 0 as a request. */
void policies_read(struct worker *worker, struct session *session, uint64_t request,
                   const wire_policy_request *query);

/* At worker 0: reads the file again; by whoever asked, NULL for the operating system's signal. */
void policies_reload(struct worker *worker, const struct request *request);

/* Every worker: the group was committed, and may bring another policy. */
void policies_adopt(struct worker *worker, struct group *group);

/* The last worker to adopt it: nobody decides by the one before any more. */
void policies_retire(struct worker *worker, const struct group *group);

#endif
