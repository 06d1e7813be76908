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

/* ---- Conversations ---- */

typedef void unsay_opened_fn(void *context, const struct unsay_error *error,
                             const char *conversation, bool created);

/* The direct conversation with `user`. */
UNSAY_API enum unsay_result unsay_open_direct(struct unsay *client, const char *user,
                                              unsay_opened_fn *callback, void *context);

/* A new group; the caller becomes its owner. */
UNSAY_API enum unsay_result unsay_create_group(struct unsay *client, const char *name,
                                               const struct unsay_member *members, size_t count,
                                               unsay_opened_fn *callback, void *context);

/* A new channel; likewise. */
UNSAY_API enum unsay_result unsay_create_channel(struct unsay *client, const char *name,
                                                 const struct unsay_member *members, size_t count,
                                                 unsay_opened_fn *callback, void *context);

/* The event that says so, which also comes through on_event; seq 0: nothing had to change. */
struct unsay_appended {
    const char *conversation;
    uint32_t origin;
    uint64_t seq;
    uint64_t time_ms;
};

typedef void unsay_appended_fn(void *context, const struct unsay_error *error,
                               const struct unsay_appended *appended);

/* Adds members, changes roles, removes members (UNSAY_ROLE_NONE), leaves: 1-1000 at once, all or
 * none. */
UNSAY_API enum unsay_result unsay_change_members(struct unsay *client, const char *conversation,
                                                 const struct unsay_member *members, size_t count,
                                                 unsay_appended_fn *callback, void *context);

/* Invites users, who then see the conversation's name and nothing else of it: 1-1000 at once, all
 * or none. */
UNSAY_API enum unsay_result unsay_invite(struct unsay *client, const char *conversation,
                                         const char *const *users, size_t count,
                                         unsay_appended_fn *callback, void *context);

/* Accepts an invitation, or joins an open conversation. */
UNSAY_API enum unsay_result unsay_join(struct unsay *client, const char *conversation,
                                       unsay_appended_fn *callback, void *context);

/* Leaves, or declines an invitation. */
UNSAY_API enum unsay_result unsay_leave(struct unsay *client, const char *conversation,
                                        unsay_appended_fn *callback, void *context);

/* They cannot write until then; 0: they can again; UINT64_MAX: until that is lifted. As above. */
UNSAY_API enum unsay_result unsay_mute(struct unsay *client, const char *conversation,
                                       const char *const *users, size_t count,
                                       uint64_t muted_until_ms, unsay_appended_fn *callback,
                                       void *context);

/* Changes those settings that `fields` names (enum unsay_settings_field) and leaves the others. */
UNSAY_API enum unsay_result unsay_change_settings(struct unsay *client, const char *conversation,
                                                  const struct unsay_settings *settings,
                                                  uint32_t fields, unsay_appended_fn *callback,
                                                  void *context);

/* Role UNSAY_ROLE_NONE and nothing but the id where this device knows no such conversation. */
typedef void unsay_conversation_fn(void *context, const struct unsay_error *error,
                                   const struct unsay_conversation *conversation);

/* One conversation as the list has it, from the local database, without a connection; the callback
 * is called before this returns, on the calling thread. */
UNSAY_API enum unsay_result unsay_conversation(struct unsay *client, const char *conversation,
                                               unsay_conversation_fn *callback, void *context);

struct unsay_member_page {
    const struct unsay_member *members; /* ascending by user */
    size_t count;
    bool more; /* ask again, after the last one */
};

typedef void unsay_members_fn(void *context, const struct unsay_error *error,
                              const struct unsay_member_page *page);

/* `after`: the last user of the page before; NULL: from the start. `limit`: 1-200; 0: 200. */
UNSAY_API enum unsay_result unsay_list_members(struct unsay *client, const char *conversation,
                                               const char *after, uint32_t limit,
                                               unsay_members_fn *callback, void *context);

/* The target is named by its seq. */
UNSAY_API enum unsay_result unsay_change_pin(struct unsay *client, const char *conversation,
                                             const struct unsay_target *target, bool is_pinned,
                                             unsay_appended_fn *callback, void *context);

struct unsay_pins {
    const struct unsay_target *targets; /* by seq; the latest pinned last */
    size_t count;
};

typedef void unsay_pins_fn(void *context, const struct unsay_error *error,
                           const struct unsay_pins *pins);

UNSAY_API enum unsay_result unsay_list_pins(struct unsay *client, const char *conversation,
                                            unsay_pins_fn *callback, void *context);

