/* What users do: drawn at random, a step at a time. */
#ifndef UNSAY_SIM_ACTIONS_H
#define UNSAY_SIM_ACTIONS_H

struct world;

void actions_step(struct world *world);

/* Before the calm: failed messages are sent again or left alone, everyone comes online. */
void actions_finish(struct world *world);

#endif
