/* libunsay: send, receive and take back messages.
 *
 * A client is one device of one user. It has a thread and a loop of its own, a connection that it
 * keeps up, and a SQLite database in its state directory, in which every message is stored before
 * the application hears of it and every outgoing message before it goes to the network.
 *
 *   STOPPED -> CONNECTING -> SYNCING -> ONLINE
 *                  ^  \________|_________/ |
 *                  |          lost         |
 *               OFFLINE (after 10 failures, until unsay_network_changed)
 *   any -> REJECTED (the token is refused or another device took the name: needs the application)
 *
 * Threads: every function may be called from any thread at any time, also from a callback, with two
 * exceptions: unsay_free must be the last call with a client, and it must not come from one of the
 * client's own callbacks (the process ends with a message). Callbacks run on the client's thread,
 * one at a time, each client's on a thread of its own; they must not block for long. Those that
 * answer a call come once, and none comes after unsay_free has returned. What a callback is given
 * is lent for the call; copy what is needed longer. Several clients, of the same user or of others,
 * may live in one process; two with the same state directory may not, and the second unsay_new says
 * so.
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
    UNSAY_STOPPED,     /* the client was stopped before the answer came */
    UNSAY_WRONG_KEY    /* the key does not fit the local database; nothing was done */
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

/* In which capacity someone took a message back. */
enum unsay_actor {
    UNSAY_ACTOR_SELF = 1, /* the author */
    UNSAY_ACTOR_OWNER,
    UNSAY_ACTOR_ADMIN,
    UNSAY_ACTOR_MODERATOR,
    UNSAY_ACTOR_MEMBER,
    UNSAY_ACTOR_GUEST,
    UNSAY_ACTOR_SYSTEM,    /* the product's backend */
    UNSAY_ACTOR_COMPLIANCE /* someone with a legal mandate */
};

enum unsay_conversation_type {
    UNSAY_CONVERSATION_DIRECT = 1,
    UNSAY_CONVERSATION_GROUP,
    UNSAY_CONVERSATION_CHANNEL
};

enum unsay_role {
    UNSAY_ROLE_NONE, /* a new member: UNSAY_ROLE_MEMBER; else: not a member, or no longer */
    UNSAY_ROLE_OWNER,
    UNSAY_ROLE_ADMIN,
    UNSAY_ROLE_MODERATOR,
    UNSAY_ROLE_MEMBER,
    UNSAY_ROLE_GUEST,
    UNSAY_ROLE_INVITED /* no member before they join, and sees nothing of the log */
};

struct unsay_member {
    const char *user;
    enum unsay_role role;
    uint64_t muted_until_ms; /* cannot write until then, by the server's clock; 0: can; UINT64_MAX:
                                until it is lifted. Only told: to mute, see unsay_mute */
};

/* How people come to a group or channel. */
enum unsay_joining {
    UNSAY_JOINING_CLOSED,  /* owners and admins add; moderators invite as well */
    UNSAY_JOINING_MEMBERS, /* every member adds and invites */
    UNSAY_JOINING_OPEN     /* ... and whoever knows the id joins by themselves */
};

/* What a new member sees of what was said before. */
enum unsay_past {
    UNSAY_PAST_EVERYTHING,
    UNSAY_PAST_FROM_JOINING,
    UNSAY_PAST_LAST /* from the joining on, and the last events before it: past_last */
};

/* What holds for everyone in a group or channel. */
struct unsay_settings {
    const char *name;        /* 1-128 bytes */
    const char *description; /* at most 1024 bytes; "" */
    bool is_read_only;       /* only owners, admins and moderators write */
    enum unsay_joining joining;
    enum unsay_past past;
    uint32_t past_last; /* 1-10000 with UNSAY_PAST_LAST; else 0 or what it was */
    bool is_dissolved;  /* for ever: it is only read, and messages are taken back */
};

/* Fields of struct unsay_settings, to be combined. */
enum unsay_settings_field {
    UNSAY_SETTINGS_NAME = 1 << 1,
    UNSAY_SETTINGS_DESCRIPTION = 1 << 2,
    UNSAY_SETTINGS_READ_ONLY = 1 << 3,
    UNSAY_SETTINGS_JOINING = 1 << 4,
    UNSAY_SETTINGS_PAST = 1 << 5,
    UNSAY_SETTINGS_PAST_LAST = 1 << 6,
    UNSAY_SETTINGS_DISSOLVED = 1 << 7
};

