/* The two policies between which the simulated server's file changes. What they mean is said again,
 * apart from them, in check_authority.c. */
#ifndef UNSAY_SIM_POLICIES_H
#define UNSAY_SIM_POLICIES_H

#include "core/policy.h"

/* PLAIN erases; STRICT keeps, seals, and goes by how far the message got. */
enum { POLICY_PLAIN, POLICY_STRICT, POLICIES };

extern const struct policy sim_policies[POLICIES];

/* By mutation: the same in name, and no window ends. */
extern const struct policy sim_endless_policies[POLICIES];

/* The index of a version; POLICIES when it is none of ours. */
unsigned sim_policy_index(struct view version);

#endif
