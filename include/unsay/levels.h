/* libunsay: how far messages have come: sending, accepted, stored by the receivers, displayed; and
 * who may be told of the latter. */
#ifndef UNSAY_LEVELS_H
#define UNSAY_LEVELS_H

#include "unsay/unsay.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Levels of delivery: sending, accepted (unsay_send_state), stored by the receivers, displayed
 * to them. The receivers of a message are the members of now who were in the conversation before it
 * came, without its author. ---- */

enum unsay_level {
    UNSAY_LEVEL_NONE,      /* this device has no message of this user's there */
    UNSAY_LEVEL_ACCEPTED,  /* durable at the server */
    UNSAY_LEVEL_STORED,    /* each receiver has stored it */
    UNSAY_LEVEL_DISPLAYED, /* each receiver was shown it */
};

struct unsay_levels {
    enum unsay_level level;
    bool is_known; /* else the conversation is too large to be told of, or not listed yet: the
                      level is ACCEPTED, and unsay_receipts counts */
    uint32_t receivers;
    uint32_t stored;    /* of them; displayed ones included */
    uint32_t displayed; /* of them */
};

/* Of a message of this user, from the local database, without a connection. */
UNSAY_API enum unsay_result unsay_level(struct unsay *client, const char *conversation,
                                        uint64_t seq, struct unsay_levels *levels);

typedef void unsay_places_fn(void *context, const struct unsay_place *places, size_t count);

/* Where the other members are, as far as it is known here; the callback is called before this
 * returns, on the calling thread. */
UNSAY_API enum unsay_result unsay_places(struct unsay *client, const char *conversation,
                                         unsay_places_fn *callback, void *context);

struct unsay_receipts_query {
    const char *conversation;
    uint32_t origin; /* 0: 1 */
    uint64_t seq;
    const char *after; /* unsay_receipts.next of the page before; NULL: from the start */
    uint32_t limit;    /* 1-200; 0: 200 */
};

/* Numbers of this page; pages add up. */
struct unsay_receipts {
    const char *conversation;
    uint32_t origin;
    uint64_t seq;
    uint32_t receivers;
    uint32_t stored;
    uint32_t displayed;
    const struct unsay_place *members; /* the receivers; none in a large conversation */
    size_t member_count;
    const char *next; /* "": there are no more */
};

typedef void unsay_receipts_fn(void *context, const struct unsay_error *error,
                               const struct unsay_receipts *receipts);

/* From the server, in conversations of any size: for the author, owners and admins, the product's
 * backend and people with a legal mandate. */
UNSAY_API enum unsay_result unsay_receipts(struct unsay *client,
                                           const struct unsay_receipts_query *query,
                                           unsay_receipts_fn *callback, void *context);

typedef void unsay_privacy_fn(void *context, const struct unsay_error *error,
                              const struct unsay_privacy *privacy);

/* Whether others are told what the user is shown from now on; for all of the user's devices. */
UNSAY_API enum unsay_result unsay_set_privacy(struct unsay *client, bool hides_displayed,
                                              unsay_privacy_fn *callback, void *context);
UNSAY_API enum unsay_result unsay_get_privacy(struct unsay *client, unsay_privacy_fn *callback,
                                              void *context);

#ifdef __cplusplus
}
#endif

#endif
