/* libunsay: reading what was said: from the server, and from what the device has stored; what is
 * unread; and that something was shown. */
#ifndef UNSAY_READING_H
#define UNSAY_READING_H

#include "unsay/unsay.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Reading ---- */

/* `events` ascending by seq; `more`: the range holds others. */
typedef void unsay_history_fn(void *context, const struct unsay_error *error,
                              const struct unsay_event *events, size_t count, bool more);

struct unsay_history {
    const char *conversation;
    uint64_t after;  /* events with after < seq */
    uint64_t before; /* and seq < before; 0: no bound */
    uint32_t limit;  /* 1-200; 0: 200 */
    bool newest;     /* the last ones of the range instead of the first */
};

/* From the server, as it is now. */
UNSAY_API enum unsay_result unsay_history(struct unsay *client, const struct unsay_history *query,
                                          unsay_history_fn *callback, void *context);

/* From the local database, without a connection; the callback is called before this returns, on the
 * calling thread. */
UNSAY_API enum unsay_result unsay_stored(struct unsay *client, const struct unsay_history *query,
                                         unsay_history_fn *callback, void *context);

/* Fetches from the server the page before the oldest event that is stored without a gap up to now,
 * and stores it. `events` are as they are stored then; `more`: there may be older ones. `limit`:
 * 1-200; 0: 200; fewer may come. Search and unsay_stored find them
 * like any others; they do not count as unread, and on_event does not bring them. */
UNSAY_API enum unsay_result unsay_older(struct unsay *client, const char *conversation,
                                        uint32_t limit, unsay_history_fn *callback, void *context);

/* A part of a conversation that is stored without a gap. */
struct unsay_span {
    uint64_t first;
    uint64_t last;
};

/* What is stored of a conversation: ascending, at most `room` of them; *count tells how many there
 * are. Between two of them lies what was skipped. */
UNSAY_API enum unsay_result unsay_spans(struct unsay *client, const char *conversation,
                                        struct unsay_span *spans, size_t room, size_t *count);

/* The application shows this conversation to the user, or no longer: such are synced before others,
 * the others in the order of their latest activity. */
UNSAY_API enum unsay_result unsay_set_open(struct unsay *client, const char *conversation,
                                           bool is_open);

/* As unsay_stored: the latest message that a list of conversations shows, a tombstone included, a
 * vanished message not; no event where there is none. */
UNSAY_API enum unsay_result unsay_preview(struct unsay *client, const char *conversation,
                                          unsay_history_fn *callback, void *context);

/* From the local database: messages of others that the user was not shown (unsay_displayed, on this
 * device or, as far as the server has told, on another) and that nobody took back, counted to 100;
 * and how many of those mention this user. */
UNSAY_API enum unsay_result unsay_unread(struct unsay *client, const char *conversation,
                                         uint32_t *unread, uint32_t *mentions);

/* Everything up to `seq` was shown to the user. Stored, and told to the server in time. */
UNSAY_API enum unsay_result unsay_displayed(struct unsay *client, const char *conversation,
                                            uint64_t seq);

#ifdef __cplusplus
}
#endif

#endif