/* ---- The list of conversations ---- */

struct unsay_conversation_query {
    bool with_hidden;
    const struct unsay_conversation
        *after;     /* the last one of the page before, of which id, pinned_ms
                       and place are looked at; NULL: from the top */
    uint32_t limit; /* 1-1000; 0: 1000 */
};

/* `more`: ask again, after the last one. */
typedef void unsay_conversations_fn(void *context, const struct unsay_error *error,
                                    const struct unsay_conversation *conversations, size_t count,
                                    bool more);

/* The conversations that the user is in, from the local database, without a connection: pinned
 * ones, the latest pinned first; then the others, the latest activity first. A recall moves
 * nothing. The same on all of the user's devices once they have received the same. The callback is
 * called before this returns, on the calling thread. `query` may be NULL. */
UNSAY_API enum unsay_result unsay_conversations(struct unsay *client,
                                                const struct unsay_conversation_query *query,
                                                unsay_conversations_fn *callback, void *context);

enum unsay_setting { UNSAY_SETTING_MUTED = 1, UNSAY_SETTING_PINNED, UNSAY_SETTING_HIDDEN };

/* One thing that the user sets for a conversation: for this user alone, on all of their devices. */
struct unsay_listing_change {
    enum unsay_setting setting;
    uint64_t muted_until_ms;  /* MUTED: 0: not any more; UINT64_MAX: for good */
    bool is_pinned;           /* PINNED */
    enum unsay_hiding hiding; /* HIDDEN; UNTIL_MESSAGE hides no message that this device lacks */
};

struct unsay_listing {
    const char *conversation;
    uint64_t muted_until_ms;
    uint64_t pinned_ms;
    enum unsay_hiding hiding;
};

typedef void unsay_listing_fn(void *context, const struct unsay_error *error,
                              const struct unsay_listing *listing);

UNSAY_API enum unsay_result unsay_change_listing(struct unsay *client, const char *conversation,
                                                 const struct unsay_listing_change *change,
                                                 unsay_listing_fn *callback, void *context);

/* ---- Reading ---- */

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

/* Fetches from the server the page before the oldest event that is stored without a gap up to now,
 * and stores it. `events` are as they are stored then; `more`: there may be older ones. `limit`:
 * 1-200; 0: 200; fewer may come. Search and unsay_stored find them
 * like any others; they do not count as unread, and on_event does not bring them. */
UNSAY_API enum unsay_result unsay_older(struct unsay *client, const char *conversation,
                                        uint32_t limit, unsay_history_fn *callback, void *context);

/* A part of a conversation that is stored without a gap. */
struct unsay_span {
    uint64_t first;
    uint64_t last;
};

/* What is stored of a conversation: ascending, at most `room` of them; *count tells how many there
 * are. Between two of them lies what was skipped. */
UNSAY_API enum unsay_result unsay_spans(struct unsay *client, const char *conversation,
                                        struct unsay_span *spans, size_t room, size_t *count);

/* The application shows this conversation to the user, or no longer: such are synced before others,
 * the others in the order of their latest activity. */
UNSAY_API enum unsay_result unsay_set_open(struct unsay *client, const char *conversation,
                                           bool is_open);

/* As unsay_stored: the latest message that a list of conversations shows, a tombstone included, a
 * vanished message not; no event where there is none. */
UNSAY_API enum unsay_result unsay_preview(struct unsay *client, const char *conversation,
                                          unsay_history_fn *callback, void *context);

/* From the local database: messages of others that the user was not shown (unsay_displayed, on this
 * device or, as far as the server has told, on another) and that nobody took back, counted to 100;
 * and how many of those mention this user. */
UNSAY_API enum unsay_result unsay_unread(struct unsay *client, const char *conversation,
                                         uint32_t *unread, uint32_t *mentions);

/* Everything up to `seq` was shown to the user. Stored, and told to the server in time. */
UNSAY_API enum unsay_result unsay_displayed(struct unsay *client, const char *conversation,
                                            uint64_t seq);

/* ---- Levels of delivery: sending, accepted (unsay_send_state), stored by the receivers, displayed
 * to them. The receivers of a message are the members of now who were in the conversation before it
 * came, without its author. ---- */

enum unsay_level {
    UNSAY_LEVEL_NONE,      /* this device has no message of this user's there */
    UNSAY_LEVEL_ACCEPTED,  /* durable at the server */
    UNSAY_LEVEL_STORED,    /* each receiver has stored it */
    UNSAY_LEVEL_DISPLAYED, /* each receiver was shown it */
};

