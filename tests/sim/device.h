/* A device: the client's rules (core/client.h) in a shell whose database is a plain structure. The
 * database survives a crash of the device, the rest does not; a crash comes before or after any
 * transaction. */
#ifndef UNSAY_SIM_DEVICE_H
#define UNSAY_SIM_DEVICE_H

#include "core/client.h"
#include "history.h"

struct world;
struct link;

struct kept_event {
    uint8_t *bytes; /* encoded Event; owned */
    size_t size;
    bool is_shown;
};

/* Of what was skipped, `bytes` is NULL until it is fetched; of what is not for the user, always. */

/* How far a member has come, as it was told. */
struct kept_place {
    bool is_there;
    uint64_t stored;
    uint64_t displayed;
    uint64_t joined;
};

struct kept_conversation {
    char id[CONVERSATION_NAME_BYTES];
    struct kept_event *events; /* by seq - 1; owned */
    uint64_t count;
    uint64_t capacity;
    uint64_t stored;
    uint64_t displayed;
    uint64_t recalled;    /* the last recall up to stored */
    Unsay__V1__Role role; /* the user's own, by the log or by the server's list */
    uint64_t role_seq;    /* events up to this one do not change it */
    struct listing_row listing;
    struct kept_place places[USERS_ALL];
    uint64_t whole_seq; /* of the last progress that was whole */
    bool is_large;      /* as it said */
};

enum kept_state { KEPT_SENDING, KEPT_FAILED, KEPT_GONE };

/* An entry of the outbox; the body is that of the message. */
struct kept_send {
    uint64_t number;
    uint32_t message; /* index in the history */
    enum kept_state state;
    bool is_recalled;
    bool is_retry;
    uint8_t *body; /* owned; NULL once GONE */
    size_t body_bytes;
};

enum { KEPT_CONVERSATIONS_MAX = 64 };

struct database {
    struct kept_conversation conversations[KEPT_CONVERSATIONS_MAX];
    uint32_t conversation_count;
    struct kept_send *sends;
    uint32_t send_count;
    uint32_t send_capacity;
    uint64_t last_number;
    struct uuid store; /* whose log it is; zero: not known */
    bool is_synced;    /* everything was in step once */
    uint32_t *recalls; /* unanswered: indices of struct asked */
    uint32_t recall_count;
    uint32_t recall_capacity;
    uint8_t *leak; /* only by mutation: a body in a place of its own */
    size_t leak_bytes;
};

struct device {
    struct world *world;
    unsigned index;
    unsigned user;
    char user_name[8];
    char name[8];
    struct database database;
    struct client_core *core; /* NULL: not running */
    struct link *link;        /* NULL: none */
    uint64_t incarnation;
    uint64_t clock_offset_ms; /* of the steady clock, new with each incarnation */
    uint64_t wall_offset_ms;  /* of the lying clock, added to the true time */
    uint64_t wake_ms;         /* STEP_DEVICE_WAKE is planned for; 0: none */
    uint64_t frozen_until_ms;
    uint32_t first_sync; /* see core/client.h */
    uint32_t again;      /* a recall to be asked once more: its index + 1; 0: none */
};

void device_init(struct device *device, struct world *world, unsigned index, unsigned user,
                 unsigned number);
void device_fini(struct device *device);

void device_start(struct device *device);

/* The process ends, without a word or with the connection left to the network. */
void device_crash(struct device *device);

void device_wake(struct device *device);
void device_token(struct device *device);
void device_nudge(struct device *device);
void device_link_up(struct device *device, struct link *link);
void device_link_down(struct device *device, struct link *link);
void device_frame(struct device *device, struct view frame);

/* The user has a legal mandate. */
bool device_is_officer(const struct device *device);

bool device_is_frozen(const struct device *device);

/* What the user does. */
void device_send(struct device *device, uint32_t message, size_t body_bytes);
void device_retry(struct device *device, struct kept_send *send);
void device_ask_recall(struct device *device, uint32_t asked);
void device_ask(struct device *device, const wire_client_frame *frame);
/* Asks for what is missing before the last events that are stored without a gap. */
void device_fetch_older(struct device *device, const struct kept_conversation *kept,
                        uint32_t limit);
void device_display(struct device *device, struct kept_conversation *kept, uint64_t seq);

/* ---- Between the parts of the device ---- */

/* Tokens of CLIENT_ANSWER: an index of struct asked, or this for what nobody waits for. */
#define DEVICE_NO_TOKEN UINT64_MAX

uint64_t device_clock_ms(const struct device *device);

/* After inputs: the transactions and what follows them. */
void device_settle(struct device *device);

/* What is in the outbox beyond `after`, oldest first. */
void device_offer(struct device *device, uint64_t after, uint32_t count, bool is_load);

void device_submit_recall(struct device *device, uint32_t asked);

/* The message of this index has left the outbox, or never was in it: NULL. */
struct kept_send *database_find_send(struct database *database, uint32_t message);

/* NULL when it is not known. */
struct kept_conversation *database_find(struct database *database, struct view id);

#endif
