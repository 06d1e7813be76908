/* The store: the port through which everything durable goes. Adapters: memory (tests, simulation)
 * and RocksDB; one conformance suite holds for all.
 *
 * A commit is atomic and durable: when store_commit has returned STATUS_OK, its changes survive the
 * death of the process and the loss of power; when it has returned anything else, they may or may
 * not be there, and every later read tells which: the store has by then gone back to what the disk
 * holds. Reads see every commit that has returned, and each value whole.
 *
 * Threads: everything from any thread at any time. Commits under way at the same time may share a
 * sync; two that change the same row must not be under way at the same time.
 *
 * Reads answer STATUS_OK, STATUS_NOT_FOUND (where a single row is asked for) or a failure: IO,
 * CORRUPT, NO_SPACE. What they return lives in the arena that the caller passes. */
#ifndef UNSAY_STORAGE_STORE_H
#define UNSAY_STORAGE_STORE_H

#include "base/arena.h"
#include "base/limits.h"
#include "base/status.h"
#include "core/change.h"

struct store;

/* A store in memory, empty. It lives until store_close, and its content longer only through
 * store_memory_* (see store_memory.h). */
struct store *store_open_memory(void);

struct store_options {
    const char *directory;          /* made when missing */
    const char *evidence_directory; /* keys of kept bodies, made when missing; never to be backed up
                                       along with the store. NULL: DIRECTORY/../evidence */
    size_t cache_bytes;             /* block cache; 0: 256 MiB */
    size_t buffer_bytes;            /* memtables; 0: 128 MiB */
};

/* The embedded store. Fails with IN_USE when another process has the directory, VERSION when a
 * newer Unsay wrote it, CORRUPT, NO_SPACE or IO; `failure` says what to do. */
MUST_CHECK enum status store_open_rocksdb(const struct store_options *options, struct store **store,
                                          struct failure *failure);

/* NULL is nothing. No other call may be under way. */
void store_close(struct store *store);

/* Which store this is: random, made with the store and changed by
 * store_begin_anew alone. The memory store's is always
 * the same. */
MUST_CHECK enum status store_get_id(struct store *store, struct uuid *id);

/* Makes a directory with the store's files as they are at one moment of the call, shared by hard
 * links, and without those of evidence. Other calls go on. UNSUPPORTED for a store in memory. */
MUST_CHECK enum status store_checkpoint(struct store *store, const char *directory,
                                        struct failure *failure);

/* A store that was put back from a backup is another one from here on: devices that knew more than
 * it does notice. It remembers the ids that it had, and from when on what was committed under each
 * may be missing; of more than LIMIT_STORE_PASTS_MAX the oldest goes. */
MUST_CHECK enum status store_begin_anew(struct store *store, uint64_t lost_from_ms,
                                        struct failure *failure);

struct store_past {
    struct uuid id;
    uint64_t lost_from_ms; /* the server's clock, Unix milliseconds */
};

/* The ids that the store had, the oldest first. */
MUST_CHECK enum status
store_get_pasts(struct store *store, struct store_past pasts[LIMIT_STORE_PASTS_MAX], size_t *count);

/* Applies `lists[0]` to `lists[count - 1]`, in order, as one commit with one sync. `failure` may be
 * NULL. After a failure the store repairs itself when the cause is gone; until then every commit
 * fails at once. NO_SPACE also when less than LIMIT_DISK_FREE_BYTES_MIN is free. */
MUST_CHECK enum status store_commit(struct store *store, const struct change_list *const *lists,
                                    size_t count, struct failure *failure);

MUST_CHECK enum status store_get_conversation(struct store *store, struct view conversation,
                                              struct arena *arena, struct conversation_row *row);

MUST_CHECK enum status store_get_member(struct store *store, struct view conversation,
                                        struct view user, struct member_row *row);

MUST_CHECK enum status store_get_event(struct store *store, struct event_key key,
                                       struct arena *arena, struct view *bytes);

/* What is private of a message that was taken back; NOT_FOUND where nothing is. */
MUST_CHECK enum status store_get_dossier(struct store *store, struct event_key key,
                                         struct arena *arena, struct view *bytes);

/* The body that was kept, decrypted; NOT_FOUND where none was, or its time is over. */
MUST_CHECK enum status store_get_evidence(struct store *store, struct event_key key,
                                          struct arena *arena, struct view *body,
                                          uint64_t *until_ms);

/* The last event of a conversation and origin: its seq and bytes. */
MUST_CHECK enum status store_get_last_event(struct store *store, struct view conversation,
                                            uint32_t origin, struct arena *arena, uint64_t *seq,
                                            struct view *bytes);

/* The last message of a log as it was when other events followed it: right where the last event is
 * none. NOT_FOUND: no message was ever followed by another event. */
MUST_CHECK enum status store_get_last_message(struct store *store, struct view conversation,
                                              uint32_t origin, struct last_message_row *row);

MUST_CHECK enum status store_get_message_id(struct store *store, struct view conversation,
                                            struct view user, const struct uuid *id,
                                            struct arena *arena, struct message_id_row *row);

