/* The rules of the client's end: connection, outbox, cursors, sync, acknowledgements, requests.
 * Pure: every call brings the time, every consequence is an effect that the shell performs.
 * libunsay and the simulation are its two shells.
 *
 * How a shell performs what client_core_take gives it, every time after it has fed inputs:
 *   1. all STORE_* effects, in order, in one transaction, which it commits, synced;
 *   2. only then the others, in order.
 * If the transaction fails, none of the effects is performed, and the shell closes the connection,
 * frees the core and starts a new one from the database: what was not stored was neither shown nor
 * acknowledged, so it comes again.
 *
 *   link:   DOWN --connect--> CONNECTING --link_up--> GREETING --Welcome--> SYNCING --> LIVE
 *           any  --link_down--> DOWN (reconnects after a backoff) or REJECTED (needs a new token)
 *
 * Sync: after Welcome the conversations are listed in pages; each whose head is beyond the cursor
 * is read in pages of LIMIT_PAGE_EVENTS_MAX, a few at a time, those that were active last first.
 * What is older than the server's retention, or than the first sync of a new device asks for, is
 * skipped: the cursor moves over it once the recalls in it were applied to what is stored, and the
 * application is told; client_core_fetch brings it on request. A push that continues the cursor is
 * stored and shown; one at or below it is a repetition and only acknowledged again; one beyond a
 * gap is dropped and makes the conversation read. So a cursor never moves over a gap. A recall
 * notice is applied to its target at once, and held until its turn in the log comes; one that only
 * says that there is a recall makes the conversation read.
 *
 * Store: Welcome tells which store the server has. Another one than before is another log: what was
 * received is forgotten and fetched anew, the outbox is kept and goes to the new store. Where that
 * is a backup of the one before, which Welcome tells, what the user sent since is sent again, under
 * the same message ids: what the backup has is answered as before, and what it lacks comes back.
 *
 * Outbox: the truth is in the database; the core holds a window of the oldest entries. In a
 * conversation entries go out in order, each naming its unresolved predecessor in Send.after, so
 * that no failure can make one overtake another. */
#ifndef UNSAY_CORE_CLIENT_H
#define UNSAY_CORE_CLIENT_H

#include "base/arena.h"
#include "base/blob.h"
#include "base/prng.h"
#include "base/uuid.h"
#include "core/contract.h"

struct client_core;

struct client_config {
    const char *token;               /* copied, as the others */
    const char *name;                /* Hello.client */
    uint32_t ack_delay_ms;           /* acknowledgements are gathered this long */
    uint32_t send_retry_first_ms;    /* 1000, doubling */
    uint32_t send_retry_max_ms;      /* 32000 */
    uint32_t send_give_up_ms;        /* 300000 from the first transmission */
    uint32_t reconnect_first_ms;     /* 1000, doubling, full jitter */
    uint32_t reconnect_max_ms;       /* 30000 */
    uint32_t reconnect_failures_max; /* 10; then offline */
    uint32_t answer_timeout_ms;      /* 10000: Welcome, pages */
    uint32_t heartbeat_min_ms;       /* 10000 */
    uint32_t heartbeat_max_ms;       /* 300000; see client_heartbeat.h */
    uint32_t first_sync;             /* of a new device: events of each conversation */
    uint64_t seed;                   /* of the jitter */
    Unsay__V1__Follow follow;
    struct view device_key; /* Ed25519 public key, copied; empty: no receipts */
};

/* client_config.first_sync: what the retention gives. */
#define CLIENT_FIRST_SYNC_ALL UINT32_MAX

/* The values of DESIGN.md; token, name and seed are the caller's. */
void client_config_default(struct client_config *config);

/* ---- Inputs ---- */

struct client_core *client_core_new(const struct client_config *config);
void client_core_free(struct client_core *core);

struct client_cursor {
    struct view conversation;
    uint32_t origin;
    uint64_t stored;
    uint64_t displayed;
    uint64_t recalled; /* seq of the last recall up to stored; 0: none */
};

/* Before client_core_start: what the database knows about a conversation; also of one of which it
 * has no event, but knows that the user is in it. */
void client_core_load_cursor(struct client_core *core, const struct client_cursor *cursor);

/* Before client_core_start: the store that the database's cursors and events are of. Without it, or
 * with zero, the one of the next Welcome is taken for it. */
