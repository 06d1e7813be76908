/* The conversations that the client follows, per origin: cursors, and recalls that came ahead of
 * their turn. A conversation stays as long as the core, or until its log is forgotten. */
#ifndef UNSAY_CORE_CLIENT_CONVERSATIONS_H
#define UNSAY_CORE_CLIENT_CONVERSATIONS_H

#include "base/limits.h"
#include "base/list.h"
#include "base/table.h"
#include "core/client.h"

enum {
    /* Room for those that were left since, and for several origins; more is not believed. */
    CLIENT_CONVERSATIONS_MAX = 4 * LIMIT_CONVERSATIONS_PER_USER_MAX,
    CLIENT_HELD_MAX = 16 * LIMIT_AHEAD_MAX, /* in all conversations together */
    CLIENT_CONVERSATION_KEY_BYTES = sizeof(uint32_t) + LIMIT_CONVERSATION_ID_BYTES_MAX,
    CLIENT_TARGET_KEY_BYTES = sizeof(uint64_t) + CLIENT_CONVERSATION_KEY_BYTES
};

struct client_conversation {
    struct list sync_node;   /* among those that wait to be read, or alone */
    struct list ack_node;    /* among the unconfirmed, or alone */
    struct list cursor_node; /* among those whose cursor is to be stored, or alone */
    struct list held;        /* struct client_held, ascending by seq, all > stored + 1 */
    uint32_t held_count;
    uint32_t origin;
    uint64_t stored;
    uint64_t displayed; /* at most stored */
    uint64_t recalled;  /* the last recall up to stored */
    uint64_t refreshed; /* a recall that is known of, beyond stored, and is acknowledged then */
    uint64_t confirmed_stored;
    uint64_t confirmed_displayed;
    uint64_t head;      /* the last event that is known to exist; behind while > stored */
    uint64_t lag;       /* head - stored, as far as it is counted in sync */
    uint64_t begin;     /* sync gives nothing between the cursor and this; 0: it does */
    uint64_t activity;  /* time of the last event that is known of; 0: not known */
    uint64_t queued;    /* order of queueing */
    size_t queue_place; /* in sync's queue; 0: not there */
    uint64_t retry_ms;
    uint32_t read_failures; /* in a row */
    uint32_t list_round;    /* client_sync.list_round when the server last spoke of it */
    bool is_reading;
    bool is_left; /* the database knows that the user is not in it */
    bool is_open; /* the application shows it: it is read first */
    size_t id_bytes;
    uint8_t key[CLIENT_CONVERSATION_KEY_BYTES + 1]; /* origin, id, NUL */
};

/* A recall that was applied when its notice came, ahead of its turn. */
struct client_held {
    struct list node;
    uint64_t seq;
    uint8_t *event; /* encoded; owned */
    size_t event_bytes;
    size_t target_bytes;
    uint8_t target[CLIENT_TARGET_KEY_BYTES]; /* seq, origin, id */
};

struct client_conversations {
    struct table table;
    struct list cursors; /* to be stored with the next take */
    struct table held_targets;
    size_t held_count;
};

void client_conversations_init(struct client_conversations *conversations);
void client_conversations_fini(struct client_conversations *conversations);

struct client_conversation *
client_conversations_find(const struct client_conversations *conversations, struct view id,
                          uint32_t origin);

/* Found or new; NULL when the id is not one or there are too many. */
struct client_conversation *client_conversations_add(struct client_conversations *conversations,
                                                     struct view id, uint32_t origin);

/* From the database: as above, without the bound. NULL when the id is not one. */
struct client_conversation *client_conversations_load(struct client_conversations *conversations,
                                                      struct view id, uint32_t origin);

static inline struct view client_conversation_id(const struct client_conversation *conversation)
{
    return view_make(conversation->key + sizeof(uint32_t), conversation->id_bytes);
}

static inline char *client_conversation_name(struct client_conversation *conversation)
{
    return (char *)conversation->key + sizeof(uint32_t);
}

/* The cursor moved: store and acknowledge it. */
void client_conversation_moved(struct client_core *core, struct client_conversation *conversation);

/* Queues CLIENT_STORE_CURSOR, one for each conversation whose cursor moved. */
void client_conversations_store(struct client_core *core);

/* ---- Events, from client_events.c; false: no server that keeps the contract sends this ---- */

bool client_event_is_valid(const wire_event *event);

/* A live push. */
bool client_event_pushed(struct client_core *core, const wire_event *event);

/* A recall ahead of other traffic: itself, with the tombstone that it leaves, or that there is one.
 */
bool client_event_noticed(struct client_core *core, const wire_event *event);
bool client_event_replaced(struct client_core *core, const wire_replace *replace);
bool client_event_refreshed(struct client_core *core, const wire_refresh *refresh);

/* Everything up to `seq` is skipped: it is older than what sync gives, and the recalls among it
 * were applied. */
void client_event_skip(struct client_core *core, struct client_conversation *conversation,
                       uint64_t seq);

/* A recall of a range that is to be skipped: takes effect, and is not stored. */
void client_event_apply_recall(struct client_core *core, const wire_event *event);

/* The event, or where `recall` names it, the tombstone that it leaves; in the effects' arena. */
const wire_event *client_event_tombstone(struct client_core *core, const wire_event *event,
                                         const wire_event *recall);

/* The event, or its tombstone where a recall that came ahead of its turn names it. */
const wire_event *client_event_masked(struct client_core *core, const wire_event *event);

/* An event of a page of `conversation`. What does not continue the cursor is left out; false when
 * it lies beyond a gap. */
bool client_event_read(struct client_core *core, struct client_conversation *conversation,
                       const wire_event *event);

#endif
