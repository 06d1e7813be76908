#include "storage/audit/hash.h"

#include "base/memory.h"

#include <assert.h>
#include <openssl/evp.h>

struct hasher {
    EVP_MD *sha256;
    EVP_MD_CTX *context;
};

struct hasher *hasher_new(void)
{
    struct hasher *hasher = memory_new(sizeof(*hasher));
    hasher->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    hasher->context = EVP_MD_CTX_new();
    assert(hasher->sha256 != NULL && hasher->context != NULL);
    return hasher;
}

void hasher_free(struct hasher *hasher)
{
    if (hasher == NULL)
        return;
    EVP_MD_CTX_free(hasher->context);
    EVP_MD_free(hasher->sha256);
    free(hasher);
}

static struct hash hasher_run(struct hasher *hasher, struct view prefix, struct view bytes)
{
    struct hash hash;
    unsigned size = 0;
    bool is_hashed = EVP_DigestInit_ex2(hasher->context, hasher->sha256, NULL) == 1 &&
                     EVP_DigestUpdate(hasher->context, prefix.data, prefix.size) == 1 &&
                     EVP_DigestUpdate(hasher->context, bytes.data, bytes.size) == 1 &&
                     EVP_DigestFinal_ex(hasher->context, hash.bytes, &size) == 1;
    assert(is_hashed && size == HASH_BYTES);
    return hash;
}

struct hash hasher_bytes(struct hasher *hasher, struct view bytes)
{
    return hasher_run(hasher, view_make(NULL, 0), bytes);
}

struct hash hasher_leaf(struct hasher *hasher, struct view entry)
{
    static const uint8_t prefix = 0;
    return hasher_run(hasher, view_make(&prefix, 1), entry);
}

struct hash hasher_node(struct hasher *hasher, const struct hash *left, const struct hash *right)
{
    uint8_t bytes[1 + 2 * HASH_BYTES] = {1};
    memcpy(bytes + 1, left, HASH_BYTES);
    memcpy(bytes + 1 + HASH_BYTES, right, HASH_BYTES);
    return hasher_run(hasher, view_make(NULL, 0), view_make(bytes, sizeof(bytes)));
}

struct hash hasher_root(struct hasher *hasher, const struct hash *hashes, size_t count)
{
    if (count == 0)
        return hasher_bytes(hasher, view_make(NULL, 0));
    if (count == 1)
        return hashes[0];
    size_t split = 1;
    while (split * 2 < count)
        split *= 2;
    struct hash left = hasher_root(hasher, hashes, split);
    struct hash right = hasher_root(hasher, hashes + split, count - split);
    return hasher_node(hasher, &left, &right);
}
