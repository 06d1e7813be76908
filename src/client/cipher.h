/* Encryption of the local database, with libsodium's XChaCha20-Poly1305. A file is encrypted with a
 * data key of its own, which it holds itself, sealed with the application's key: so another
 * application's key is another seal, and not another file.
 *
 * An encrypted file begins with a header of 4096 bytes: at 0 and at 2048 a slot, else zeros.
 *
 *    0  16  "Unsay database 1"
 *   16  24  nonce
 *   40  48  the data key, sealed with the application's key
 *   88  16  BLAKE2b of the 88 bytes before: tells damage from another key
 *
 * Both slots are the same, unless a change of key was interrupted; then either key opens the file.
 * After it come units (database_file.h), each as nonce, ciphertext and tag. The additional data of
 * a unit are its kind and its number: a unit cannot be put in another's place. */
#ifndef UNSAY_CLIENT_CIPHER_H
#define UNSAY_CLIENT_CIPHER_H

#include "base/view.h"

enum {
    CIPHER_KEY_BYTES = 32,
    CIPHER_SLOT_BYTES = 104,
    CIPHER_SECOND_SLOT = 2048, /* where it begins */
    CIPHER_HEADER_BYTES = 4096,
    CIPHER_EXTRA_BYTES = 40 /* by which a unit grows */
};

struct cipher {
    uint8_t *data_key; /* in memory that is not swapped where the system allows it */
    uint8_t slot[CIPHER_SLOT_BYTES];
};

enum cipher_opened {
    CIPHER_OPENED,
    CIPHER_OTHER_KEY,
    CIPHER_NO_HEADER, /* these bytes are no header: not even its first word is there */
    CIPHER_DAMAGED
};

/* A new data key. The caller frees it. */
struct cipher *cipher_new(const uint8_t key[CIPHER_KEY_BYTES]);

/* The cipher of the file that begins with these bytes (fewer than a header where the file ends);
 * *cipher is the caller's when OPENED, else untouched. NULL as the key opens nothing. */
enum cipher_opened cipher_open(struct view header, const uint8_t *key, struct cipher **cipher);

/* Overwrites the data key. NULL is nothing. */
void cipher_free(struct cipher *cipher);

/* The same data key, sealed with another key. */
void cipher_change_key(struct cipher *cipher, const uint8_t key[CIPHER_KEY_BYTES]);

void cipher_write_header(const struct cipher *cipher, uint8_t header[CIPHER_HEADER_BYTES]);

/* `sealed` has CIPHER_EXTRA_BYTES more than `plain`; they do not overlap. */
void cipher_seal(const struct cipher *cipher, uint8_t kind, uint64_t number, struct view plain,
                 uint8_t *sealed);

/* `plain` has room for CIPHER_EXTRA_BYTES fewer than `sealed`. False: it is not what was sealed as
 * this unit. */
bool cipher_unseal(const struct cipher *cipher, uint8_t kind, uint64_t number, struct view sealed,
                   uint8_t *plain);

#endif
