#include "storage/evidence_keys.h"

#include "base/list.h"
#include "base/memory.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <pthread.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    DAY_MS = 24 * 60 * 60 * 1000,
    ID_BYTES = 8,
    KEY_BYTES = crypto_aead_xchacha20poly1305_ietf_KEYBYTES,
    NONCE_BYTES = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
    TAG_BYTES = crypto_aead_xchacha20poly1305_ietf_ABYTES,
    NAME_BYTES = 32,
};

/* As in the file. */
struct secret {
    uint8_t id[ID_BYTES];
    uint8_t key[KEY_BYTES];
};
_Static_assert(sizeof(struct secret) == ID_BYTES + KEY_BYTES, "a key file has no gaps");

struct day_key {
    struct list node;
    uint64_t day;
    struct secret secret;
};

struct evidence_keys {
    char *directory; /* owned; NULL: in memory */
    pthread_mutex_t lock;
    struct list days; /* of struct day_key: what was used since the start */
};

struct evidence_keys *evidence_keys_new(const char *directory)
{
    struct evidence_keys *keys = memory_new(sizeof(*keys));
    int is_started = sodium_init();
    assert(is_started >= 0);
    if (directory != NULL)
        keys->directory = memory_copy(directory, strlen(directory));
    pthread_mutex_init(&keys->lock, NULL);
    list_init(&keys->days);
    return keys;
}

static void day_key_free(struct day_key *found)
{
    list_remove(&found->node);
    sodium_memzero(found, sizeof(*found));
    free(found);
}

void evidence_keys_free(struct evidence_keys *keys)
{
    while (!list_is_empty(&keys->days))
        day_key_free(LIST_ITEM(keys->days.next, struct day_key, node));
    pthread_mutex_destroy(&keys->lock);
    free(keys->directory);
    free(keys);
}

static void name_of_day(char name[NAME_BYTES], uint64_t day)
{
    snprintf(name, NAME_BYTES, "%llu.key", (unsigned long long)day);
}

static bool day_of_name(const char *name, uint64_t *day)
{
    char expected[NAME_BYTES];
    *day = strtoull(name, NULL, 10);
    name_of_day(expected, *day);
    return strcmp(name, expected) == 0;
}

static enum status keys_failure(const struct evidence_keys *keys, const char *what, uint64_t day,
                                struct failure *failure)
{
    int error = errno;
    enum status status = error == ENOSPC || error == EDQUOT ? STATUS_NO_SPACE : STATUS_IO;
    return failure_set(failure, status,
                       "%s the evidence key %s/%llu.key failed: %s; check the path, its "
                       "permissions and the disk",
                       what, keys->directory, (unsigned long long)day, strerror(error));
}

