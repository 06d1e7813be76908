/* A case of a recall, its decision and what that left. */
#ifndef UNSAY_TESTS_CORE_RECALL_SCENE_H
#define UNSAY_TESTS_CORE_RECALL_SCENE_H

#include "core/recall.h"
#include "decided.h"

struct scene {
    struct decided decided;
    struct policy policy;
    struct policy_rule rule;
    struct rulebook rules;
    wire_target target;
    wire_target *targets[1];
    wire_recall_request request;
    struct recall_facts facts;
    struct recall_ruling ruling;
    wire_target_outcome outcome;
    Unsay__V1__Actor waiting_authority; /* of a recall that waits */
};

/* Ann takes back her own message, 7 ms after she sent it, by a rule that lets everyone. */
void scene_init(struct scene *scene);
void scene_fini(struct scene *scene);

void scene_decide(struct scene *scene);

/* The recall has waited: Ann's tablet asked for it; her phone sends the message, under id 1, 7 ms
 * later. */
void scene_arrive(struct scene *scene, wire_accepted *accepted);

#endif
