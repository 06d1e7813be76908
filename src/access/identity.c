#include "access/identity.h"

#include "base/memory.h"
#include "core/ids.h"

#include <jansson.h>
#include <sodium.h>

enum { SIGNATURE_BYTES_MAX = crypto_sign_BYTES };

static const double identity_seconds_max = 253402300799.0; /* the end of the year 9999 */

enum identity_algorithm { ALGORITHM_HS256, ALGORITHM_EDDSA };

struct identity_key {
    enum identity_algorithm algorithm;
    char *key_id; /* NULL: none */
    uint8_t *bytes;
    size_t size;
};

struct identity_keys {
    struct identity_key keys[IDENTITY_KEYS_MAX];
    size_t count;
};

/* A token taken apart. */
struct identity_token {
    struct view signed_part; /* header, dot, claims, as they came */
    json_t *header;          /* owned */
    struct view claims_text; /* still in base64url */
    uint8_t signature[SIGNATURE_BYTES_MAX];
    size_t signature_size;
};

struct identity_keys *identity_keys_new(void)
{
    if (sodium_init() < 0) {
        fprintf(stderr, "unsay: libsodium cannot start: no source of randomness\n");
        abort();
    }
    return memory_new(sizeof(struct identity_keys));
}

void identity_keys_free(struct identity_keys *keys)
{
    if (keys == NULL)
        return;
    for (size_t i = 0; i < keys->count; i++) {
        sodium_memzero(keys->keys[i].bytes, keys->keys[i].size);
        free(keys->keys[i].bytes);
        free(keys->keys[i].key_id);
    }
    free(keys);
}

static enum status identity_keys_add(struct identity_keys *keys, enum identity_algorithm algorithm,
                                     const char *key_id, struct view bytes, struct failure *failure)
{
    if (keys->count == IDENTITY_KEYS_MAX)
        return failure_set(failure, STATUS_LIMIT,
                           "there are more than %d keys for tokens; remove those that are not in "
                           "use any more",
                           IDENTITY_KEYS_MAX);
    keys->keys[keys->count++] = (struct identity_key){
        .algorithm = algorithm,
        .key_id = key_id == NULL ? NULL : memory_copy(key_id, strlen(key_id)),
        .bytes = memory_copy(bytes.data, bytes.size),
        .size = bytes.size,
    };
    return STATUS_OK;
}

enum status identity_keys_add_secret(struct identity_keys *keys, const char *key_id,
                                     struct view secret, struct failure *failure)
{
    if (secret.size < IDENTITY_SECRET_BYTES_MIN)
        return failure_set(failure, STATUS_MALFORMED,
                           "the token secret has %zu bytes; HS256 needs at least %d", secret.size,
                           IDENTITY_SECRET_BYTES_MIN);
    return identity_keys_add(keys, ALGORITHM_HS256, key_id, secret, failure);
}

enum status identity_keys_add_public(struct identity_keys *keys, const char *key_id,
                                     const uint8_t public_key[IDENTITY_PUBLIC_KEY_BYTES],
                                     struct failure *failure)
{
    return identity_keys_add(keys, ALGORITHM_EDDSA, key_id,
                             view_make(public_key, IDENTITY_PUBLIC_KEY_BYTES), failure);
}