void client_core_load_store(struct client_core *core, const struct uuid *store);

/* Before client_core_start: CLIENT_STORE_SYNCED was stored, this is no new device. */
void client_core_load_synced(struct client_core *core);

void client_core_start(struct client_core *core, uint64_t now_ms);
void client_core_link_up(struct client_core *core, uint64_t now_ms);

/* The connection failed or ended. `reason` is for people. */
void client_core_link_down(struct client_core *core, uint64_t now_ms, const char *reason);

/* A whole frame from the server (core/frame.h). */
void client_core_frame(struct client_core *core, uint64_t now_ms, struct view frame);

/* The time asked for by CLIENT_WAKE_AT has come; early and spurious calls are harmless. */
void client_core_tick(struct client_core *core, uint64_t now_ms);

void client_core_network_changed(struct client_core *core, uint64_t now_ms);
void client_core_set_token(struct client_core *core, uint64_t now_ms, const char *token);

/* An entry of the outbox, oldest first by `number`. The core copies it. */
struct client_outgoing {
    uint64_t number; /* ascending, the order of sending */
    struct view conversation;
    struct uuid message_id;
    Unsay__V1__ContentType content_type;
    struct view body;
    struct view detail; /* an encoded Send with quote, forward and mentions alone; may be empty */
    bool is_stale;      /* it names messages of another store's log: it fails */
    bool is_retry;      /* failed before, and is sent again: the log may hold it already */
};

/* Entries that the database holds in state sending. The core asks for them with CLIENT_LOAD_OUTBOX;
 * a shell may also offer a new entry at once. An entry is taken (true) when it follows directly on
 * what the core knows and the window has room; otherwise the core remembers that there is more.
 * From the take with CLIENT_LOAD_OUTBOX to client_core_outbox_loaded only its answer is offered. An
 * entry that is sent again after it failed has a new number. */
bool client_core_offer(struct client_core *core, uint64_t now_ms,
                       const struct client_outgoing *outgoing);

/* The answer to CLIENT_LOAD_OUTBOX was given whole, by offers; `more`: the database holds others.
 */
void client_core_outbox_loaded(struct client_core *core, uint64_t now_ms, bool more);

/* A request of the application; the answer comes as CLIENT_ANSWER with the same token, once. The
 * frame's body is any that has an answer of its own and is not the core's business (hello,
 * heartbeat, send, ack, goodbye); its request number is set by the core. Requests survive
 * reconnects until `timeout_ms` passes. False: too many are under way (LIMIT_SESSION_READS_MAX of
 * reads, 1024 in all). */
bool client_core_request(struct client_core *core, uint64_t now_ms, uint64_t token,
                         const wire_client_frame *frame, uint32_t timeout_ms);

/* As above, for a Read of events before the cursor: they are stored (CLIENT_STORE_EVENT with
 * is_older) before the answer comes, all of a page in one take. In the answer to any Read, what a
 * recall names that came meanwhile is a tombstone. */
bool client_core_fetch(struct client_core *core, uint64_t now_ms, uint64_t token,
                       const wire_client_frame *frame, uint32_t timeout_ms);

/* The application shows the conversation, or no longer: those are synced first. */
void client_core_set_open(struct client_core *core, uint64_t now_ms, struct view conversation,
                          bool is_open);

/* The user saw everything up to seq. */
void client_core_displayed(struct client_core *core, uint64_t now_ms, struct view conversation,
                           uint32_t origin, uint64_t seq);

/* The client is about to end: what is to be acknowledged is sent at once, and that it leaves. The
 * last input; the shell performs its effects and closes the connection. */
void client_core_stop(struct client_core *core, uint64_t now_ms);

/* ---- Effects ---- */

