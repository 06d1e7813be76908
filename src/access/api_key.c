#include "access/api_key.h"

#include "core/ids.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define API_KEY_PREFIX "unsay_"

static const struct {
    const char *name;
    const char *summary;
} scopes[SCOPES] = {
#define SCOPE(name, text, summary) {text, summary},
#include "access/scope.def"
#undef SCOPE
};

const char *scope_name(enum scope scope)
{
    return scopes[scope].name;
}

const char *scope_summary(enum scope scope)
{
    return scopes[scope].summary;
}

bool scope_find(struct view name, enum scope *scope)
{
    for (unsigned i = 0; i < SCOPES; i++) {
        if (view_equal(name, view_of(scopes[i].name))) {
            *scope = (enum scope)i;
            return true;
        }
    }
    return false;
}

uint32_t scope_ordinary(void)
{
    return (SCOPE_BIT(SCOPES) - 1) & ~SCOPE_BIT(SCOPE_COMPLIANCE);
}

/* ---- The file ---- */

static bool api_key_read_scopes(const json_t *list, uint32_t *bits)
{
    size_t index;
    const json_t *item;
    json_array_foreach(list, index, item)
    {
        enum scope scope;
        if (!json_is_string(item) || !scope_find(view_of(json_string_value(item)), &scope))
            return false;
        *bits |= SCOPE_BIT(scope);
    }
    return json_is_array(list);
}

static bool api_key_read(json_t *object, struct api_key *key)
{
    const char *id;
    const char *name;
    const char *user;
    const char *hash;
    json_t *list;
    json_int_t created;
    json_int_t expires;
    size_t size;
    *key = (struct api_key){.scopes = 0};
    if (json_unpack(object, "{s:s,s:s,s:s,s:s,s:o,s:I,s:I}", "id", &id, "name", &name, "user",
                    &user, "sha256", &hash, "scopes", &list, "created_ms", &created, "expires_ms",
                    &expires) != 0)
        return false;
    snprintf(key->id, sizeof(key->id), "%s", id);
    snprintf(key->name, sizeof(key->name), "%s", name);
    snprintf(key->user, sizeof(key->user), "%s", user);
    key->created_ms = (uint64_t)created;
    key->expires_ms = (uint64_t)expires;
    return strlen(id) == API_KEY_ID_BYTES && id_is_device(view_of(name)) &&
           id_is_user(view_of(user)) && created >= 0 && expires >= 0 &&
           sodium_hex2bin(key->hash, sizeof(key->hash), hash, strlen(hash), NULL, &size, NULL) ==
               0 &&
           size == sizeof(key->hash) && api_key_read_scopes(list, &key->scopes);
}

static enum status api_keys_read(struct api_keys *keys, struct failure *failure)
{
    json_error_t error;
    size_t index;
    json_t *item;
    bool is_valid = true;
    unsigned count = 0;
    json_t *root = json_load_file(keys->file, JSON_REJECT_DUPLICATES, &error);
    const json_t *list = json_object_get(root, "keys");
    if (root == NULL)
        return failure_set(failure, STATUS_CORRUPT, "%s: line %d: %s.", keys->file, error.line,
                           error.text);
    struct api_key *read = calloc(LIMIT_API_KEYS_MAX, sizeof(*read));
    is_valid = read != NULL && json_is_array(list) && json_array_size(list) <= LIMIT_API_KEYS_MAX;
    if (is_valid) {
        json_array_foreach(list, index, item) is_valid =
            is_valid && api_key_read(item, &read[count++]);
    }
    json_decref(root);
    if (is_valid) {
        memcpy(keys->keys, read, sizeof(keys->keys));
        keys->count = count;
    }
    free(read);
    return is_valid ? STATUS_OK
                    : failure_set(failure, STATUS_CORRUPT,
                                  "%s is not a list of keys as `unsay key` writes it; put it back "
                                  "from a backup, or remove it and make new keys.",
                                  keys->file);
}

