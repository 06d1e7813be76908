#include "storage/audit/files.h"

#include "base/memory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    FILES_PATH_BYTES = 96,
    FILES_PENDING_MAX = 32, /* more are made durable by one sync of the file system */
    FILES_KNOWN_MAX = 32
};

typedef char files_path[FILES_PATH_BYTES];

struct files {
    char *directory; /* owned, for messages */
    int fd;
    int pending[FILES_PENDING_MAX]; /* files not yet synced */
    unsigned pending_count;
    files_path folders[FILES_PENDING_MAX]; /* folders not yet synced */
    unsigned folder_count;
    bool is_wide; /* more than that */
    /* Folders whose names are durable; one that is forgotten is only synced once more. */
    files_path known[FILES_KNOWN_MAX];
    unsigned known_next;
};

static enum status files_fail(const struct files *files, const char *what, const char *path,
                              struct failure *failure)
{
    int error = errno;
    enum status status = error == ENOSPC || error == EDQUOT    ? STATUS_NO_SPACE
                         : error == ENOENT || error == ENOTDIR ? STATUS_NOT_FOUND
                                                               : STATUS_IO;
    return failure_set(failure, status, "%s %s/%s failed: %s", what, files->directory, path,
                       strerror(error));
}

static void files_touch_folder(struct files *files, const char *folder)
{
    for (unsigned i = 0; i < files->folder_count; i++)
        if (strcmp(files->folders[i], folder) == 0)
            return;
    if (files->folder_count == FILES_PENDING_MAX) {
        files->is_wide = true;
        return;
    }
    snprintf(files->folders[files->folder_count++], FILES_PATH_BYTES, "%s", folder);
}

