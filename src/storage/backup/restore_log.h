/* The audit log that a restored data directory goes on with: the backup's, or the newer one of the
 * lost server, verified. */
#ifndef UNSAY_STORAGE_BACKUP_RESTORE_LOG_H
#define UNSAY_STORAGE_BACKUP_RESTORE_LOG_H

#include "storage/audit/note.h"
#include "storage/audit/state.h"
#include "storage/audit/tree.h"
#include "storage/backup/restore.h"

/* Whether the log in `against` is whole, signed by the backup's key, and continues the backup's
 * log. `backup` is its directory; the checkpoint is what was verified. */
MUST_CHECK enum status restore_log_verify(int backup, const char *against,
                                          struct checkpoint *checkpoint, struct failure *failure);

/* Copies the log in `against` to DATA/audit, which is made: up to its state, where that is beyond
 * the checkpoint and its tiles are there, as a crash between the two leaves it; else up to the
 * checkpoint, since a copy that was made while the log grew may have parts of different ages, or no
 * state at all. */
MUST_CHECK enum status restore_log_copy(const char *against, const struct checkpoint *checkpoint,
                                        const char *data, struct failure *failure);

/* Reads the state of DATA/audit. */
MUST_CHECK enum status restore_log_state(const char *data, struct audit_state *state,
                                         struct failure *failure);

/* The store's journal holds entries that the log has from `from` on: they leave it. Then entries up
 * to the log's end are found in the store by their words. *lost_from: the first entry that tells of
 * a commit which the store has not. */
MUST_CHECK enum status restore_log_settle(struct store *store, const struct tree *tree,
                                          const struct audit_state *state, uint64_t from,
                                          uint64_t *lost_from, struct failure *failure);

#endif
