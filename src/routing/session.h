/* A session: one device that is connected and signed in, as its worker sees it. Its frames wait in
 * lanes until the connection asks for the next one:
 *
 *   urgent   recall notices, ahead of everything
 *   page     events of the page that is being served
 *   normal   answers, live pushes, and pages still to be read, in order
 *   progress how far members have come: last, and one frame for each conversation
 *
 * Nothing leaves before the Welcome, and that waits until the device is durably known:
 *
 *   ARRIVING --device row durable--> GREETED --> closing
 *       \--refused, commit failed---------------> closing
 *
 * A session follows each of its user's conversations through a subscription, which remembers what
 * was pushed and not yet acknowledged, and what the device may hold without having said so. */
#ifndef UNSAY_ROUTING_SESSION_H
#define UNSAY_ROUTING_SESSION_H

#include "base/limits.h"
#include "base/list.h"
#include "base/table.h"
#include "core/contract.h"
#include "core/rows.h"
#include "routing/lane.h"
#include "routing/overview.h"

struct worker;
struct wave;

enum { ADDRESS_BYTES_MAX = 63 };

/* A device that signs in; everything is lent for the call. */
struct arrival {
    const char *user;
    const char *device;
    Unsay__V1__Actor authority; /* as struct author */
    const char *address;
    uint64_t expires_ms;   /* wall clock */
    uint64_t request;      /* the Hello's */
    uint64_t login;        /* the sign-in by token that its ticket continues; 0: it has a token */
    uint32_t heartbeat_ms; /* granted */
    bool wants_news;       /* Hello.resume */
    Unsay__V1__Follow follow;
    struct view device_key; /* 32 bytes, or empty */
};

/* The sessions on this worker that follow one conversation. */
struct interest {
    struct list subscriptions;            /* struct subscription.of_interest */
    struct last_message_row last_message; /* once somebody asked for it, or one was published */
    bool knows_last_message;
    struct barren barren;
    uint64_t hash; /* of the id */
    char conversation[LIMIT_CONVERSATION_ID_BYTES_MAX + 1];
};

struct subscription {
    struct session *session;
    struct interest *interest;
    struct list of_interest;
    struct list of_session;
    struct list waiting; /* worker.waiting while pushed > acknowledged */
    uint64_t since;      /* first event of what the user sees now; what is before may be hidden */
    uint64_t pushed;     /* highest seq pushed */
    uint64_t acknowledged;
    uint64_t handed_first; /* events between these two were handed to the connection, and the */
    uint64_t handed_last;  /* device has not said that it stored them; 0: none */
    uint64_t due_ms;       /* steady clock: when to push again */
    uint32_t attempts;
    struct blob *progress;   /* held: news of the conversation's members; NULL: none waits */
    struct list of_progress; /* session.progress while it does */
    bool is_gone; /* the user is no member: nothing new comes, but a recall reaches what waits */
    uint8_t key_bytes;
    uint8_t key[8 + LIMIT_CONVERSATION_ID_BYTES_MAX]; /* session id, conversation */
};

/* A recall notice that was sent and not yet acknowledged. */
struct notice {
    struct list of_session;
    struct interest *interest;
    struct blob *frame; /* held */
    struct wave *wave;  /* held; NULL: none */
    uint64_t seq;
    uint64_t due_ms;
    uint32_t origin;
    uint32_t attempts;
};

struct session {
    uint64_t id;
    void *link;           /* the shell's connection */
    struct list of_user;  /* struct user_sessions.sessions */
    struct list dirty;    /* worker.dirty while it has something to send */
    struct list noticed;  /* worker.noticed while notices are unacknowledged */
    struct list arriving; /* worker.arriving until its device row is durable */
    struct list subscriptions;
    struct list notices;
    struct list progress; /* subscriptions with news of members, the longest waiting first */
    uint32_t subscription_count;
    uint32_t notice_count;
    uint32_t reads;  /* pages waiting */
    uint32_t pushes; /* live pushes queued */
    size_t push_bytes;
    struct lane urgent;
    struct lane page;
    struct lane normal;
    uint64_t expires_ms;   /* wall clock */
    uint64_t opened_ns;    /* steady clock */
    uint64_t hello;        /* request number of its Hello */
    uint64_t login;        /* the sign-in by token that this is, or continues; 0: its row was not
                            * written, so no ticket could speak of it */
    uint64_t arrives_with; /* number of the group that has its device row */
    struct blob *welcome;  /* held, until it is handed out */
    uint32_t heartbeat_ms; /* granted; for the Welcome */
    bool wants_news;       /* for the Welcome */
    bool is_call;          /* of the backend: see calls.h */
    bool is_greeted;       /* the Welcome may leave, or has left */
    bool is_behind;        /* pushes were dropped; Behind is still to be sent */
    bool is_closing;       /* nothing more is taken from it */
    Unsay__V1__Actor authority;
    Unsay__V1__Follow follow;
    const char *user; /* these three lie behind the structure, as long as they are */
    const char *device;
    const char *address;
    char names[];
};