static bool api_keys_is_same_file(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

enum status api_keys_refresh(struct api_keys *keys, struct failure *failure)
{
    struct stat now;
    if (stat(keys->file, &now) != 0) {
        if (errno != ENOENT)
            return failure_set(failure, STATUS_IO, "%s: %s.", keys->file, strerror(errno));
        keys->count = 0;
        keys->seen = (struct stat){.st_ino = 0};
        return STATUS_OK;
    }
    if (api_keys_is_same_file(&now, &keys->seen))
        return STATUS_OK;
    if ((now.st_mode & 077) != 0)
        return failure_set(failure, STATUS_IO,
                           "%s can be read by others than its owner; chmod 600 it.", keys->file);
    enum status status = api_keys_read(keys, failure);
    if (status == STATUS_OK)
        keys->seen = now;
    return status;
}

enum status api_keys_open(struct api_keys *keys, const char *directory, struct failure *failure)
{
    *keys = (struct api_keys){.count = 0};
    snprintf(keys->file, sizeof(keys->file), "%s/api-keys.json", directory);
    return api_keys_refresh(keys, failure);
}

static json_t *api_key_print(const struct api_key *key)
{
    char hash[2 * API_KEY_HASH_BYTES + 1];
    json_t *list = json_array();
    for (unsigned i = 0; i < SCOPES; i++) {
        if ((key->scopes & SCOPE_BIT(i)) != 0)
            json_array_append_new(list, json_string(scopes[i].name));
    }
    return json_pack("{s:s,s:s,s:s,s:o,s:I,s:I,s:s}", "id", key->id, "name", key->name, "user",
                     key->user, "scopes", list, "created_ms", (json_int_t)key->created_ms,
                     "expires_ms", (json_int_t)key->expires_ms, "sha256",
                     sodium_bin2hex(hash, sizeof(hash), key->hash, sizeof(key->hash)));
}

/* Makes the new file durable in full before it takes the old one's place, and that as well. */
static bool api_keys_replace(const char *file, const char *directory, const char *text)
{
    char made[4300];
    snprintf(made, sizeof(made), "%s.new", file);
    int descriptor = open(made, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (descriptor < 0)
        return false;
    size_t size = strlen(text);
    bool is_written = write(descriptor, text, size) == (ssize_t)size && fsync(descriptor) == 0;
    is_written = close(descriptor) == 0 && is_written && rename(made, file) == 0;
    if (!is_written) {
        int reason = errno;
        unlink(made);
        errno = reason;
        return false;
    }
    descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0)
        return false;
    is_written = fsync(descriptor) == 0;
    return close(descriptor) == 0 && is_written;
}

static enum status api_keys_write(const struct api_keys *keys, struct failure *failure)
{
    char directory[sizeof(keys->file)];
    json_t *list = json_array();
    for (unsigned i = 0; i < keys->count; i++)
        json_array_append_new(list, api_key_print(&keys->keys[i]));
    json_t *root = json_pack("{s:o}", "keys", list);
    char *text = json_dumps(root, JSON_INDENT(2));
    json_decref(root);
    snprintf(directory, sizeof(directory), "%s", keys->file);
    *strrchr(directory, '/') = 0;
    bool is_written = text != NULL && api_keys_replace(keys->file, directory, text);
    free(text);
    return is_written ? STATUS_OK
                      : failure_set(failure, STATUS_IO, "%s cannot be written: %s.", keys->file,
                                    strerror(errno));
}

/* Until it is closed nobody else changes the file, and what it has by now is known. */
static enum status api_keys_lock(struct api_keys *keys, int *lock, struct failure *failure)
{
    char directory[sizeof(keys->file)];
    snprintf(directory, sizeof(directory), "%s", keys->file);
    *strrchr(directory, '/') = 0;
    *lock = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*lock < 0 || flock(*lock, LOCK_EX) != 0)
        return failure_set(failure, STATUS_IO, "%s cannot be used: %s.", directory,
                           strerror(errno));
    return api_keys_refresh(keys, failure);
}

static enum status api_keys_unlock(int lock, enum status status)
{
    if (lock >= 0)
        close(lock);
    return status;
}

/* ---- Keys ---- */

static void api_key_hash(struct view text, uint8_t hash[API_KEY_HASH_BYTES])
{
    crypto_hash_sha256(hash, text.data, text.size);
}

