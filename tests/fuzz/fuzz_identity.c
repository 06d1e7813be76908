/* Tokens. When the first byte is 'T', the rest is a token; else the rest is a header, a line feed
 * and claims, which are signed here, so that the claims are reached. */
#include "fuzz.h"

#include "access/identity.h"
#include "base/memory.h"
#include "core/ids.h"

#include <assert.h>
#include <sodium.h>

enum { PART_BYTES_MAX = 2000 };

static const char secret[] = "a secret of the fuzzer, 32 bytes";
static const uint64_t now_ms = 1700000000000;

static void check(struct view token)
{
    static struct identity_keys *keys;
    struct identity identity;
    const char *reason = NULL;
    if (keys == NULL) {
        static const uint8_t public_key[IDENTITY_PUBLIC_KEY_BYTES] = {1};
        keys = identity_keys_new();
        enum status status = identity_keys_add_secret(keys, "k", view_of(secret), NULL);
        assert(status == STATUS_OK);
        status = identity_keys_add_public(keys, NULL, public_key, NULL);
        assert(status == STATUS_OK);
    }
    enum identity_verdict verdict = identity_verify(keys, token, now_ms, &identity, &reason);
    assert(reason != NULL);
    if (verdict == IDENTITY_VALID) {
        assert(id_is_user(view_of(identity.user)));
        assert(id_is_device(view_of(identity.device)));
        assert(identity.expires_ms > now_ms);
    } else {
        assert(identity.user[0] == 0);
    }
    bool is_readable = identity_peek(token, &identity) == STATUS_OK;
    assert(is_readable || verdict == IDENTITY_INVALID);
}

static size_t encode(const uint8_t *bytes, size_t size, char *text, size_t capacity)
{
    sodium_bin2base64(text, capacity, bytes, size, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    return strlen(text);
}

static void check_signed(struct view text)
{
    char token[3 * PART_BYTES_MAX];
    uint8_t signature[crypto_auth_hmacsha256_BYTES];
    crypto_auth_hmacsha256_state state;
    const uint8_t *feed = text.size == 0 ? NULL : memchr(text.data, '\n', text.size);
    if (feed == NULL || text.size > PART_BYTES_MAX)
        return;
    size_t header_bytes = (size_t)(feed - text.data);
    size_t size = encode(text.data, header_bytes, token, sizeof(token));
    token[size++] = '.';
    size += encode(feed + 1, text.size - header_bytes - 1, token + size, sizeof(token) - size);
    crypto_auth_hmacsha256_init(&state, (const uint8_t *)secret, strlen(secret));
    crypto_auth_hmacsha256_update(&state, (const uint8_t *)token, size);
    crypto_auth_hmacsha256_final(&state, signature);
    token[size++] = '.';
    size += encode(signature, sizeof(signature), token + size, sizeof(token) - size);
    check(view_make(token, size));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct view rest = view_make(data + 1, size - 1);
    if (data[0] == 'T')
        check(rest);
    else
        check_signed(rest);
    return 0;
}
