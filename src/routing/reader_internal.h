/* Shared by the files of the reader. */
#ifndef UNSAY_ROUTING_READER_INTERNAL_H
#define UNSAY_ROUTING_READER_INTERNAL_H

#include "base/limits.h"
#include "routing/reader.h"
#include "storage/store.h"

/* A page as it goes out: events, and in the place of what is not for the user one that says so. */
struct reader_page {
    struct store_event events[LIMIT_PAGE_EVENTS_MAX];
    size_t count;
    struct span hidden; /* what it begins with is not for the user; first 0: all of it is */
    uint64_t passed;    /* how far of that it looked */
    bool more;
    uint64_t head;  /* of the log, as far as this user may know of it */
    uint64_t next;  /* as in PageEnd */
    uint64_t begin; /* as in PageEnd */
};

/* The user's row in the conversation. The backend as such sees every conversation that there is,
 * like a member since its beginning. */
MUST_CHECK enum status reader_get_place(struct worker *worker, const struct session *session,
                                        struct view conversation, struct member_row *member);

/* Whether the event is for the user. */
bool reader_allows(struct worker *worker, const struct member_row *member,
                   const struct store_event *event);

/* Queues an event of the page, and its end. `hash`: table_hash of the conversation. */
void reader_put_event(struct session *session, const struct reading *reading, uint64_t hash,
                      const struct store_event *event);
void reader_end_page(struct session *session, const struct reading *reading,
                     const struct reader_page *page);

/* Read with recalls_only. */
void reader_serve_recalls(struct worker *worker, struct session *session,
                          const struct reading *reading);

#endif
