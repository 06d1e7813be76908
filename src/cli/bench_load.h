/* The load generator: devices in pairs, each pair in a direct conversation of its own, in one
 * thread. They speak the SDK's protocol (messages name their predecessor, cursors and notices are
 * acknowledged every 50 ms, gaps are read, refusals that may pass are tried again in order), and
 * check what they hear: every message that was accepted, once and in order, at both devices.
 *
 *   QUIET -> SENDING or RECALLING -> QUIET ...   each device keeps a window of unanswered requests
 *         -> PACING                  -> QUIET ...   recalls are due at a rate, in turn by device
 */
#ifndef UNSAY_CLI_BENCH_LOAD_H
#define UNSAY_CLI_BENCH_LOAD_H

#include "base/limits.h"
#include "base/prng.h"
#include "base/status.h"
#include "base/uuid.h"
#include "cli/bench_peer.h"
#include "cli/histogram.h"

enum {
    LOAD_BODY_BYTES_MIN = 32,
    LOAD_TEXT_BYTES = 1 << 20,
    LOAD_ACK_DELAY_MS = 50,
    LOAD_TICK_MS = 10
};

struct load_settings {
    const struct sockaddr *address;
    const char *host;
    struct transport_tls *tls; /* NULL: none */
    bool is_websocket;
    struct view secret;   /* that tokens are signed with */
    unsigned connections; /* even */
    unsigned window_max;
    unsigned body_bytes; /* LOAD_BODY_BYTES_MIN to LIMIT_BODY_BYTES_MAX */
};

enum load_mode { LOAD_QUIET, LOAD_SENDING, LOAD_RECALLING, LOAD_PACING };

/* What was measured since the last reset. */
struct load_measures {
    uint64_t accepted;
    uint64_t delivered; /* at the partner's device */
    uint64_t recalled;
    uint64_t recall_requests; /* each with one target or more */
    struct histogram accept;  /* from the request to its answer */
    struct histogram deliver; /* from the sender's request to the partner's push */
    struct histogram recall;  /* from the request to its answer */
    struct histogram notice;  /* from the operator's request to the partner's notice */
};

/* A question that changes nothing, and how long its answer took. */
struct load_question {
    uint64_t asked_ns;
    uint64_t answered_ns; /* 0: not yet */
    unsigned events;      /* in the answer, or conversations */
};

struct load_flight {
    struct uuid id;
    uint64_t sent_ns; /* the first time */
    bool is_accepted;
};

/* A device. Messages of one device are numbered 0, 1, 2... */
struct load_client {
    struct peer peer;
    struct load *load;
    struct load_client *partner;
    unsigned index;
    bool is_welcome;
    char user[LIMIT_USER_ID_BYTES_MAX + 1];
    char conversation[LIMIT_CONVERSATION_ID_BYTES_MAX + 1]; /* "" until opened */
    uint64_t heartbeat_ns;
    uint64_t spoke_ns;

    struct load_flight *flights; /* of window_max + 1 numbers */
    uint64_t base;               /* every number below was accepted */
    uint64_t next;               /* the first that was never sent */
    uint64_t end;                /* goes no further */
    unsigned window;
    uint64_t resend_from; /* UINT64_MAX: nothing is to be sent again */
    uint64_t resend_ns;

    uint64_t cursor;
    uint64_t acknowledged;
    uint64_t noticed; /* the highest notice */
    uint64_t notices[LIMIT_ACK_ENTRIES_MAX];
    size_t notice_count; /* not acknowledged */
    bool is_reading;
    uint64_t heard[2];   /* the next number expected of itself, of the partner */
    uint64_t missing[2]; /* of those below, not heard yet */

    uint64_t *targets; /* seqs of its own messages, to be recalled in this order */
    size_t target_count;
    size_t target_room;
    size_t target_next;
    unsigned recalls; /* unanswered */
};

struct load {
    struct peer_loop loop;
    struct load_settings settings;
    struct load_client *clients;
    unsigned started;
    unsigned open; /* clients whose conversation is there */
    uv_timer_t tick;
    unsigned tick_number;
    struct prng prng;
    char run[20];  /* part of the users' names: each run has users of its own */
    uint8_t *text; /* that bodies are cut from */
    uint8_t *body;

    enum load_mode mode;
    bool is_recording; /* the seqs of what is accepted become targets */
    unsigned batch;    /* targets of a recall */
    struct load_pace {
        uv_timer_t timer;
        double period_ns; /* of a recall */
        uint64_t begin_ns;
        uint64_t count; /* recalls that were offered */
        unsigned turn;  /* whose turn it is */
    } pace;
    struct load_question question;
    struct load_measures all;
    struct load_measures first_pair;

    uint64_t accepted; /* since the beginning */
    uint64_t heard;    /* ... by two devices each */
    uint64_t recalled;
    uint64_t recalls_heard;
    uint64_t unanswered;
    uint64_t postponed; /* refusals that were tried again */
    uint64_t repeated;  /* events that came again, as the protocol allows */
    uint64_t gaps;      /* that were closed by reading */
    uint64_t doubled;   /* one message, two places in the log */
    uint64_t misordered;

    struct failure failure; /* ends the run */
};

void load_init(struct load *load, const struct load_settings *settings);
void load_fini(struct load *load);

/* Runs until is_done (may be NULL), for at most that long. False when time is over, or at a
 * failure; then load->failure tells. */
bool load_run(struct load *load, bool (*is_done)(const struct load *load), double seconds);

/* Connects all devices and opens their conversations. */
MUST_CHECK enum status load_open(struct load *load);

/* Every device gets the window; `end` is the number at which each stops. */
void load_send(struct load *load, unsigned window, uint64_t end);
void load_send_one(struct load_client *client, unsigned window, uint64_t end);

/* Every device has the answers up to its end. */
bool load_has_sent_all(const struct load *load);

/* Every device takes back its targets, `batch` in each request. */
void load_recall(struct load *load, unsigned window, unsigned batch);

/* The same without a window: so many recalls a second are due, one device after the other, and
 * latencies count from when each was due. */
void load_recall_at(struct load *load, unsigned rate);

/* No device has a target left. */
bool load_has_recalled_all(const struct load *load);

/* No new requests; waits until all are answered and heard by everyone. */
MUST_CHECK enum status load_settle(struct load *load, double seconds);

bool load_is_settled(const struct load *load);

void load_reset_measures(struct load *load);

/* Messages that were accepted and that a device has not heard, after load_settle. */
uint64_t load_lost(const struct load *load);

/* The first failure counts. */
void load_fail(struct load *load, enum status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
