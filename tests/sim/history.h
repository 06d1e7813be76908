/* The history: what the watchers have seen. Messages that users wrote, the logs as they were
 * committed, recalls that were asked for and how they were answered. It is filled from outside of
 * the system (watch.h), and the system never reads it. */
#ifndef UNSAY_SIM_HISTORY_H
#define UNSAY_SIM_HISTORY_H

#include "base/limits.h"
#include "base/uuid.h"
#include "core/contract.h"

enum { CONVERSATION_NAME_BYTES = LIMIT_CONVERSATION_ID_BYTES_MAX + 1 };
enum { CANARY_BYTES = 14 }; /* <<<0000002a>>> */

struct message {
    struct uuid id; /* its last four bytes are the index */
    char conversation[CONVERSATION_NAME_BYTES];
    char canary[CANARY_BYTES + 1];
    unsigned user;
    unsigned device;
    uint64_t number;         /* of its latest place in the outbox; 0: never sent */
    bool was_given_up;       /* the device told its user that it failed */
    bool is_recalled;        /* in the store */
    bool has_pending;        /* its recall was in the store before it was */
    bool is_unspeakable;     /* somebody was told that it is taken back */
    unsigned unspeakable_at; /* bits: workers that have published its recall */
    uint64_t seq;            /* in the store; 0: not there */
    uint64_t time;
    uint64_t accepted_time; /* of the first Accepted; 0: none */
};

struct logged {
    Unsay__V1__Event__KindCase kind;
    Unsay__V1__MessageState state;
    uint32_t message;    /* index; of a recall: of the target */
    uint64_t decided_ms; /* the server's clock when it decided a recall that has this seq */
};

struct log {
    char id[CONVERSATION_NAME_BYTES];
    struct logged *events; /* by seq; owned */
    uint64_t head;         /* committed */
    uint64_t capacity;
};

/* A recall request, to be asked and asked again. Its request id is its index as text. */
struct asked {
    char conversation[CONVERSATION_NAME_BYTES];
    unsigned user;
    struct view frame;  /* encoded ClientFrame; owned */
    struct view answer; /* the first RecallResult, encoded; owned */
};

enum { LOGS_MAX = 64, CREATIONS_MAX = 16 };

struct history {
    struct message *messages;
    uint32_t message_count;
    uint32_t message_capacity;
    struct log logs[LOGS_MAX];
    uint32_t log_count;
    struct asked *asked;
    uint32_t asked_count;
    uint32_t asked_capacity;
    uint64_t recalls; /* committed, ever */
};

void history_fini(struct history *history);

/* A message that is going to be written, with an id of the device's (lying) clock. */
struct message *history_add_message(struct history *history, uint64_t clock_ms, uint64_t random,
                                    unsigned user, unsigned device, const char *conversation);

/* By its id; NULL when it is none of ours. */
struct message *history_find_message(struct history *history, struct view id);

/* The message whose canary stands in `bytes` at or after *at, which moves behind it; NULL: none. */
struct message *history_find_canary(struct history *history, struct view bytes, size_t *at);

/* Found or new. */
struct log *history_log(struct history *history, struct view conversation);

/* The entry of this seq, whether it is committed or not. */
struct logged *log_at(struct log *log, uint64_t seq);

struct asked *history_add_asked(struct history *history, unsigned user, const char *conversation);

/* NULL when the request id is none of ours. */
struct asked *history_find_asked(struct history *history, struct view request_id);

#endif
