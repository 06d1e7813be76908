/* What a client knows, on disk: SQLite in DIRECTORY/unsay.db, with WAL, synchronous=FULL and
 * secure_delete.
 *
 *   identity      the user and device that the directory belongs to, the device's key pair, the
 *                 server's store that events and cursors are of (Welcome.store; 16 zeros: not
 *                 known), and whether the device was ever in step with it
 *   event         the conversations' logs, by (conversation, origin, seq)
 *   body          the bodies of events, by number, and apart from them their details: the parts of
 *                 an encoded Event that have no column (quote, source and mentions of a message,
 *                 members, a recall's extension)
 *   search        the index of text messages: filters of their terms, no text (search_entry.h)
 *   cursor        how far conversations are stored and displayed, and from where without a gap
 *   span          what else of them is stored: see database_span.c
 *   conversation  what a list shows of them without a look into their logs: names, the user's
 *                 role and settings, the time of the last message, and which one is the preview
 *   place         how far members have stored and were shown conversations, as the server tells it,
 *                 and the user on other devices
 *   audience      since which event the members in `place` are all, and whether there are too many
 *   outbox        messages on their way out: sending or failed
 *   outbox_body   their bodies and details, likewise; cleared whenever the outbox is empty
 *   request       recalls that have no answer yet, as encoded frames
 *   attachment    files that go with a message, by its conversation, sender and id; due: to be
 *                 removed, because the message is not here any more
 *
 * Bodies, details and the index are only appended, and erased in place by zeros of the same size,
 * so that nothing of them moves inside the file until something is evicted. SQLite moves rows when
 * it splits and merges pages, and secure_delete does not reach the stale copies that this leaves in
 * a page's gaps: with bodies inside `event`, 37 of 2000 erased ones stayed readable. The gaps are
 * cleaned, too, when a page goes from the log into the file (database_file.h).
 *
 * With a key both files are encrypted (cipher.h).
 *
 * The write-ahead log keeps older versions of pages; database_scrub empties it, and is due soon
 * after database_needs_scrub turns true.
 *
 * Threads: any; one lock. Between database_begin and database_commit the calling thread holds it.
 * Inside a transaction failures are kept: the first one makes the calls after it do nothing, and
 * database_commit rolls back and returns it.
 *
 * A damaged file is set aside as unsay.db.damaged-MILLISECONDS, its outbox and requests are carried
 * over as far as they can be read, and a new file is begun, which sync fills again. Files that were
 * set aside are removed by the next scrub, because they too hold bodies. */
#ifndef UNSAY_CLIENT_DATABASE_H
#define UNSAY_CLIENT_DATABASE_H

#include "base/arena.h"
#include "base/status.h"
#include "core/client.h"
#include "unsay/conversation.h"
#include "unsay/levels.h"
#include "unsay/reading.h"
#include "unsay/search.h"
#include "unsay/unsay.h"

#include <limits.h>

struct database;

/* Failures: IN_USE (another client has the directory), VERSION (made by a newer libunsay),
 * UNTRUSTED (it belongs to another user or device, or the key does not fit), IO, NO_SPACE. The
 * texts are for people. */
enum { DATABASE_KEY_BYTES = 64 };

/* Where a message of this user stands in the log; seq 0: nowhere. */
struct database_place {
    uint32_t origin;
    uint64_t seq;
    uint64_t time_ms;
    bool is_recalled;
};

struct database_options {
    const char *directory;
    const char *user;
    const char *device;
    const uint8_t *key; /* CIPHER_KEY_BYTES, looked at while it opens; NULL: not encrypted */
    const char *attachment_directory; /* NULL: there are no attachments */
    uint64_t size_limit_bytes;        /* 0: none */
};

MUST_CHECK enum status database_open(const struct database_options *options,
                                     struct database **database, struct failure *failure);

/* NULL is nothing. */
void database_close(struct database *database);

/* As database_close, and erases every file of the directory: see state_wipe. */
MUST_CHECK enum status database_wipe(struct database *database, struct failure *failure);

/* What was found damaged, and what came of it. */
struct database_damage {
    char path[PATH_MAX]; /* of the file that was set aside */
    size_t outbox;       /* messages that were carried over: sending and failed */
    size_t requests;     /* recalls, likewise */
};