static int directory_open(const char *directory)
{
    return open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Durable when it answers a descriptor; -1 and errno else. */
static int directory_make(const char *directory)
{
    if (mkdir(directory, 0700) != 0)
        return errno == EEXIST ? directory_open(directory) : -1;
    char *path = memory_copy(directory, strlen(directory));
    int parent = directory_open(dirname(path));
    free(path);
    bool is_synced = parent >= 0 && fsync(parent) == 0;
    if (parent >= 0)
        close(parent);
    return is_synced ? directory_open(directory) : -1;
}

static enum status file_read(const struct evidence_keys *keys, uint64_t day, struct secret *secret,
                             struct failure *failure)
{
    char name[NAME_BYTES];
    name_of_day(name, day);
    int directory = directory_open(keys->directory);
    int fd = directory < 0 ? -1 : openat(directory, name, O_RDONLY | O_CLOEXEC);
    bool is_missing = fd < 0 && errno == ENOENT;
    ssize_t size = fd < 0 ? -1 : read(fd, secret, sizeof(*secret));
    enum status status = STATUS_OK;
    if (is_missing)
        status = STATUS_NOT_FOUND;
    else if (size < 0)
        status = keys_failure(keys, "reading", day, failure);
    else if (size != (ssize_t)sizeof(*secret))
        status = failure_set(failure, STATUS_CORRUPT,
                             "the evidence key %s/%s is damaged: put it back from a copy, or "
                             "remove it, and what it kept cannot be read any more",
                             keys->directory, name);
    if (fd >= 0)
        close(fd);
    if (directory >= 0)
        close(directory);
    return status;
}

static enum status file_write(const struct evidence_keys *keys, uint64_t day,
                              const struct secret *secret, struct failure *failure)
{
    char name[NAME_BYTES];
    name_of_day(name, day);
    int directory = directory_make(keys->directory);
    int fd = directory < 0
                 ? -1
                 : openat(directory, "new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool is_written = fd >= 0 && write(fd, secret, sizeof(*secret)) == (ssize_t)sizeof(*secret) &&
                      fsync(fd) == 0 && renameat(directory, "new", directory, name) == 0 &&
                      fsync(directory) == 0;
    enum status status = is_written ? STATUS_OK : keys_failure(keys, "writing", day, failure);
    if (fd >= 0)
        close(fd);
    if (directory >= 0)
        close(directory);
    return status;
}

static struct day_key *keys_find(struct evidence_keys *keys, uint64_t day)
{
    for (struct list *node = keys->days.next; node != &keys->days; node = node->next) {
        struct day_key *found = LIST_ITEM(node, struct day_key, node);
        if (found->day == day)
            return found;
    }
    return NULL;
}

/* The key of a day, copied. NOT_FOUND when there is none and none is to be made. */
static enum status keys_take(struct evidence_keys *keys, uint64_t day, bool may_make,
                             struct secret *secret, struct failure *failure)
{
    struct day_key *found = keys_find(keys, day);
    enum status status = STATUS_OK;
    if (found == NULL) {
        status = keys->directory == NULL ? STATUS_NOT_FOUND : file_read(keys, day, secret, failure);
        if (status == STATUS_NOT_FOUND && may_make) {
            randombytes_buf(secret, sizeof(*secret));
            status = keys->directory == NULL ? STATUS_OK : file_write(keys, day, secret, failure);
        }
        if (status != STATUS_OK)
            return status;
        found = memory_new(sizeof(*found));
        found->day = day;
        found->secret = *secret;
        list_push_back(&keys->days, &found->node);
    }
    *secret = found->secret;
    return STATUS_OK;
}

enum status evidence_keys_seal(struct evidence_keys *keys, struct view place, struct view body,
                               uint64_t until_ms, struct arena *arena, struct view *sealed,
                               struct failure *failure)
{
    struct secret secret;
    pthread_mutex_lock(&keys->lock);
    enum status status = keys_take(keys, until_ms / DAY_MS, true, &secret, failure);
    pthread_mutex_unlock(&keys->lock);
    if (status != STATUS_OK)
        return status;
    size_t size = ID_BYTES + NONCE_BYTES + body.size + TAG_BYTES;
    uint8_t *bytes = arena_alloc(arena, size);
    uint8_t *nonce = bytes + ID_BYTES;
    memcpy(bytes, secret.id, ID_BYTES);
    randombytes_buf(nonce, NONCE_BYTES);
    crypto_aead_xchacha20poly1305_ietf_encrypt(nonce + NONCE_BYTES, NULL, body.data, body.size,
                                               place.data, place.size, NULL, nonce, secret.key);
    sodium_memzero(&secret, sizeof(secret));
    *sealed = view_make(bytes, size);
    return STATUS_OK;
}

enum status evidence_keys_open(struct evidence_keys *keys, struct view place, struct view sealed,
                               uint64_t until_ms, struct arena *arena, struct view *body)
{
    struct secret secret;
    if (sealed.size < ID_BYTES + NONCE_BYTES + TAG_BYTES)
        return STATUS_CORRUPT;
    pthread_mutex_lock(&keys->lock);
    enum status status = keys_take(keys, until_ms / DAY_MS, false, &secret, NULL);
    pthread_mutex_unlock(&keys->lock);
    if (status != STATUS_OK)
        return status;
    /* Another key of that day: the one that sealed this was destroyed before. */
    if (memcmp(sealed.data, secret.id, ID_BYTES) != 0)
        status = STATUS_NOT_FOUND;
    const uint8_t *nonce = sealed.data + ID_BYTES;
    size_t size = sealed.size - ID_BYTES - NONCE_BYTES;
    uint8_t *bytes = arena_alloc(arena, size - TAG_BYTES + 1);
    if (status == STATUS_OK &&
        crypto_aead_xchacha20poly1305_ietf_decrypt(bytes, NULL, NULL, nonce + NONCE_BYTES, size,
                                                   place.data, place.size, nonce, secret.key) != 0)
        status = STATUS_CORRUPT;
    sodium_memzero(&secret, sizeof(secret));
    *body = view_make(bytes, size - TAG_BYTES);
    return status;
}

static enum status file_destroy(const struct evidence_keys *keys, int directory, const char *name,
                                uint64_t day, struct failure *failure)
{
    struct secret noise;
    randombytes_buf(&noise, sizeof(noise));
    int fd = openat(directory, name, O_WRONLY | O_CLOEXEC);
    bool is_destroyed = fd >= 0 && pwrite(fd, &noise, sizeof(noise), 0) == (ssize_t)sizeof(noise) &&
                        fsync(fd) == 0 && unlinkat(directory, name, 0) == 0;
    enum status status = is_destroyed ? STATUS_OK : keys_failure(keys, "destroying", day, failure);
    if (fd >= 0)
        close(fd);
    return status;
}

static enum status files_destroy(const struct evidence_keys *keys, uint64_t first_kept,
                                 struct failure *failure)
{
    uint64_t day;
    DIR *directory = opendir(keys->directory);
    if (directory == NULL)
        return errno == ENOENT ? STATUS_OK : keys_failure(keys, "looking for", 0, failure);
    enum status status = STATUS_OK;
    int fd = dirfd(directory);
    for (struct dirent *entry; (entry = readdir(directory)) != NULL && status == STATUS_OK;) {
        if (day_of_name(entry->d_name, &day) && day < first_kept)
            status = file_destroy(keys, fd, entry->d_name, day, failure);
    }
    if (status == STATUS_OK && fsync(fd) != 0)
        status = keys_failure(keys, "destroying", 0, failure);
    closedir(directory);
    return status;
}

enum status evidence_keys_destroy(struct evidence_keys *keys, uint64_t now_ms,
                                  struct failure *failure)
{
    enum status status = STATUS_OK;
    uint64_t first_kept = now_ms / DAY_MS;
    pthread_mutex_lock(&keys->lock);
    for (struct list *node = keys->days.next; node != &keys->days;) {
        struct day_key *found = LIST_ITEM(node, struct day_key, node);
        node = node->next;
        if (found->day < first_kept)
            day_key_free(found);
    }
    if (keys->directory != NULL)
        status = files_destroy(keys, first_kept, failure);
    pthread_mutex_unlock(&keys->lock);
    return status;
}
