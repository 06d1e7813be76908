/* Publishing: what a committed group means for the sessions of one worker. */
#ifndef UNSAY_ROUTING_PUBLISH_H
#define UNSAY_ROUTING_PUBLISH_H

#include "routing/group.h"

struct worker;

/* MAIL_GROUP: hands the group's events to the sessions that follow them, and its answers unless
 * they must wait for the other workers. The last worker that is done frees the group. */
void publish_group(struct worker *worker, struct group *group);

/* MAIL_ANSWERS */
void publish_answers(struct worker *worker, struct group *group);

#endif
