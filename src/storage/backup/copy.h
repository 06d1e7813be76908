/* Copies single files between two directories that are open, by relative paths, and tells the hash
 * of what was copied (BLAKE2b, 32 bytes). Nothing is durable before the caller syncs the target. */
#ifndef UNSAY_STORAGE_BACKUP_COPY_H
#define UNSAY_STORAGE_BACKUP_COPY_H

#include "base/status.h"

#include <stdbool.h>
#include <stdint.h>

enum { COPY_HASH_BYTES = 32, COPY_PATH_BYTES = 128 };

/* What one file has. */
struct copy_facts {
    uint64_t bytes;
    uint8_t hash[COPY_HASH_BYTES];
};

/* Looked at between pieces of a file; true: give up, with CLOSED. */
typedef bool copy_cancelled_fn(void *context);

/* `target` is made, for its owner alone, with the folders above it; it must not be there yet.
 * NOT_FOUND when `source` is not there; NO_SPACE, IO, CLOSED. `is_cancelled` may be NULL. */
MUST_CHECK enum status copy_file(int from, const char *source, int to, const char *target,
                                 copy_cancelled_fn *is_cancelled, void *context,
                                 struct copy_facts *facts, struct failure *failure);

/* Another name for a file that is there; false where the disk does not do that. */
bool copy_link(int from, const char *source, int to, const char *target);

/* Whether two files have the same size and end in the same bytes. A table file ends in what tells
 * which process made it, and with which hashes: a file of another life differs there. */
bool copy_is_same_table(int one, const char *path, int other, const char *other_path);

/* The folders above the file, for their owner alone. */
bool copy_make_folders(int directory, const char *path);

/* Removes a directory with all that is in it; what is not there is nothing. */
bool copy_remove_tree(int parent, const char *name);

/* Puts what is written on the disk, all of it. */
bool copy_sync(int directory);

#endif
