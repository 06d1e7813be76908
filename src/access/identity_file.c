#include "access/identity.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PUBLIC_FILE_BYTES_MAX = 16384, SECRET_FILE_BYTES_MAX = 4096 };

/* Reads at most `capacity` bytes of a regular file; *size tells how many there are. errno tells
 * what failed. */
static bool identity_read(int fd, uint8_t *bytes, size_t capacity, size_t *size)
{
    *size = 0;
    while (*size < capacity) {
        ssize_t count = read(fd, bytes + *size, capacity - *size);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return false;
        if (count == 0)
            break;
        *size += (size_t)count;
    }
    return true;
}

static enum status identity_fail_io(struct failure *failure, const char *what, const char *path)
{
    int code = errno;
    return failure_set(failure, code == ENOSPC ? STATUS_NO_SPACE : STATUS_IO, "%s %s: %s", what,
                       path, strerror(code));
}

/* The Ed25519 key in a PEM text; false when it holds none. */
static bool identity_public_from_pem(const uint8_t *text, size_t size,
                                     uint8_t public_key[IDENTITY_PUBLIC_KEY_BYTES])
{
    size_t key_size = IDENTITY_PUBLIC_KEY_BYTES;
    BIO *bio = BIO_new_mem_buf(text, (int)size);
    EVP_PKEY *key = bio == NULL ? NULL : PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
    bool is_read = key != NULL && EVP_PKEY_get_id(key) == EVP_PKEY_ED25519 &&
                   EVP_PKEY_get_raw_public_key(key, public_key, &key_size) == 1 &&
                   key_size == IDENTITY_PUBLIC_KEY_BYTES;
    EVP_PKEY_free(key);
    BIO_free(bio);
    ERR_clear_error();
    return is_read;
}

/* The bytes of a file that a setting names. */
static enum status identity_read_file(const char *what, const char *file, uint8_t *bytes,
                                      size_t capacity, size_t *size, struct failure *failure)
{
    char action[64];
    /* Without O_NONBLOCK, opening a pipe would wait for its writer. */
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    snprintf(action, sizeof(action), "cannot open the %s", what);
    if (fd < 0)
        return identity_fail_io(failure, action, file);
    enum status status = STATUS_OK;
    snprintf(action, sizeof(action), "cannot read the %s", what);
    if (!identity_read(fd, bytes, capacity, size))
        status = identity_fail_io(failure, action, file);
    close(fd);
    return status;
}

enum status identity_keys_add_secret_file(struct identity_keys *keys, const char *key_id,
                                          const char *file, struct failure *failure)
{
    uint8_t secret[SECRET_FILE_BYTES_MAX];
    size_t size = 0;
    struct failure why = {STATUS_OK, ""};
    enum status status =
        identity_read_file("token secret", file, secret, sizeof(secret), &size, failure);
    while (size > 0 && (secret[size - 1] == '\n' || secret[size - 1] == '\r'))
        size--;
    if (status == STATUS_OK) {
        status = identity_keys_add_secret(keys, key_id, view_make(secret, size), &why);
        if (status != STATUS_OK)
            failure_set(failure, status, "%s: %s", file, why.text);
    }
    sodium_memzero(secret, sizeof(secret));
    return status;
}

enum status identity_keys_add_public_file(struct identity_keys *keys, const char *key_id,
                                          const char *file, struct failure *failure)
{
    uint8_t text[PUBLIC_FILE_BYTES_MAX];
    uint8_t public_key[IDENTITY_PUBLIC_KEY_BYTES];
    size_t size = 0;
    enum status status = identity_read_file("public key", file, text, sizeof(text), &size, failure);
    if (status != STATUS_OK)
        return status;
    if (!identity_public_from_pem(text, size, public_key))
        return failure_set(failure, STATUS_MALFORMED,
                           "%s is not an Ed25519 public key in PEM form; make one with: openssl "
                           "pkey -in private.pem -pubout -out public.pem",
                           file);
    return identity_keys_add_public(keys, key_id, public_key, failure);
}

/* A secret of the server's own, in its data directory. */
struct secret_file {
    const char *name;
    const char *what; /* for people */
    const char *loss; /* when it is made anew */
};

