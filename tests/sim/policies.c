#include "policies.h"

#include "profile.h"

#define MANDATED POLICY_BIT(WIRE(ACTOR, COMPLIANCE))
#define MANAGERS (POLICY_BIT(WIRE(ACTOR, OWNER)) | POLICY_BIT(WIRE(ACTOR, ADMIN)))
#define AUTHOR POLICY_BIT(WIRE(ACTOR, SELF))
#define TOGETHER \
    (POLICY_BIT(WIRE(CONVERSATION_TYPE, GROUP)) | POLICY_BIT(WIRE(CONVERSATION_TYPE, CHANNEL)))
#define MANAGED                                                                \
    (POLICY_BIT(WIRE(ROLE, UNSPECIFIED)) | POLICY_BIT(WIRE(ROLE, MODERATOR)) | \
     POLICY_BIT(WIRE(ROLE, MEMBER)) | POLICY_BIT(WIRE(ROLE, GUEST)))
#define HOUR_MS UINT64_C(3600000)

#define PLAIN_RULES(window)                         \
    {                                               \
        {.name = "mandate",                         \
         .actors = MANDATED,                        \
         .allows = true,                            \
         .forwards = POLICY_FORWARDS_RECALLED},     \
            {.name = "managers",                    \
             .actors = MANAGERS,                    \
             .conversation_types = TOGETHER,        \
             .target_roles = MANAGED,               \
             .allows = true,                        \
             .vanishes = true},                     \
            {.name = "author",                      \
             .actors = AUTHOR,                      \
             .allows = true,                        \
             .window_ms = window,                   \
             .forwards = POLICY_FORWARDS_RECALLED}, \
    }

#define STRICT_RULES(window)                                                \
    {                                                                       \
        {.name = "mandate",                                                 \
         .actors = MANDATED,                                                \
         .allows = true,                                                    \
         .keep = POLICY_SEAL,                                               \
         .keep_ms = 48 * HOUR_MS,                                           \
         .forwards = POLICY_FORWARDS_RECALLED},                             \
            {.name = "managers",                                            \
             .actors = MANAGERS,                                            \
             .conversation_types = TOGETHER,                                \
             .target_roles = MANAGED,                                       \
             .allows = true,                                                \
             .keep = POLICY_KEEP,                                           \
             .keep_ms = 2 * HOUR_MS,                                        \
             .forwards = POLICY_FORWARDS_RECALLED},                         \
            {.name = "seen", .actors = AUTHOR, .is_displayed = POLICY_YES}, \
            {.name = "author",                                              \
             .actors = AUTHOR,                                              \
             .allows = true,                                                \
             .window_ms = window,                                           \
             .window_from = POLICY_FROM_FIRST_DELIVERY,                     \
             .keep = POLICY_KEEP,                                           \
             .keep_ms = 2 * HOUR_MS},                                       \
    }

static const struct policy_rule plain[] = PLAIN_RULES(SIM_RECALL_WINDOW_MS);
static const struct policy_rule strict[] = STRICT_RULES(SIM_RECALL_WINDOW_MS / 2);
static const struct policy_rule endless_plain[] = PLAIN_RULES(0);
static const struct policy_rule endless_strict[] = STRICT_RULES(0);

static const uint8_t plain_file[] = "plain";
static const uint8_t strict_file[] = "strict";

#define POLICY(number, list, file, asks)                                                        \
    {                                                                                           \
        .version = {number + 1}, .rules = list, .rule_count = sizeof(list) / sizeof((list)[0]), \
        .asks_delivery = asks, .content = {                                                     \
            file,                                                                               \
            sizeof(file) - 1                                                                    \
        }                                                                                       \
    }

const struct policy sim_policies[POLICIES] = {
    POLICY(POLICY_PLAIN, plain, plain_file, false),
    POLICY(POLICY_STRICT, strict, strict_file, true),
};

const struct policy sim_endless_policies[POLICIES] = {
    POLICY(POLICY_PLAIN, endless_plain, plain_file, false),
    POLICY(POLICY_STRICT, endless_strict, strict_file, true),
};

unsigned sim_policy_index(struct view version)
{
    for (unsigned i = 0; i < POLICIES; i++) {
        if (view_equal(version, view_make(sim_policies[i].version, POLICY_VERSION_BYTES)))
            return i;
    }
    return POLICIES;
}
