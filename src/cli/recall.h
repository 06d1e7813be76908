/* What `recall` shares between messages and a range of them. */
#ifndef UNSAY_CLI_RECALL_H
#define UNSAY_CLI_RECALL_H

#include "cli/session.h"

/* As the command line gives it; unused fields are NULL or 0. */
struct recall_choice {
    const char *conversation;
    const char *reason;
    const char *request_id;
    const char *extension;
    enum unsay_condition condition;
    enum unsay_wait wait;
    uint32_t wait_ms;
    const char *from; /* a user: all messages in a range of time */
    uint64_t since_ms;
    uint64_t until_ms;
};

/* Takes back all messages of choice->from, and tells the progress; returns the exit status. */
int recall_range_run(const struct recall_choice *choice, struct session *session);

#endif