/* True once after a damaged file was set aside, with what there is to tell. */
bool database_take_damage(struct database *database, struct database_damage *damage);

/* Sets a damaged file aside when one was met since, and opens again what could not be opened; else
 * does nothing. */
MUST_CHECK enum status database_repair(struct database *database, struct failure *failure);

/* ---- A transaction ---- */

void database_begin(struct database *database);

/* As above, for what may be lost with the power, being asked for again: without a sync. What was
 * committed before is as durable as ever. */
void database_begin_unsynced(struct database *database);

/* Durable when OK; else nothing was changed. `failure` may be NULL. */
MUST_CHECK enum status database_commit(struct database *database, struct failure *failure);

/* An outbox entry of the same message leaves when it has failed (then true) or the event is a
 * tombstone; else the answer to the send, which is still due, removes it. */
bool database_put_event(struct database *database, const wire_event *event);

/* The same for one that was fetched on request: it does not count as unread. */
bool database_put_fetched(struct database *database, const wire_event *event);

/* The body of a message that is stored and normal, of another one nothing. In the arena. */
struct view database_body(struct database *database, struct view conversation, uint32_t origin,
                          uint64_t seq, struct arena *arena);

/* Erases body and details of the message that `recall` names, in the outbox too, and marks it
 * recalled. False when it is not stored or not normal (an own one leaves the outbox all the same),
 * or when the transaction has failed. */
bool database_recall(struct database *database, const wire_event *recall);

/* Never moves a cursor back. */
void database_put_cursor(struct database *database, const struct client_cursor *cursor);

/* The cursor moves to seq, and what comes is stored from there on without a gap. */
void database_skip(struct database *database, struct view conversation, uint32_t origin,
                   uint64_t seq);

/* What lies from `first` to before `before` is stored, where `before` is still the beginning of
 * what is stored without a gap. */
void database_put_older(struct database *database, struct view conversation, uint32_t origin,
                        uint64_t first, uint64_t before);

/* Everything was in step for the first time. */
void database_put_synced(struct database *database);

/* Displayed up to seq, as far as it is stored. */
void database_put_displayed(struct database *database, struct view conversation, uint32_t origin,
                            uint64_t seq);

/* What a progress changed. */
struct database_moved {
    struct unsay_place *places; /* of others, in the arena, lent from the progress */
    size_t count;
    bool is_changed; /* these, or who counts */
    uint64_t read;   /* up to where the user was shown the conversation now; 0: as before */
};

/* By the rules of core/client_progress.h. */
void database_put_progress(struct database *database, const wire_progress *progress,
                           struct arena *arena, struct database_moved *moved);

/* ---- What changes the list of conversations; true when something is another than before ---- */

bool database_put_conversation(struct database *database, const wire_conversation_entry *entry);
bool database_put_listing(struct database *database, const wire_listing *listing);

/* The user is not in it any more. */
bool database_put_left(struct database *database, struct view conversation);

/* The conversations that the user is in; inside the transaction. */
typedef void database_id_fn(void *context, struct view conversation);
void database_each_conversation(struct database *database, database_id_fn *each, void *context);

/* Inside the transaction, before database_forget: the user's own messages from `from_ms` on go to
 * the end of the outbox, oldest first, as many as it has room for; without what they quote or
 * forward, which is named by another store's seqs. Those that are in it already stay as they are.
 */
void database_send_again(struct database *database, uint64_t from_ms);

/* Erases all events with their bodies, cursors and conversations; outbox and requests stay. Entries
 * of the outbox that name messages are stale from then on. */
void database_forget(struct database *database);

void database_put_store(struct database *database, const struct uuid *store);

/* Whether `count` more entries fit into the outbox (LIMIT_OUTBOX_MAX, failed ones included). */
bool database_outbox_has_room(const struct database *database, size_t count);

/* There is room. `refers`: the details name messages by seq. */
void database_outbox_add(struct database *database, const struct client_outgoing *outgoing,
                         bool refers);

/* The body of an entry, in the arena; {NULL, 0} when there is none. */
struct view database_outbox_body(struct database *database, const struct uuid *message_id,
                                 struct arena *arena);

