/* The history: what the watchers have seen. Messages that users wrote, the logs as they were
 * committed, recalls that were asked for and how they were answered. It is filled from outside of
 * the system (watch.h), and the system never reads it. */
#ifndef UNSAY_SIM_HISTORY_H
#define UNSAY_SIM_HISTORY_H

#include "base/limits.h"
#include "base/uuid.h"
#include "core/contract.h"
#include "core/refusal.h"
#include "core/rows.h"
#include "profile.h"

enum { USERS_ALL = USERS_MAX + OFFICERS };
enum { CONVERSATION_NAME_BYTES = LIMIT_CONVERSATION_ID_BYTES_MAX + 1 };
enum { CANARY_BYTES = 14 }; /* <<<0000002a>>> */

struct message {
    struct uuid id; /* its last four bytes are the index */
    char conversation[CONVERSATION_NAME_BYTES];
    char canary[CANARY_BYTES + 1];
    unsigned user;
    unsigned device;
    uint32_t source;         /* index + 1 of the message that it forwards; 0: it is no forward */
    uint64_t quote;          /* seq of the message that it answers; 0: none */
    uint32_t mentions;       /* a bit for each user; MENTIONS_ALL: everyone */
    uint64_t number;         /* of its latest place in the outbox; 0: never sent */
    bool was_given_up;       /* the device told its user that it failed */
    bool is_recalled;        /* in the store */
    bool has_pending;        /* its recall was in the store before it was */
    bool is_handed_out;      /* forward: the source's owner has committed that it may go */
    bool is_unspeakable;     /* somebody was told that it is taken back */
    unsigned unspeakable_at; /* bits: workers that have published its recall */
    uint32_t handed_since;   /* bits: devices to whose connection it was handed, tombstone or not,
                                since the last trouble */
    uint64_t seq;            /* in the store; 0: not there */
    uint64_t time;
    uint64_t accepted_time; /* of the first Accepted; 0: none */
};

/* Everyone, in message.mentions. */
#define MENTIONS_ALL (UINT32_C(1) << 31)

struct logged {
    Unsay__V1__Event__KindCase kind;
    uint64_t time; /* hybrid */
    Unsay__V1__MessageState state;
    uint32_t message;      /* index; of a recall: of the target */
    uint64_t target_seq;   /* of a recall */
    uint64_t recall_seq;   /* of the recall that took it back; 0: none */
    uint64_t delivered_ms; /* when somebody else's cursor had passed it; 0: none has */
    bool is_displayed;     /* likewise, shown to somebody else */
    bool is_vanished;
};

/* Since event `seq` the user has this role in a log; UNSPECIFIED: is no member. Who is invited has
 * no place by that. */
struct place {
    unsigned user;
    Unsay__V1__Role role;
    uint64_t seq;
    uint64_t from; /* the first event that the user sees by having come */
};

/* A device's cursors, as committed. */
struct reached {
    uint64_t stored;
    uint64_t displayed;
    uint64_t handed_first; /* what was ever handed to it lies between these two; 0: nothing */
    uint64_t handed_last;
};

struct log {
    char id[CONVERSATION_NAME_BYTES];
    Unsay__V1__ConversationType type;
    struct logged *events; /* by seq; owned */
    uint64_t head;         /* committed */
    uint64_t capacity;
    struct place *places; /* in the order of commits; owned */
    uint32_t place_count;
    uint32_t place_capacity;
    struct reached reached[DEVICES_MAX];
    struct listing_row listings[USERS_MAX + OFFICERS + 1]; /* what each user set, as committed; the
                                                              last: of nobody that is ours */
    uint64_t shared[USERS_ALL];   /* how far others may know that the user was shown it */
    uint64_t begins[DEVICES_MAX]; /* the latest beginning that the device was told of */

    /* As committed. */
    bool is_read_only;
    bool is_dissolved;
    Unsay__V1__JoinPolicy join;
    Unsay__V1__HistoryVisibility past;
    uint32_t past_last;
    uint32_t invited; /* bits: users */
    uint64_t invited_seq[USERS_MAX + OFFICERS + 1];
    uint32_t barred;
    uint64_t muted_until_ms[USERS_MAX + OFFICERS + 1];
};

/* A request to take back, to be asked and asked again: messages by name ("r7", after its index) or
 * all of a user ("j7"). */
