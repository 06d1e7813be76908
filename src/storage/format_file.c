#include "storage/format_file.h"

#include "base/memory.h"
#include "storage/keys.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <sys/stat.h>
#include <unistd.h>

static enum status failure_of_errno(struct failure *failure, const char *what,
                                    const char *directory)
{
    int error = errno;
    enum status status = error == ENOSPC || error == EDQUOT ? STATUS_NO_SPACE : STATUS_IO;
    return failure_set(failure, status,
                       "%s in the store's directory %s: %s; check the path, its "
                       "permissions and the disk",
                       what, directory, strerror(error));
}

static bool directory_sync(const char *directory)
{
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool is_synced = fsync(fd) == 0;
    close(fd);
    return is_synced;
}

/* Durable only when the directory above has been synced. */
static bool directory_make(const char *directory)
{
    if (mkdir(directory, 0700) != 0)
        return errno == EEXIST;
    char *path = memory_copy(directory, strlen(directory));
    bool is_synced = directory_sync(dirname(path));
    free(path);
    return is_synced;
}

static enum status format_parse(const char *text, const char *directory, enum format_state *state,
                                struct failure *failure)
{
    static const char name[] = "unsay-store ";
    const char *digits = text + strlen(name);
    char *rest = NULL;
    unsigned long version = 0;
    if (strncmp(text, name, strlen(name)) == 0 && isdigit((unsigned char)*digits))
        version = strtoul(digits, &rest, 10);
    if (version > STORAGE_FORMAT_VERSION)
        return failure_set(failure, STATUS_VERSION,
                           "the store in %s has the format %lu, and this Unsay knows formats up to "
                           "%d: start the version of Unsay that wrote it, or a newer one",
                           directory, version, STORAGE_FORMAT_VERSION);
    if (version > 0 && version < STORAGE_FORMAT_VERSION)
        return failure_set(failure, STATUS_VERSION,
                           "the store in %s has the format %lu, of an Unsay from before the first "
                           "release, and this Unsay reads format %d only: name another directory, "
                           "or move this one away to start anew; nothing was changed",
                           directory, version, STORAGE_FORMAT_VERSION);
    if (version == STORAGE_FORMAT_VERSION) {
        *state = strcmp(rest, " new\n") == 0 ? FORMAT_NEW : FORMAT_READY;
        if (*state == FORMAT_NEW || strcmp(rest, "\n") == 0)
            return STATUS_OK;
    }
    return failure_set(failure, STATUS_CORRUPT,
                       "the file FORMAT in %s cannot be understood: put back the one from a backup "
                       "of this store; nothing was changed",
                       directory);
}

static enum status format_check_absent(int directory_fd, const char *directory,
                                       struct failure *failure)
{
    if (faccessat(directory_fd, "CURRENT", F_OK, 0) != 0 && errno == ENOENT)
        return STATUS_OK;
    return failure_set(failure, STATUS_CORRUPT,
                       "%s holds a database but no file FORMAT: put FORMAT back from a backup of "
                       "this store, or name another directory; nothing was changed",
                       directory);
}

enum status format_file_open(const char *directory, enum format_state *state,
                             struct failure *failure)
{
    char text[64];
    *state = FORMAT_ABSENT;
    if (!directory_make(directory))
        return failure_of_errno(failure, "making the path failed", directory);
    int directory_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory_fd < 0)
        return failure_of_errno(failure, "opening failed", directory);

    enum status status;
    int fd = openat(directory_fd, "FORMAT", O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) {
        status = format_check_absent(directory_fd, directory, failure);
    } else {
        ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
        if (size < 0) {
            status = failure_of_errno(failure, "reading FORMAT failed", directory);
        } else {
            text[size] = 0;
            status = format_parse(text, directory, state, failure);
        }
    }
    if (fd >= 0)
        close(fd);
    close(directory_fd);
    return status;
}

enum status format_file_write(const char *directory, enum format_state state,
                              struct failure *failure)
{
    char text[64];
    int size = snprintf(text, sizeof(text), "unsay-store %d%s\n", STORAGE_FORMAT_VERSION,
                        state == FORMAT_NEW ? " new" : "");
    int directory_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory_fd < 0)
        return failure_of_errno(failure, "opening failed", directory);
    int fd = openat(directory_fd, "FORMAT.new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool is_written = fd >= 0 && write(fd, text, (size_t)size) == size && fsync(fd) == 0 &&
                      renameat(directory_fd, "FORMAT.new", directory_fd, "FORMAT") == 0 &&
                      fsync(directory_fd) == 0;
    enum status status =
        is_written ? STATUS_OK : failure_of_errno(failure, "writing FORMAT failed", directory);
    if (fd >= 0)
        close(fd);
    close(directory_fd);
    return status;
}