void database_outbox_accepted(struct database *database, const struct uuid *message_id);

/* The entry stays, in state failed; one that was taken back, or whose event is stored, leaves.
 * Returns where that event is. */
struct database_place database_outbox_failed(struct database *database,
                                             const struct uuid *message_id,
                                             Unsay__V1__ErrorCode refusal, const char *text);

/* A failed entry goes to the end of the outbox, as a retry; false when there is none with this id.
 */
bool database_outbox_retry(struct database *database, const struct uuid *message_id);

/* A recall of this message was taken by the server: when it fails, or has failed, it leaves. */
void database_outbox_recalled(struct database *database, const struct uuid *message_id);

/* A frame to repeat at the next start; returns its number, never 0 unless the transaction failed.
 */
uint64_t database_request_add(struct database *database, struct view frame);
void database_request_remove(struct database *database, uint64_t number);

/* Events that are not here any more. */
struct database_evicted {
    const char *conversation;
    uint32_t origin;
    uint64_t first;
    uint64_t last;
};

/* When the database is larger than its limit: deletes a page of events, with their bodies, from the
 * beginning of a conversation that has not been written in for long, and says which. Never what is
 * not stored contiguously or was not displayed, nor the last page of a conversation, nor its
 * preview. False: it is not larger, or there is nothing to delete. */
bool database_evict(struct database *database, struct arena *arena,
                    struct database_evicted *evicted);

enum database_attached {
    DATABASE_ATTACHED,
    DATABASE_ATTACHED_TOO_LATE, /* the message was taken back; the file is due */
    DATABASE_ATTACHED_UNKNOWN,  /* there is no such message here */
    DATABASE_ATTACHED_FULL      /* it has LIMIT_ATTACHMENTS_MAX files */
};

/* The file `path`, relative to the attachment directory, goes with the message of this seq (of this
 * user, with this message id, when it is 0). */
enum database_attached database_attach(struct database *database, struct view conversation,
                                       uint32_t origin, uint64_t seq, const struct uuid *message_id,
                                       struct view path);

/* ---- Reading; results lie in the arena ---- */

/* The message or event under this key; kind 0 when there is none. */
MUST_CHECK enum status database_event(struct database *database, struct view conversation,
                                      uint32_t origin, uint64_t seq, struct arena *arena,
                                      struct unsay_event *event);

/* Ascending by seq, of ORIGIN_DEFAULT; `query` is valid and its limit is set. */
MUST_CHECK enum status database_events(struct database *database, const struct unsay_history *query,
                                       struct arena *arena, struct unsay_event **events,
                                       size_t *count, bool *more);

/* A conversation of the list; role UNSAY_ROLE_NONE and nothing but its id when there is none. */
MUST_CHECK enum status database_conversation(struct database *database, struct view id,
                                             struct arena *arena,
                                             struct unsay_conversation *conversation);

/* A page of the list; `query` is valid and its limit is set. */
MUST_CHECK enum status database_conversations(struct database *database,
                                              const struct unsay_conversation_query *query,
                                              struct arena *arena,
                                              struct unsay_conversation **conversations,
                                              size_t *count, bool *more);

/* Of any origin, after < seq <= last, at most a page. */
MUST_CHECK enum status database_page(struct database *database, struct view conversation,
                                     uint32_t origin, uint64_t after, uint64_t last,
                                     struct arena *arena, struct unsay_event **events,
                                     size_t *count);

/* The first event that is stored; 0: none. */
MUST_CHECK enum status database_first(struct database *database, struct view conversation,
                                      uint32_t origin, uint64_t *seq);

/* Nothing is evicted while anybody holds it; each true needs its false. */
void database_hold(struct database *database, bool holds);

/* The latest message that has not vanished, of ORIGIN_DEFAULT; kind 0 when there is none. */
MUST_CHECK enum status database_preview(struct database *database, struct view conversation,
                                        struct arena *arena, struct unsay_event *event);

/* Of the other members, by user. */
MUST_CHECK enum status database_places(struct database *database, struct view conversation,
                                       uint32_t origin, struct arena *arena,
                                       struct unsay_place **places, size_t *count);

