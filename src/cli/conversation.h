/* Opening and creating conversations. */
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

#endif
