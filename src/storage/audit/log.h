/* The audit log: entries in a Merkle tree (RFC 6962) that only grows, in files that anybody can
 * verify with the public key alone (C2SP tlog-tiles, tlog-checkpoint, signed-note).
 *
 *   DIR/tile/...      entries and hashes, see tile.h
 *   DIR/state         how far the log is durable, see state.h
 *   DIR/checkpoint    size and root, signed
 *
 * A batch is written in this order: tiles; sync; state, replaced as a whole; sync; checkpoint,
 * replaced as a whole. So a crash at any point leaves the log as it was before the batch or after
 * it, and a checkpoint never covers what is not durable, and never goes back.
 *
 * `position` is a number of the caller's, such as how far it has come in a journal: durable
 * together with the batch. It is at most INT64_MAX.
 *
 * Threads: one appends; any may read meanwhile. */
#ifndef UNSAY_STORAGE_AUDIT_LOG_H
#define UNSAY_STORAGE_AUDIT_LOG_H

#include "base/arena.h"
#include "base/status.h"
#include "storage/audit/note.h"
#include "storage/audit/state.h"

struct audit_log;

/* Opens the log, or begins one in a directory that holds none; makes good what a crash left behind.
 * `signer` is lent until audit_log_close. IN_USE: another process has it. UNTRUSTED: it was signed
 * by another key. CORRUPT: it is damaged, or older than its own checkpoint. NO_SPACE, IO. */
MUST_CHECK enum status audit_log_open(const char *directory, const struct note_signer *signer,
                                      struct audit_log **log, struct failure *failure);

/* NULL is nothing. */
void audit_log_close(struct audit_log *log);

/* Appends a batch, of any number of entries of at most 65535 bytes each (else TOO_LARGE, and
 * nothing was done), and moves the position. OK: durable, and under the checkpoint. After any other
 * failure the batch is in the log as a whole or not at all: audit_log_reload tells. */
MUST_CHECK enum status audit_log_append(struct audit_log *log, const struct view *entries,
                                        size_t count, uint64_t position, struct failure *failure);

/* After a failure of audit_log_append, before the next one: takes the log as it is on the disk. */
MUST_CHECK enum status audit_log_reload(struct audit_log *log, struct failure *failure);

/* As of the last batch; by the appending thread. */
const struct audit_state *audit_log_state(const struct audit_log *log);

/* How many entries are durable. From any thread. */
uint64_t audit_log_size(const struct audit_log *log);

/* Entries [index, index + count), copied into the arena; NOT_FOUND when the log is shorter. From
 * any thread. */
MUST_CHECK enum status audit_log_read(const struct audit_log *log, uint64_t index, size_t count,
                                      struct arena *arena, struct view *entries,
                                      struct failure *failure);

#endif
