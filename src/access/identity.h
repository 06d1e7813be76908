/* Who connects: JSON Web Tokens (RFC 7519) signed with HS256 (RFC 7518) or EdDSA over Ed25519
 * (RFC 8037), with the claims `sub` (user), `device` and `exp`; `nbf` and `iat` are respected when
 * present. A claim `role` gives its bearer more than a member may: it is "system" or "compliance",
 * or the token is not valid. Each key is for one algorithm only, so a token cannot choose another
 * one for it; `none` does not exist. Written on libsodium and jansson because Debian's libjwt has
 * no EdDSA. */
#ifndef UNSAY_ACCESS_IDENTITY_H
#define UNSAY_ACCESS_IDENTITY_H

#include "base/limits.h"
#include "base/status.h"
#include "core/contract.h"

struct identity_keys; /* what tokens are verified with */

struct identity_keys *identity_keys_new(void);
void identity_keys_free(struct identity_keys *keys);

enum { IDENTITY_KEYS_MAX = 16, IDENTITY_SECRET_BYTES_MIN = 32, IDENTITY_PUBLIC_KEY_BYTES = 32 };

/* Adding beyond IDENTITY_KEYS_MAX is a LIMIT. A key with a `key_id` (copied) is tried for tokens
 * with this `kid` and for tokens without one; a key without (NULL) is tried for every token. */

/* A secret for HS256, at least IDENTITY_SECRET_BYTES_MIN bytes; copied. */
MUST_CHECK enum status identity_keys_add_secret(struct identity_keys *keys, const char *key_id,
                                                struct view secret, struct failure *failure);

/* The same from a file; newlines at its end are not part of the secret. */
MUST_CHECK enum status identity_keys_add_secret_file(struct identity_keys *keys, const char *key_id,
                                                     const char *file, struct failure *failure);

/* An Ed25519 public key; copied. */
MUST_CHECK enum status identity_keys_add_public(struct identity_keys *keys, const char *key_id,
                                                const uint8_t public_key[IDENTITY_PUBLIC_KEY_BYTES],
                                                struct failure *failure);

/* The same from a file: PEM, SubjectPublicKeyInfo. */
MUST_CHECK enum status identity_keys_add_public_file(struct identity_keys *keys, const char *key_id,
                                                     const char *file, struct failure *failure);

struct identity {
    char user[LIMIT_USER_ID_BYTES_MAX + 1];
    char device[LIMIT_DEVICE_ID_BYTES_MAX + 1];
    uint64_t expires_ms;        /* Unix milliseconds */
    Unsay__V1__Actor authority; /* SYSTEM or COMPLIANCE, by the claim `role`; else UNSPECIFIED */
};

enum identity_verdict { IDENTITY_VALID, IDENTITY_INVALID, IDENTITY_EXPIRED };

/* `reason` (never NULL on return, static text) says in English what is wrong when not valid. */
enum identity_verdict identity_verify(const struct identity_keys *keys, struct view token,
                                      uint64_t now_ms, struct identity *identity,
                                      const char **reason);

/* A token signed with HS256, whose times are whole seconds, its end rounded up; heap string, the
 * caller frees. NULL when user or device are not valid ids or the end lies beyond the year 9999. */
char *identity_sign(struct view secret, const char *user, const char *device, uint64_t now_ms,
                    uint64_t ttl_ms);

/* The same with the role that gives this authority; UNSPECIFIED: without one. NULL also for an
 * authority that no role gives. */
char *identity_sign_as(struct view secret, Unsay__V1__Actor authority, const char *user,
                       const char *device, uint64_t now_ms, uint64_t ttl_ms);

/* The authority of a role's name; false when no role has it. */
bool identity_role(const char *name, Unsay__V1__Actor *authority);

/* What a token claims, without verifying it: for a client that wants to know who it is. */
MUST_CHECK enum status identity_peek(struct view token, struct identity *identity);

/* The development secret: reads DIR/dev.key (32 bytes, mode 0600), making it when missing. A file
 * of another size, or one that others may read, is refused. */
enum { IDENTITY_DEV_SECRET_BYTES = 32 };
MUST_CHECK enum status identity_dev_secret(const char *directory,
                                           uint8_t secret[IDENTITY_DEV_SECRET_BYTES],
                                           struct failure *failure);

/* Likewise, in DIR/ticket.key: what tickets are sealed with. */
enum { IDENTITY_TICKET_KEY_BYTES = IDENTITY_DEV_SECRET_BYTES };
MUST_CHECK enum status identity_ticket_key(const char *directory,
                                           uint8_t key[IDENTITY_TICKET_KEY_BYTES],
                                           struct failure *failure);

#endif
