#include "client/directory.h"

#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
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
