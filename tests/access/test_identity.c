/* Tokens: what is accepted, and every way to be refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "access/identity.h"
#include "base/memory.h"

#include <sodium.h>

#define FOR_EACH(item, array) \
    for (size_t item = 0; item < sizeof(array) / sizeof((array)[0]); item++)

static const char secret_text[] = "0123456789abcdef0123456789abcdef";
static const uint64_t now_ms = 1700000000000;

/* RFC 8037, A.1 and A.4; RFC 7515, A.1 */
static const char rfc_private[] = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";
static const char rfc_public[] = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
static const char rfc_eddsa[] =
    "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3"
    "AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
static const char rfc_secret[] =
    "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
static const char rfc_hs256[] =
    "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0d"
    "HA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

static struct identity_keys *keys; /* the secret, without a key id */
static uint8_t public_key[crypto_sign_PUBLICKEYBYTES];
static uint8_t private_key[crypto_sign_SECRETKEYBYTES];

static int set_up(void **state)
{
    (void)state;
    keys = identity_keys_new();
    uint8_t seed[crypto_sign_SEEDBYTES] = {1};
    crypto_sign_seed_keypair(public_key, private_key, seed);
    assert_int_equal(identity_keys_add_secret(keys, NULL, view_of(secret_text), NULL), STATUS_OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    identity_keys_free(keys);
    identity_keys_free(NULL);
    return 0;
}

static size_t decode(const char *text, uint8_t *bytes, size_t capacity)
{
    size_t size = 0;
    assert_int_equal(sodium_base642bin(bytes, capacity, text, strlen(text), NULL, &size, NULL,
                                       sodium_base64_VARIANT_URLSAFE_NO_PADDING),
                     0);
    return size;
}

static char *append(char *text, const void *bytes, size_t size)
{
    sodium_bin2base64(text, 4096, bytes, size, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    return text + strlen(text);
}

/* A token with any header and claims; with a secret it is HMAC, without one EdDSA. Caller frees. */
static char *make(const char *header, const char *claims, struct view secret)
{
    char *token = memory_new(16384);
    uint8_t signature[crypto_sign_BYTES];
    size_t signature_size = crypto_sign_BYTES;
    char *end = append(token, header, strlen(header));
    *end++ = '.';
    end = append(end, claims, strlen(claims));
    if (secret.size > 0) {
        crypto_auth_hmacsha256_state hmac;
        crypto_auth_hmacsha256_init(&hmac, secret.data, secret.size);
        crypto_auth_hmacsha256_update(&hmac, (const uint8_t *)token, (size_t)(end - token));
        crypto_auth_hmacsha256_final(&hmac, signature);
        signature_size = crypto_auth_hmacsha256_BYTES;
    } else {
        crypto_sign_detached(signature, NULL, (const uint8_t *)token, (size_t)(end - token),
                             private_key);
    }
    *end++ = '.';
    append(end, signature, signature_size);
    return token;
}

static enum identity_verdict verify(const struct identity_keys *with, const char *token,
                                    uint64_t at_ms, struct identity *identity, const char **reason)
{
    /* A heap copy without NUL: the sanitizers see a read beyond it. */
    size_t size = strlen(token);
    uint8_t *copy = memory_resize(NULL, size);
    memcpy(copy, token, size);
    enum identity_verdict verdict =
        identity_verify(with, view_make(copy, size), at_ms, identity, reason);
    assert_non_null(*reason);
    free(copy);
    return verdict;
}

static void assert_refused(const struct identity_keys *with, const char *token,
                           const char *expected)
{
    struct identity identity;
    const char *reason;
    if (verify(with, token, now_ms, &identity, &reason) != IDENTITY_INVALID ||
        strstr(reason, expected) == NULL)
        fail_msg("'%s' where '%s' was expected: %s", reason, expected, token);
    assert_int_equal(identity.user[0], 0);
    assert_int_equal(identity.authority, WIRE(ACTOR, UNSPECIFIED));
}

static void what_is_signed_is_valid_until_it_expires(void **state)
{
    struct identity identity;
    const char *reason;
    (void)state;
    char *token = identity_sign(view_of(secret_text), "ann@x", "web:1", now_ms, 60000);
    assert_int_equal(verify(keys, token, now_ms, &identity, &reason), IDENTITY_VALID);
    assert_string_equal(identity.user, "ann@x");
    assert_string_equal(identity.device, "web:1");
    assert_int_equal(identity.authority, WIRE(ACTOR, UNSPECIFIED));
    assert_int_equal(identity.expires_ms, now_ms + 60000);
    assert_int_equal(verify(keys, token, now_ms + 59999, &identity, &reason), IDENTITY_VALID);
    assert_int_equal(verify(keys, token, now_ms + 60000, &identity, &reason), IDENTITY_EXPIRED);
    assert_int_equal(identity.user[0], 0);
    /* iat may be ahead of the server's clock a little */
    assert_int_equal(verify(keys, token, now_ms - 60000, &identity, &reason), IDENTITY_VALID);
    assert_int_equal(verify(keys, token, now_ms - 60001, &identity, &reason), IDENTITY_INVALID);

    assert_int_equal(identity_peek(view_of(token), &identity), STATUS_OK);
    assert_string_equal(identity.user, "ann@x");
    assert_int_equal(identity.expires_ms, now_ms + 60000);
    assert_int_equal(identity_peek(view_of("a.b.c"), &identity), STATUS_MALFORMED);
    assert_int_equal(identity_peek(view_make(NULL, 0), &identity), STATUS_MALFORMED);
    assert_int_equal(identity.user[0], 0);
    free(token);
}

static void a_role_gives_its_authority(void **state)
{
    static const struct {
        Unsay__V1__Actor authority;
        const char *role; /* NULL: there is no such role */
    } cases[] = {
        {WIRE(ACTOR, SYSTEM), "system"}, {WIRE(ACTOR, COMPLIANCE), "compliance"},
        {WIRE(ACTOR, SELF), NULL},       {WIRE(ACTOR, OWNER), NULL},
        {WIRE(ACTOR, GUEST), NULL},
    };
    (void)state;
    FOR_EACH(i, cases)
    {
        struct identity identity;
        const char *reason;
        char *token =
            identity_sign_as(view_of(secret_text), cases[i].authority, "ann", "d", now_ms, 60000);
        if (cases[i].role == NULL) {
            assert_null(token);
            continue;
        }
        assert_int_equal(verify(keys, token, now_ms, &identity, &reason), IDENTITY_VALID);
        assert_int_equal(identity.authority, cases[i].authority);
        assert_int_equal(identity_peek(view_of(token), &identity), STATUS_OK);
        assert_int_equal(identity.authority, cases[i].authority);
        Unsay__V1__Actor authority = WIRE(ACTOR, UNSPECIFIED);
        assert_true(identity_role(cases[i].role, &authority));
        assert_int_equal(authority, cases[i].authority);
        free(token);
    }
    Unsay__V1__Actor authority;
    assert_false(identity_role("owner", &authority));
    assert_false(identity_role("", &authority));
}

static void no_token_for_what_is_no_id(void **state)
{
    struct view secret = view_of(secret_text);
    (void)state;
    assert_null(identity_sign(secret, "", "d", now_ms, 1));
    assert_null(identity_sign(secret, "a:b", "d", now_ms, 1));
    assert_null(identity_sign(secret, "a\"", "d", now_ms, 1));
    assert_null(identity_sign(secret, "a", "d e", now_ms, 1));
    assert_null(identity_sign(secret, "a", "d", now_ms, UINT64_MAX));
    assert_null(identity_sign(secret, "a", "d", UINT64_MAX, 1));
}

static void every_changed_character_is_noticed(void **state)
{
    struct identity identity;
    const char *reason;
    (void)state;
    char *token = identity_sign(view_of(secret_text), "ann", "d", now_ms, 60000);
    for (size_t i = 0; token[i] != 0; i++) {
        char was = token[i];
        for (const char *c = "AQgw.=+/ \n"; *c != 0; c++) {
            token[i] = *c;
            if (*c != was)
                assert_int_equal(verify(keys, token, now_ms, &identity, &reason), IDENTITY_INVALID);
        }
        token[i] = 0;
        assert_int_equal(verify(keys, token, now_ms, &identity, &reason), IDENTITY_INVALID);
        token[i] = was;
    }
    free(token);
}

static void headers_that_are_refused(void **state)
{
    static const char claims[] = "{\"sub\":\"a\",\"device\":\"d\",\"exp\":1700000100}";
    static const struct {
        const char *header;
        const char *reason; /* NULL: accepted */
    } cases[] = {
        {"{\"alg\":\"HS256\"}", NULL},
        {"{\"alg\":\"HS256\",\"kid\":\"any\"}", NULL},
        {"{\"alg\":\"none\"}", "neither"},
        {"{\"alg\":\"None\"}", "neither"},
        {"{\"alg\":\"hs256\"}", "neither"},
        {"{\"alg\":\"HS512\"}", "neither"},
        {"{\"alg\":1}", "neither"},
        {"{}", "neither"},
        {"{\"alg\":\"EdDSA\"}", "no key"},
        {"{\"alg\":\"HS256\",\"alg\":\"none\"}", "header is malformed"},
        {"{\"alg\":\"HS256\"} x", "header is malformed"},
        {"[\"HS256\"]", "header is malformed"},
        {"{\"alg\":\"HS256\",\"crit\":[\"x\"]}", "critical"},
        {"{\"alg\":\"HS256\",\"kid\":7}", "key id"},
    };
    (void)state;
    FOR_EACH(i, cases)
    {
        struct identity identity;
        const char *reason;
        char *token = make(cases[i].header, claims, view_of(secret_text));
        if (cases[i].reason != NULL)
            assert_refused(keys, token, cases[i].reason);
        else
            assert_int_equal(verify(keys, token, now_ms, &identity, &reason), IDENTITY_VALID);
        free(token);
    }
}

static void claims_that_are_refused(void **state)
{
    static const struct {
        const char *claims;
        const char *reason; /* NULL: accepted */
    } cases[] = {
        {"{\"sub\":\"a\",\"device\":\"d\",\"exp\":1700000100.5}", NULL},
        {"{\"sub\":\"a\",\"device\":\"d\",\"exp\":1700000100,\"nbf\":1700000060,\"iat\":0}", NULL},
        {"{\"sub\":\"a\",\"device\":\"d\",\"exp\":1700000100,\"nbf\":1700000061}", "nbf"},
        {"{\"sub\":\"a\",\"device\":\"d\",\"exp\":1700000100,\"nbf\":\"x\"}", "nbf"},
        {"{\"sub\":\"a\",\"device\":\"d\",\"exp\":1700000100,\"iat\":1700000060.5}", "iat"},
        {"{\"sub\":\"a\",\"device\":\"d\",\"exp\":1700000100,\"iat\":-1}", "iat"},
        {"{\"sub\":\"a\",\"device\":\"d\"}", "exp"},
        {"{\"sub\":\"a\",\"device\":\"d\",\"exp\":\"1700000100\"}", "exp"},
        {"{\"sub\":\"a\",\"device\":\"d\",\"exp\":null}", "exp"},
        {"{\"sub\":\"a\",\"device\":\"d\",\"exp\":-1}", "exp"},
        {"{\"sub\":\"a\",\"device\":\"d\",\"exp\":9223372036854775807}", "exp"},
        {"{\"sub\":\"a\",\"device\":\"d\",\"exp\":1e300}", "exp"},
        {"{\"sub\":\"a\",\"device\":\"d\",\"exp\":1e999}", "claims are malformed"},
        {"{\"sub\":\"a\",\"sub\":\"b\",\"device\":\"d\",\"exp\":1700000100}",
         "claims are malformed"},
        {"{\"device\":\"d\",\"exp\":1700000100}", "sub"},
        {"{\"sub\":\"\",\"device\":\"d\",\"exp\":1700000100}", "sub"},
        {"{\"sub\":7,\"device\":\"d\",\"exp\":1700000100}", "sub"},
        {"{\"sub\":\"a:b\",\"device\":\"d\",\"exp\":1700000100}", "sub"},
        {"{\"sub\":\"a\\u0000b\",\"device\":\"d\",\"exp\":1700000100}", "claims are malformed"},
        {"{\"sub\":\"1234567890123456789012345678901234567890123456789012345678901234\","
         "\"device\":\"d\",\"exp\":1700000100}",
         NULL},
        {"{\"sub\":\"12345678901234567890123456789012345678901234567890123456789012345\","
         "\"device\":\"d\",\"exp\":1700000100}",
         "sub"},
        {"{\"sub\":\"a\",\"exp\":1700000100}", "device"},
        {"{\"sub\":\"a\",\"device\":\"d e\",\"exp\":1700000100}", "device"},
        {"{\"sub\":\"a\",\"device\":\"d\",\"exp\":1700000100,\"role\":\"system\"}", NULL},
        {"{\"sub\":\"a\",\"device\":\"d\",\"exp\":1700000100,\"role\":\"compliance\"}", NULL},
        {"{\"sub\":\"a\",\"device\":\"d\",\"exp\":1700000100,\"role\":\"System\"}", "role"},
        {"{\"sub\":\"a\",\"device\":\"d\",\"exp\":1700000100,\"role\":\"owner\"}", "role"},
        {"{\"sub\":\"a\",\"device\":\"d\",\"exp\":1700000100,\"role\":\"\"}", "role"},
        {"{\"sub\":\"a\",\"device\":\"d\",\"exp\":1700000100,\"role\":null}", "role"},
        {"{\"sub\":\"a\",\"device\":\"d\",\"exp\":1700000100,\"role\":7}", "role"},
        {"{\"sub\":\"a\",\"device\":\"d\",\"exp\":1700000100,\"role\":[\"system\"]}", "role"},
        {"[]", "claims are malformed"},
        {"", "claims are malformed"},
        {"{\"sub\":\"\xff\",\"device\":\"d\",\"exp\":1700000100}", "claims are malformed"},
    };
    (void)state;
    FOR_EACH(i, cases)
    {
        struct identity identity;
        const char *reason;
        char *token = make("{\"alg\":\"HS256\"}", cases[i].claims, view_of(secret_text));
        if (cases[i].reason != NULL)
            assert_refused(keys, token, cases[i].reason);
        else if (verify(keys, token, now_ms, &identity, &reason) != IDENTITY_VALID)
            fail_msg("%s: %s", cases[i].claims, reason);
        free(token);
    }
}

static void base64url_is_strict(void **state)
{
    static const char claims[] = "{\"sub\":\"a\",\"device\":\"d\",\"exp\":1700000100}";
    char changed[1024];
    (void)state;
    char *token = make("{\"alg\":\"HS256\"}", claims, view_of(secret_text));
    size_t size = strlen(token);
    snprintf(changed, sizeof(changed), "%s=", token);
    assert_refused(keys, changed, "signature is malformed");
    snprintf(changed, sizeof(changed), "%s\n", token);
    assert_refused(keys, changed, "signature is malformed");
    snprintf(changed, sizeof(changed), " %s", token);
    assert_refused(keys, changed, "header is malformed");
    snprintf(changed, sizeof(changed), "%s.x", token);
    assert_refused(keys, changed, "");

    /* The last of 43 characters carries 4 bits; the 2 beyond them must be zero. */
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const char *last = strchr(alphabet, token[size - 1]);
    assert_int_equal((last - alphabet) % 4, 0);
    for (int stray = 1; stray < 4; stray++) {
        token[size - 1] = last[stray];
        assert_refused(keys, token, "signature is malformed");
    }
    free(token);

    assert_refused(keys, "", "three parts");
    assert_refused(keys, "abc", "three parts");
    assert_refused(keys, "abc.def", "three parts");
    assert_refused(keys, "..", "");
    char *long_token = memory_new(LIMIT_TOKEN_BYTES_MAX + 2);
    memset(long_token, 'a', LIMIT_TOKEN_BYTES_MAX + 1);
    assert_refused(keys, long_token, "too long");
    long_token[LIMIT_TOKEN_BYTES_MAX] = 0;
    long_token[2000] = long_token[4000] = '.';
    assert_refused(keys, long_token, "malformed");
    free(long_token);
}

/* A key's algorithm cannot be changed by a token. */
static void keys_are_not_confused(void **state)
{
    static const char claims[] = "{\"sub\":\"a\",\"device\":\"d\",\"exp\":1700000100}";
    struct identity identity;
    const char *reason;
    (void)state;
    struct identity_keys *both = identity_keys_new();
    assert_int_equal(identity_keys_add_public(both, NULL, public_key, NULL), STATUS_OK);
    char *token = make("{\"alg\":\"EdDSA\"}", claims, view_make(NULL, 0));
    assert_int_equal(verify(both, token, now_ms, &identity, &reason), IDENTITY_VALID);
    assert_refused(keys, token, "no key");
    free(token);

    struct view public_as_secret = view_make(public_key, sizeof(public_key));
    token = make("{\"alg\":\"HS256\"}", claims, public_as_secret);
    assert_refused(both, token, "no key");
    free(token);
    token = make("{\"alg\":\"EdDSA\"}", claims, public_as_secret);
    assert_refused(both, token, "signature is wrong");
    free(token);
    token = make("{\"alg\":\"HS256\"}", claims, view_make(NULL, 0));
    assert_int_equal(identity_keys_add_secret(both, NULL, view_of(secret_text), NULL), STATUS_OK);
    assert_refused(both, token, "signature is wrong");
    free(token);
    identity_keys_free(both);
}

static void the_key_id_chooses(void **state)
{
    static const char claims[] = "{\"sub\":\"a\",\"device\":\"d\",\"exp\":1700000100}";
    struct view old = view_of("the old secret, 32 bytes or more");
    struct view new = view_of("the new secret, 32 bytes or more");
    struct identity identity;
    const char *reason;
    (void)state;
    struct identity_keys *several = identity_keys_new();
    assert_int_equal(identity_keys_add_secret(several, "old", old, NULL), STATUS_OK);
    assert_int_equal(identity_keys_add_secret(several, "new", new, NULL), STATUS_OK);
    const struct {
        const char *header;
        struct view secret;
        const char *reason; /* NULL: accepted */
    } cases[] = {
        {"{\"alg\":\"HS256\",\"kid\":\"old\"}", old, NULL},
        {"{\"alg\":\"HS256\",\"kid\":\"new\"}", new, NULL},
        {"{\"alg\":\"HS256\"}", new, NULL},
        {"{\"alg\":\"HS256\",\"kid\":\"old\"}", new, "signature is wrong"},
        {"{\"alg\":\"HS256\",\"kid\":\"older\"}", old, "no key"},
    };
    FOR_EACH(i, cases)
    {
        char *token = make(cases[i].header, claims, cases[i].secret);
        if (cases[i].reason != NULL)
            assert_refused(several, token, cases[i].reason);
        else
            assert_int_equal(verify(several, token, now_ms, &identity, &reason), IDENTITY_VALID);
        free(token);
    }
    for (int i = 2; i < IDENTITY_KEYS_MAX; i++)
        assert_int_equal(identity_keys_add_secret(several, NULL, new, NULL), STATUS_OK);
    struct failure failure;
    assert_int_equal(identity_keys_add_secret(several, NULL, new, &failure), STATUS_LIMIT);
    assert_int_equal(identity_keys_add_secret(several, NULL, view_of("short"), &failure),
                     STATUS_MALFORMED);
    identity_keys_free(several);
}

/* The RFCs' examples carry no user, so what they can show is that their signatures hold. */
static void the_examples_of_the_rfcs(void **state)
{
    uint8_t bytes[64];
    uint8_t seeded[crypto_sign_SECRETKEYBYTES];
    uint8_t derived[crypto_sign_PUBLICKEYBYTES];
    (void)state;
    struct identity_keys *rfc = identity_keys_new();
    assert_int_equal(decode(rfc_private, bytes, sizeof(bytes)), crypto_sign_SEEDBYTES);
    crypto_sign_seed_keypair(derived, seeded, bytes);
    assert_int_equal(decode(rfc_public, bytes, sizeof(bytes)), sizeof(derived));
    assert_memory_equal(bytes, derived, sizeof(derived));
    assert_int_equal(identity_keys_add_public(rfc, NULL, bytes, NULL), STATUS_OK);
    size_t size = decode(rfc_secret, bytes, sizeof(bytes));
    assert_int_equal(identity_keys_add_secret(rfc, NULL, view_make(bytes, size), NULL), STATUS_OK);

    assert_refused(rfc, rfc_eddsa, "claims are malformed");
    assert_refused(rfc, rfc_hs256, "claim sub");
    char changed[256];
    memcpy(changed, rfc_eddsa, sizeof(rfc_eddsa));
    changed[25] ^= 1;
    assert_refused(rfc, changed, "signature is wrong");
    memcpy(changed, rfc_hs256, sizeof(rfc_hs256));
    changed[45] ^= 1;
    assert_refused(rfc, changed, "signature is wrong");
    identity_keys_free(rfc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_signed_is_valid_until_it_expires),
        cmocka_unit_test(a_role_gives_its_authority),
        cmocka_unit_test(no_token_for_what_is_no_id),
        cmocka_unit_test(every_changed_character_is_noticed),
        cmocka_unit_test(headers_that_are_refused),
        cmocka_unit_test(claims_that_are_refused),
        cmocka_unit_test(base64url_is_strict),
        cmocka_unit_test(keys_are_not_confused),
        cmocka_unit_test(the_key_id_chooses),
        cmocka_unit_test(the_examples_of_the_rfcs),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
