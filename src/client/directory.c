#include "client/directory.h"

#include "base/memory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DIRECTORY_MODE = 0700, LOCK_MODE = 0600 };

static bool directory_make(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        bool is_there = mkdir(path, DIRECTORY_MODE) == 0 || errno == EEXIST;
        *slash = '/';
        if (!is_there)
            return false;
    }
    return mkdir(path, DIRECTORY_MODE) == 0 || errno == EEXIST;
}

enum status directory_hold(const char *path, int *lock, struct failure *failure)
{
    char *copy = memory_copy(path, strlen(path));
    bool is_made = directory_make(copy);
    int error = errno;
    free(copy);
    if (!is_made)
        return failure_set(failure, STATUS_IO, "The state directory %s cannot be made: %s.", path,
                           strerror(error));

    int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int file = directory < 0 ? -1
                             : openat(directory, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
                                      LOCK_MODE);
    error = errno;
    if (directory >= 0)
        close(directory);
    if (file < 0)
        return failure_set(failure, STATUS_IO, "The state directory %s cannot be used: %s.", path,
                           strerror(error));
    if (flock(file, LOCK_EX | LOCK_NB) != 0) {
        error = errno;
        close(file);
        if (error == EWOULDBLOCK)
            return failure_set(failure, STATUS_IN_USE,
                               "The state directory %s is in use by another client; stop that one, "
                               "or choose another directory.",
                               path);
        return failure_set(failure, STATUS_IO, "The state directory %s cannot be locked: %s.", path,
                           strerror(error));
    }
    *lock = file;
    return STATUS_OK;
}

void directory_release(int lock)
{
    close(lock);
}

int directory_open(const char *path)
{
    return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static bool file_overwrite(int file, off_t size)
{
    static const uint8_t zeros[65536];
    for (off_t at = 0; at < size;) {
        size_t part = size - at < (off_t)sizeof(zeros) ? (size_t)(size - at) : sizeof(zeros);
        ssize_t written = pwrite(file, zeros, part, at);
        if (written <= 0)
            return false;
        at += written;
    }
    return fsync(file) == 0;
}

static enum status shred_failure(const char *name, struct failure *failure)
{
    int error = errno;
    return failure_set(failure, STATUS_IO, "The file %s cannot be erased: %s.", name,
                       strerror(error));
}

enum status directory_shred(int directory, const char *name, struct failure *failure)
{
    struct stat status;
    if (fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ? STATUS_OK : shred_failure(name, failure);
    if (S_ISREG(status.st_mode) && status.st_nlink == 1) {
        int file = openat(directory, name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        if (file < 0)
            return shred_failure(name, failure);
        bool is_done = file_overwrite(file, status.st_size);
        if (!is_done)
            shred_failure(name, failure);
        close(file);
        if (!is_done)
            return STATUS_IO;
    }
    return unlinkat(directory, name, 0) == 0 ? STATUS_OK : shred_failure(name, failure);
}

enum status directory_shred_all(int directory, const char *prefix, struct failure *failure)
{
    enum status worst = STATUS_OK;
    int copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *names = copy < 0 ? NULL : fdopendir(copy);
    if (names == NULL) {
        worst = shred_failure(".", failure);
        if (copy >= 0)
            close(copy);
        return worst;
    }
    for (struct dirent *entry = readdir(names); entry != NULL; entry = readdir(names)) {
        if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0 &&
            directory_shred(directory, entry->d_name, failure) != STATUS_OK)
            worst = STATUS_IO;
    }
    closedir(names);
    return worst;
}