/* The largest message id that this user ever used in the conversation, a waiting recall's included.
 */
MUST_CHECK enum status store_get_last_message_id(struct store *store, struct view conversation,
                                                 struct view user, struct uuid *id);

MUST_CHECK enum status store_get_request(struct store *store, struct view conversation,
                                         struct view user, struct view request_id,
                                         struct arena *arena, struct view *bytes);

/* Whether any request of this user in the conversation has an answer. */
MUST_CHECK enum status store_has_requests(struct store *store, struct view conversation,
                                          struct view user, bool *has);

/* NOT_FOUND, or OK: when this recall was published, its target had been handed to the device's
 * connection, and the device had not said that it stored it. */
MUST_CHECK enum status store_get_pushed(struct store *store, struct event_key recall,
                                        struct view user, struct view device);

/* A job's bytes. */
MUST_CHECK enum status store_get_job(struct store *store, struct view conversation,
                                     struct view user, struct view request_id, struct arena *arena,
                                     struct view *bytes);

MUST_CHECK enum status store_get_device(struct store *store, struct view user, struct view device,
                                        struct device_row *row);

MUST_CHECK enum status store_get_user(struct store *store, struct view user, struct user_row *row);

MUST_CHECK enum status store_get_policy(struct store *store, struct view version,
                                        struct arena *arena, struct view *content);

MUST_CHECK enum status store_get_cursor(struct store *store, struct view user, struct view device,
                                        struct view conversation, uint32_t origin,
                                        struct cursor_row *row);

/* One entry of a listing; the views live in the arena. */
struct store_event {
    uint64_t seq;
    struct view bytes;
};

struct store_range {
    struct view conversation;
    uint32_t origin;
    uint64_t after;   /* events with after < seq */
    uint64_t before;  /* and seq < before; 0: no bound */
    uint32_t limit;   /* events at most, at least 1 */
    size_t bytes_max; /* stops after the event that passes it; at least one event is returned */
    bool newest;      /* the last events of the range instead of the first */
};

/* Fills `events` (room for range->limit), ascending by seq in either case. *more: the range holds
 * others. An empty range is STATUS_OK with *count 0. */
MUST_CHECK enum status store_read_events(struct store *store, const struct store_range *range,
                                         struct arena *arena, struct store_event *events,
                                         size_t *count, bool *more);

/* An event among all that the store has. */
struct store_logged {
    struct event_key key;
    struct view bytes;
};

/* Every event of every conversation, in the order of their keys, as it is now: those after `after`
 * (NULL: from the beginning), at most `limit` (room in `events`). Events that are committed
 * meanwhile may be missing. */
MUST_CHECK enum status store_list_events(struct store *store, const struct event_key *after,
                                         size_t limit, struct arena *arena,
                                         struct store_logged *events, size_t *count);

struct store_membership {
    struct view conversation;
    struct view user;
    struct member_row row;
};

/* The members of a conversation with user > after, ascending, at most `limit` (room in `members`).
 */
MUST_CHECK enum status store_list_members(struct store *store, struct view conversation,
                                          struct view after, size_t limit, struct arena *arena,
                                          struct store_membership *members, size_t *count);

/* The conversations that a user is in now, with conversation > after, ascending, at most `limit`.
 */
MUST_CHECK enum status
store_list_conversations(struct store *store, struct view user, struct view after, size_t limit,
                         struct arena *arena, struct store_membership *memberships, size_t *count);

/* ---- Listings: entries after `after` (zeroed: from the start), ascending, at most `limit` (room
 * in the array); views live in the arena ---- */

struct store_cursor {
    struct view user;
    struct view device;
    struct cursor_row row;
};

/* The cursors of a conversation's devices, after (after_user, after_device). */
MUST_CHECK enum status store_list_cursors(struct store *store, struct view conversation,
                                          uint32_t origin, struct view after_user,
                                          struct view after_device, size_t limit,
                                          struct arena *arena, struct store_cursor *cursors,
                                          size_t *count);

/* The devices of a user, by name. */
struct store_device {
    struct view device;
    struct device_row row;
};
MUST_CHECK enum status store_list_devices(struct store *store, struct view user, struct view after,
                                          size_t limit, struct arena *arena,
                                          struct store_device *devices, size_t *count);

/* The message ids of a user in a conversation, by id. */
struct store_message_id {
    struct uuid id;
    struct message_id_row row;
};
MUST_CHECK enum status store_list_message_ids(struct store *store, struct view conversation,
                                              struct view user, const struct uuid *after,
                                              size_t limit, struct arena *arena,
                                              struct store_message_id *ids, size_t *count);

struct store_pin {
    uint64_t seq;
    struct pin_row row;
};
MUST_CHECK enum status store_list_pins(struct store *store, struct view conversation,
                                       uint32_t origin, size_t limit, struct arena *arena,
                                       struct store_pin *pins, size_t *count);

/* Where a message was forwarded to. */
MUST_CHECK enum status store_list_forwards(struct store *store, struct event_key source,
                                           size_t limit, struct arena *arena,
                                           struct forward_row *forwards, size_t *count);