/* Of a message of this user; level NONE where there is none with this seq. */
MUST_CHECK enum status database_levels(struct database *database, struct view conversation,
                                       uint32_t origin, uint64_t seq, struct unsay_levels *levels);

/* Messages of others beyond what the user was shown on any device that are normal, at most
 * LIMIT_UNREAD_MAX, and how many of them mention the user. */
MUST_CHECK enum status database_unread(struct database *database, struct view conversation,
                                       uint32_t *unread, uint32_t *mentions);

/* How far the log is stored; 0 where nothing is. */
MUST_CHECK enum status database_stored(struct database *database, struct view conversation,
                                       uint64_t *seq);

/* Whether a message of this user is stored and normal. */
MUST_CHECK enum status database_is_normal(struct database *database, struct view conversation,
                                          const struct uuid *message_id, bool *is_normal);

/* What is searched for, in which messages. */
struct database_search {
    struct view text;
    struct view conversation;        /* empty: all */
    struct view before_conversation; /* only what is older than this message */
    uint32_t before_origin;
    uint64_t before_seq; /* 0: no bound */
    uint32_t limit;      /* not 0 */
};

/* Text messages that are normal, newest first; none older than a message that is not stored. */
MUST_CHECK enum status database_search(struct database *database,
                                       const struct database_search *request, struct arena *arena,
                                       struct unsay_found **found, size_t *count, bool *more);

/* At most `limit` entries in state sending with number > after, in order. */
MUST_CHECK enum status database_outbox(struct database *database, uint64_t after, uint32_t limit,
                                       struct arena *arena, struct client_outgoing **entries,
                                       size_t *count);

/* As the application sees them: entries with number > after that were not taken back, in order;
 * `conversation` empty: of all. */
MUST_CHECK enum status database_outbox_show(struct database *database, struct view conversation,
                                            uint64_t after, uint32_t limit, struct arena *arena,
                                            struct unsay_waiting **waiting, size_t *count,
                                            bool *more);

/* Entries in state sending. */
size_t database_outbox_count(struct database *database);

/* What is missing before that which is stored without a gap, of ORIGIN_DEFAULT: after < seq <
 * before; empty where nothing is, or the conversation is not known. */
MUST_CHECK enum status database_missing(struct database *database, struct view conversation,
                                        uint64_t *after, uint64_t *before);

/* Ascending; at most `room`, and *count of all. */
MUST_CHECK enum status database_spans(struct database *database, struct view conversation,
                                      struct unsay_span *spans, size_t room, size_t *count);

MUST_CHECK enum status database_synced(struct database *database, bool *is_synced);

/* As it was put last; zero when it never was. */
MUST_CHECK enum status database_store(struct database *database, struct uuid *store);

/* The device's Ed25519 key pair (secret, then public); made by the first call. */
MUST_CHECK enum status database_key(struct database *database, uint8_t key[DATABASE_KEY_BYTES]);

typedef void database_cursor_fn(void *context, const struct client_cursor *cursor);
MUST_CHECK enum status database_cursors(struct database *database, database_cursor_fn *each,
                                        void *context);

typedef void database_request_fn(void *context, uint64_t number, struct view frame);
MUST_CHECK enum status database_requests(struct database *database, uint32_t limit,
                                         database_request_fn *each, void *context);

/* ---- Files that go with messages ---- */

/* Whether files became due since they were last removed, or may be from before. */
bool database_has_due(struct database *database);

/* Whether any file of this conversation is due, or cannot be known. */
bool database_has_due_of(struct database *database, struct view conversation);

typedef void database_removed_fn(void *context, const struct unsay_removed *removed);

/* Tries to; what is due stays due until database_remove_due. */
void database_remove_now(struct database *database, const char *path);

/* Removes the files that are due; OK when none is left. Those that fail stay due. */
MUST_CHECK enum status database_remove_due(struct database *database, database_removed_fn *each,
                                           void *context);

/* ---- Erasing ---- */

/* Something was erased since the last scrub, and older copies may still be in the files. */
bool database_needs_scrub(struct database *database);

/* Empties the write-ahead log and removes what was set aside. */
MUST_CHECK enum status database_scrub(struct database *database);

#endif
