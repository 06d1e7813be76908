/* The parts of which keys are made: shared by keys (keys.c) and ranges of them (keys_range.c). */
#ifndef UNSAY_STORAGE_KEYS_INTERNAL_H
#define UNSAY_STORAGE_KEYS_INTERNAL_H

#include "storage/keys.h"

void key_start(struct key *key, char tag);
void key_add(struct key *key, const void *data, size_t size);
void key_add_number(struct key *key, uint64_t number, unsigned bytes);

/* Each answers false when it cannot be in a key, as in keys.h. */
MUST_CHECK bool key_add_id(struct key *key, struct view id);
MUST_CHECK bool key_add_log(struct key *key, struct view conversation, uint32_t origin);
MUST_CHECK bool key_add_event(struct key *key, struct event_key event);

/* At the end of a key, where any bytes will do. */
MUST_CHECK bool key_add_last(struct key *key, struct view bytes);

/* Keys, and beginnings of keys, that more than one kind shares. */
void key_of_numbered(struct key *key, char tag, uint64_t number);
MUST_CHECK bool key_of_sender(struct key *key, struct view conversation, struct view user);
MUST_CHECK bool key_of_word(struct key *key, uint8_t dimension, struct view word);

#endif
