/* One rule of a policy file, from its fields to the checked structure. */
#ifndef UNSAY_SERVER_POLICY_DRAFT_H
#define UNSAY_SERVER_POLICY_DRAFT_H

#include "base/arena.h"
#include "core/policy.h"
#include "server/policy_reader.h"

/* Reads the mapping that starts at the current event, up to its end, into `rule`, whose strings and
 * arrays live in the arena. False where something is wrong with it, which was then said; `line` is
 * that of its name. */
MUST_CHECK bool policy_draft_read(struct policy_reader *reader, struct arena *arena,
                                  struct policy_rule *rule, size_t *line);

/* As above for a single value, for the fields beside the rules. */
MUST_CHECK bool policy_draft_duration(struct policy_reader *reader, uint64_t *ms);

#endif
