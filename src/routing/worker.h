/* A worker: one thread's share of the server. It owns its sessions, and the conversations whose id
 * hashes to it; other workers reach it only through mail. It makes no system call and has no clock:
 * the shell brings the time, frames, mail and finished commits, and performs what shell.h names.
 * The same code runs in the server and in the simulation.
 *
 *   frame --> session --> owner of the conversation: decide, append to the open group
 *                                   |  shell_commit, synced
 *   connections <-- lanes <-- every worker publishes, then gives the answers */
#ifndef UNSAY_ROUTING_WORKER_H
#define UNSAY_ROUTING_WORKER_H

#include "base/prng.h"
#include "routing/mail.h"
#include "routing/owner.h"
#include "routing/retention.h"
#include "routing/session.h"
#include "routing/shell.h"
#include "routing/stats.h"
#include "storage/store.h"

struct worker_settings {
    struct rulebook rules;
    struct progress_rules progress;
    uint64_t ticket_life_ms;        /* 0: no tickets */
    uint64_t offline_retention_ms;  /* 0: sync gives everything */
    struct uuid store;              /* Welcome.store; zero: not told */
    const struct store_past *pasts; /* Welcome.pasts; lent */
    size_t past_count;
    bool has_outbox; /* the backend is told what is committed */
};

struct now {
    uint64_t wall_ms;       /* Unix */
    uint64_t steady_ms;     /* never goes back; the same clock for all workers */
    uint64_t steady_ns;     /* the same, fine enough to tell which of two sessions is the later */
    uint64_t wall_error_ms; /* how far wall_ms may be wrong; UINT64_MAX: not known */
};

struct worker {
    unsigned index;
    unsigned count; /* of workers */
    struct store *store;
    void *shell;
    struct worker_settings settings;
    struct now now;
    struct owner owner;
    struct retention retention;
    uint64_t published[LIMIT_WORKERS_MAX]; /* number of the last group of each worker */
    struct table sessions;                 /* by id */
    struct table users;                    /* struct user_sessions */
    struct table interests;                /* struct interest, by conversation */
    struct table subscriptions;            /* by session and conversation */
    struct list dirty;                     /* sessions with frames to send */
    struct list waiting;                   /* subscriptions with unacknowledged pushes */
    struct list noticed;                   /* sessions with unacknowledged notices */
    struct list arriving; /* sessions not greeted yet, by the group that they wait for */
    uint64_t last_session;
    struct arena scratch; /* of one input */
    struct prng prng;     /* jitter of repetitions */
    struct stats stats;
    bool is_draining; /* shutting down: no new requests */
};

void worker_init(struct worker *worker, unsigned index, unsigned count, struct store *store,
                 void *shell, const struct worker_settings *settings, uint64_t seed);

/* Sessions must be closed; groups still open are dropped unanswered. */
void worker_fini(struct worker *worker);

/* The owner of a conversation. */
unsigned worker_of(const struct worker *worker, struct view conversation);

/* Before the inputs of one turn. */
void worker_set_time(struct worker *worker, struct now now);

/* A device signed in. `link` is the shell's; the Welcome comes when the device is durably known. */
struct session *worker_session_opened(struct worker *worker, void *link,
                                      const struct arrival *arrival);

/* A frame of a signed-in client, decoded; `payload` is the same, encoded. */
void worker_session_frame(struct worker *worker, struct session *session,
                          const wire_client_frame *frame, struct view payload);

/* The connection is gone; frees the session. */
void worker_session_closed(struct worker *worker, struct session *session);

/* The next frame to send, or NULL; the hold goes to the caller. */
struct blob *worker_next_frame(struct worker *worker, struct session *session);

bool session_has_frames(const struct session *session);

/* Mail from another worker, or itself; takes over what it owns. */
void worker_mail(struct worker *worker, struct mail mail);

/* Some ten times a second: repetitions, expired tokens. */
void worker_tick(struct worker *worker);

/* After the inputs of one turn: commits what was decided, flushes what was queued. */
void worker_end_turn(struct worker *worker);

/* Takes no more requests: each is answered SHUTTING_DOWN. Every session is told so, and when to
 * come back, each at another time. */
void worker_drain(struct worker *worker);

/* Nothing decided is waiting for a commit. */
bool worker_is_idle(const struct worker *worker);

/* ---- Between the parts of the worker ---- */

/* Marks the session as having something to send. */
void worker_touch(struct worker *worker, struct session *session);

/* The worker's own group came back: greets, or refuses, the sessions that waited for it. */
void worker_greet_arrivals(struct worker *worker, const struct group *group);

/* The server shuts down: closes the session, and says when to come back. */
void worker_turn_away_draining(struct worker *worker, struct session *session, uint64_t request);

struct session *worker_find_session(struct worker *worker, uint64_t id);

/* The session takes its name from all others, on every worker. */
void worker_claim_name(struct worker *worker, const struct session *session);

/* Closes the sessions that the claim beats, but `claimant`, which is NULL where another worker
 * claims. */
void worker_close_namesakes(struct worker *worker, const struct mail_claim *claim,
                            const struct session *claimant);

#endif
