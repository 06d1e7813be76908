#include "client/attachment.h"

#include "base/limits.h"
#include "client/directory.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static bool name_is_valid(struct view name)
{
    return name.size != 0 && !view_equal(name, view_of(".")) && !view_equal(name, view_of("..")) &&
           memchr(name.data, 0, name.size) == NULL;
}

/* The first name of *path, which is left with what follows the "/". */
static struct view path_next(struct view *path)
{
    const uint8_t *slash = path->size == 0 ? NULL : memchr(path->data, '/', path->size);
    struct view name = *path;
    *path = view_make(NULL, 0);
    if (slash != NULL) {
        size_t size = (size_t)(slash - name.data);
        *path = view_make(slash + 1, name.size - size - 1);
        name.size = size;
    }
    return name;
}

bool attachment_path_is_valid(struct view path)
{
    if (path.size == 0 || path.size > LIMIT_ATTACHMENT_PATH_BYTES_MAX ||
        path.data[path.size - 1] == '/')
        return false;
    while (path.size != 0) {
        if (!name_is_valid(path_next(&path)))
            return false;
    }
    return true;
}

/* The directory that holds the file, whose name is left in `name`; <0 with errno. */
static int parent_open(const char *directory, struct view path,
                       char name[LIMIT_ATTACHMENT_PATH_BYTES_MAX + 1])
{
    int parent = directory_open(directory);
    while (parent >= 0) {
        struct view next = path_next(&path);
        snprintf(name, LIMIT_ATTACHMENT_PATH_BYTES_MAX + 1, "%.*s", VIEW_PRINT(next));
        if (path.size == 0)
            return parent;
        int child = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        int error = errno;
        close(parent);
        errno = error;
        parent = child;
    }
    return -1;
}

void attachment_remove(const char *directory, const char *path, struct failure *failure)
{
    char name[LIMIT_ATTACHMENT_PATH_BYTES_MAX + 1];
    *failure = (struct failure){STATUS_OK, ""};
    if (directory == NULL || !attachment_path_is_valid(view_of(path))) {
        failure_set(failure, STATUS_IO,
                    "The file %s cannot be removed: no attachment directory was given.", path);
        return;
    }
    int parent = parent_open(directory, view_of(path), name);
    if (parent < 0) {
        if (errno != ENOENT)
            failure_set(failure, STATUS_IO, "The file %s cannot be reached: %s.", path,
                        strerror(errno));
        return;
    }
    if (directory_shred(parent, name, failure) == STATUS_OK && fsync(parent) != 0)
        failure_set(failure, STATUS_IO, "The directory of %s cannot be synced: %s.", path,
                    strerror(errno));
    close(parent);
}
