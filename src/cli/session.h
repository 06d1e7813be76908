/* A session: one client of the SDK, driven by one command.
 *
 * The SDK's thread reports through hooks; the command's thread sleeps in session_wait until a hook,
 * a signal, input or time wakes it. SIGINT and SIGTERM become answers of session_wait; from
 * session_open on they no longer end the process. */
#ifndef UNSAY_CLI_SESSION_H
#define UNSAY_CLI_SESSION_H

#include "cli/absence.h"
#include "cli/options.h"
#include "cli/shown.h"
#include "unsay/unsay.h"

#include <pthread.h>

enum { SESSION_FOREVER = -1, SESSION_NO_INPUT = -1, SESSION_TEXT_BYTES = 480 };

struct session_hooks {
    /* Called on the SDK's thread, with the session's lock held; must not call the SDK. */
    void (*on_send_state)(void *context, const struct unsay_send_status *status);
    void (*on_progress)(void *context, const struct unsay_progress *progress);
    void (*on_read)(void *context, const char *conversation, uint32_t origin, uint64_t seq);
    bool tells_sync; /* progress and what was skipped, on standard error */
    void *context;
};

struct session {
    struct unsay *client;          /* owned */
    const struct options *options; /* lent */
    struct session_hooks hooks;
    int wake_fd;
    int signal_fd;
    bool is_interrupted;      /* by a signal, once and for all */
    int64_t offline_since_ms; /* 0: not offline */

    pthread_mutex_t lock; /* guards what follows; never held while calling the SDK */
    struct shown shown;
    enum unsay_connection connection;
    struct absence absence;
    bool is_catching_up;
    char refusal[64];                 /* when REJECTED by the server */
    char problem[SESSION_TEXT_BYTES]; /* why there is no connection; "" when unknown */
};

enum session_turn {
    SESSION_WOKEN,       /* a hook or an answer came, or nothing did: look again */
    SESSION_INPUT,       /* the descriptor is readable, or at its end */
    SESSION_TIME,        /* the deadline has passed */
    SESSION_INTERRUPTED, /* SIGINT or SIGTERM */
    SESSION_REJECTED     /* the server will not have this client; see session_explain */
};

/* Opens the database and starts connecting. COMMAND_OK, or the exit status after saying what is
 * wrong; session_close is due only after COMMAND_OK. `hooks` may be NULL. */
MUST_CHECK int session_open(struct session *session, const struct options *options,
                            const struct session_hooks *hooks);
void session_close(struct session *session);

/* Waits until the server answers, for options->timeout_ms. COMMAND_OK, or the exit status after
 * saying what was tried. */
MUST_CHECK int session_connect(struct session *session);

/* Sleeps until something happens; deadline_ms on session_now_ms' clock, or SESSION_FOREVER. */
enum session_turn session_wait(struct session *session, int input_fd, int64_t deadline_ms);

/* Waits until everything up to now is stored, so that what was taken back meanwhile is not shown.
 * SESSION_WOKEN then, or when connecting has failed: nothing newer can be had. */
enum session_turn session_catch_up(struct session *session, int64_t deadline_ms);

/* Says on standard error what was skipped since, if the hooks want that; session_catch_up ends with
 * it. */
void session_tell_absence(struct session *session);

/* From any thread: session_wait returns. */
void session_wake(struct session *session);

enum unsay_connection session_connection(struct session *session);

/* Says on standard error why there is no connection; returns the exit status. */
int session_explain(struct session *session);

/* Monotonic. */
int64_t session_now_ms(void);

/* A failed answer for people, on standard error; returns the exit status. */
int session_report(const struct session *session, enum unsay_result result, const char *refusal,
                   const char *text);

/* ---- A question to the server. It outlives session_close, because its answer may come there. */

struct question {
    struct session *session;
    bool is_answered; /* guarded by the session's lock, as what follows */
    enum unsay_result result;
    char refusal[64];
    char text[SESSION_TEXT_BYTES];
};

void question_init(struct question *question, struct session *session);

/* For the SDK's callback, after it has kept what it needs. */
void question_answer(struct question *question, const struct unsay_error *error);

/* Waits for the answer to what was asked with the result `asked`. COMMAND_OK, or the exit status
 * after saying what is wrong. */
MUST_CHECK int question_await(struct question *question, enum unsay_result asked);

#endif
