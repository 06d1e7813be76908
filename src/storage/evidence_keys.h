/* Evidence: bodies that the policy keeps, encrypted with keys that are destroyed when their time is
 * over, so that no copy of the store can be read any longer either (crypto-shredding).
 *
 * There is a key for each UTC day on which something ends, in a file of its own, named by the days
 * since 1970-01-01: "20780.key" holds an id of 8 random bytes and the key, 32 bytes. A file is
 * written aside, synced and renamed before its key is first used.
 *
 * Sealed bytes are: the key's id, a nonce of 24 random bytes, and XChaCha20-Poly1305 (the IETF
 * form, libsodium's crypto_aead_xchacha20poly1305_ietf) of the body, bound to the place where they
 * lie.
 *
 * Threads: all of it from any thread at any time. */
#ifndef UNSAY_STORAGE_EVIDENCE_KEYS_H
#define UNSAY_STORAGE_EVIDENCE_KEYS_H

#include "base/arena.h"
#include "base/status.h"

struct evidence_keys;

/* The directory, which belongs to one store alone, is made, for its owner alone, with the first
 * key. NULL: keys live in memory. */
struct evidence_keys *evidence_keys_new(const char *directory);
void evidence_keys_free(struct evidence_keys *keys);

/* Encrypts `body` until `until_ms` (Unix milliseconds) for the row `place`, into the arena. Fails
 * with IO, NO_SPACE or CORRUPT. */
MUST_CHECK enum status evidence_keys_seal(struct evidence_keys *keys, struct view place,
                                          struct view body, uint64_t until_ms, struct arena *arena,
                                          struct view *sealed, struct failure *failure);

/* NOT_FOUND when the key is gone; CORRUPT when key or bytes are damaged, or lay elsewhere; IO. */
MUST_CHECK enum status evidence_keys_open(struct evidence_keys *keys, struct view place,
                                          struct view sealed, uint64_t until_ms,
                                          struct arena *arena, struct view *body);

/* Destroys the keys of all days that were over at `now_ms`: overwritten, synced, removed. */
MUST_CHECK enum status evidence_keys_destroy(struct evidence_keys *keys, uint64_t now_ms,
                                             struct failure *failure);

#endif
