/* The policy file: YAML that a person writes, into the checked structure that the rules go by.
 * docs/policy.md describes it. Nothing is guessed: what is unknown, doubled, empty, contradictory
 * or out of reach is an error that names file, line, field and what would be valid. */
#ifndef UNSAY_SERVER_POLICY_FILE_H
#define UNSAY_SERVER_POLICY_FILE_H

#include "base/status.h"
#include "core/policy.h"

/* The caller owns *policy, which is immutable, and frees it with policy_free. NOT_FOUND and IO when
 * the file cannot be read, TOO_LARGE, MALFORMED. */
MUST_CHECK enum status policy_file_load(const char *path, const struct policy **policy,
                                        struct failure *failure);

/* As above for what a file holds; `name` stands for it in messages. `content` is copied. */
MUST_CHECK enum status policy_file_parse(struct view content, const char *name,
                                         const struct policy **policy, struct failure *failure);

/* Takes what came from here, NULL, and &policy_default. */
void policy_free(const struct policy *policy);

#endif
