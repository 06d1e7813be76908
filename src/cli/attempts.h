/* Attempts to take something back, as the server has them on record: fetched in pages, and told to
 * people and to scripts. */
#ifndef UNSAY_CLI_ATTEMPTS_H
#define UNSAY_CLI_ATTEMPTS_H

#include "base/arena.h"
#include "cli/session.h"
#include "core/contract.h"
#include "unsay/operator.h"

#include <jansson.h>
#include <stdio.h>

/* A walk through what a query asks for, latest first. */
struct attempts {
    struct unsay_recalls_query query; /* `before` moves on; what it points at is lent */
    struct question question;
    struct arena arena; /* of the page */
    struct unsay_recall_entry *entries;
    size_t count;
    size_t at;
    bool is_last; /* no page follows */
};

/* Of a session that is connected; query->limit is the size of a page. */
void attempts_init(struct attempts *attempts, struct session *session,
                   const struct unsay_recalls_query *query);

/* After session_close: an answer may come until then. */
void attempts_fini(struct attempts *attempts);

/* The next one, valid until the next call; NULL after the last. COMMAND_OK, or the exit status
 * after saying what is wrong. */
MUST_CHECK int attempts_next(struct attempts *attempts, const struct unsay_recall_entry **entry);

/* The entry of the audit log that it comes from, as far as the answer tells of it. Lends from it.
 */
void attempt_to_audit(const struct unsay_recall_entry *entry, wire_audit_entry *audit);

/* One line: index, time, what, outcome, by whom, and what decided. */
void attempt_print(FILE *file, const struct unsay_recall_entry *entry);

/* The caller adds to it and owns it. */
json_t *attempt_to_json(const struct unsay_recall_entry *entry);

#endif
