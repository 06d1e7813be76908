/* What the transactions of a device do to its database. */
#ifndef UNSAY_SIM_DATABASE_H
#define UNSAY_SIM_DATABASE_H

#include "device.h"

void database_fini(struct database *database);

/* Found or new; NULL when there are too many. */
struct kept_conversation *database_conversation(struct database *database, struct view id);

/* A new entry of the outbox, at its end, in state SENDING; the caller gives it the body. */
struct kept_send *database_add_send(struct database *database, uint32_t message);

/* By mutation: the last two entries change places. */
void database_swap_sends(struct database *database);

void database_remove_send(struct kept_send *send);
void database_recalled_send(struct kept_send *send);

/* The log on the device has it, whatever became of the entry. */
bool database_has_message(struct database *database, const struct message *message);

void database_add_recall(struct database *database, uint32_t asked);

/* The cursor passes over what is not for the user, or is skipped. */
void database_skip(struct kept_conversation *kept, uint64_t seq);

/* Whether the body of a message is there that one of the recalls up to `stored` took back. */
bool database_holds_recalled(struct device *device, const struct kept_conversation *kept,
                             uint64_t stored);

/* Effects of the core: STORE_CONVERSATION, STORE_LISTING. */
void database_store_entry(struct device *device, const wire_conversation_entry *entry);
void database_store_listing(struct device *device, struct view conversation,
                            const wire_listing *listing);

/* Effects of the core: STORE_SKIP, STORE_EVENT of the next event and of an older one, STORE_RECALL,
 * STORE_PROGRESS, and the ANSWER to a recall. */
void database_store_event(struct device *device, const struct client_effect *effect);
void database_store_skip(struct device *device, const struct client_effect *effect);
void database_store_older(struct device *device, const struct client_effect *effect);
void database_store_recall(struct device *device, const wire_event *event);
void database_store_progress(struct device *device, const wire_progress *progress);
void database_store_answer(struct device *device, const struct client_effect *effect);

#endif
