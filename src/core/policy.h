/* Who may take a message back, and until when. The facts of a case go in, a verdict comes out. */
#ifndef UNSAY_CORE_POLICY_H
#define UNSAY_CORE_POLICY_H

#include "core/refusal.h"
#include "core/rows.h"

struct policy {
    uint64_t recall_window_ms; /* counted from the commit of the message; 0: without end */
};

/* 2 minutes, author only. */
extern const struct policy policy_default;

struct policy_case {
    struct view operator_user;
    Unsay__V1__Role operator_role;
    struct view target_sender;
    uint64_t target_time_ms; /* when the server committed the message */
    uint64_t now_ms;         /* the server's clock */
};

/* REFUSAL_NONE: the recall may take effect. Else NOT_PERMITTED or WINDOW_CLOSED. A clock that went
 * back since the commit keeps the window open. */
refusal_code policy_judge(const struct policy *policy, const struct policy_case *facts);

#endif
