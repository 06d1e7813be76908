/* Backups of a data directory, made while a server runs on it.
 *
 *   TO/7/manifest      what the backup consists of, written last: manifest.h
 *   TO/7/store/        the store, without the keys of evidence
 *   TO/7/audit/        the audit log as it was at the same moment
 *   TO/7/audit.key     its signing key; audit.pub, the public one; dev.key, if there is one
 *   TO/8.new/          a backup under way, or one that was interrupted
 *
 * Each is whole by itself; what an earlier one has already, table files and full tiles, is another
 * name for the same file, so a further backup costs what is new. Backups in one place are all of
 * one store: a restored store is another one and takes another place.
 *
 * The moment: the auditor is held between two of its turns while the store's checkpoint is taken
 * and the log's edge is copied. Then each entry is either in the log or in the store's journal, not
 * in both and not in neither, whatever is committed meanwhile. Were the log copied first, entries
 * that leave the journal in between would be lost; were the store copied first, they would be
 * there twice. What never changes any more, full tiles and table files, is copied afterwards. */
#ifndef UNSAY_STORAGE_BACKUP_BACKUP_H
#define UNSAY_STORAGE_BACKUP_BACKUP_H

#include "storage/backup/manifest.h"
#include "storage/store.h"

struct backup_request {
    const char *data;    /* the data directory */
    const char *to;      /* made, for its owner alone, when it is missing */
    struct store *store; /* of the data directory; lent */
    uint64_t now_ms;
    /* Holds the auditor, and lets it go; NULL: none is running. */
    enum status (*hold)(void *context, struct failure *failure);
    void (*release)(void *context);
    void (*on_progress)(void *context, uint64_t bytes, uint64_t bytes_of); /* may be NULL */
    copy_cancelled_fn *is_cancelled;                                       /* may be NULL */
    void *context;
};

/* One backup, as lists tell it. */
struct backup {
    uint64_t id; /* 1 and up */
    struct uuid store;
    uint64_t time_ms;
    uint64_t audit_entries;
    uint64_t files;
    uint64_t bytes;
    uint64_t new_bytes; /* that no earlier one had */
    bool is_damaged;    /* its manifest cannot be read, and nothing but the id is known */
};

/* Durable when it answers OK; after a failure nothing is there but perhaps a folder "N.new", which
 * the next backup removes. IN_USE: another one is under way there. MALFORMED: the place does not
 * suit. NO_SPACE, IO, CLOSED (cancelled). */
MUST_CHECK enum status backup_make(const struct backup_request *request, struct backup *made,
                                   struct failure *failure);

/* Removes what a backup left in the data directory when the process ended in the middle. */
void backup_clean(const char *data);

/* By id, in an array that the caller frees. NOT_FOUND where there is no such directory. */
MUST_CHECK enum status backup_list(const char *directory, struct backup **backups, size_t *count,
                                   struct failure *failure);

/* Removes all but the newest `keep`, which is at least 1. A file goes with the last backup that has
 * it. */
MUST_CHECK enum status backup_prune(const char *directory, size_t keep, size_t *removed,
                                    struct failure *failure);

/* The directory's descriptor, held by this process alone until it is closed; -1: failure. */
int backup_lock(const char *directory, struct failure *failure);

#endif
