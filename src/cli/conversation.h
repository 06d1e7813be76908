/* Conversations: opening and creating them, and what is done to those that exist. */
#ifndef UNSAY_CLI_CONVERSATION_H
#define UNSAY_CLI_CONVERSATION_H

#include "base/limits.h"
#include "cli/session.h"

/* Outlives session_close, as its question does. */
struct opening {
    struct question question;
    char conversation[LIMIT_CONVERSATION_ID_BYTES_MAX + 1]; /* the answer */
    bool is_created;
};

/* The direct conversation with `user`. COMMAND_OK, or the exit status after saying what is wrong.
 */
MUST_CHECK int opening_direct(struct opening *opening, struct session *session, const char *user);

/* "owner", "admin", "moderator", "member" or "guest"; "none" for one who is no member. */
const char *role_name(enum unsay_role role);
MUST_CHECK bool role_parse(const char *text, enum unsay_role *role);

/* USER, who is to be a member, or USER:ROLE; member->user is lent by `user`. */
MUST_CHECK bool member_parse(const char *text, struct unsay_member *member,
                             char user[LIMIT_USER_ID_BYTES_MAX + 1]);

#endif
