/* Reading: pages of a conversation's log and of the user's conversations, straight from the store,
 * for the worker that has the session. A page is read when its turn to be sent comes, so that no
 * body waits in memory for a slow connection. */
#ifndef UNSAY_ROUTING_READER_H
#define UNSAY_ROUTING_READER_H

#include "core/rows.h"
#include "routing/session.h"

/* A page that waits for its turn: of a conversation's log, or of the user's conversations. */
struct reading {
    bool is_list;
    uint64_t request;
    uint64_t after;
    uint64_t before;
    uint32_t origin;
    uint32_t limit;
    bool newest;
    bool recalls_only;
    Unsay__V1__ListOrder order; /* of a list, as the three after it */
    bool with_hidden;
    uint64_t pinned_ms; /* by activity: place of the one before the page */
    uint64_t activity;
    char conversation[LIMIT_CONVERSATION_ID_BYTES_MAX + 1]; /* of a list: the one before the page */
};

/* Checks the request and queues the page, or refuses. */
void reader_request(struct worker *worker, struct session *session, uint64_t request,
                    const wire_read *read);

/* Reads the page into the session's page lane. */
void reader_serve(struct worker *worker, struct session *session, const struct reading *reading);

/* The same for a page of the user's conversations. */
void reader_list(struct worker *worker, struct session *session, uint64_t request,
                 const wire_list_conversations *list);

/* Answered at once: neither holds a body. For members only. */
void reader_list_members(struct worker *worker, struct session *session, uint64_t request,
                         const wire_list_members *list);
void reader_list_pins(struct worker *worker, struct session *session, uint64_t request,
                      const wire_list_pins *list);
void reader_tell_conversation(struct worker *worker, struct session *session, uint64_t request,
                              const wire_read_conversation *read);

/* ---- Between the parts ---- */

/* The user's place in the conversation; answers the request when there is nothing in it for them,
 * now or from before. */
bool reader_find_member(struct worker *worker, struct session *session, uint64_t request,
                        struct view conversation, struct member_row *member);

/* As above, of one who is in now. */
bool reader_is_member(struct worker *worker, struct session *session, uint64_t request,
                      struct view conversation, struct member_row *member);

/* Whether one more page may wait; else answers the request. */
bool reader_has_room(struct worker *worker, struct session *session, uint64_t request);
void reader_queue(struct worker *worker, struct session *session, struct reading reading);

/* ---- Sessions ---- */

/* Subscribes a new session to its user's conversations; false when the store failed. */
bool reader_subscribe(struct worker *worker, struct session *session);

#endif
