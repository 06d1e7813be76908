/* Files under one directory, by relative path, and when they are durable: nothing before
 * files_flush has returned OK, except the content of what files_replace has replaced.
 *
 * Failures: NOT_FOUND, TOO_LARGE, NO_SPACE, IO; the failure names the path. After a failed write,
 * replacement or flush, what was written since the last flush is neither certain nor certainly
 * gone. One thread writes; any thread may read meanwhile. */
#ifndef UNSAY_STORAGE_AUDIT_FILES_H
#define UNSAY_STORAGE_AUDIT_FILES_H

#include "base/buffer.h"
#include "base/status.h"

struct files;

enum files_mode {
    FILES_READ,
    FILES_WRITE, /* the directory is made, for its owner alone, when it is missing */
    FILES_OWN    /* as WRITE, and by one process at a time: else IN_USE */
};

MUST_CHECK enum status files_open(const char *directory, enum files_mode mode, struct files **files,
                                  struct failure *failure);

/* NULL is nothing. */
void files_close(struct files *files);

/* Puts the whole file into `bytes`, in place of what was there. `failure` may be NULL. */
MUST_CHECK enum status files_read(struct files *files, const char *path, size_t bytes_max,
                                  struct buffer *bytes, struct failure *failure);

/* Nobody but its owner may read the file. */
bool files_is_private(struct files *files, const char *path);

/* Writes a whole file, and the folders above it. */
MUST_CHECK enum status files_write(struct files *files, const char *path, struct view bytes,
                                   struct failure *failure);

/* Puts a file in the place of another: whoever looks finds the old one or the new one, whole. */
MUST_CHECK enum status files_replace(struct files *files, const char *path, struct view bytes,
                                     struct failure *failure);

MUST_CHECK enum status files_flush(struct files *files, struct failure *failure);

/* Forgets what was not flushed. The next flush makes the names in the directory itself durable,
 * whoever wrote them; so does the first one after files_open. */
void files_reset(struct files *files);

/* A file, or a folder of files. What is missing or cannot be removed stays as it is. */
void files_remove(struct files *files, const char *path);

typedef void files_found_fn(void *context, const char *name, bool is_folder);

/* Tells every name in a folder ("." is the directory), in no order. */
MUST_CHECK enum status files_list(struct files *files, const char *folder, files_found_fn *found,
                                  void *context);

#endif
