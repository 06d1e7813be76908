/* Membership: people come to a group or channel, go, are invited, muted, and change their role. One
 * request is decided as a whole, and is one event and one commit.
 *
 *   nobody --add, join--> member --change of role, mute--> member --remove, leave--> former member
 *      \--invite--> invited --join--> member                                              |
 *                      \--decline, withdraw--> nobody        former member --as nobody--> ...
 *
 * One who is invited is told that they are, and is no member in any respect. A former member keeps
 * the row, without a role: what was said until then stays readable for them, and nothing else. Who
 * was removed by someone else does not join by themselves, and who was muted stays so, also after
 * leaving and coming back. A direct conversation has its two users for ever. */
#ifndef UNSAY_CORE_MEMBERSHIP_H
#define UNSAY_CORE_MEMBERSHIP_H

#include "core/conversation.h"

/* What is wrong with the request itself: REFUSAL_NONE, INVALID_ID or FIELD_INVALID. */
refusal_code membership_check(const wire_change_members *request, const char **detail);
refusal_code membership_check_join(const wire_join_conversation *request, const char **detail);

struct membership_facts {
    const struct author *author;
    const struct member *actor;    /* the author's place; may be no member */
    struct member *const *members; /* the place of each user that the request names, in its order */
    const struct conversation_row *row; /* as the latest decision left it */
    uint64_t now_ms;
};

/* Changes nothing, or everything that the request asks for: then the event, the rows, the
 * publication and news for who was invited are in the effects, and facts->members are as they are
 * now. `answer` names the event; its seq is 0 where everything was so already. Else NOT_A_MEMBER,
 * NOT_PERMITTED, LAST_OWNER, TOO_MANY_MEMBERS or DISSOLVED; *detail says of whom. */
refusal_code membership_change(struct conversation *conversation,
                               const wire_change_members *request,
                               const struct membership_facts *facts, struct effects *effects,
                               wire_appended *answer, const char **detail);

/* The author, facts->members[0], comes in: by an invitation, or because the conversation is open.
 * As above; also NOT_OPEN. */
refusal_code membership_join(struct conversation *conversation,
                             const struct membership_facts *facts, struct effects *effects,
                             wire_appended *answer, const char **detail);

#endif
