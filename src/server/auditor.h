/* The auditor: a thread that takes what commits left in the store's journal, makes it durable in
 * the audit log (DATA/audit), and settles it in the store with the postings by which it is found
 * again.
 *
 *   commit -> journal row in the store -> batch in the log -> settled: the row goes, postings come
 *
 * The log's position is the largest number of a row in it. A crash between the last two steps shows
 * as rows up to that number that are in the log: they are settled, with the same postings, and not
 * appended again. Rows up to that number that are not in the log come from a store that was put
 * back from a backup: they are appended; an entry twice is better than none.
 *
 * The log outlives the store: a new one, or an old one put back, goes on above the position, so
 * that no number stands for two rows of one log.
 *
 * Under load the log grows, and its checkpoint is signed, two to four times a second. When the
 * store or the log fails, nothing is lost: the journal keeps it, and the auditor tries again every
 * second.
 */
#ifndef UNSAY_SERVER_AUDITOR_H
#define UNSAY_SERVER_AUDITOR_H

#include "base/arena.h"
#include "base/status.h"
#include "storage/audit/entry.h"
#include "storage/store.h"

struct auditor;

/* Opens the log in DATA/audit with the key in DATA, both made when they are missing, and starts:
 * before the first commit with AUDIT changes. The store is lent until auditor_stop. What fails is
 * told as by audit_key_open and audit_log_open.
 */
MUST_CHECK enum status auditor_start(const char *data, struct store *store,
                                     struct auditor **auditor, struct failure *failure);

/* Waits until the journal is empty, or until the store or the log fails. NULL is nothing. */
void auditor_stop(struct auditor *auditor);

/* After a commit with AUDIT changes; from any thread. */
void auditor_wake(struct auditor *auditor);

/* ---- Reading, from any thread ---- */

/* Entries in the log; their indexes are those below. */
uint64_t auditor_size(const struct auditor *auditor);

/* Entries [index, index + count), encoded, copied into the arena; NOT_FOUND when the log has fewer.
 */
MUST_CHECK enum status auditor_read(const struct auditor *auditor, uint64_t index, size_t count,
                                    struct arena *arena, struct view *entries);

/* The index of the first entry whose time is at least `time_ms`; the log's size when there is none.
 * Entries are in the order of commits, and their times ascend as far as those of commits under way
 * at the same time, and the clock, do. */
MUST_CHECK enum status auditor_find(const struct auditor *auditor, uint64_t time_ms,
                                    uint64_t *index);

/* ---- For a backup ---- */

/* Waits for the turn that is under way, and keeps the next one from beginning until
 * auditor_release: until then each entry is in the log or in the journal, and not in both. Fails
 * where the log has failed and nobody knows how far it goes; then nothing is held. */
MUST_CHECK enum status auditor_hold(struct auditor *auditor, struct failure *failure);
void auditor_release(struct auditor *auditor);

struct auditor_stats {
    uint64_t entries;     /* in the log */
    uint64_t checkpoints; /* signed since the start */
    uint64_t lag_ms;      /* for how long something has been waiting to enter the log; 0: nothing */
    bool is_failing;
};

void auditor_read_stats(struct auditor *auditor, struct auditor_stats *stats);

#endif
