/* libunsay: send, receive and take back messages.
 *
 * A client is one device of one user. It has a thread and a loop of its own, a connection that it
 * keeps up, and a SQLite database in its state directory, in which every message is stored before
 * the application hears of it and every outgoing message before it goes to the network.
 *
 *   STOPPED -> CONNECTING -> SYNCING -> ONLINE
 *                  ^  \________|_________/ |
 *                  |          lost         |
 *               OFFLINE (after 10 failures, until unsay_network_changed or unsay_retry)
 *   any -> REJECTED (the token is refused or another device took the name: needs the application)
 *
 * Threads: every function may be called from any thread, also from a callback, except unsay_free,
 * which must not be called from a callback. Callbacks run on the client's thread, one at a time;
 * they must not block for long. What a callback is given is lent for the call; copy what is needed
 * longer. Several clients may live in one process; two with the same state directory may not, and
 * the second unsay_new says so.
 *
 * Strings are UTF-8 and end in NUL. Times are Unix milliseconds unless a name says otherwise. */
#ifndef UNSAY_UNSAY_H
#define UNSAY_UNSAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define UNSAY_API __attribute__((visibility("default")))

struct unsay; /* a client */

/* ---- Results ---- */

enum unsay_result {
    UNSAY_OK = 0,
    UNSAY_REFUSED,     /* the server said no; see unsay_error.refusal */
    UNSAY_INVALID,     /* an argument is out of range */
    UNSAY_UNREACHABLE, /* no connection, or no answer in time */
    UNSAY_STORAGE,     /* the local database failed; nothing was done */
    UNSAY_FULL,        /* the outbox is full; try again when messages were accepted */
    UNSAY_STOPPED      /* the client was stopped before the answer came */
};

struct unsay_error {
    enum unsay_result result;
    const char *refusal; /* stable name such as "not_a_member" when REFUSED, else "" */
    const char *text;    /* what happened and what to do, English; never NULL */
};

/* ---- A client ---- */

enum unsay_connection {
    UNSAY_CONNECTION_STOPPED,
    UNSAY_CONNECTION_CONNECTING,
    UNSAY_CONNECTION_SYNCING, /* connected, fetching what was missed */
    UNSAY_CONNECTION_ONLINE,  /* everything up to now is stored */
    UNSAY_CONNECTION_OFFLINE,
    UNSAY_CONNECTION_REJECTED
};

enum unsay_content_type {
    UNSAY_CONTENT_TEXT = 1,
    UNSAY_CONTENT_IMAGE,
    UNSAY_CONTENT_AUDIO,
    UNSAY_CONTENT_VIDEO,
    UNSAY_CONTENT_FILE,
    UNSAY_CONTENT_LOCATION,
    UNSAY_CONTENT_CUSTOM
};

enum unsay_message_state { UNSAY_MESSAGE_NORMAL = 1, UNSAY_MESSAGE_RECALLED, UNSAY_MESSAGE_ERASED };

enum unsay_event_kind { UNSAY_EVENT_MESSAGE = 1, UNSAY_EVENT_RECALL, UNSAY_EVENT_CREATION };

/* An entry of a conversation's log, or what became of it. Unused fields are 0, "" or NULL. */
struct unsay_event {
    enum unsay_event_kind kind;
    const char *conversation;
    uint32_t origin;
    uint64_t seq;
    uint64_t time_ms; /* when the server committed it */

    /* a message; for a recall: the message that was taken back */
    uint8_t message_id[16];
    const char *sender;
    const char *device;
    enum unsay_content_type content_type;
    enum unsay_message_state state;
    const uint8_t *body; /* NULL unless the state is normal */
    size_t body_bytes;

    /* a recall, or a message that is not normal */
    uint32_t target_origin; /* recall: key of the message */
    uint64_t target_seq;
    const char *operator_user;
    const char *reason; /* recall only */
    uint64_t recall_time_ms;
};