/* Makes the directory; its name is durable when the one above has been synced. */
static bool directory_make(const char *directory)
{
    if (mkdir(directory, 0700) != 0)
        return errno == EEXIST;
    char *path = memory_copy(directory, strlen(directory));
    int fd = open(dirname(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool is_synced = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    free(path);
    return is_synced;
}

enum status files_open(const char *directory, enum files_mode mode, struct files **opened,
                       struct failure *failure)
{
    if (mode != FILES_READ && !directory_make(directory))
        return failure_set(failure, STATUS_IO, "the directory %s cannot be made: %s", directory,
                           strerror(errno));
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return failure_set(failure, errno == ENOENT ? STATUS_NOT_FOUND : STATUS_IO,
                           "the directory %s cannot be opened: %s", directory, strerror(errno));
    if (mode == FILES_OWN && flock(fd, LOCK_EX | LOCK_NB) != 0) {
        close(fd);
        return failure_set(failure, STATUS_IN_USE,
                           "the directory %s is in use by another process; stop that one first",
                           directory);
    }
    struct files *files = memory_new(sizeof(*files));
    files->directory = memory_copy(directory, strlen(directory));
    files->fd = fd;
    files_touch_folder(files, ".");
    *opened = files;
    return STATUS_OK;
}

static void files_drop_pending(struct files *files)
{
    for (unsigned i = 0; i < files->pending_count; i++)
        close(files->pending[i]);
    files->pending_count = 0;
    files->folder_count = 0;
    files->is_wide = false;
}

void files_close(struct files *files)
{
    if (files == NULL)
        return;
    files_drop_pending(files);
    close(files->fd);
    free(files->directory);
    free(files);
}

static bool fd_read(int fd, size_t bytes_max, struct buffer *bytes)
{
    struct stat about;
    if (fstat(fd, &about) != 0)
        return false;
    if (!S_ISREG(about.st_mode)) {
        errno = EISDIR;
        return false;
    }
    buffer_consume(bytes, buffer_size(bytes));
    size_t room = about.st_size >= (off_t)bytes_max ? bytes_max + 1 : (size_t)about.st_size + 1;
    while (buffer_size(bytes) <= bytes_max) {
        ssize_t count = read(fd, buffer_reserve(bytes, room), room);
        if (count < 0 && errno != EINTR)
            return false;
        if (count == 0)
            return true;
        if (count > 0)
            buffer_grow(bytes, (size_t)count);
    }
    return true;
}

enum status files_read(struct files *files, const char *path, size_t bytes_max,
                       struct buffer *bytes, struct failure *failure)
{
    /* Without O_NONBLOCK, opening a pipe would wait for its writer. */
    int fd = openat(files->fd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return files_fail(files, "opening", path, failure);
    enum status status = STATUS_OK;
    if (!fd_read(fd, bytes_max, bytes))
        status = files_fail(files, "reading", path, failure);
    else if (buffer_size(bytes) > bytes_max)
        status = failure_set(failure, STATUS_TOO_LARGE, "%s/%s has more than %zu bytes",
                             files->directory, path, bytes_max);
    close(fd);
    return status;
}

bool files_is_private(struct files *files, const char *path)
{
    struct stat about;
    return fstatat(files->fd, path, &about, 0) == 0 && (about.st_mode & 077) == 0;
}

static bool files_is_known(const struct files *files, const char *folder)
{
    for (unsigned i = 0; i < FILES_KNOWN_MAX; i++)
        if (strcmp(files->known[i], folder) == 0)
            return true;
    return false;
}

/* A name was written: the folder that holds it is to be synced, and those above as long as their
 * names may not be durable. */
static void files_touch(struct files *files, const char *path)
{
    files_path folder;
    snprintf(folder, sizeof(folder), "%s", path);
    for (char *slash; (slash = strrchr(folder, '/')) != NULL;) {
        *slash = 0;
        files_touch_folder(files, folder);
        if (files_is_known(files, folder))
            return;
    }
    files_touch_folder(files, ".");
}

void files_reset(struct files *files)
{
    files_drop_pending(files);
    memset(files->known, 0, sizeof(files->known));
    files_touch_folder(files, ".");
}

static bool files_make_folders(struct files *files, const char *path)
{
    files_path folder;
    snprintf(folder, sizeof(folder), "%s", path);
    for (char *slash = strchr(folder, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        if (mkdirat(files->fd, folder, 0700) != 0 && errno != EEXIST)
            return false;
        *slash = '/';
    }
    return true;
}

static int files_create(struct files *files, const char *path)
{
    int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW;
    int fd = openat(files->fd, path, flags, 0600);
    if (fd < 0 && errno == ENOENT && files_make_folders(files, path))
        fd = openat(files->fd, path, flags, 0600);
    return fd;
}

static bool fd_write(int fd, struct view bytes)
{
    while (bytes.size > 0) {
        ssize_t count = write(fd, bytes.data, bytes.size);
        if (count < 0 && errno != EINTR)
            return false;
        if (count > 0)
            bytes = view_make(bytes.data + count, bytes.size - (size_t)count);
    }
    return true;
}

enum status files_write(struct files *files, const char *path, struct view bytes,
                        struct failure *failure)
{
    int fd = files_create(files, path);
    if (fd < 0 || !fd_write(fd, bytes)) {
        enum status status = files_fail(files, "writing", path, failure);
        if (fd >= 0)
            close(fd);
        return status;
    }
    files_touch(files, path);
    if (files->pending_count < FILES_PENDING_MAX) {
        files->pending[files->pending_count++] = fd;
    } else {
        files->is_wide = true;
        close(fd);
    }
    return STATUS_OK;
}

enum status files_replace(struct files *files, const char *path, struct view bytes,
                          struct failure *failure)
{
    files_path temporary;
    snprintf(temporary, sizeof(temporary), "%s.new", path);
    int fd = files_create(files, temporary);
    bool is_replaced = fd >= 0 && fd_write(fd, bytes) && fdatasync(fd) == 0 &&
                       renameat(files->fd, temporary, files->fd, path) == 0;
    enum status status = is_replaced ? STATUS_OK : files_fail(files, "writing", path, failure);
    if (fd >= 0)
        close(fd);
    files_touch(files, path);
    return status;
}

static bool files_sync_folder(struct files *files, const char *folder)
{
    int fd = openat(files->fd, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool is_synced = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return is_synced;
}

enum status files_flush(struct files *files, struct failure *failure)
{
    enum status status = STATUS_OK;
    if (files->is_wide) {
        if (syncfs(files->fd) != 0)
            status = files_fail(files, "syncing", ".", failure);
        files_drop_pending(files);
        return status;
    }
    /* The disk works at all of them while the first is waited for; what fails, fdatasync tells. */
    for (unsigned i = 0; i < files->pending_count; i++)
        (void)!sync_file_range(files->pending[i], 0, 0, SYNC_FILE_RANGE_WRITE);
    for (unsigned i = 0; i < files->pending_count && status == STATUS_OK; i++)
        if (fdatasync(files->pending[i]) != 0)
            status = files_fail(files, "syncing a file of", ".", failure);
    for (unsigned i = 0; i < files->folder_count && status == STATUS_OK; i++)
        if (!files_sync_folder(files, files->folders[i]))
            status = files_fail(files, "syncing", files->folders[i], failure);
    for (unsigned i = 0; i < files->folder_count && status == STATUS_OK; i++) {
        if (files_is_known(files, files->folders[i]))
            continue;
        memcpy(files->known[files->known_next], files->folders[i], FILES_PATH_BYTES);
        files->known_next = (files->known_next + 1) % FILES_KNOWN_MAX;
    }
    files_drop_pending(files);
    return status;
}

static void files_remove_inside(struct files *files, const char *folder)
{
    int fd = openat(files->fd, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = fd < 0 ? NULL : fdopendir(fd);
    for (struct dirent *entry; stream != NULL && (entry = readdir(stream)) != NULL;)
        unlinkat(fd, entry->d_name, 0);
    if (stream != NULL)
        closedir(stream);
    else if (fd >= 0)
        close(fd);
}

void files_remove(struct files *files, const char *path)
{
    if (unlinkat(files->fd, path, 0) == 0 || errno != EISDIR)
        return;
    files_remove_inside(files, path);
    unlinkat(files->fd, path, AT_REMOVEDIR);
    for (unsigned i = 0; i < FILES_KNOWN_MAX; i++)
        if (strcmp(files->known[i], path) == 0)
            files->known[i][0] = 0;
}

enum status files_list(struct files *files, const char *folder, files_found_fn *found,
                       void *context)
{
    int fd = openat(files->fd, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = fd < 0 ? NULL : fdopendir(fd);
    if (stream == NULL) {
        enum status status = files_fail(files, "opening", folder, NULL);
        if (fd >= 0)
            close(fd);
        return status;
    }
    for (struct dirent *entry; (entry = readdir(stream)) != NULL;) {
        struct stat about;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        bool is_folder =
            fstatat(fd, entry->d_name, &about, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(about.st_mode);
        found(context, entry->d_name, is_folder);
    }
    closedir(stream);
    return STATUS_OK;
}
