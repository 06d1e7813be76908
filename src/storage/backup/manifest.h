/* What a backup consists of: the file `manifest` in it, written last. A directory without one is no
 * backup.
 *
 *   unsay-backup 1
 *   store 0195d3a1...       the store's id, 32 hexadecimal digits
 *   time 1764268800000      when it was begun, the server's clock in Unix milliseconds
 *   audit 1312              entries of the audit log
 *   new 88215               bytes that no earlier backup in this place had
 *   file 4096 5a0c... store/000012.sst
 *   ...                     one for each file: bytes, BLAKE2b-256, path
 *   sum 91ff...             BLAKE2b-256 of the lines above
 *
 * `b2sum -l 256` gives the same hashes. */
#ifndef UNSAY_STORAGE_BACKUP_MANIFEST_H
#define UNSAY_STORAGE_BACKUP_MANIFEST_H

#include "base/buffer.h"
#include "base/uuid.h"
#include "storage/backup/copy.h"

struct manifest_file {
    char path[COPY_PATH_BYTES];
    struct copy_facts facts;
};

struct manifest {
    struct uuid store;
    uint64_t time_ms;
    uint64_t audit_entries;
    uint64_t new_bytes;
    struct manifest_file *files; /* owned; sorted by path once it was read */
    size_t count;
    size_t capacity;
};

void manifest_init(struct manifest *manifest);
void manifest_fini(struct manifest *manifest);

void manifest_add(struct manifest *manifest, const char *path, const struct copy_facts *facts);

/* Of one that was read; NULL: it has no such file. */
const struct manifest_file *manifest_find(const struct manifest *manifest, const char *path);

/* Of all files. */
uint64_t manifest_bytes(const struct manifest *manifest);

/* Durable when it answers OK. */
MUST_CHECK enum status manifest_write(const struct manifest *manifest, int directory,
                                      struct failure *failure);

/* NOT_FOUND: the directory holds no backup; CORRUPT. */
MUST_CHECK enum status manifest_read(struct manifest *manifest, int directory,
                                     struct failure *failure);

#endif