/* A message of any conversation. */
struct unsay_source {
    const char *conversation;
    uint32_t origin; /* 0: 1 */
    uint64_t seq;
};

enum unsay_event_kind {
    UNSAY_EVENT_MESSAGE = 1,
    UNSAY_EVENT_RECALL,     /* a message was taken back */
    UNSAY_EVENT_CREATION,   /* the conversation came to be */
    UNSAY_EVENT_MEMBERSHIP, /* members came, went, were invited or muted, or changed their role */
    UNSAY_EVENT_PIN,        /* a message was pinned or unpinned */
    UNSAY_EVENT_SETTINGS    /* the settings changed */
};

/* An entry of a conversation's log, or what became of it. Unused fields are 0, "" or NULL. */
struct unsay_event {
    const char *conversation;
    enum unsay_event_kind kind;
    uint32_t origin;
    uint64_t seq;
    uint64_t time_ms;   /* when the server committed it */
    const char *sender; /* who did it; for a recall: who wrote the message that was taken back */

    /* a message; for a recall: the message that was taken back */
    uint8_t message_id[16];
    const char *device; /* the sender's */
    enum unsay_content_type content_type;
    enum unsay_message_state state;

    /* a message, while its state is normal */
    const uint8_t *body; /* NULL when it is not */
    size_t body_bytes;
    uint32_t quote_origin; /* the message of this conversation that it answers; seq 0: none */
    uint64_t quote_seq;
    struct unsay_source forwarded_from; /* seq 0: not forwarded */
    const char *const *mentions;        /* users; "*": everyone */
    size_t mention_count;

    /* a recall, or a message that is not normal */
    const char *operator_user; /* who took it back */
    enum unsay_actor actor;    /* in which capacity */
    bool is_vanished;          /* show nothing in the message's place */
    uint64_t recall_time_ms;

    /* a recall */
    const char *reason;
    const uint8_t *extension; /* as the operator's application gave it */
    size_t extension_bytes;

    /* a recall or a pin: key of the message */
    uint32_t target_origin;
    uint64_t target_seq;
    bool is_pinned;

    /* a membership: they were muted, or may write again; roles are as before */
    bool is_muting;

    /* a creation: the first members; a membership: those who are another than before */
    const struct unsay_member *members;
    size_t member_count;

    /* settings: all of them, as they are from here on, and which changed */
    const struct unsay_settings *settings;
    uint32_t settings_fields; /* enum unsay_settings_field */
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
    bool is_recalled;         /* it was taken back already */
    struct unsay_error error; /* when FAILED */
};

/* Whether a conversation is left out of the user's list. It is received and counted all the same.
 */
enum unsay_hiding {
    UNSAY_HIDING_NONE,
    UNSAY_HIDING_UNTIL_MESSAGE, /* until the next message */
    UNSAY_HIDING_ALWAYS         /* until the user says otherwise */
};

/* A conversation as a list shows it. */
struct unsay_conversation {
    const char *id;
    enum unsay_conversation_type type; /* 0: not known yet */
    const char *name;                  /* "" in a direct conversation */
    const char *peer; /* the other user of a direct conversation; while invited, who invited; "" */
    enum unsay_role role;              /* the user's own; NONE: no longer in it, or the log is of a
                                          store that the server no longer has */
    const struct unsay_event *preview; /* the latest message, a tombstone included, a vanished
                                          message not, without a body of more than 2048 bytes; NULL:
                                          there is none */
    uint32_t unread;                   /* as unsay_unread */
    uint32_t mentions;
    uint64_t muted_until_ms; /* 0: not muted; UINT64_MAX: for good */
    uint64_t pinned_ms;      /* when it was pinned to the top of the list; 0: it is not */
    enum unsay_hiding hiding;
    bool is_hidden;       /* now */
    uint64_t activity_ms; /* of the last message, whatever became of it, or of the user's joining */
    uint64_t place;       /* of the same, finer; for `after` in struct unsay_conversation_query */
    const struct unsay_settings *settings; /* NULL: it has none, or they are not known */
    uint64_t silenced_until_ms;            /* until when the user cannot write: see unsay_mute */
};

