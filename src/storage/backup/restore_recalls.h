/* Applies the recalls that an audit log tells of to a store that was put back from before them.
 *
 *   granted, the message is in the store   a recall of its own, a tombstone, and an entry for the
 * log granted, the message is not            when it comes again it is stored as a tombstone
 *   waiting for its message                waits again
 *
 * What the policy would keep is not kept a second time. The recalls carry the time of the restore:
 * seqs and times that came after the backup are of a log that is lost. */
#ifndef UNSAY_STORAGE_BACKUP_RESTORE_RECALLS_H
#define UNSAY_STORAGE_BACKUP_RESTORE_RECALLS_H

#include "storage/audit/tree.h"
#include "storage/backup/restore.h"

/* Entries from `from` to the tree's end; fills in the counts. */
MUST_CHECK enum status restore_recalls(struct store *store, const struct tree *tree, uint64_t from,
                                       uint64_t now_ms, struct restored *restored,
                                       struct failure *failure);

#endif
