/* What a recall must know of a message, kept in memory for a while after the send: most recalls
 * take back something recent, and this spares them the look into the store. Never the body. A
 * cache of fixed slots: a message has a few possible places, and takes a free one, or else that of
 * the oldest message there. Neighbours in a conversation are neighbours in each, so that a
 * conversation's latest RECENT_SLOTS messages never take each other's place. With one place each,
 * conversations that happened to overlap did so while most slots were free. Nothing depends on what
 * it holds. */
#ifndef UNSAY_ROUTING_RECENT_H
#define UNSAY_ROUTING_RECENT_H

#include "base/arena.h"
#include "base/limits.h"
#include "base/table.h"
#include "base/uuid.h"
#include "core/conversation.h"

enum {
    RECENT_SLOTS = LIMIT_RECENT_MESSAGES_MAX,
    RECENT_AUTHORS = LIMIT_RECENT_AUTHORS_MAX,
    RECENT_CHOICES = 4,
    RECENT_CHOICE_BITS = 14, /* of the hash, from place to place */
    RECENT_SHEET_SLOTS = 1024,
    RECENT_SHEETS = RECENT_SLOTS / RECENT_SHEET_SLOTS
};

/* What the messages of one device in one conversation have in common. */
struct recent_author {
    uint32_t messages; /* slots that point here; freed with the last */
    uint16_t user_at;  /* in `names` */
    uint16_t device_at;
    uint16_t size;
    char names[]; /* conversation, user, device, each with its NUL */
};

struct recent_message {
    struct recent_author *author; /* NULL: free */
    uint64_t seq : 56;
    uint64_t content_type : 8;
    uint64_t time;
    struct uuid id;
};

struct recent {
    struct recent_message *sheets[RECENT_SHEETS]; /* of slots; NULL: never used */
    struct table authors;                         /* struct recent_author, by its names */
};

void recent_init(struct recent *recent);
void recent_fini(struct recent *recent);

/* Keeps what a recall must know of a message in state normal. `hash` is of the conversation's id.
 */
void recent_put(struct recent *recent, uint64_t hash, const wire_event *event);

/* The event without its body, in the arena; NULL where it is not known. */
wire_event *recent_get(const struct recent *recent, uint64_t hash,
                       const struct conversation *conversation, uint64_t seq, struct arena *arena);

/* The event has changed. */
void recent_forget(struct recent *recent, uint64_t hash, const struct conversation *conversation,
                   uint64_t seq);

/* A commit failed: nothing that was decided is certain. */
void recent_clear(struct recent *recent);

#endif