/* How far a member of a conversation has come; numbers only grow. A message with a seq up to
 * `stored` is on a device of the user's, one with a seq up to `displayed` was shown to the user. */
struct unsay_place {
    const char *user;
    uint64_t stored;
    uint64_t displayed; /* as far as the user, and the server, let others know */
    uint64_t joined;    /* the event that made the user a member: messages before it are not theirs;
                           0: not told, in on_progress */
};

struct unsay_progress {
    const char *conversation;
    uint32_t origin;
    const struct unsay_place *places; /* of the members who have come farther */
    size_t count; /* 0: only who counts has changed: members went, or are too many to be told of */
};

/* What others are told of this user. */
struct unsay_privacy {
    bool hides_displayed;        /* the user's choice: not what was shown to the user */
    bool server_hides_displayed; /* the server tells that of nobody */
};

/* What became of a damaged database. */
struct unsay_damage {
    const char *set_aside;  /* path of the file; it goes with the next message that is taken back */
    size_t outbox_messages; /* that were carried over: sending, and failed */
    size_t recalls;         /* without an answer, likewise */
};

/* Events that were deleted from the local database to make room. */
struct unsay_evicted {
    const char *conversation;
    uint32_t origin;
    uint64_t first_seq;
    uint64_t last_seq;
};

/* What became of a file that goes with a message; see unsay_attach. */
struct unsay_removed {
    const char *conversation;
    const char *sender;
    uint8_t message_id[16];
    const char *path;
    bool is_removed;  /* false: it could not be, and will be tried again */
    const char *text; /* why not, English; "" when it was removed */
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

    /* An entry of the list of conversations may be another than before: as it is now, stored
     * already. After the events that changed it, once for all that were stored together. */
    void (*on_conversation)(void *context, const struct unsay_conversation *conversation);

    /* Other members of a small conversation have stored it, or were shown it, farther than was
     * known: unsay_level of this user's messages may have changed. Stored already. */
    void (*on_progress)(void *context, const struct unsay_progress *progress);

    /* The user was shown the conversation up to `seq` on another device: unsay_unread has changed.
     */
    void (*on_read)(void *context, const char *conversation, uint32_t origin, uint64_t seq);

    /* Known, some time after ONLINE, or changed, on whichever device. */
    void (*on_privacy)(void *context, const struct unsay_privacy *privacy);

    /* The local database was damaged and a new one is begun, which sync fills again, with on_event
     * for each event. Comes before these. */
    void (*on_damaged)(void *context, const struct unsay_damage *damage);

    /* The oldest events of a conversation were deleted here, because the database is larger than
     * options.size_limit_bytes. unsay_history still has them. */
    void (*on_evicted)(void *context, const struct unsay_evicted *evicted);

    /* Once for each file that is removed, and whenever that fails. */
    void (*on_removed)(void *context, const struct unsay_removed *removed);

    /* Events with after < seq < before are not brought by sync, because this device was away for
     * longer than the server's retention, or has just begun (unsay_options.first_sync). unsay_older
     * fetches them. May come several times for the parts of a range. */
    void (*on_skipped)(void *context, const char *conversation, uint64_t after, uint64_t before);

    /* While SYNCING: of the `total` events that are known to be missing (more may come), `done` are
     * stored or skipped. */
    void (*on_sync_progress)(void *context, uint64_t done, uint64_t total);

    /* Instead of on_event, where it is not NULL: events that came together, at most 256, ordered as
     * they would have come one by one. While much is caught up, one call for hundreds. */
    void (*on_events)(void *context, const struct unsay_event *events, size_t count);
};

/* How the server tells that a message was taken back. The callbacks and the database end up the
 * same; what travels in the notice differs. */
enum unsay_follow {
    UNSAY_FOLLOW_PATCH,   /* the recall; applied at once */
    UNSAY_FOLLOW_REFRESH, /* only that the conversation changed; the client reads on from its cursor
                           */
    UNSAY_FOLLOW_REPLACE  /* the recall, and what to put in the message's place */
};

