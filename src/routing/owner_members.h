/* Changes of membership, decided by the owner of the conversation. */
#ifndef UNSAY_ROUTING_OWNER_MEMBERS_H
#define UNSAY_ROUTING_OWNER_MEMBERS_H

struct request;
struct worker;

void owner_change_members(struct worker *worker, const struct request *request);
void owner_join(struct worker *worker, const struct request *request);

#endif
