/* Where the server's policies come from: a file, or what is built in. */
#ifndef UNSAY_SERVER_POLICIES_H
#define UNSAY_SERVER_POLICIES_H

#include "core/policy.h"
#include "storage/store.h"

struct policies {
    const char *file; /* lent; NULL: the default policy */
};

/* Reads the file; the caller owns *policy and frees it with policy_free. */
MUST_CHECK enum status policies_load(const struct policies *policies, const struct policy **policy,
                                     struct failure *failure);

/* Puts on record that the server starts with this policy, and keeps its content. */
MUST_CHECK enum status policies_begin(const struct policy *policy, struct store *store,
                                      uint64_t now_ms, struct failure *failure);

#endif