/* What becomes of a message that this device sends. */
enum unsay_send_state {
    UNSAY_SEND_SENDING = 1, /* in the outbox */
    UNSAY_SEND_ACCEPTED,    /* durable at the server: seq and time are set */
    UNSAY_SEND_FAILED       /* given up or refused; see error. unsay_resend tries again */
};

struct unsay_send_status {
    const char *conversation;
    uint8_t message_id[16];
    enum unsay_send_state state;
    uint32_t origin;
    uint64_t seq;
    uint64_t time_ms;
    bool is_recalled;         /* a recall was waiting for it */
    struct unsay_error error; /* when FAILED */
};

struct unsay_callbacks {
    /* A new event, stored already, in order per conversation; each once per state directory. A
     * message that was taken back before it came here comes as a tombstone. May be NULL, as all. */
    void (*on_event)(void *context, const struct unsay_event *event);

    /* A message that may have been shown was taken back: its body is gone from the database. Comes
     * ahead of other traffic, before the recall's own on_event, once. */
    void (*on_recalled)(void *context, const struct unsay_event *tombstone);

    void (*on_send_state)(void *context, const struct unsay_send_status *status);

    /* `error` says why when OFFLINE, REJECTED or CONNECTING after a loss; result UNSAY_OK
     * otherwise. */
    void (*on_connection)(void *context, enum unsay_connection connection,
                          const struct unsay_error *error);
};

struct unsay_options {
    const char *server;          /* tcp://, tls://, ws:// or wss:// HOST:PORT; "HOST:PORT" is tcp */
    const char *token;           /* JWT */
    const char *state_directory; /* made when missing, mode 0700 */
    const char *ca_file;         /* PEM, for tls and wss; NULL: the system's authorities */
    const char *client_name;     /* for the server's log; NULL: "libunsay/VERSION" */
    uint32_t ack_delay_ms;       /* how long acknowledgements are gathered; 0: 50 */
    struct unsay_callbacks callbacks;
    void *context; /* handed to every callback */
};

UNSAY_API const char *unsay_version(void);

/* Opens the database. NULL on failure, with `text` (of `text_bytes`) saying why; everything in
 * options is copied. Nothing is sent before unsay_start. */
UNSAY_API struct unsay *unsay_new(const struct unsay_options *options, char *text,
                                  size_t text_bytes);

/* Starts the thread and connects, now and again for as long as needed. */
UNSAY_API void unsay_start(struct unsay *client);

/* Stops the thread: outgoing messages stay in the outbox for the next start. Then frees. NULL is
 * nothing. */
UNSAY_API void unsay_free(struct unsay *client);

UNSAY_API const char *unsay_user(const struct unsay *client);
UNSAY_API const char *unsay_device(const struct unsay *client);

/* The network is another one, or back: connect at once. */
UNSAY_API void unsay_network_changed(struct unsay *client);

/* A new token, after REJECTED or before the old one expires; reconnects. */
UNSAY_API void unsay_set_token(struct unsay *client, const char *token);

/* ---- Sending ---- */

/* Stores the message in the outbox, then sends it as soon as possible, in order per conversation,
 * and again until it is accepted, refused, or about 5 minutes have passed. `message_id` (may be
 * NULL) receives its id. Blocks for the local write only. */
UNSAY_API enum unsay_result unsay_send(struct unsay *client, const char *conversation,
                                       enum unsay_content_type content_type, const void *body,
                                       size_t body_bytes, uint8_t message_id[16]);

struct unsay_outgoing {
    enum unsay_content_type content_type;
    const void *body;
    size_t body_bytes;
    uint8_t message_id[16]; /* set by unsay_send_many */
};

/* As unsay_send, for many messages with one local write; all or none. */
UNSAY_API enum unsay_result unsay_send_many(struct unsay *client, const char *conversation,
                                            struct unsay_outgoing *messages, size_t count);

/* Tries a FAILED message again, under the same id. */
UNSAY_API enum unsay_result unsay_resend(struct unsay *client, const uint8_t message_id[16]);