static void api_key_make(struct api_key *key, char text[API_KEY_TEXT_BYTES + 1])
{
    static const char letters[] = "abcdefghijkmnpqrstuvwxyz23456789";
    uint8_t secret[32];
    char coded[sodium_base64_ENCODED_LEN(sizeof(secret), sodium_base64_VARIANT_URLSAFE_NO_PADDING)];
    for (unsigned i = 0; i < API_KEY_ID_BYTES; i++)
        key->id[i] = letters[randombytes_uniform(sizeof(letters) - 1)];
    key->id[API_KEY_ID_BYTES] = 0;
    randombytes_buf(secret, sizeof(secret));
    sodium_bin2base64(coded, sizeof(coded), secret, sizeof(secret),
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    snprintf(text, API_KEY_TEXT_BYTES + 1, API_KEY_PREFIX "%s_%s", key->id, coded);
    sodium_memzero(secret, sizeof(secret));
    sodium_memzero(coded, sizeof(coded));
    api_key_hash(view_of(text), key->hash);
}

static struct api_key *api_keys_named(struct api_keys *keys, const char *name)
{
    for (unsigned i = 0; i < keys->count; i++) {
        if (strcmp(keys->keys[i].name, name) == 0 || strcmp(keys->keys[i].id, name) == 0)
            return &keys->keys[i];
    }
    return NULL;
}

static enum status api_keys_insert(struct api_keys *keys, const struct api_key *like,
                                   char text[API_KEY_TEXT_BYTES + 1], struct failure *failure)
{
    if (api_keys_named(keys, like->name) != NULL)
        return failure_set(failure, STATUS_IN_USE,
                           "There is a key named %s; revoke it, or take another name.", like->name);
    if (keys->count == LIMIT_API_KEYS_MAX)
        return failure_set(failure, STATUS_LIMIT, "There are %d keys; revoke some first.",
                           LIMIT_API_KEYS_MAX);
    struct api_key *key = &keys->keys[keys->count];
    *key = *like;
    api_key_make(key, text);
    keys->count++;
    return api_keys_write(keys, failure);
}

enum status api_keys_add(struct api_keys *keys, const struct api_key *like,
                         char text[API_KEY_TEXT_BYTES + 1], struct failure *failure)
{
    int lock;
    enum status status = api_keys_lock(keys, &lock, failure);
    if (status == STATUS_OK)
        status = api_keys_insert(keys, like, text, failure);
    return api_keys_unlock(lock, status);
}

static enum status api_keys_remove(struct api_keys *keys, const char *name, struct failure *failure)
{
    struct api_key *key = api_keys_named(keys, name);
    if (key == NULL)
        return failure_set(failure, STATUS_NOT_FOUND, "There is no key %s; see: unsay key list.",
                           name);
    const struct api_key *end = &keys->keys[keys->count];
    memmove(key, key + 1, (size_t)(end - key - 1) * sizeof(*key));
    keys->count--;
    return api_keys_write(keys, failure);
}

enum status api_keys_revoke(struct api_keys *keys, const char *name, struct failure *failure)
{
    int lock;
    enum status status = api_keys_lock(keys, &lock, failure);
    if (status == STATUS_OK)
        status = api_keys_remove(keys, name, failure);
    return api_keys_unlock(lock, status);
}

const struct api_key *api_keys_find(const struct api_keys *keys, struct view text, uint64_t now_ms)
{
    uint8_t hash[API_KEY_HASH_BYTES];
    size_t prefix = strlen(API_KEY_PREFIX);
    if (text.size != API_KEY_TEXT_BYTES || memcmp(text.data, API_KEY_PREFIX, prefix) != 0)
        return NULL;
    api_key_hash(text, hash);
    for (unsigned i = 0; i < keys->count; i++) {
        const struct api_key *key = &keys->keys[i];
        if (memcmp(key->id, text.data + prefix, API_KEY_ID_BYTES) != 0)
            continue;
        if (sodium_memcmp(key->hash, hash, sizeof(hash)) != 0)
            return NULL;
        return key->expires_ms == 0 || now_ms < key->expires_ms ? key : NULL;
    }
    return NULL;
}
