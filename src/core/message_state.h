/* A message's state: normal -> recalled -> erased, never back. Joining two states is commutative,
 * associative and idempotent, so any order and any repetition of recalls ends in the same state. */
#ifndef UNSAY_CORE_MESSAGE_STATE_H
#define UNSAY_CORE_MESSAGE_STATE_H

#include "core/contract.h"

typedef Unsay__V1__MessageState message_state;

/* True when `from` may become `to`; standing still is no step. */
bool message_state_may_step(message_state from, message_state to);

/* The one of the two that is further along. Both are states, not UNSPECIFIED. */
message_state message_state_join(message_state a, message_state b);

/* "normal", "recalled", "erased"; "unknown" otherwise. */
const char *message_state_name(message_state state);

#endif