/* Messages in the outbox that are neither accepted nor failed. */
UNSAY_API size_t unsay_outbox_count(struct unsay *client);

/* ---- Requests: the answer comes once, through the callback, on the client's thread ---- */

struct unsay_target {
    uint32_t origin; /* 0: 1 */
    uint64_t seq;    /* 0: by message_id */
    uint8_t message_id[16];
};

enum unsay_outcome {
    UNSAY_OUTCOME_RECALLED = 1,
    UNSAY_OUTCOME_ALREADY_RECALLED,
    UNSAY_OUTCOME_PENDING, /* the message has not arrived; it will be judged when it does */
    UNSAY_OUTCOME_REFUSED
};

struct unsay_target_outcome {
    struct unsay_target target; /* as far as known */
    enum unsay_outcome outcome;
    const char *refusal;      /* stable name when REFUSED, else "" */
    const char *refusal_text; /* for people, English; "" otherwise */
    uint64_t time_ms;         /* of the recall */
};

/* `error->result` other than UNSAY_OK: nothing is known about the outcomes; the same request id may
 * be sent again and gets the first answer. */
typedef void unsay_recall_fn(void *context, const struct unsay_error *error,
                             const struct unsay_target_outcome *outcomes, size_t count);

struct unsay_recall {
    const char *conversation;
    const struct unsay_target *targets; /* 1-100 */
    size_t count;
    const char *request_id; /* 1-64 bytes; NULL: a new one */
    const char *reason;     /* may be NULL */
    uint32_t timeout_ms;    /* 0: 30000 */
};

/* Takes messages back. Stored locally first, and repeated under the same request id over reconnects
 * until the answer comes or the timeout passes. A message of this device that is still in the
 * outbox is taken back too, and never shown to anyone. */
UNSAY_API enum unsay_result unsay_recall(struct unsay *client, const struct unsay_recall *recall,
                                         unsay_recall_fn *callback, void *context);

typedef void unsay_opened_fn(void *context, const struct unsay_error *error,
                             const char *conversation, bool created);

/* The direct conversation with `user`. */
UNSAY_API enum unsay_result unsay_open_direct(struct unsay *client, const char *user,
                                              unsay_opened_fn *callback, void *context);

enum unsay_role {
    UNSAY_ROLE_OWNER = 1,
    UNSAY_ROLE_ADMIN,
    UNSAY_ROLE_MODERATOR,
    UNSAY_ROLE_MEMBER,
    UNSAY_ROLE_GUEST
};

struct unsay_member {
    const char *user;
    enum unsay_role role; /* 0: member */
};

/* A new group; the caller becomes its owner. */
UNSAY_API enum unsay_result unsay_create_group(struct unsay *client, const char *name,
                                               const struct unsay_member *members, size_t count,
                                               unsay_opened_fn *callback, void *context);

/* `events` ascending by seq; `more`: the range holds others. */
typedef void unsay_history_fn(void *context, const struct unsay_error *error,
                              const struct unsay_event *events, size_t count, bool more);

struct unsay_history {
    const char *conversation;
    uint64_t after;  /* events with after < seq */
    uint64_t before; /* and seq < before; 0: no bound */
    uint32_t limit;  /* 1-200; 0: 200 */
    bool newest;     /* the last ones of the range instead of the first */
};

/* From the server, as it is now. */
UNSAY_API enum unsay_result unsay_history(struct unsay *client, const struct unsay_history *query,
                                          unsay_history_fn *callback, void *context);

/* From the local database, without a connection; the callback is called before this returns, on the
 * calling thread. */
UNSAY_API enum unsay_result unsay_stored(struct unsay *client, const struct unsay_history *query,
                                         unsay_history_fn *callback, void *context);

/* Everything up to `seq` was shown to the user. Stored, and told to the server in time. */
UNSAY_API enum unsay_result unsay_displayed(struct unsay *client, const char *conversation,
                                            uint64_t seq);

#ifdef __cplusplus
}
#endif

#endif