/* The sessions of one user on this worker. */
struct user_sessions {
    struct list sessions;
    char user[];
};

/* With its names; all else is zero, or an empty list. */
struct session *session_new(const struct arrival *arrival);

/* Makes the session follow the conversation, of which the user sees what comes from `since` on;
 * harmless when it does already. */
void session_subscribe(struct worker *worker, struct session *session, struct view conversation,
                       uint64_t since);

/* Makes sure that a recall reaches what of the conversation waits here, also where the user is no
 * member of it any more. */
struct subscription *session_watch(struct worker *worker, struct session *session,
                                   struct view conversation);

/* Ends that. What waits is still sent, as it is by then: nothing of it is behind the user's
 * departure, since events are published in order, and a page ends there (reader.c). */
void session_unsubscribe(struct worker *worker, struct session *session, struct view conversation);

/* NULL when it does not follow it. */
struct subscription *session_find_subscription(struct worker *worker, struct session *session,
                                               struct view conversation);

/* Queues a frame and takes over the hold. */
void session_answer(struct worker *worker, struct session *session, struct blob *frame);

/* The first frame: before it, nothing is handed out. */
void session_greet(struct worker *worker, struct session *session, struct blob *welcome);

/* Queues an error; `closing` closes the connection after it. */
void session_refuse(struct worker *worker, struct session *session, uint64_t request,
                    Unsay__V1__ErrorCode code, const char *detail, bool closing);

/* The same, closing, with the time after which to come back; 0: no hint. */
void session_turn_away(struct worker *worker, struct session *session, uint64_t request,
                       Unsay__V1__ErrorCode code, const char *detail, uint32_t retry_after_ms);

/* Queues a live push (shares the frame). */
void session_push(struct worker *worker, struct subscription *subscription, struct blob *frame,
                  uint32_t origin, uint64_t seq);

/* Drops the live pushes that wait; the client is told, and reads from the log what it lacks. */
void session_fall_behind(struct worker *worker, struct session *session);

/* Queues a recall notice (shares the frame) and remembers it until it is acknowledged. The wave
 * (NULL: none) of the recall, which was committed at `committed_ns`, is held as long. */
void session_notify(struct worker *worker, struct subscription *subscription, struct blob *frame,
                    uint32_t origin, uint64_t seq, struct wave *wave, uint64_t committed_ns);

/* Queues news of how far members have come (shares the frame). What waits already and this become
 * one. */
void session_tell_progress(struct worker *worker, struct subscription *subscription,
                           struct blob *frame);

/* The next of them, or NULL; the hold goes to the caller. */
struct blob *session_next_progress(struct session *session);

/* An event is handed to the connection. */
void session_handed(struct subscription *subscription, uint64_t seq);

/* The device may hold the event, though it never said so. */
bool session_may_hold(const struct subscription *subscription, uint64_t seq);

/* The device has stored the conversation up to `stored`. */
void session_acknowledged(struct worker *worker, struct session *session, struct view conversation,
                          uint64_t stored);

/* The owner knows it durably: until then the device counts as one that may hold what it was handed,
 * for recalls that were decided before the acknowledgement came to the owner. */
void session_confirmed(struct worker *worker, struct session *session, struct view conversation,
                       uint64_t stored);

void session_acknowledged_notice(struct worker *worker, struct session *session,
                                 struct view conversation, uint32_t origin, uint64_t seq);

/* Repeats what is due; called by the worker's tick. */
void session_repeat_push(struct worker *worker, struct subscription *subscription);
void session_repeat_notices(struct worker *worker, struct session *session);

/* Frees everything of the session and the session. */
void session_free(struct worker *worker, struct session *session);

#endif
