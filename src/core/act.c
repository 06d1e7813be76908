#include "core/act.h"

/* Sets of roles. */
#define ROLE_BIT(name) (UINT32_C(1) << WIRE(ROLE, name))
enum {
    NOBODY = 0,
    OWNERS = ROLE_BIT(OWNER),
    LEADERS = OWNERS | ROLE_BIT(ADMIN),
    STAFF = LEADERS | ROLE_BIT(MODERATOR),
    MEMBERS = STAFF | ROLE_BIT(MEMBER),
    EVERYONE = MEMBERS | ROLE_BIT(GUEST)
};

static const struct act_row {
    uint32_t direct;
    uint32_t group;
    uint32_t channel;
} act_rows[] = {
#define ACT(name, direct, group, channel) {direct, group, channel},
#include "core/act.def"
#undef ACT
};

/* Whom each role has a say over. */
static const uint32_t act_reach[] = {
    [WIRE(ROLE, UNSPECIFIED)] = NOBODY,
    [WIRE(ROLE, OWNER)] = EVERYONE,
    [WIRE(ROLE, ADMIN)] = ROLE_BIT(MODERATOR) | ROLE_BIT(MEMBER) | ROLE_BIT(GUEST),
    [WIRE(ROLE, MODERATOR)] = ROLE_BIT(MEMBER) | ROLE_BIT(GUEST),
    [WIRE(ROLE, MEMBER)] = NOBODY,
    [WIRE(ROLE, GUEST)] = NOBODY,
    [WIRE(ROLE, INVITED)] = NOBODY,
};

static bool act_has(uint32_t set, Unsay__V1__Role role)
{
    return role > WIRE(ROLE, UNSPECIFIED) && role <= WIRE(ROLE, INVITED) && (set >> role & 1) != 0;
}

bool act_is_permitted(enum act act, Unsay__V1__ConversationType type, Unsay__V1__Role role)
{
    const struct act_row *row = &act_rows[act];
    if (type == WIRE(CONVERSATION_TYPE, DIRECT))
        return act_has(row->direct, role);
    return act_has(type == WIRE(CONVERSATION_TYPE, CHANNEL) ? row->channel : row->group, role);
}

bool act_reaches(Unsay__V1__Role actor, Unsay__V1__Role other)
{
    size_t index = (size_t)actor;
    return index < sizeof(act_reach) / sizeof(act_reach[0]) && act_has(act_reach[index], other);
}
