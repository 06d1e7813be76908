/* How SQLite reaches the database's files: a VFS before the system's own.
 *
 * It cleans what is written into the database's file: in a page of a b-tree the gap between the
 * cells' pointers and the cells is filled with zeros. SQLite leaves there what rows were before a
 * page was split or merged, which secure_delete does not reach.
 *
 * With a cipher it encrypts database and write-ahead log, and no other file can be opened: there is
 * no temporary file and no journal (temp_store=MEMORY; journal_mode is WAL, and MEMORY before).
 * What SQLite writes at once is a unit, which is sealed for itself and stands, larger by
 * CIPHER_EXTRA_BYTES, in the place of its number:
 *
 *   unsay.db      header (cipher.h), then pages of 4096 bytes
 *   unsay.db-wal  the log's header of 32 bytes, then for each frame its header of 24 bytes and its
 *                 page
 *
 * A damaged page is SQLITE_CORRUPT. In the log, when it is read from its beginning, damage is its
 * end, as after a power cut: SQLite finds zeros there. */
#ifndef UNSAY_CLIENT_DATABASE_FILE_H
#define UNSAY_CLIENT_DATABASE_FILE_H

#include "client/cipher.h"

struct file_system;

/* `cipher` (NULL: not encrypted) outlives it. */
struct file_system *file_system_new(const struct cipher *cipher);

/* No database is open through it. NULL is nothing. */
void file_system_free(struct file_system *file_system);

/* For sqlite3_open_v2. */
const char *file_system_name(const struct file_system *file_system);

#endif
