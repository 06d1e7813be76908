/* Policies of a running server, asked for by the versions that a person gives: "current", a
 * version, or the beginning of one. */
#ifndef UNSAY_CLI_POLICY_SOURCE_H
#define UNSAY_CLI_POLICY_SOURCE_H

#include "cli/session.h"
#include "core/policy.h"
#include "unsay/operator.h"

struct policy_source {
    struct question question;
    struct unsay_policy answer;     /* the last one; what it points at is owned */
    const struct policy **policies; /* owned: those that were asked for */
    size_t count;
};

/* Of a session that is connected when something is asked. */
void policy_source_init(struct policy_source *source, struct session *session);

/* After session_close: an answer may come until then. */
void policy_source_fini(struct policy_source *source);

/* The answer is source->answer until the next question. COMMAND_OK, or the exit status after saying
 * what is wrong; so for the others. */
MUST_CHECK int policy_source_ask(struct policy_source *source, enum unsay_policy_action action,
                                 const uint8_t version[POLICY_VERSION_BYTES]);

/* The word may be a version: "current", or 1 to 64 hexadecimal digits. */
bool policy_source_is_version(const char *word);

/* Which version the word stands for. */
MUST_CHECK int policy_source_find(struct policy_source *source, const char *word,
                                  uint8_t version[POLICY_VERSION_BYTES]);

/* The policy of that version, which the source owns. */
MUST_CHECK int policy_source_get(struct policy_source *source,
                                 const uint8_t version[POLICY_VERSION_BYTES],
                                 const struct policy **policy);

#endif
