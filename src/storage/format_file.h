/* The file FORMAT in the store's directory: which version of the disk format the directory holds.
 *
 *   absent --> "unsay-store 2 new\n" --> "unsay-store 2\n"
 *
 * "new" stands there from before the database is made until it is whole: a crash in between leaves
 * a directory in which nothing was ever committed, and making it goes on. Without "new" a database
 * that is missing is a loss, and is not replaced by an empty one. */
#ifndef UNSAY_STORAGE_FORMAT_FILE_H
#define UNSAY_STORAGE_FORMAT_FILE_H

#include "base/status.h"

enum format_state { FORMAT_ABSENT, FORMAT_NEW, FORMAT_READY };

/* Makes the directory, for its owner alone, when it is missing, and reads FORMAT. Fails with
 * VERSION, CORRUPT (also when there is a database without FORMAT), NO_SPACE or IO. */
MUST_CHECK enum status format_file_open(const char *directory, enum format_state *state,
                                        struct failure *failure);

/* Replaces FORMAT as a whole, durably. `state` is NEW or READY. */
MUST_CHECK enum status format_file_write(const char *directory, enum format_state state,
                                         struct failure *failure);

#endif
