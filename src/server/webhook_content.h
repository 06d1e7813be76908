/* What the product's backend is told, in the Standard Webhooks form (standardwebhooks.com): a JSON
 * object of type, timestamp and data. It is read from the store when it is told, so what was taken
 * back by then is told as taken back: the outbox itself holds nothing that anybody wrote. */
#ifndef UNSAY_SERVER_WEBHOOK_CONTENT_H
#define UNSAY_SERVER_WEBHOOK_CONTENT_H

#include "base/limits.h"
#include "core/contract.h"
#include "storage/store.h"

#include <jansson.h>

enum webhook_type {
    WEBHOOK_MESSAGE_COMMITTED,
    WEBHOOK_RECALL_COMMITTED,
    WEBHOOK_PUSH_SEND,     /* for devices that have not stored the message by now */
    WEBHOOK_PUSH_WITHDRAW, /* ... and for all that may have been told of it */
    WEBHOOK_TYPES
};

/* "message.committed". */
const char *webhook_type_name(enum webhook_type type);

/* False when there is none of this name. */
bool webhook_type_find(const char *name, enum webhook_type *type);

/* One thing to tell. */
struct webhook_item {
    enum webhook_type type;
    char conversation[LIMIT_CONVERSATION_ID_BYTES_MAX + 1];
    uint32_t origin;
    uint64_t seq;        /* of the event */
    uint64_t time;       /* of the event */
    uint64_t target_seq; /* of a recall */
    bool withdraws;      /* of a recall: its rule withdraws notifications */
    uint32_t page;       /* pushes: which of several, 0 and up */
    char after_user[LIMIT_USER_ID_BYTES_MAX + 1]; /* ... it is for users that come after */
};

/* The message whose body may be in it: of the event, or the target of the recall. */
static inline uint64_t webhook_item_message(const struct webhook_item *item)
{
    return item->target_seq == 0 ? item->seq : item->target_seq;
}

enum { WEBHOOK_ID_BYTES = 4 + 32 };

struct webhook_content {
    char *text;                    /* owned; NULL: there is nothing to tell (any more) */
    bool has_body;                 /* something that a user wrote is in it */
    bool has_more;                 /* another page follows, after last_user */
    char id[WEBHOOK_ID_BYTES + 1]; /* the same each time that it is told */
    char last_user[LIMIT_USER_ID_BYTES_MAX + 1];
};

/* `with_bodies`: bodies and reasons are told. The store's failure, or OK. */
MUST_CHECK enum status webhook_content_make(struct store *store, const struct uuid *store_id,
                                            bool with_bodies, const struct webhook_item *item,
                                            struct webhook_content *content);
void webhook_content_fini(struct webhook_content *content);

/* ---- For webhook_push.c ---- */

/* Fills in data.devices, last_user and has_more; *count 0: there is nobody on this page or behind.
 */
MUST_CHECK enum status webhook_add_devices(struct store *store, const struct webhook_item *item,
                                           const char *sender, json_t *data,
                                           struct webhook_content *content, size_t *count);

#endif
