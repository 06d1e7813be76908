/* Puts a backup back, into a new data directory, without bringing back what was taken back since.
 *
 *   files copied, held against the manifest   DATA/RESTORING is there: no server starts on it
 *   store another one                         store_begin_anew
 *   recalls of the newer log                  restore_recalls.h
 *   scrubbed                                  no file holds a body that was taken back
 *   DATA/RESTORING goes                       ready
 *
 * What was taken back between the backup and the loss is in the lost server's audit log alone. It
 * is given as `against`, must be signed by the same key and continue the backup's, and takes the
 * place of the backup's: the log outlives the store. Without it the caller accepts that such
 * recalls are not known, and the log says so. */
#ifndef UNSAY_STORAGE_BACKUP_RESTORE_H
#define UNSAY_STORAGE_BACKUP_RESTORE_H

#include "storage/backup/backup.h"

struct restore_request {
    const char *from;
    uint64_t id;         /* 0: the newest */
    const char *data;    /* missing, or an empty directory */
    const char *against; /* the newer audit log's directory; NULL: there is none */
    bool accepts_unknown_recalls;
    uint64_t now_ms;
    void (*on_progress)(void *context, uint64_t bytes, uint64_t bytes_of); /* may be NULL */
    void *context;
};

struct restored {
    struct backup backup;
    uint64_t log_entries; /* in the audit log */
    uint64_t lost_from;   /* entries of the log between these tell of what is lost */
    uint64_t taken_back;  /* recalls that were applied again */
    uint64_t already;     /* recalls since that the backup had after all */
    uint64_t waiting;     /* recalls of messages that the backup had not: if one comes again */
    uint64_t erased;      /* bodies that were scrubbed from the files */
};

/* OK: a server may start on it. LIMIT: recalls since the backup cannot be known, and that was not
 * accepted. UNTRUSTED: `against` is not a later state of the same log. MALFORMED: `data` is not
 * empty. CORRUPT: a file is not as it was backed up. After a failure the directory is not ready;
 * empty it. */
MUST_CHECK enum status restore_run(const struct restore_request *request, struct restored *restored,
                                   struct failure *failure);

/* Fails, saying what to do, where a restore into the data directory did not come to its end. */
MUST_CHECK enum status restore_check_ended(const char *data, struct failure *failure);

#endif