struct unsay_levels {
    enum unsay_level level;
    bool is_known; /* else the conversation is too large to be told of, or not listed yet: the
                      level is ACCEPTED, and unsay_receipts counts */
    uint32_t receivers;
    uint32_t stored;    /* of them; displayed ones included */
    uint32_t displayed; /* of them */
};

/* Of a message of this user, from the local database, without a connection. */
UNSAY_API enum unsay_result unsay_level(struct unsay *client, const char *conversation,
                                        uint64_t seq, struct unsay_levels *levels);

typedef void unsay_places_fn(void *context, const struct unsay_place *places, size_t count);

/* Where the other members are, as far as it is known here; the callback is called before this
 * returns, on the calling thread. */
UNSAY_API enum unsay_result unsay_places(struct unsay *client, const char *conversation,
                                         unsay_places_fn *callback, void *context);

struct unsay_receipts_query {
    const char *conversation;
    uint32_t origin; /* 0: 1 */
    uint64_t seq;
    const char *after; /* unsay_receipts.next of the page before; NULL: from the start */
    uint32_t limit;    /* 1-200; 0: 200 */
};

/* Numbers of this page; pages add up. */
struct unsay_receipts {
    const char *conversation;
    uint32_t origin;
    uint64_t seq;
    uint32_t receivers;
    uint32_t stored;
    uint32_t displayed;
    const struct unsay_place *members; /* the receivers; none in a large conversation */
    size_t member_count;
    const char *next; /* "": there are no more */
};

typedef void unsay_receipts_fn(void *context, const struct unsay_error *error,
                               const struct unsay_receipts *receipts);

/* From the server, in conversations of any size: for the author, owners and admins, the product's
 * backend and people with a legal mandate. */
UNSAY_API enum unsay_result unsay_receipts(struct unsay *client,
                                           const struct unsay_receipts_query *query,
                                           unsay_receipts_fn *callback, void *context);

typedef void unsay_privacy_fn(void *context, const struct unsay_error *error,
                              const struct unsay_privacy *privacy);

/* Whether others are told what the user is shown from now on; for all of the user's devices. */
UNSAY_API enum unsay_result unsay_set_privacy(struct unsay *client, bool hides_displayed,
                                              unsay_privacy_fn *callback, void *context);
UNSAY_API enum unsay_result unsay_get_privacy(struct unsay *client, unsay_privacy_fn *callback,
                                              void *context);

/* ---- Taking along ---- */

/* After each page of at most 200 lines; false: enough, and the export ends with STOPPED. */
typedef bool unsay_export_fn(void *context, uint64_t done, uint64_t total);

/* Writes all events and outgoing messages that this device has to a file descriptor, a JSON object
 * a line (docs/sdk.md). The log as it is when the export begins, so that what comes meanwhile is
 * not in it; what is taken back meanwhile is a tombstone there, unless its line was written before.
 * On the calling thread, a page at a time; the client goes on meanwhile, and evicts nothing.
 * UNREACHABLE: the descriptor cannot be written; errno says why. `progress` may be NULL. */
UNSAY_API enum unsay_result unsay_export(struct unsay *client, int file, unsay_export_fn *progress,
                                         void *context);

/* ---- Files ---- */

/* A file that goes with a message: when the message is taken back, evicted or wiped, the file is
 * overwritten and removed, after a restart if need be. The device's receipt, which says that it has
 * no body any more, waits for that. */
struct unsay_attachment {
    const char *conversation;
    struct unsay_target target; /* stored here, or in the outbox by its message id */
    const char *path; /* in options.attachment_directory: names with "/" between them; no link is
                       * followed. At most 16 for a message. It need not exist. */
};

enum unsay_attached {
    UNSAY_ATTACHED = 1,
    UNSAY_ATTACHED_TOO_LATE /* the message was taken back already: the file is removed */
};

/* INVALID: there is no such message here, or the path or the number of files is out of range. */
UNSAY_API enum unsay_result unsay_attach(struct unsay *client,
                                         const struct unsay_attachment *attachment,
                                         enum unsay_attached *attached);

/* ---- Searching ---- */

