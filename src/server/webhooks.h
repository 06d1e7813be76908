/* Webhooks: a thread that takes what commits left in the store's outbox and tells it to the
 * product's backend, at least once, and in order within a conversation (core/delivery.h).
 *
 *   commit -> outbox row in the store -> deliveries in memory -> taken by the receiver: the row
 * goes
 *                                                             -> given up: a dead letter, the row
 * goes
 *
 * What was being delivered when the process died is delivered again. A receiver that cannot be
 * reached holds up nothing but this: the outbox grows, up to OUTBOX_COMMITS_MAX. Pushes are a kind
 * of news of their own, in order among themselves; a push.send waits for push_delay_ms, so that
 * devices which are connected have stored the message by then, and none is sent for them. */
#ifndef UNSAY_SERVER_WEBHOOKS_H
#define UNSAY_SERVER_WEBHOOKS_H

#include "server/config.h"
#include "server/webhook_content.h"
#include "storage/store.h"

struct webhooks;

/* Where the configuration names no URL, *started is NULL, and so nothing is to be told. Fails when
 * the secret cannot be read or the URL is none. The store is lent until webhooks_stop. */
MUST_CHECK enum status webhooks_start(const struct config *config, struct store *store,
                                      struct webhooks **started, struct failure *failure);

/* What is under way is broken off, and delivered after the next start. NULL is nothing. */
void webhooks_stop(struct webhooks *webhooks);

/* From any thread, after a commit that has something to tell. */
void webhooks_wake(struct webhooks *webhooks);

/* From any thread, after the commit of a recall and before anybody hears of it: from its return on
 * no part of the message's body is handed to the receiver's connection. Never waits for the
 * network. */
void webhooks_take_back(struct webhooks *webhooks, struct event_key message);

struct webhooks_stats {
    uint64_t delivered;
    uint64_t failures; /* tries that ended otherwise */
    uint64_t dead;     /* given up */
    uint64_t lost;     /* dead letters that went to make room */
    uint64_t waiting;  /* deliveries in memory */
    uint64_t lag_ms;   /* for how long the oldest has been waiting */
    bool is_unreachable;
};

/* From any thread; zeroes for NULL. */
void webhooks_read_stats(struct webhooks *webhooks, struct webhooks_stats *stats);

#endif
