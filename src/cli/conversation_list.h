/* The user's own list of conversations: showing it, and what the user sets for one of them. */
#ifndef UNSAY_CLI_CONVERSATION_LIST_H
#define UNSAY_CLI_CONVERSATION_LIST_H

#include "base/limits.h"
#include "cli/output.h"
#include "cli/session.h"
#include "unsay/conversation.h"

/* Outlives session_close, as its question does. */
struct list_task {
    struct question question;
    struct output output;
    const char *verb;         /* lent, as the rest of the command line; NULL: none of ours */
    const char *conversation; /* of a setting */
    struct unsay_listing_change change;
    bool with_hidden;
    /* of the page before */
    struct unsay_conversation last;
    char last_id[LIMIT_CONVERSATION_ID_BYTES_MAX + 1];
    bool has_more;
    bool has_any;
};

/* Whether `verb` is one of ours. */
bool list_init(struct list_task *list, const char *verb);

/* Reads what follows the verb. COMMAND_OK, or COMMAND_USAGE after saying what is wrong. */
MUST_CHECK int list_read(struct list_task *list, const struct options *options, int operands,
                         char **operand);

/* COMMAND_OK, or the exit status after saying what is wrong. */
MUST_CHECK int list_run(struct list_task *list, struct session *session);

#endif
