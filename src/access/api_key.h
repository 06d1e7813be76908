/* Keys of the HTTP API. A key is a text that its holder alone has:
 *
 *   unsay_<id, 8 letters and digits>_<43 of base64url, 32 random bytes>
 *
 * The file DATA/api-keys.json has its name, scopes and the SHA-256 of the text. 32 random bytes
 * need no slow hash, and what is found by its id is compared in constant time. The file is replaced
 * as a whole, so whoever reads it sees all of a change or nothing; changes come one after the
 * other, each to what is there by then. */
#ifndef UNSAY_ACCESS_API_KEY_H
#define UNSAY_ACCESS_API_KEY_H

#include "base/limits.h"
#include "base/status.h"
#include "base/view.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

enum scope {
#define SCOPE(name, text, summary) SCOPE_##name,
#include "access/scope.def"
#undef SCOPE
    SCOPES
};

#define SCOPE_BIT(scope) (UINT32_C(1) << (scope))

const char *scope_name(enum scope scope);
const char *scope_summary(enum scope scope);
bool scope_find(struct view name, enum scope *scope);

/* A SCOPE_BIT for each of them but COMPLIANCE, which is given by name only. */
uint32_t scope_ordinary(void);

enum {
    API_KEY_ID_BYTES = 8,
    API_KEY_HASH_BYTES = 32,
    API_KEY_TEXT_BYTES = 6 + API_KEY_ID_BYTES + 1 + 43,
};

struct api_key {
    char id[API_KEY_ID_BYTES + 1];
    char name[LIMIT_API_KEY_NAME_BYTES_MAX + 1]; /* 1-64 of [A-Za-z0-9._@-]; no other key has it */
    char user[LIMIT_USER_ID_BYTES_MAX + 1];      /* who acts, in logs and in what it sends */
    uint32_t scopes;                             /* a SCOPE_BIT each */
    uint64_t created_ms;
    uint64_t expires_ms; /* 0: never */
    uint8_t hash[API_KEY_HASH_BYTES];
};

struct api_keys {
    struct api_key keys[LIMIT_API_KEYS_MAX];
    unsigned count;
    char file[4200];
    struct stat seen; /* of the file as it was read last */
};

/* The file of this data directory; one that is missing has no keys. */
MUST_CHECK enum status api_keys_open(struct api_keys *keys, const char *directory,
                                     struct failure *failure);

/* Reads the file again when it was replaced meanwhile. On failure what was known stays. */
MUST_CHECK enum status api_keys_refresh(struct api_keys *keys, struct failure *failure);

/* Adds a key like this one, with id and hash made here, and writes the file. `text` is told this
 * once. */
MUST_CHECK enum status api_keys_add(struct api_keys *keys, const struct api_key *like,
                                    char text[API_KEY_TEXT_BYTES + 1], struct failure *failure);

/* By its id or name; NOT_FOUND. Writes the file. */
MUST_CHECK enum status api_keys_revoke(struct api_keys *keys, const char *name,
                                       struct failure *failure);

/* The key of this text, NULL when there is none or it has expired. Valid until keys change. */
const struct api_key *api_keys_find(const struct api_keys *keys, struct view text, uint64_t now_ms);

#endif
