#include "core/message_state.h"

#include <assert.h>

bool message_state_may_step(message_state from, message_state to)
{
#define STATE_STEP(before, after)                                                \
    if (from == WIRE(MESSAGE_STATE, before) && to == WIRE(MESSAGE_STATE, after)) \
        return true;
#include "core/message_state.def"
#undef STATE_STEP
    return false;
}

message_state message_state_join(message_state a, message_state b)
{
    if (a == b || message_state_may_step(b, a))
        return a;
    assert(message_state_may_step(a, b));
    return b;
}

const char *message_state_name(message_state state)
{
    if (state == WIRE(MESSAGE_STATE, NORMAL))
        return "normal";
    if (state == WIRE(MESSAGE_STATE, RECALLED))
        return "recalled";
    if (state == WIRE(MESSAGE_STATE, ERASED))
        return "erased";
    return "unknown";
}