struct asked {
    char conversation[CONVERSATION_NAME_BYTES];
    unsigned user;
    bool is_range;
    Unsay__V1__RecallCondition condition;
    unsigned range_user;
    uint64_t range_from_ms;
    uint64_t range_until_ms; /* 0: the head at its commit is the end */
    uint64_t range_head;     /* of the log, when the job was committed; 0: it was not */
    bool is_done;            /* the committed job says so */
    struct view frame;       /* encoded ClientFrame; owned */
    struct view answer;      /* the first RecallResult, encoded; owned */
};

/* A committed entry of the audit log about a recall. */
struct attempt {
    uint32_t log;     /* index; UINT32_MAX: of no conversation */
    uint32_t message; /* index; UINT32_MAX: of none that was found */
    uint32_t asked;
    Unsay__V1__RecallOutcome outcome;
    refusal_code refusal;
};

/* A committed recall, and what was known by then. */
struct taken_back {
    uint32_t log;
    uint32_t message;
    uint32_t asked;
    uint64_t seq;        /* of the recall */
    uint64_t target_seq; /* of the message */
    uint32_t entries;    /* of the audit log that say that it was granted */
    Unsay__V1__Keeping keeping;
    bool takes_forwards;                 /* the rule says so */
    struct reached reached[DEVICES_MAX]; /* the cursors in this conversation */
    uint32_t holders;                    /* bits: devices that had the body, and had got it since
                                            the last trouble */
    uint64_t committed_ms;               /* true time */
    bool is_troubled; /* the server died, or a commit failed, within TROUBLE_MS */
};

/* Someone looked at a body that was kept, or asked to. */
struct look {
    uint32_t message;
    unsigned user;
    uint64_t time_ms;
};

enum { TROUBLE_MS = 10000 };
enum { LOGS_MAX = 64, CREATIONS_MAX = 16, LOOKS_MAX = 256 };

struct history {
    struct message *messages;
    uint32_t message_count;
    uint32_t message_capacity;
    struct log logs[LOGS_MAX];
    uint32_t log_count;
    struct asked *asked;
    uint32_t asked_count;
    uint32_t asked_capacity;
    struct attempt *attempts;
    uint32_t attempt_count;
    uint32_t attempt_capacity;
    struct taken_back *recalls; /* committed */
    uint32_t recall_count;
    uint32_t recall_capacity;
    struct look looks[LOOKS_MAX];
    uint32_t look_count;
    uint64_t trouble_ms; /* true time, when a commit failed or the server died, the last time */
    uint32_t hiding;     /* bits: users whose committed choice is that others are not told */
    uint64_t hid_ms[USERS_ALL]; /* true time, since when */
    uint32_t known_devices;     /* bits: their rows are committed */
    uint32_t policies;          /* bits: policies that came into force on record */
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

/* NULL when there is none. */
struct log *history_find_log(struct history *history, struct view conversation);

/* The index of a user's name; USERS_ALL when it is none of ours. */
unsigned history_user(struct view name);

/* The user's role after event `seq` of the log; *since: the event that gave it, 0: none did. */
Unsay__V1__Role log_role(const struct log *log, unsigned user, uint64_t seq, uint64_t *since);

/* What moves the conversation in the user's list: the last message, or the user's own coming where
 * that was later. */
uint64_t log_activity(const struct log *log, unsigned user);
void log_add_place(struct log *log, unsigned user, Unsay__V1__Role role, uint64_t seq);

/* Whether event `seq` is for the user, by what had happened up to event `as_of`: somebody sees what
 * is said while they are in, of what was before what the setting said when they came, and the
 * recall of any of it, until they have left for good. */
bool log_sees(const struct log *log, unsigned user, uint64_t seq, uint64_t as_of);

struct attempt *history_add_attempt(struct history *history);
struct taken_back *history_add_recall(struct history *history);

/* The committed recall of this seq; NULL: none. */
struct taken_back *history_find_recall(struct history *history, const struct log *log,
                                       uint64_t seq);

/* Where the body of a message comes from: itself, or the message that was forwarded first. */
const struct message *history_root(const struct history *history, const struct message *message);

/* The entry of this seq, whether it is committed or not. */
struct logged *log_at(struct log *log, uint64_t seq);

struct asked *history_add_asked(struct history *history, unsigned user, const char *conversation);

/* NULL when the request id is none of ours. */
struct asked *history_find_asked(struct history *history, struct view request_id);

#endif