/* In the text messages that this device has stored, without a connection. What was taken back is
 * not found, and the index on disk holds nothing of it any more.
 *
 * The text is what a person types: words, all of which must occur, as whole words, without regard
 * to case and diacritics; "several words in quotation marks" must follow each other. In Chinese,
 * Japanese, Korean, Thai, Lao, Khmer and Burmese a word, or a single character, is found wherever
 * it stands. No text is an error; one without a word finds nothing. */
struct unsay_search {
    const char *text;
    const char *conversation;          /* NULL: in all of them */
    const struct unsay_source *before; /* the last message of the page before; NULL: the newest */
    uint32_t limit;                    /* 1-100; 0: 100 */
};

/* In the snippet. */
struct unsay_hit {
    size_t start; /* bytes */
    size_t bytes;
};

struct unsay_found {
    const char *conversation;
    uint32_t origin;
    uint64_t seq;
    uint64_t time_ms;
    const char *sender;
    const char *snippet; /* one line around the first hit; whole characters, at most 96 */
    bool is_cut_before;  /* the message has more */
    bool is_cut_after;
    const struct unsay_hit *hits; /* ascending */
    size_t hit_count;
};

/* `found` newest first; `more`: there are older ones. */
typedef void unsay_search_fn(void *context, const struct unsay_error *error,
                             const struct unsay_found *found, size_t count, bool more);

/* The callback is called before this returns, on the calling thread. */
UNSAY_API enum unsay_result unsay_search(struct unsay *client, const struct unsay_search *query,
                                         unsay_search_fn *callback, void *context);

/* ---- The state directory, while no client has it open ---- */

enum unsay_state_kind {
    UNSAY_STATE_NONE, /* no directory, or no database in it */
    UNSAY_STATE_PLAIN,
    UNSAY_STATE_ENCRYPTED,
    UNSAY_STATE_DAMAGED, /* unsay_new would set the file aside */
    UNSAY_STATE_WIPING   /* a wipe was interrupted; unsay_new, or another wipe, finishes it */
};

struct unsay_state {
    enum unsay_state_kind kind;
    uint64_t bytes;     /* of the database and its log */
    uint32_t set_aside; /* damaged databases */
};

/* Opens nothing and needs no key; also while a client has the directory. */
UNSAY_API enum unsay_result unsay_state(const char *state_directory, struct unsay_state *state);

/* From one key to another; a NULL is "not encrypted". Between two keys this is one small write;
 * from plain to encrypted, or back, the database is copied. When it is interrupted the database has
 * the one key or the other. WRONG_KEY: `old_key` does not fit. `text` says what is wrong. */
UNSAY_API enum unsay_result unsay_change_key(const char *state_directory, const uint8_t *old_key,
                                             const uint8_t *new_key, char *text, size_t text_bytes);

/* Overwrites and removes everything that libunsay keeps in the directory; needs no key. What is
 * interrupted goes on when the directory is next opened. */
UNSAY_API enum unsay_result unsay_wipe(const char *state_directory, char *text, size_t text_bytes);

/* Stops the client, wipes its state directory and frees it, whatever the result; as unsay_free. */
UNSAY_API enum unsay_result unsay_wipe_client(struct unsay *client, char *text, size_t text_bytes);

/* ---- Hints ---- */

/* What a reader sees where messages were taken back: "Li took back a photo". Needs no client. */
struct unsay_hint {
    const char *language;      /* BCP 47, such as "pt-BR"; one that there is not: English */
    const char *viewer;        /* the user who reads it */
    const char *operator_user; /* as in struct unsay_event; a system's may be "" or NULL */
    const char *operator_name; /* to be shown; "" or NULL: the user's id */
    const char *author;        /* who wrote them; not known: "" or NULL */
    const char *author_name;
    enum unsay_actor actor;
    bool is_vanished;                     /* makes the hint empty */
    enum unsay_content_type content_type; /* of all of them; 0: a mixture */
    uint32_t count;                       /* of one author, folded into one hint; 0: 1 */
};

/* Writes the hint, ended by NUL and cut at a whole character where `bytes` are too few, and returns
 * its size without the NUL. One line, without a full stop. Names are cut at 32 characters; in them
 * control characters and what changes direction are left out, and a name that may run against the
 * sentence stands between U+2068 and U+2069. */
UNSAY_API size_t unsay_hint(const struct unsay_hint *hint, char *text, size_t bytes);

/* The languages of hints, BCP 47, ended by NULL; English first. */
UNSAY_API const char *const *unsay_hint_languages(void);

#ifdef __cplusplus
}
#endif

#endif
