/* Bodies of messages that were taken back from this device, for "take back and edit": in memory
 * that is locked and overwritten when it is given back, for a while, and never on disk. When there
 * are LIMIT_EDIT_MESSAGES_MAX of them, or LIMIT_EDIT_BYTES_MAX bytes, the oldest goes. Any thread.
 */
#ifndef UNSAY_CLIENT_EDITS_H
#define UNSAY_CLIENT_EDITS_H

#include "base/list.h"
#include "base/uuid.h"

#include <pthread.h>

struct edits {
    pthread_mutex_t lock;
    struct list list; /* the oldest first */
    size_t count;
    size_t bytes;
    uint64_t keep_ms; /* 0: nothing is kept */
};

void edits_init(struct edits *edits, uint64_t keep_ms);
void edits_fini(struct edits *edits);

/* Copies. A message that is there already stays as it is. */
void edits_put(struct edits *edits, struct view conversation, const struct uuid *message_id,
               struct view body, uint64_t now_ms);

/* The body's size, 0 when there is none; copied to `body` when it is at most `room`. */
size_t edits_get(struct edits *edits, struct view conversation, const struct uuid *message_id,
                 uint64_t now_ms, void *body, size_t room);

/* Overwrites those whose time is over. When the next one's will be; UINT64_MAX: there is none. */
uint64_t edits_expire(struct edits *edits, uint64_t now_ms);

#endif
