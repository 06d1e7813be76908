/* Acts: who may do what in a conversation, and to whom. Two tables and nothing else; the rules of
 * membership, settings, pins and sending ask here. */
#ifndef UNSAY_CORE_ACT_H
#define UNSAY_CORE_ACT_H

#include "core/contract.h"

#include <stdbool.h>

enum act {
#define ACT(name, direct, group, channel) ACT_##name,
#include "core/act.def"
#undef ACT
};

/* Whether the role is among those who may. One who is no member may nothing. */
bool act_is_permitted(enum act act, Unsay__V1__ConversationType type, Unsay__V1__Role role);

/* Whether one of the role `actor` has a say over those of the role `other`: may remove them, change
 * their role, and give that role. */
bool act_reaches(Unsay__V1__Role actor, Unsay__V1__Role other);

#endif
