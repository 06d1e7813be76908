/* A session: one device that is connected and signed in, as its worker sees it. Its frames wait in
 * lanes until the connection asks for the next one:
 *
 *   urgent   recall notices, ahead of everything
 *   page     events of the page that is being served
 *   normal   answers, live pushes, and pages still to be read, in order
 *
 * A session follows each of its user's conversations through a subscription, which remembers what
 * was pushed and not yet acknowledged. */
#ifndef UNSAY_ROUTING_SESSION_H
#define UNSAY_ROUTING_SESSION_H

#include "base/limits.h"
#include "base/list.h"
#include "base/table.h"
#include "routing/lane.h"

struct worker;

/* The sessions on this worker that follow one conversation. */
struct interest {
    struct list subscriptions; /* struct subscription.of_interest */
    uint64_t hash;             /* of the id */
    char conversation[LIMIT_CONVERSATION_ID_BYTES_MAX + 1];
};

struct subscription {
    struct session *session;
    struct interest *interest;
    struct list of_interest;
    struct list of_session;
    struct list waiting; /* worker.waiting while pushed > acknowledged */
    uint64_t pushed;     /* highest seq pushed */
    uint64_t acknowledged;
    uint64_t due_ms; /* steady clock: when to push again */
    uint32_t attempts;
    uint8_t key_bytes;
    uint8_t key[8 + LIMIT_CONVERSATION_ID_BYTES_MAX]; /* session id, conversation */
};

/* A recall notice that was sent and not yet acknowledged. */
struct notice {
    struct list of_session;
    struct interest *interest;
    struct blob *frame; /* held */
    uint64_t seq;
    uint64_t due_ms;
    uint32_t origin;
    uint32_t attempts;
};

struct session {
    uint64_t id;
    void *link;          /* the shell's connection */
    struct list of_user; /* struct user_sessions.sessions */
    struct list dirty;   /* worker.dirty while it has something to send */
    struct list noticed; /* worker.noticed while notices are unacknowledged */
    struct list subscriptions;
    struct list notices;
    uint32_t subscription_count;
    uint32_t notice_count;
    uint32_t reads;  /* pages waiting */
    uint32_t pushes; /* live pushes queued */
    size_t push_bytes;
    struct lane urgent;
    struct lane page;
    struct lane normal;
    uint64_t expires_ms; /* wall clock */
    uint64_t opened_ns;  /* steady clock */
    bool is_behind;      /* pushes were dropped; Behind is still to be sent */
    bool is_closing;     /* nothing more is taken from it */
    char user[LIMIT_USER_ID_BYTES_MAX + 1];
    char device[LIMIT_DEVICE_ID_BYTES_MAX + 1];
};

/* The sessions of one user on this worker. */
struct user_sessions {
    struct list sessions;
    char user[LIMIT_USER_ID_BYTES_MAX + 1];
};

/* Makes the session follow the conversation; harmless when it does already. */
void session_subscribe(struct worker *worker, struct session *session, struct view conversation);

/* NULL when it does not follow it. */
struct subscription *session_find_subscription(struct worker *worker, struct session *session,
                                               struct view conversation);

/* Queues a frame and takes over the hold. */
void session_answer(struct worker *worker, struct session *session, struct blob *frame);

/* Queues an error; `closing` closes the connection after it. */
void session_refuse(struct worker *worker, struct session *session, uint64_t request,
                    Unsay__V1__ErrorCode code, const char *detail, bool closing);

/* Queues a live push (shares the frame). */
void session_push(struct worker *worker, struct subscription *subscription, struct blob *frame,
                  uint32_t origin, uint64_t seq);

/* Drops the live pushes that wait; the client is told, and reads from the log what it lacks. */
void session_fall_behind(struct worker *worker, struct session *session);

/* Queues a recall notice (shares the frame) and remembers it until it is acknowledged. */
void session_notify(struct worker *worker, struct subscription *subscription, struct blob *frame,
                    uint32_t origin, uint64_t seq);

/* The device has stored the conversation up to `stored`. */
void session_acknowledged(struct worker *worker, struct session *session, struct view conversation,
                          uint64_t stored);
void session_acknowledged_notice(struct worker *worker, struct session *session,
                                 struct view conversation, uint32_t origin, uint64_t seq);

/* Repeats what is due; called by the worker's tick. */
void session_repeat_push(struct worker *worker, struct subscription *subscription);
void session_repeat_notices(struct worker *worker, struct session *session);

/* Frees everything of the session and the session. */
void session_free(struct worker *worker, struct session *session);

#endif