/* Strict base64url (RFC 7515, 2): libsodium refuses padding, blanks and stray bits at the end. */
static bool identity_decode(struct view text, uint8_t *bytes, size_t capacity, size_t *size)
{
    return text.size > 0 &&
           sodium_base642bin(bytes, capacity, (const char *)text.data, text.size, NULL, size, NULL,
                             sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0;
}

/* A JSON object from base64url; the caller lets go of it. NULL when it is none. */
static json_t *identity_decode_json(struct view text)
{
    uint8_t bytes[LIMIT_TOKEN_BYTES_MAX];
    size_t size = 0;
    if (!identity_decode(text, bytes, sizeof(bytes), &size))
        return NULL;
    json_t *value = json_loadb((const char *)bytes, size, JSON_REJECT_DUPLICATES, NULL);
    if (json_is_object(value))
        return value;
    json_decref(value);
    return NULL;
}

/* Takes a token apart; the caller lets go of token->header. NULL, or what is wrong. */
static const char *identity_split(struct view text, struct identity_token *token)
{
    if (text.size > LIMIT_TOKEN_BYTES_MAX)
        return "the token is too long";
    const uint8_t *first = text.size == 0 ? NULL : memchr(text.data, '.', text.size);
    const uint8_t *last = text.size == 0 ? NULL : memrchr(text.data, '.', text.size);
    if (first == last)
        return "the token does not have three parts";
    const uint8_t *end = text.data + text.size;
    token->signed_part = view_make(text.data, (size_t)(last - text.data));
    token->claims_text = view_make(first + 1, (size_t)(last - first - 1));
    if (!identity_decode(view_make(last + 1, (size_t)(end - last - 1)), token->signature,
                         sizeof(token->signature), &token->signature_size))
        return "the token's signature is malformed";
    token->header = identity_decode_json(view_make(text.data, (size_t)(first - text.data)));
    return token->header == NULL ? "the token's header is malformed" : NULL;
}

static bool identity_key_verifies(const struct identity_key *key,
                                  const struct identity_token *token)
{
    const uint8_t *text = token->signed_part.data;
    size_t size = token->signed_part.size;
    if (key->algorithm == ALGORITHM_EDDSA)
        return token->signature_size == crypto_sign_BYTES &&
               crypto_sign_verify_detached(token->signature, text, size, key->bytes) == 0;

    crypto_auth_hmacsha256_state state;
    uint8_t expected[crypto_auth_hmacsha256_BYTES];
    crypto_auth_hmacsha256_init(&state, key->bytes, key->size);
    crypto_auth_hmacsha256_update(&state, text, size);
    crypto_auth_hmacsha256_final(&state, expected);
    return token->signature_size == sizeof(expected) &&
           sodium_memcmp(token->signature, expected, sizeof(expected)) == 0;
}

/* NULL when one of the keys made the signature, or what is wrong. */
static const char *identity_check_signature(const struct identity_keys *keys,
                                            const struct identity_token *token)
{
    const char *name = json_string_value(json_object_get(token->header, "alg"));
    const json_t *key_id = json_object_get(token->header, "kid");
    const char *reason = "no key fits the token's algorithm and key id";
    enum identity_algorithm algorithm;
    if (name != NULL && strcmp(name, "HS256") == 0)
        algorithm = ALGORITHM_HS256;
    else if (name != NULL && strcmp(name, "EdDSA") == 0)
        algorithm = ALGORITHM_EDDSA;
    else
        return "the token's algorithm is neither HS256 nor EdDSA";
    if (json_object_get(token->header, "crit") != NULL)
        return "the token's header has a critical extension, and none is known here";
    if (key_id != NULL && !json_is_string(key_id))
        return "the token's key id is not a string";

    for (size_t i = 0; i < keys->count; i++) {
        const struct identity_key *key = &keys->keys[i];
        bool is_named = key_id == NULL || key->key_id == NULL ||
                        strcmp(key->key_id, json_string_value(key_id)) == 0;
        if (key->algorithm != algorithm || !is_named)
            continue;
        if (identity_key_verifies(key, token))
            return NULL;
        reason = "the token's signature is wrong";
    }
    return reason;
}

/* A NumericDate (RFC 7519, 2) as milliseconds; false when it is none. */
static bool identity_time(const json_t *value, uint64_t *time_ms)
{
    if (!json_is_number(value))
        return false;
    double seconds = json_number_value(value);
    if (!(seconds >= 0 && seconds <= identity_seconds_max))
        return false;
    *time_ms = json_is_integer(value) ? (uint64_t)json_integer_value(value) * 1000
                                      : (uint64_t)(seconds * 1000);
    return true;
}

static const struct {
    const char *name;
    Unsay__V1__Actor authority;
} identity_roles[] = {
    {"system", WIRE(ACTOR, SYSTEM)},
    {"compliance", WIRE(ACTOR, COMPLIANCE)},
};

enum { IDENTITY_ROLES = sizeof(identity_roles) / sizeof(identity_roles[0]) };

bool identity_role(const char *name, Unsay__V1__Actor *authority)
{
    for (size_t i = 0; i < IDENTITY_ROLES; i++) {
        if (strcmp(identity_roles[i].name, name) == 0) {
            *authority = identity_roles[i].authority;
            return true;
        }
    }
    return false;
}

/* NULL where no role gives it. */
static const char *identity_role_name(Unsay__V1__Actor authority)
{
    for (size_t i = 0; i < IDENTITY_ROLES; i++) {
        if (identity_roles[i].authority == authority)
            return identity_roles[i].name;
    }
    return NULL;
}

/* Reads sub, device, exp and role. NULL, or what is wrong. */
static const char *identity_read_claims(const json_t *claims, struct identity *identity)
{
    const char *user = json_string_value(json_object_get(claims, "sub"));
    const char *device = json_string_value(json_object_get(claims, "device"));
    const json_t *role = json_object_get(claims, "role");
    *identity = (struct identity){0};
    if (user == NULL || !id_is_user(view_of(user)))
        return "the claim sub is not a user id: 1 to 64 of A-Z a-z 0-9 . _ @ -";
    if (device == NULL || !id_is_device(view_of(device)))
        return "the claim device is not a device id: 1 to 64 of A-Z a-z 0-9 . _ : @ -";
    if (!identity_time(json_object_get(claims, "exp"), &identity->expires_ms))
        return "the claim exp is missing or not a time in seconds";
    if (role != NULL &&
        (!json_is_string(role) || !identity_role(json_string_value(role), &identity->authority)))
        return "the claim role is neither \"system\" nor \"compliance\"";
    memcpy(identity->user, user, strlen(user) + 1);
    memcpy(identity->device, device, strlen(device) + 1);
    return NULL;
}

/* True unless the claim is there and is no time, or one in the future. */
static bool identity_has_begun(const json_t *claims, const char *name, uint64_t now_ms)
{
    uint64_t time_ms;
    const json_t *value = json_object_get(claims, name);
    return value == NULL ||
           (identity_time(value, &time_ms) &&
            (time_ms <= LIMIT_CLOCK_SKEW_MS_MAX || time_ms - LIMIT_CLOCK_SKEW_MS_MAX <= now_ms));
}

static enum identity_verdict identity_check_claims(const json_t *claims, uint64_t now_ms,
                                                   struct identity *identity, const char **reason)
{
    *reason = "the token's claims are malformed";
    if (claims == NULL)
        return IDENTITY_INVALID;
    *reason = identity_read_claims(claims, identity);
    if (*reason != NULL)
        return IDENTITY_INVALID;
    *reason = "the claim nbf is not a time that has come";
    if (!identity_has_begun(claims, "nbf", now_ms))
        return IDENTITY_INVALID;
    *reason = "the claim iat is not a time that has come";
    if (!identity_has_begun(claims, "iat", now_ms))
        return IDENTITY_INVALID;
    *reason = "the token has expired";
    if (now_ms >= identity->expires_ms)
        return IDENTITY_EXPIRED;
    *reason = "the token is valid";
    return IDENTITY_VALID;
}

enum identity_verdict identity_verify(const struct identity_keys *keys, struct view text,
                                      uint64_t now_ms, struct identity *identity,
                                      const char **reason)
{
    struct identity_token token = {0};
    enum identity_verdict verdict = IDENTITY_INVALID;
    *identity = (struct identity){0};
    *reason = identity_split(text, &token);
    if (*reason == NULL)
        *reason = identity_check_signature(keys, &token);
    if (*reason == NULL) {
        json_t *claims = identity_decode_json(token.claims_text);
        verdict = identity_check_claims(claims, now_ms, identity, reason);
        json_decref(claims);
    }
    json_decref(token.header);
    if (verdict != IDENTITY_VALID)
        *identity = (struct identity){0};
    return verdict;
}

enum status identity_peek(struct view text, struct identity *identity)
{
    struct identity_token token = {0};
    const char *reason = identity_split(text, &token);
    if (reason == NULL) {
        json_t *claims = identity_decode_json(token.claims_text);
        reason = claims == NULL ? "malformed" : identity_read_claims(claims, identity);
        json_decref(claims);
    }
    json_decref(token.header);
    if (reason == NULL)
        return STATUS_OK;
    *identity = (struct identity){0};
    return STATUS_MALFORMED;
}

static size_t identity_encode(struct view bytes, char *text, size_t capacity)
{
    sodium_bin2base64(text, capacity, bytes.data, bytes.size,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    return strlen(text);
}

char *identity_sign_as(struct view secret, Unsay__V1__Actor authority, const char *user,
                       const char *device, uint64_t now_ms, uint64_t ttl_ms)
{
    /* Two ids, two times and a role: far below this, since ids are checked first. */
    char claims[512];
    char role[32] = "";
    char token[1024];
    const uint64_t end_ms_max = (uint64_t)identity_seconds_max * 1000;
    if (!id_is_user(view_of(user)) || !id_is_device(view_of(device)) || now_ms > end_ms_max ||
        ttl_ms > end_ms_max - now_ms)
        return NULL;
    if (authority != WIRE(ACTOR, UNSPECIFIED)) {
        const char *name = identity_role_name(authority);
        if (name == NULL)
            return NULL;
        snprintf(role, sizeof(role), ",\"role\":\"%s\"", name);
    }
    snprintf(claims, sizeof(claims),
             "{\"sub\":\"%s\",\"device\":\"%s\",\"iat\":%llu,\"exp\":%llu%s}", user, device,
             (unsigned long long)(now_ms / 1000),
             (unsigned long long)((now_ms + ttl_ms + 999) / 1000), role);
    size_t size =
        identity_encode(view_of("{\"alg\":\"HS256\",\"typ\":\"JWT\"}"), token, sizeof(token));
    token[size++] = '.';
    size += identity_encode(view_of(claims), token + size, sizeof(token) - size);

    crypto_auth_hmacsha256_state state;
    uint8_t signature[crypto_auth_hmacsha256_BYTES];
    crypto_auth_hmacsha256_init(&state, secret.data, secret.size);
    crypto_auth_hmacsha256_update(&state, (const uint8_t *)token, size);
    crypto_auth_hmacsha256_final(&state, signature);
    token[size++] = '.';
    size += identity_encode(view_make(signature, sizeof(signature)), token + size,
                            sizeof(token) - size);
    return memory_copy(token, size);
}

char *identity_sign(struct view secret, const char *user, const char *device, uint64_t now_ms,
                    uint64_t ttl_ms)
{
    return identity_sign_as(secret, WIRE(ACTOR, UNSPECIFIED), user, device, now_ms, ttl_ms);
}
