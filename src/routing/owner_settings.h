/* Changes of a conversation's settings, decided by its owner. */
#ifndef UNSAY_ROUTING_OWNER_SETTINGS_H
#define UNSAY_ROUTING_OWNER_SETTINGS_H

#include "base/status.h"
#include "core/rows.h"

struct owned_conversation;
struct request;
struct worker;

/* The conversation's row as the latest decision left it; views live in the worker's scratch arena
 * or in the groups. */
MUST_CHECK enum status owner_get_conversation(struct worker *worker,
                                              const struct owned_conversation *owned,
                                              struct conversation_row *row);

void owner_change_settings(struct worker *worker, const struct request *request);

#endif
