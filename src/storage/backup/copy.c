#include "storage/backup/copy.h"

#include "base/memory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { COPY_PIECE_BYTES = 1 << 20, COPY_TAIL_BYTES = 1 << 16, COPY_DEPTH_MAX = 16 };

static enum status copy_fail(struct failure *failure, const char *what, const char *path)
{
    int error = errno;
    enum status status = error == ENOSPC || error == EDQUOT ? STATUS_NO_SPACE
                         : error == ENOENT                  ? STATUS_NOT_FOUND
                                                            : STATUS_IO;
    return failure_set(failure, status, "%s the file %s failed: %s", what, path, strerror(error));
}

bool copy_make_folders(int directory, const char *path)
{
    char folder[COPY_PATH_BYTES];
    if (strlen(path) >= sizeof(folder))
        return false;
    snprintf(folder, sizeof(folder), "%s", path);
    for (char *slash = strchr(folder, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        if (mkdirat(directory, folder, 0700) != 0 && errno != EEXIST)
            return false;
        *slash = '/';
    }
    return true;
}

static int copy_create(int directory, const char *path)
{
    int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
    int fd = openat(directory, path, flags, 0600);
    if (fd < 0 && errno == ENOENT && copy_make_folders(directory, path))
        fd = openat(directory, path, flags, 0600);
    return fd;
}

static bool write_all(int fd, const uint8_t *bytes, size_t size)
{
    while (size > 0) {
        ssize_t written = write(fd, bytes, size);
        if (written < 0 && errno != EINTR)
            return false;
        if (written > 0) {
            bytes += written;
            size -= (size_t)written;
        }
    }
    return true;
}

static enum status copy_pieces(int source, const char *source_path, int target,
                               const char *target_path, copy_cancelled_fn *is_cancelled,
                               void *context, struct copy_facts *facts, struct failure *failure)
{
    crypto_generichash_state hash;
    uint8_t *piece = memory_new(COPY_PIECE_BYTES);
    enum status status = STATUS_OK;
    ssize_t count = 1;
    facts->bytes = 0;
    crypto_generichash_init(&hash, NULL, 0, COPY_HASH_BYTES);
    while (status == STATUS_OK && count != 0) {
        count = read(source, piece, COPY_PIECE_BYTES);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            status = copy_fail(failure, "reading", source_path);
        else if (!write_all(target, piece, (size_t)count))
            status = copy_fail(failure, "writing", target_path);
        else if (is_cancelled != NULL && is_cancelled(context))
            status = failure_set(failure, STATUS_CLOSED, "it was stopped before its end");
        if (status != STATUS_OK)
            break;
        crypto_generichash_update(&hash, piece, (size_t)count);
        facts->bytes += (uint64_t)count;
    }
    crypto_generichash_final(&hash, facts->hash, COPY_HASH_BYTES);
    /* Secrets pass through here, too. */
    sodium_memzero(piece, COPY_PIECE_BYTES);
    free(piece);
    return status;
}

enum status copy_file(int from, const char *source, int to, const char *target,
                      copy_cancelled_fn *is_cancelled, void *context, struct copy_facts *facts,
                      struct failure *failure)
{
    int in = openat(from, source, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (in < 0)
        return copy_fail(failure, "opening", source);
    int out = copy_create(to, target);
    enum status status =
        out < 0 ? copy_fail(failure, "making", target)
                : copy_pieces(in, source, out, target, is_cancelled, context, facts, failure);
    close(in);
    if (out >= 0 && close(out) != 0 && status == STATUS_OK)
        status = copy_fail(failure, "writing", target);
    return status;
}

bool copy_link(int from, const char *source, int to, const char *target)
{
    return copy_make_folders(to, target) && linkat(from, source, to, target, 0) == 0;
}

static bool tail_read(int directory, const char *path, uint8_t *tail, size_t *size, off_t *whole)
{
    struct stat about;
    int fd = openat(directory, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    bool is_read = fd >= 0 && fstat(fd, &about) == 0;
    if (is_read) {
        *whole = about.st_size;
        *size = about.st_size < COPY_TAIL_BYTES ? (size_t)about.st_size : COPY_TAIL_BYTES;
        is_read = pread(fd, tail, *size, about.st_size - (off_t)*size) == (ssize_t)*size;
    }
    if (fd >= 0)
        close(fd);
    return is_read;
}

bool copy_is_same_table(int one, const char *path, int other, const char *other_path)
{
    uint8_t *tails = memory_new(2 * (size_t)COPY_TAIL_BYTES);
    size_t sizes[2];
    off_t wholes[2];
    bool is_same = tail_read(one, path, tails, &sizes[0], &wholes[0]) &&
                   tail_read(other, other_path, tails + COPY_TAIL_BYTES, &sizes[1], &wholes[1]) &&
                   wholes[0] == wholes[1] && memcmp(tails, tails + COPY_TAIL_BYTES, sizes[0]) == 0;
    free(tails);
    return is_same;
}

/* One folder; `stack` holds those that are still to be emptied, as paths from the parent. */
static bool remove_files(int parent, const char *folder, char deeper[COPY_PATH_BYTES * 2])
{
    int fd = openat(parent, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    DIR *stream = fd < 0 ? NULL : fdopendir(fd);
    deeper[0] = 0;
    if (stream == NULL) {
        if (fd >= 0)
            close(fd);
        return false;
    }
    bool is_removed = true;
    for (struct dirent *entry; (entry = readdir(stream)) != NULL;) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (unlinkat(fd, entry->d_name, 0) == 0)
            continue;
        if (errno != EISDIR && errno != EPERM)
            is_removed = false;
        else if (deeper[0] == 0)
            is_removed &= snprintf(deeper, COPY_PATH_BYTES * 2, "%s/%s", folder, entry->d_name) <
                          COPY_PATH_BYTES * 2;
    }
    closedir(stream);
    return is_removed;
}

bool copy_remove_tree(int parent, const char *name)
{
    char path[COPY_PATH_BYTES * 2];
    char deeper[COPY_PATH_BYTES * 2];
    struct stat about;
    if (fstatat(parent, name, &about, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT;
    /* Down to a folder without folders, which goes, and from the top again. */
    for (;;) {
        snprintf(path, sizeof(path), "%s", name);
        for (int depth = 0; depth < COPY_DEPTH_MAX; depth++) {
            if (!remove_files(parent, path, deeper))
                return false;
            if (deeper[0] == 0)
                break;
            memcpy(path, deeper, sizeof(path));
        }
        if (unlinkat(parent, path, AT_REMOVEDIR) != 0)
            return false;
        if (strcmp(path, name) == 0)
            return true;
    }
}

bool copy_sync(int directory)
{
    return syncfs(directory) == 0;
}