#define UNSAY_NEVER UINT32_MAX
#define UNSAY_KEY_BYTES 32

/* unsay_options.first_sync */
#define UNSAY_FIRST_SYNC_ALL UINT32_MAX
#define UNSAY_FIRST_SYNC_NONE (UINT32_MAX - 1)

struct unsay_options {
    const char *server;          /* tcp://, tls://, ws:// or wss:// HOST:PORT; "HOST:PORT" is tcp */
    const char *token;           /* JWT */
    const char *state_directory; /* made when missing, mode 0700 */
    const char *ca_file;         /* PEM, for tls and wss; NULL: the system's authorities */
    const char *client_name;     /* for the server's log; NULL: "libunsay/VERSION" */
    uint32_t ack_delay_ms;       /* how long acknowledgements are gathered; 0: 50 */

    /* An unanswered message is sent again after the first pause, which doubles up to the longest,
     * and it has FAILED when it was given this long; each pause is up to a quarter longer. */
    uint32_t send_retry_first_ms; /* 0: 1000 */
    uint32_t send_retry_max_ms;   /* 0: 32000 */
    uint32_t send_give_up_ms;     /* 0: 300000 */

    /* A lost connection is tried again after a random part of the first pause, which doubles up to
     * the longest; after so many failures in a row the client is OFFLINE. A server that says when
     * to come back is heeded, and that is no failure. */
    uint32_t reconnect_first_ms;     /* 0: 1000 */
    uint32_t reconnect_max_ms;       /* 0: 30000 */
    uint32_t reconnect_failures_max; /* 0: 10; UNSAY_NEVER: never OFFLINE */

    /* Between these two, and as the server allows, heartbeats become rarer while the network holds
     * and more frequent when it does not. The first of a network come 30 s apart. */
    uint32_t heartbeat_min_ms; /* 0: 10000 */
    uint32_t heartbeat_max_ms; /* 0: 300000 */

    uint32_t edit_ms; /* see unsay_recalled_text; 0: 300000; UNSAY_NEVER: not at all */
    enum unsay_follow follow;

    /* With a new state directory: how many of the last events of each conversation are fetched, out
     * of those within the server's retention; older ones with unsay_older. 0: 200;
     * UNSAY_FIRST_SYNC_ALL: all of these; UNSAY_FIRST_SYNC_NONE: none. */
    uint32_t first_sync;
    struct unsay_callbacks callbacks;
    void *context; /* handed to every callback */

    /* UNSAY_KEY_BYTES at random: the database is encrypted with it, and opens with no other. Looked
     * at during unsay_new only; not copied. NULL: the database is not encrypted. */
    const uint8_t *key;

    /* When the database holds more (1 MiB at least; its log comes on top), the oldest events that
     * were displayed are deleted, as on_evicted tells: never the outbox, nor the last 200 events of
     * a conversation, nor its preview. 0: no limit. */
    uint64_t size_limit_bytes;

    const char *attachment_directory; /* for unsay_attach; NULL: there are no attachments */
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

/* The network is another one, or back: connect at once, with the server's ticket in place of the
 * token where it gave one. */
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
    const void *body; /* none with `forward` */
    size_t body_bytes;
    enum unsay_content_type content_type; /* 0 with `forward` */
    uint32_t quote_origin;                /* 0: 1 */
    uint64_t quote_seq; /* the message of this conversation that it answers; 0: none */
    const struct unsay_source *forward; /* the server copies this message; NULL: none */
    const char *const *mentions;        /* at most 64 users; "*": everyone */
    size_t mention_count;
    uint8_t message_id[16]; /* set by unsay_send_many */
};

/* As unsay_send, for many messages with one local write; all or none. */
UNSAY_API enum unsay_result unsay_send_many(struct unsay *client, const char *conversation,
                                            struct unsay_outgoing *messages, size_t count);

/* Tries a FAILED message again, under the same id. */
UNSAY_API enum unsay_result unsay_resend(struct unsay *client, const uint8_t message_id[16]);

