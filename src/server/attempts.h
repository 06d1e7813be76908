/* Finding attempts in the audit log, latest first: by the postings of one word, or by going through
 * the log; what a query also asks is looked at in each entry. */
#ifndef UNSAY_SERVER_ATTEMPTS_H
#define UNSAY_SERVER_ATTEMPTS_H

#include "core/contract.h"
#include "server/auditor.h"
#include "storage/store.h"

/* A page of what the query asks for; query->limit is 1 to LIMIT_PAGE_EVENTS_MAX. A page may hold
 * less than that although there is more (page->next): a request looks at no more than
 * LIMIT_ATTEMPTS_EXAMINED_MAX entries. */
MUST_CHECK enum status attempts_find(struct auditor *auditor, struct store *store,
                                     const wire_list_recalls *query, struct arena *arena,
                                     wire_recall_page *page);

/* The policies that were in force, each once with the time when it last came, latest first, as
 * info->versions; at most a page of them. */
MUST_CHECK enum status attempts_find_policies(struct auditor *auditor, struct store *store,
                                              struct arena *arena, wire_policy_info *info);

#endif
