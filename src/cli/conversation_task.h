/* What is done to a conversation that exists: its members, settings and pins. */
#ifndef UNSAY_CLI_CONVERSATION_TASK_H
#define UNSAY_CLI_CONVERSATION_TASK_H

#include "cli/conversation.h"
#include "cli/conversation_settings.h"

struct task_kind;

/* Outlives session_close, as its question does. */
struct task {
    struct question question;
    const struct task_kind *kind;
    const char *conversation; /* lent, as the rest of the command line */
    struct unsay_member members[LIMIT_MEMBER_CHANGES_MAX];
    char users[LIMIT_MEMBER_CHANGES_MAX][LIMIT_USER_ID_BYTES_MAX + 1];
    size_t count;
    uint64_t seq;
    struct task_choices choices;
    /* the answer */
    uint64_t appended; /* 0: nothing had to change */
    bool has_more;
    char after[LIMIT_USER_ID_BYTES_MAX + 1];
};

/* False when there is none of this verb. */
bool task_init(struct task *task, const char *verb);

/* Reads what follows the verb. COMMAND_OK, or COMMAND_USAGE after saying what is wrong. */
MUST_CHECK int task_read(struct task *task, const struct options *options,
                         const struct task_choices *choices, int operands, char **operand);

/* COMMAND_OK, or the exit status after saying what is wrong. */
MUST_CHECK int task_run(struct task *task, struct session *session);

#endif
