#include "client/cipher.h"

#include "base/memory.h"

#include <assert.h>
#include <sodium.h>

enum {
    MAGIC_BYTES = 16,
    NONCE_BYTES = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
    TAG_BYTES = crypto_aead_xchacha20poly1305_ietf_ABYTES,
    SEALED_AT = MAGIC_BYTES + NONCE_BYTES,
    CHECK_AT = SEALED_AT + CIPHER_KEY_BYTES + TAG_BYTES,
    CHECK_BYTES = CIPHER_SLOT_BYTES - CHECK_AT,
    UNIT_NAME_BYTES = 9
};

_Static_assert((int)CIPHER_KEY_BYTES == (int)crypto_aead_xchacha20poly1305_ietf_KEYBYTES,
               "a key of XChaCha20");
_Static_assert((int)CIPHER_EXTRA_BYTES == (int)NONCE_BYTES + (int)TAG_BYTES, "nonce and tag");
_Static_assert((int)CHECK_BYTES == (int)crypto_generichash_BYTES_MIN, "a short BLAKE2b");

static const uint8_t magic[MAGIC_BYTES + 1] = "Unsay database 1";

static struct cipher *cipher_alloc(void)
{
    struct cipher *cipher = memory_new(sizeof(*cipher));
    cipher->data_key = sodium_init() < 0 ? NULL : sodium_malloc(CIPHER_KEY_BYTES);
    if (cipher->data_key == NULL)
        abort(); /* no memory, or no source of randomness */
    return cipher;
}

struct cipher *cipher_new(const uint8_t key[CIPHER_KEY_BYTES])
{
    struct cipher *cipher = cipher_alloc();
    randombytes_buf(cipher->data_key, CIPHER_KEY_BYTES);
    cipher_change_key(cipher, key);
    return cipher;
}

static enum cipher_opened slot_open(const uint8_t slot[CIPHER_SLOT_BYTES], const uint8_t *key,
                                    uint8_t data_key[CIPHER_KEY_BYTES])
{
    uint8_t check[CHECK_BYTES];
    if (memcmp(slot, magic, MAGIC_BYTES) != 0)
        return CIPHER_NO_HEADER;
    crypto_generichash(check, sizeof(check), slot, CHECK_AT, NULL, 0);
    if (memcmp(slot + CHECK_AT, check, sizeof(check)) != 0)
        return CIPHER_DAMAGED;
    if (key == NULL || crypto_aead_xchacha20poly1305_ietf_decrypt(
                           data_key, NULL, NULL, slot + SEALED_AT, CHECK_AT - SEALED_AT, magic,
                           MAGIC_BYTES, slot + MAGIC_BYTES, key) != 0)
        return CIPHER_OTHER_KEY;
    return CIPHER_OPENED;
}

enum cipher_opened cipher_open(struct view header, const uint8_t *key, struct cipher **result)
{
    struct cipher *cipher = cipher_alloc();
    enum cipher_opened best = CIPHER_NO_HEADER;
    for (size_t at = 0; at <= CIPHER_SECOND_SLOT && best != CIPHER_OPENED;
         at += CIPHER_SECOND_SLOT) {
        if (header.size < at + CIPHER_SLOT_BYTES)
            break;
        enum cipher_opened opened = slot_open(header.data + at, key, cipher->data_key);
        if (opened == CIPHER_OPENED)
            memcpy(cipher->slot, header.data + at, CIPHER_SLOT_BYTES);
        if (opened == CIPHER_OPENED || opened == CIPHER_OTHER_KEY || best == CIPHER_NO_HEADER)
            best = opened;
    }
    if (best == CIPHER_OPENED)
        *result = cipher;
    else
        cipher_free(cipher);
    return best;
}

void cipher_free(struct cipher *cipher)
{
    if (cipher == NULL)
        return;
    sodium_free(cipher->data_key);
    free(cipher);
}

void cipher_change_key(struct cipher *cipher, const uint8_t key[CIPHER_KEY_BYTES])
{
    uint8_t *slot = cipher->slot;
    memcpy(slot, magic, MAGIC_BYTES);
    randombytes_buf(slot + MAGIC_BYTES, NONCE_BYTES);
    crypto_aead_xchacha20poly1305_ietf_encrypt(slot + SEALED_AT, NULL, cipher->data_key,
                                               CIPHER_KEY_BYTES, magic, MAGIC_BYTES, NULL,
                                               slot + MAGIC_BYTES, key);
    crypto_generichash(slot + CHECK_AT, CHECK_BYTES, slot, CHECK_AT, NULL, 0);
}

void cipher_write_header(const struct cipher *cipher, uint8_t header[CIPHER_HEADER_BYTES])
{
    memset(header, 0, CIPHER_HEADER_BYTES);
    memcpy(header, cipher->slot, CIPHER_SLOT_BYTES);
    memcpy(header + CIPHER_SECOND_SLOT, cipher->slot, CIPHER_SLOT_BYTES);
}

static void unit_name(uint8_t kind, uint64_t number, uint8_t name[UNIT_NAME_BYTES])
{
    name[0] = kind;
    for (int i = 1; i < UNIT_NAME_BYTES; i++)
        name[i] = (uint8_t)(number >> (8 * (UNIT_NAME_BYTES - 1 - i)));
}

void cipher_seal(const struct cipher *cipher, uint8_t kind, uint64_t number, struct view plain,
                 uint8_t *sealed)
{
    uint8_t name[UNIT_NAME_BYTES];
    unit_name(kind, number, name);
    randombytes_buf(sealed, NONCE_BYTES);
    crypto_aead_xchacha20poly1305_ietf_encrypt(sealed + NONCE_BYTES, NULL, plain.data, plain.size,
                                               name, sizeof(name), NULL, sealed, cipher->data_key);
}

bool cipher_unseal(const struct cipher *cipher, uint8_t kind, uint64_t number, struct view sealed,
                   uint8_t *plain)
{
    uint8_t name[UNIT_NAME_BYTES];
    unit_name(kind, number, name);
    return crypto_aead_xchacha20poly1305_ietf_decrypt(plain, NULL, NULL, sealed.data + NONCE_BYTES,
                                                      sealed.size - NONCE_BYTES, name, sizeof(name),
                                                      sealed.data, cipher->data_key) == 0;
}
