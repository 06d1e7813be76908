/* The files of a state directory, without a client: what they are, their key, their end.
 *
 *   unsay.db, unsay.db-wal   the database (database.h)
 *   unsay.db.damaged-*       set aside
 *   unsay.db.new             what a change between plain and encrypted is writing
 *   unsay.db.old             what it has replaced, and erases
 *   wiping                   a wipe has begun: nothing here is to be read any more
 *
 * Plain and encrypted are told apart by the file's first bytes, so that one rename changes from one
 * to the other. */
#ifndef UNSAY_CLIENT_DATABASE_STATE_H
#define UNSAY_CLIENT_DATABASE_STATE_H

#include "base/status.h"
#include "client/cipher.h"

enum state_kind {
    STATE_NONE, /* no database, or an empty file */
    STATE_PLAIN,
    STATE_ENCRYPTED,
    STATE_DAMAGED, /* neither can be recognised */
    STATE_WIPING
};

/* What the directory holds. */
enum state_kind state_kind(int directory);

/* The size of the database and its log, and how many files were set aside. */
void state_measure(int directory, uint64_t *bytes, uint32_t *set_aside);

/* The cipher for the database (NULL: plain), which is the caller's: of the file that is there, or
 * for a new one. UNTRUSTED: the key does not fit the file, with the text that says how.
 * CORRUPT: nothing can be read; then *cipher is for a new file. `path` is for texts. */
MUST_CHECK enum status state_cipher(int directory, const char *path, const uint8_t *key,
                                    struct cipher **cipher, struct failure *failure);

/* Writes the cipher's slot over both of the file's, one after the other. */
MUST_CHECK enum status state_write_key(int directory, const struct cipher *cipher,
                                       struct failure *failure);

/* Finishes what a process that died left: erases what a change has replaced, or had not finished
 * writing, and goes on with a wipe. */
MUST_CHECK enum status state_clean(int directory, struct failure *failure);

/* From one key to another, and, where one of them is NULL, from plain to encrypted or back. When it
 * is interrupted the database is the one or the other. Erases what was set aside. IN_USE: a client
 * has the directory. NOT_FOUND: there is no database. UNTRUSTED: the old key does not fit. */
MUST_CHECK enum status state_change_key(const char *path, const uint8_t *old_key,
                                        const uint8_t *new_key, struct failure *failure);

/* From here on the directory is wiped, also when the process ends now. */
MUST_CHECK enum status state_mark_wipe(int directory, struct failure *failure);

/* Overwrites and removes every file of the directory; when it is interrupted, the next to open the
 * directory goes on. The caller holds the directory. */
MUST_CHECK enum status state_wipe(int directory, struct failure *failure);

#endif