/* A message in the outbox. */
struct unsay_waiting {
    uint64_t number; /* ascending, in the order of sending */
    const char *conversation;
    uint8_t message_id[16];
    enum unsay_content_type content_type; /* 0: a forward, whose body the server has */
    const uint8_t *body;
    size_t body_bytes;
    enum unsay_send_state state; /* SENDING or FAILED */
    struct unsay_error error;    /* why it FAILED */
};

typedef void unsay_outbox_fn(void *context, const struct unsay_waiting *waiting, size_t count,
                             bool more);

/* What is on its way and what has failed, oldest first, also from before a restart; from the local
 * database, the callback being called before this returns, on the calling thread. `conversation`
 * NULL: of all. `after`: the number of the last one of the page before; 0: from the start. `limit`:
 * 1-200; 0: 200. */
UNSAY_API enum unsay_result unsay_outbox(struct unsay *client, const char *conversation,
                                         uint64_t after, uint32_t limit, unsay_outbox_fn *callback,
                                         void *context);

/* Messages in the outbox that are neither accepted nor failed. */
UNSAY_API size_t unsay_outbox_count(struct unsay *client);

/* ---- Taking back. Here and below: the answer comes once, through the callback, on the client's
 * thread; what it points at is lent for the call, and NULL when `error->result` is not UNSAY_OK. */

struct unsay_target {
    uint32_t origin; /* 0: 1 */
    uint64_t seq;    /* 0: by message_id */
    uint8_t message_id[16];
};

enum unsay_condition {
    UNSAY_IF_ANY,         /* whoever has it */
    UNSAY_IF_UNDELIVERED, /* only if no device of another member has stored it */
    UNSAY_IF_UNREAD       /* only if no other member was shown it */
};

enum unsay_wait {
    UNSAY_WAIT_COMMITTED, /* it is durable, and no connection can still send the body */
    UNSAY_WAIT_ONLINE,    /* ... and each device that was connected then has applied it */
    UNSAY_WAIT_ALL        /* ... and each known device of each member has */
};

struct unsay_recall {
    const char *conversation;
    const struct unsay_target *targets; /* 1-100 */
    size_t count;
    const char *request_id; /* 1-64 bytes; NULL: a new one */
    const char *reason;     /* at most 256 bytes; may be NULL */
    const void *extension;  /* for the applications of the others; at most 1024 bytes */
    size_t extension_bytes;
    enum unsay_condition condition;
    enum unsay_wait wait; /* for what the server waits before it answers */
    uint32_t wait_ms;     /* how long, at most 60000; 0: 10000 */
    uint32_t timeout_ms;  /* 0: 30000, and wait_ms more when waiting */
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
    uint64_t recall_seq;      /* of the recall's event; 0: not known */
};

struct unsay_device_name {
    const char *user;
    const char *device; /* "": no device of this user is known */
};

/* Who had applied a recall when the wait ended. */
struct unsay_reach {
    uint32_t devices;                        /* that were waited for */
    uint32_t applied;                        /* of them */
    const struct unsay_device_name *missing; /* at most 100 of the others */
    size_t missing_count;
};

struct unsay_recall_answer {
    const struct unsay_target_outcome *outcomes; /* one per target, in their order */
    size_t count;
    const struct unsay_reach *reach; /* NULL unless the request asked to wait */
};

/* After an error nothing is known about the outcomes; the same request id may be sent again and
 * gets the first answer. */
typedef void unsay_recall_fn(void *context, const struct unsay_error *error,
                             const struct unsay_recall_answer *answer);

/* Takes messages back. Stored locally first, and repeated under the same request id over reconnects
 * until the answer comes or the timeout passes. A message of this device that is still in the
 * outbox is taken back too, and never shown to anyone. */
UNSAY_API enum unsay_result unsay_recall(struct unsay *client, const struct unsay_recall *recall,
                                         unsay_recall_fn *callback, void *context);

/* Take back and edit: the body of a message of this user that was taken back from this device, for
 * edit_ms from then on; kept in memory only, at most 64 messages and 1 MiB, and then overwritten.
 * The body's size; copied when it is at most `room`. 0: there is none, or no longer. */
UNSAY_API size_t unsay_recalled_text(struct unsay *client, const char *conversation,
                                     const uint8_t message_id[16], void *body, size_t room);

#ifdef __cplusplus
}
#endif

#endif