/* Every job of every conversation. */
struct store_job {
    struct view conversation;
    struct view user;
    struct view request_id;
    struct view bytes;
};
MUST_CHECK enum status store_list_jobs(struct store *store, const struct store_job *after,
                                       size_t limit, struct arena *arena, struct store_job *jobs,
                                       size_t *count);

/* Who asked to open the evidence of a message. */
struct store_approval {
    struct view user;
    struct view bytes;
};
MUST_CHECK enum status store_list_approvals(struct store *store, struct event_key target,
                                            size_t limit, struct arena *arena,
                                            struct store_approval *approvals, size_t *count);

/* ---- The way into the audit log ----
 *
 * AUDIT changes are part of their commit, in rows of their own: the entries of a commit, together,
 * under a number that ascends from commit to commit. Whoever keeps the audit log takes them from
 * there in order, makes them durable in the log, and then settles them: they leave the store, and
 * what it needs to find them again enters, in one commit. Numbers are never used again. */

struct store_journal {
    uint64_t number;      /* 1 and up */
    struct view *entries; /* encoded AuditEntry */
    size_t count;
};

/* Rows with number > after. A row that is still being committed is not shown, nor any after it. */
MUST_CHECK enum status store_read_journal(struct store *store, uint64_t after, size_t limit,
                                          struct arena *arena, struct store_journal *rows,
                                          size_t *count);

/* Numbers up to this one were used, by a store that this one takes the place of: commits from now
 * on have larger ones, for as long as the store is open. Rows that are there stay. */
void store_skip_journal(struct store *store, uint64_t number);

/* What leads from a word (an operator, say) to entries of the log: for each word and settlement,
 * the ascending indexes of its entries. `dimension` tells words of one kind from those of another.
 */
struct store_posting {
    uint8_t dimension;
    struct view word; /* 1-64 bytes */
    uint64_t first;   /* index of the first entry, the row's place; the bytes tell the others */
    struct view bytes;
};

/* Drops all rows up to `number` and puts the postings; again with the same, it changes nothing. The
 * numbers of one caller ascend. */
MUST_CHECK enum status store_settle_journal(struct store *store, uint64_t number,
                                            const struct store_posting *postings, size_t count,
                                            struct failure *failure);

/* The postings of a word with first < before (0: no bound), descending. */
MUST_CHECK enum status store_list_postings(struct store *store, uint8_t dimension, struct view word,
                                           uint64_t before, size_t limit, struct arena *arena,
                                           struct store_posting *postings, size_t *count);

/* ---- What is told outside ----
 *
 * OUTBOX changes are part of their commit, as AUDIT changes are: those of a commit are one row,
 * whose number ascends from commit to commit. Whoever tells them drops the rows when they were
 * taken. */

struct store_outbox {
    uint64_t number;      /* 1 and up */
    struct view *entries; /* encoded OutboxEntry */
    size_t count;
};

/* Rows with number > after. A row that is still being committed is not shown, nor any after it. */
MUST_CHECK enum status store_read_outbox(struct store *store, uint64_t after, size_t limit,
                                         struct arena *arena, struct store_outbox *rows,
                                         size_t *count);

/* All rows have smaller numbers. */
uint64_t store_outbox_end(struct store *store);

/* Drops rows and puts dead letters (encoded DeadLetter), in one commit; without letters it is not
 * synced: after a crash the rows may be there again. Of more than DEAD_LETTERS_MAX letters the
 * oldest go: *lost. */
MUST_CHECK enum status store_settle_outbox(struct store *store, const uint64_t *numbers,
                                           size_t count, const struct view *letters,
                                           size_t letter_count, size_t *lost,
                                           struct failure *failure);

struct store_dead_letter {
    uint64_t number; /* ascending from letter to letter */
    struct view bytes;
};

/* Letters with number > after. */
MUST_CHECK enum status store_list_dead_letters(struct store *store, uint64_t after, size_t limit,
                                               struct arena *arena,
                                               struct store_dead_letter *letters, size_t *count);

MUST_CHECK enum status store_drop_dead_letters(struct store *store, const uint64_t *numbers,
                                               size_t count, struct failure *failure);

/* ---- Erasure ---- */

/* Makes what was overwritten unreadable in the files too: rewrites whatever files may still hold a
 * body that was taken back before this call, and destroys the keys of evidence whose time was over
 * at `now_ms`. Slow; other calls go on meanwhile. *bodies: how many were waiting for it. */
MUST_CHECK enum status store_scrub(struct store *store, uint64_t now_ms, uint64_t *bodies,
                                   struct failure *failure);

/* What the adapter knows about itself, for metrics. */
struct store_stats {
    uint64_t commits; /* that returned STATUS_OK */
    uint64_t commits_failed;
    uint64_t syncs; /* asked for; commits at the same time may share one */
    uint64_t changes;
    uint64_t disk_free_bytes; /* 0: not applicable */
    bool is_failed;           /* the last commit failed and the store has not yet recovered */
};

void store_read_stats(struct store *store, struct store_stats *stats);

#endif