enum client_effect_kind {
    /* Durable, in one transaction. */
    CLIENT_STORE_FORGET, /* all events, cursors and conversations: they are of another store's log;
                          * the outbox stays. Unless lost_from_ms is 0, the store is a backup of the
                          * one that was known: the user's own messages from then on go to the end
                          * of the outbox first, to be sent again */
    CLIENT_STORE_STORE,  /* store: what comes from here on is of this one */
    CLIENT_STORE_SYNCED, /* everything was in step for the first time */
    CLIENT_STORE_EVENT,  /* event: not stored yet; the next of its conversation, or is_older */
    CLIENT_STORE_RECALL, /* event (a recall): overwrite the target's body and mark it recalled, if
                          * it is stored and normal; then, after the commit, show the tombstone */
    CLIENT_STORE_SKIP,   /* conversation, origin: what lies after `after`, up to `seq`, is skipped;
                          * the cursor follows */
    CLIENT_STORE_CURSOR, /* cursor */
    CLIENT_STORE_CONVERSATION, /* entry: insert or update; role unspecified: the user is not in it
                                */
    CLIENT_STORE_LISTING,      /* listing: what the user set, unless a later version is stored */
    CLIENT_STORE_LEFT,         /* conversation: the user is not in it any more; its log may lack the
                                * event that says so */
    CLIENT_STORE_ACCEPTED,     /* message_id: leaves the outbox: accepted */
    CLIENT_STORE_PROGRESS,     /* progress, by the rules of client_progress.h */
    CLIENT_STORE_FAILED,       /* message_id, refusal, text: stays in the outbox in state failed */

    /* After the commit. */
    CLIENT_CONNECT,
    CLIENT_DISCONNECT, /* the shell reports no link_down for it: a CONNECT may follow */
    CLIENT_TRANSMIT,   /* frame */
    CLIENT_SIGN,       /* draft: a frame with `ack` in it. Set time_ms and signature of the receipts
                        * there (core/receipt.h, of `store`), then encode and transmit it; where that
                        * cannot be done, drop it, or leave cursors out: they come again */
    CLIENT_SHOW_EVENT, /* event */
    CLIENT_SHOW_SKIPPED,  /* conversation, origin, after, seq: as in CLIENT_STORE_SKIP */
    CLIENT_SHOW_SYNCING,  /* done and total: events of the sync under way */
    CLIENT_SHOW_SEND,     /* message_id, conversation, send_state, origin, seq, time, is_recalled,
                           * refusal, text */
    CLIENT_SHOW_PROGRESS, /* progress: what of it was new */
    CLIENT_SHOW_PRIVACY,  /* privacy: it is known now, or has changed */
    CLIENT_SHOW_LINK,     /* link, refusal, text */
    CLIENT_ANSWER, /* token and one of: answer; events, event_count and answer (a PageEnd) for a
                    * read; or refusal and text, or is_timeout */
    CLIENT_LOAD_OUTBOX, /* offer entries with number > after, at most `count` */
    CLIENT_WAKE_AT      /* at_ms; replaces an earlier one */
};

enum client_link {
    CLIENT_LINK_DOWN,
    CLIENT_LINK_CONNECTING,
    CLIENT_LINK_SYNCING,
    CLIENT_LINK_LIVE,
    CLIENT_LINK_OFFLINE,
    CLIENT_LINK_REJECTED
};

enum client_send_state { CLIENT_SEND_SENDING = 1, CLIENT_SEND_ACCEPTED, CLIENT_SEND_FAILED };

struct client_effect {
    enum client_effect_kind kind;
    struct uuid store;
    const wire_event *event;
    struct view event_bytes; /* its encoding */
    const wire_conversation_entry *entry;
    const wire_listing *listing;
    const wire_progress *progress;
    const wire_privacy *privacy;
    struct client_cursor cursor;
    struct view conversation;
    uint32_t origin;
    struct uuid message_id;
    enum client_send_state send_state;
    uint64_t seq;
    uint64_t time;
    bool is_recalled;
    bool is_older;
    uint64_t lost_from_ms; /* FORGET */
    uint64_t done;
    uint64_t total;
    enum client_link link;
    uint64_t token;
    const wire_server_frame *answer;
    const wire_event *const *events;
    size_t event_count;
    Unsay__V1__ErrorCode refusal; /* 0: none */
    const char *text;             /* for people; "" or a sentence */
    bool is_timeout;
    struct blob *frame; /* TRANSMIT: owned by the list */
    wire_client_frame *draft;
    wire_ack *ack;
    uint64_t after;
    uint32_t count;
    uint64_t at_ms;
    struct client_effect *next;
};

/* The effects since the last call, STORE_* first, each group in order. Lent until the next input.
 * NULL when there are none. */
const struct client_effect *client_core_take(struct client_core *core);

/* ---- What a test may look at ---- */

enum client_link client_core_link(const struct client_core *core);
uint64_t client_core_stored(const struct client_core *core, struct view conversation,
                            uint32_t origin);
size_t client_core_in_flight(const struct client_core *core);

#endif