static const struct secret_file secret_of_development = {"dev.key", "development key",
                                                         "tokens signed with the old one end"};
static const struct secret_file secret_of_tickets = {"ticket.key", "ticket key",
                                                     "devices then sign in with their tokens"};

static enum status secret_fail(struct failure *failure, const char *verb,
                               const struct secret_file *file, const char *path)
{
    int code = errno;
    return failure_set(failure, code == ENOSPC ? STATUS_NO_SPACE : STATUS_IO,
                       "cannot %s the %s %s: %s", verb, file->what, path, strerror(code));
}

/* The secret from a file that is open already. */
static enum status secret_load(const struct secret_file *file, int fd, const char *path,
                               uint8_t secret[IDENTITY_DEV_SECRET_BYTES], struct failure *failure)
{
    struct stat status;
    size_t size = 0;
    if (fstat(fd, &status) != 0)
        return secret_fail(failure, "examine", file, path);
    if (!S_ISREG(status.st_mode) || status.st_size != IDENTITY_DEV_SECRET_BYTES)
        return failure_set(failure, STATUS_CORRUPT,
                           "the %s %s is not a file of %d bytes; delete it to have a new one made "
                           "(%s)",
                           file->what, path, IDENTITY_DEV_SECRET_BYTES, file->loss);
    if ((status.st_mode & 077) != 0)
        return failure_set(failure, STATUS_UNTRUSTED,
                           "others may read the %s %s; run: chmod 600 %s", file->what, path, path);
    if (!identity_read(fd, secret, IDENTITY_DEV_SECRET_BYTES, &size) ||
        size != IDENTITY_DEV_SECRET_BYTES)
        return secret_fail(failure, "read", file, path);
    return STATUS_OK;
}

static bool identity_write(int fd, const uint8_t *bytes, size_t size)
{
    while (size > 0) {
        ssize_t count = write(fd, bytes, size);
        if (count < 0 && errno != EINTR)
            return false;
        if (count > 0) {
            bytes += count;
            size -= (size_t)count;
        }
    }
    return true;
}

/* A new secret, durable when this returns OK. */
static enum status secret_make(const struct secret_file *file, const char *directory,
                               const char *path, uint8_t secret[IDENTITY_DEV_SECRET_BYTES],
                               struct failure *failure)
{
    int directory_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory_fd < 0)
        return identity_fail_io(failure, "cannot open the directory", directory);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    enum status status = STATUS_OK;
    if (fd < 0) {
        status = secret_fail(failure, "make", file, path);
    } else {
        randombytes_buf(secret, IDENTITY_DEV_SECRET_BYTES);
        if (!identity_write(fd, secret, IDENTITY_DEV_SECRET_BYTES) || fsync(fd) != 0 ||
            fsync(directory_fd) != 0) {
            status = secret_fail(failure, "write", file, path);
            unlink(path);
        }
        close(fd);
    }
    close(directory_fd);
    return status;
}

static enum status secret_open(const struct secret_file *file, const char *directory,
                               uint8_t secret[IDENTITY_DEV_SECRET_BYTES], struct failure *failure)
{
    char path[4096];
    int length = snprintf(path, sizeof(path), "%s/%s", directory, file->name);
    if (length < 0 || (size_t)length >= sizeof(path))
        return failure_set(failure, STATUS_TOO_LARGE, "the path of the directory is too long");
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT)
        return secret_make(file, directory, path, secret, failure);
    if (fd < 0)
        return secret_fail(failure, "open", file, path);
    enum status status = secret_load(file, fd, path, secret, failure);
    close(fd);
    return status;
}

enum status identity_dev_secret(const char *directory, uint8_t secret[IDENTITY_DEV_SECRET_BYTES],
                                struct failure *failure)
{
    return secret_open(&secret_of_development, directory, secret, failure);
}

enum status identity_ticket_key(const char *directory, uint8_t key[IDENTITY_TICKET_KEY_BYTES],
                                struct failure *failure)
{
    return secret_open(&secret_of_tickets, directory, key, failure);
}
