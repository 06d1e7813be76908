/* What users do: drawn at random, a step at a time. */
#ifndef UNSAY_SIM_ACTIONS_H
#define UNSAY_SIM_ACTIONS_H

#include <stddef.h>
#include <stdint.h>

struct device;
struct kept_conversation;
struct world;

void actions_step(struct world *world);

/* Before the calm: failed messages are sent again or left alone, everyone comes online. */
void actions_finish(struct world *world);

/* ---- Between the parts ---- */

enum { ROLES = 6 }; /* none among them */

struct device *actions_device(struct world *world);

/* One that the device knows; NULL when it knows none. */
struct kept_conversation *actions_conversation(struct world *world, struct device *device);

/* A message that is to be sent: its index. */
uint32_t actions_write(struct world *world, struct device *device, const char *conversation);
size_t actions_body(struct world *world);

void actions_change_members(struct world *world, struct device *device);
void actions_lead(struct world *world, struct device *device);
void actions_pin(struct world *world, struct device *device);
void actions_forward(struct world *world, struct device *device);

void actions_recall(struct world *world, struct device *device);
void actions_recall_early(struct world *world, struct device *device);
void actions_recall_again(struct world *world, struct device *device);
void actions_recall_of_other(struct world *world, struct device *device);
void actions_recall_message(struct world *world, struct device *device, uint32_t message);
void actions_recall_range(struct world *world, struct device *device);
void actions_of_officer(struct world *world, struct device *device);
void actions_reload(struct world *world);

#endif
