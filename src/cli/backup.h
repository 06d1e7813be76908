/* `unsay backup`: backup.c reads the command line, lists and prunes, backup_ask.c has a backup
 * made, by the server or, where none is running, here. */
#ifndef UNSAY_CLI_BACKUP_H
#define UNSAY_CLI_BACKUP_H

#include "storage/backup/backup.h"

/* Tells how far it is, on a terminal. */
void backup_show_progress(uint64_t bytes, uint64_t bytes_of);

/* Has a backup of `data` made in `to`, an absolute path. UNREACHABLE: a server runs and does not
 * answer. */
MUST_CHECK enum status backup_ask(const char *data, const char *to, struct backup *made,
                                  struct failure *failure);

/* "12.3 MiB" */
enum { BACKUP_SIZE_BYTES = 32 };
const char *backup_size(uint64_t bytes, char text[BACKUP_SIZE_BYTES]);

#endif
