/* The pinned messages of a conversation, as its owner knows them: kept in memory from the first
 * question on, with every decision since. */
#ifndef UNSAY_ROUTING_OWNER_PINS_H
#define UNSAY_ROUTING_OWNER_PINS_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct owned_conversation;
struct request;
struct worker;

/* Zeroed: not loaded. */
struct pinned {
    bool is_loaded;
    size_t count;
    uint64_t *seqs; /* owned; room for LIMIT_PINS_MAX, or NULL while none was ever pinned */
};

void pinned_fini(struct pinned *pinned);

/* Loads the pins unless they are; the other functions need that. */
MUST_CHECK enum status owner_load_pins(struct worker *worker, struct owned_conversation *owned);

bool owner_is_pinned(const struct owned_conversation *owned, uint64_t seq);

/* The message was taken back: its pin, if it has one, goes in the same commit. */
void owner_drop_pin(struct worker *worker, struct owned_conversation *owned, uint64_t seq);

void owner_change_pin(struct worker *worker, const struct request *request);

#endif
