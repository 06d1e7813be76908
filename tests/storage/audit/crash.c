#include "crash.h"

#include "base/memory.h"
#include "base/prng.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum call_kind {
    CALL_CREATE,
    CALL_WRITE,
    CALL_SYNC,
    CALL_SYNC_ALL,
    CALL_RENAME,
    CALL_MAKE,
    CALL_REMOVE
};

enum { PATH_BYTES = 512, FILES_MAX = 4096, NAMES_MAX = 4096, FDS_MAX = 1024 };

struct call {
    enum call_kind kind;
    char path[128];
    char to[128];
    uint8_t *bytes; /* owned */
    size_t size;
    uint64_t mark; /* the last one before it */
};

static struct {
    bool is_recording;
    char directory[PATH_BYTES];
    char fds[FDS_MAX][128]; /* relative path of each descriptor below the directory; "" : none */
    struct call *calls;
    size_t count;
    size_t capacity;
    uint64_t mark;
    size_t fail_call;
    size_t fail_more;
    int fail_error;
    bool has_failed;
    size_t failed_at;
} record = {.fail_call = SIZE_MAX};

/* ---- Recording ---- */

static struct call *record_add(enum call_kind kind, const char *path)
{
    if (record.count == record.capacity) {
        record.capacity = record.capacity == 0 ? 1024 : record.capacity * 2;
        record.calls = memory_resize(record.calls, record.capacity * sizeof(*record.calls));
    }
    struct call *call = &record.calls[record.count++];
    memset(call, 0, sizeof(*call));
    call->kind = kind;
    call->mark = record.mark;
    snprintf(call->path, sizeof(call->path), "%s", path);
    return call;
}

/* The path below the recorded directory; NULL when it is elsewhere. */
static const char *record_path(int fd, const char *path, char text[PATH_BYTES])
{
    char link[64];
    char base[PATH_BYTES] = "";
    if (!record.is_recording)
        return NULL;
    if (path[0] != '/' && fd != AT_FDCWD) {
        snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
        ssize_t size = readlink(link, base, sizeof(base) - 1);
        if (size < 0)
            return NULL;
        base[size] = 0;
    }
    snprintf(text, PATH_BYTES, "%.255s%s%.255s", base, base[0] == 0 || path[0] == 0 ? "" : "/",
             path);
    size_t length = strlen(record.directory);
    if (strncmp(text, record.directory, length) != 0 || (text[length] != '/' && text[length] != 0))
        return NULL;
    const char *rest = text + length + (text[length] == '/');
    return *rest == 0 || strcmp(rest, ".") == 0 ? "." : rest;
}

static bool record_fails(void)
{
    if (record.fail_call == SIZE_MAX)
        return false;
    if (record.fail_call > 0) {
        record.fail_call--;
        return false;
    }
    record.has_failed = true;
    record.failed_at = record.count;
    if (record.fail_more-- == 0)
        record.fail_call = SIZE_MAX;
    errno = record.fail_error;
    return true;
}

int __real_openat64(int fd, const char *path, int flags, ...);
ssize_t __real_write(int fd, const void *bytes, size_t size);
int __real_fdatasync(int fd);
int __real_fsync(int fd);
int __real_syncfs(int fd);
int __real_renameat(int from_fd, const char *from, int to_fd, const char *to);
int __real_mkdirat(int fd, const char *path, mode_t mode);
int __real_unlinkat(int fd, const char *path, int flags);

int __wrap_openat64(int fd, const char *path, int flags, ...);
ssize_t __wrap_write(int fd, const void *bytes, size_t size);
int __wrap_fdatasync(int fd);
int __wrap_fsync(int fd);
int __wrap_syncfs(int fd);
int __wrap_renameat(int from_fd, const char *from, int to_fd, const char *to);
int __wrap_mkdirat(int fd, const char *path, mode_t mode);
int __wrap_unlinkat(int fd, const char *path, int flags);

int __wrap_openat64(int fd, const char *path, int flags, ...)
{
    char text[PATH_BYTES];
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    if ((flags & O_CREAT) != 0 && record_fails())
        return -1;
    int result = __real_openat64(fd, path, flags, mode);
    const char *relative = result < 0 ? NULL : record_path(fd, path, text);
    if (result >= 0 && result < FDS_MAX)
        snprintf(record.fds[result], sizeof(record.fds[result]), "%.127s",
                 relative == NULL ? "" : relative);
    if (relative != NULL && (flags & O_CREAT) != 0)
        record_add(CALL_CREATE, relative);
    return result;
}

ssize_t __wrap_write(int fd, const void *bytes, size_t size)
{
    char text[PATH_BYTES];
    if (record_fails()) {
        if (errno != ENOSPC || size < 2)
            return -1;
        size /= 2; /* as much as there was room for */
    }
    ssize_t result = __real_write(fd, bytes, size);
    const char *relative = record_path(fd, "", text);
    if (result > 0 && relative != NULL) {
        struct call *call = record_add(CALL_WRITE, relative);
        call->bytes = memory_copy(bytes, (size_t)result);
        call->size = (size_t)result;
    }
    return result;
}

static void record_sync(int fd, enum call_kind kind)
{
    char text[PATH_BYTES];
    const char *relative = record_path(fd, "", text);
    if (relative != NULL)
        record_add(kind, relative);
}

int __wrap_fdatasync(int fd)
{
    if (record_fails())
        return -1;
    record_sync(fd, CALL_SYNC);
    return __real_fdatasync(fd);
}

int __wrap_fsync(int fd)
{
    if (record_fails())
        return -1;
    record_sync(fd, CALL_SYNC);
    return __real_fsync(fd);
}

int __wrap_syncfs(int fd)
{
    if (record_fails())
        return -1;
    record_sync(fd, CALL_SYNC_ALL);
    return __real_syncfs(fd);
}

int __wrap_renameat(int from_fd, const char *from, int to_fd, const char *to)
{
    char text[PATH_BYTES];
    if (record_fails())
        return -1;
    int result = __real_renameat(from_fd, from, to_fd, to);
    const char *relative = result == 0 ? record_path(from_fd, from, text) : NULL;
    if (relative != NULL) {
        struct call *call = record_add(CALL_RENAME, relative);
        relative = record_path(to_fd, to, text);
        assert(relative != NULL);
        snprintf(call->to, sizeof(call->to), "%.127s", relative);
    }
    return result;
}

int __wrap_mkdirat(int fd, const char *path, mode_t mode)
{
    char text[PATH_BYTES];
    if (record_fails())
        return -1;
    int result = __real_mkdirat(fd, path, mode);
    const char *relative = result == 0 ? record_path(fd, path, text) : NULL;
    if (relative != NULL)
        record_add(CALL_MAKE, relative);
    return result;
}

int __wrap_unlinkat(int fd, const char *path, int flags)
{
    char text[PATH_BYTES];
    int result = __real_unlinkat(fd, path, flags);
    int error = errno;
    const char *relative = result == 0 ? record_path(fd, path, text) : NULL;
    if (relative != NULL)
        record_add(CALL_REMOVE, relative);
    errno = error;
    return result;
}

void crash_record(const char *directory)
{
    snprintf(record.directory, sizeof(record.directory), "%s", directory);
    record.is_recording = true;
    record.mark = 0;
}

void crash_mark(uint64_t mark)
{
    record.mark = mark;
}

size_t crash_end(void)
{
    record.is_recording = false;
    return record.count;
}

void crash_forget(void)
{
    for (size_t i = 0; i < record.count; i++)
        free(record.calls[i].bytes);
    free(record.calls);
    record.calls = NULL;
    record.count = record.capacity = 0;
}

void crash_fail(size_t call, size_t more, int error)
{
    record.fail_call = call;
    record.fail_more = more;
    record.fail_error = error;
    record.has_failed = false;
}

bool crash_has_failed(size_t *calls)
{
    *calls = record.failed_at;
    return record.has_failed;
}

/* ---- The directory as a model: names that lead to files ---- */

struct model_file {
    uint8_t *bytes; /* owned */
    size_t size;
    size_t synced_size; /* the content up to here is durable */
};

struct model_name {
    char path[128];
    int file;         /* now: its file, -1: none, -2: a folder */
    int durable_file; /* the same after a power cut */
};

struct model {
    struct model_file files[FILES_MAX];
    size_t file_count;
    struct model_name names[NAMES_MAX];
    size_t name_count;
};

enum { NOTHING = -1, FOLDER = -2 };

static struct model_name *model_name(struct model *model, const char *path)
{
    for (size_t i = 0; i < model->name_count; i++)
        if (strcmp(model->names[i].path, path) == 0)
            return &model->names[i];
    assert(model->name_count < NAMES_MAX);
    struct model_name *name = &model->names[model->name_count++];
    snprintf(name->path, sizeof(name->path), "%s", path);
    name->file = name->durable_file = NOTHING;
    return name;
}

static bool is_directly_in(const char *path, const char *folder)
{
    const char *slash = strrchr(path, '/');
    size_t length = slash == NULL ? 0 : (size_t)(slash - path);
    if (strcmp(folder, ".") == 0)
        return slash == NULL;
    return strlen(folder) == length && strncmp(path, folder, length) == 0;
}

static void model_sync(struct model *model, const char *path, bool is_all)
{
    for (size_t i = 0; i < model->name_count; i++) {
        struct model_name *name = &model->names[i];
        if (is_all || is_directly_in(name->path, path))
            name->durable_file = name->file;
        if (name->file >= 0 && (is_all || strcmp(name->path, path) == 0)) {
            model->files[name->file].synced_size = model->files[name->file].size;
        }
    }
}

static void model_apply(struct model *model, const struct call *call)
{
    struct model_name *name = model_name(model, call->path);
    switch (call->kind) {
    case CALL_CREATE:
        if (name->file >= 0) { /* emptied, and the content that was synced is gone */
            model->files[name->file].size = model->files[name->file].synced_size = 0;
        } else {
            assert(model->file_count < FILES_MAX);
            name->file = (int)model->file_count++;
        }
        break;
    case CALL_WRITE: {
        struct model_file *file = &model->files[name->file];
        file->bytes = memory_resize(file->bytes, file->size + call->size);
        memcpy(file->bytes + file->size, call->bytes, call->size);
        file->size += call->size;
        break;
    }
    case CALL_SYNC:
        model_sync(model, call->path, false);
        break;
    case CALL_SYNC_ALL:
        model_sync(model, call->path, true);
        break;
    case CALL_RENAME:
        model_name(model, call->to)->file = name->file;
        name->file = NOTHING;
        break;
    case CALL_MAKE:
        name->file = FOLDER;
        break;
    case CALL_REMOVE:
        name->file = NOTHING;
        break;
    }
}

/* What is left of a name and of its content. */
static int model_pick_name(const struct model_name *name, enum crash_kind kind, struct prng *prng)
{
    if (kind == CRASH_KILLED || name->file == name->durable_file)
        return name->file;
    return kind == CRASH_MIXED && prng_below(prng, 2) == 0 ? name->file : name->durable_file;
}

static size_t model_pick_size(const struct model_file *file, enum crash_kind kind,
                              struct prng *prng)
{
    if (kind == CRASH_KILLED || file->synced_size == file->size)
        return file->size;
    return kind == CRASH_STRICT
               ? file->synced_size
               : file->synced_size + (size_t)prng_below(prng, file->size - file->synced_size + 1);
}

static void model_write(const struct model *model, enum crash_kind kind, uint64_t seed,
                        const char *directory)
{
    struct prng prng = {seed};
    for (size_t depth = 0; depth < 8; depth++) {
        for (size_t i = 0; i < model->name_count; i++) {
            const struct model_name *name = &model->names[i];
            char path[2 * PATH_BYTES];
            size_t slashes = 0;
            for (const char *at = name->path; *at != 0; at++)
                slashes += *at == '/';
            if (slashes != depth || strcmp(name->path, ".") == 0)
                continue;
            int file = model_pick_name(name, kind, &prng);
            snprintf(path, sizeof(path), "%s/%s", directory, name->path);
            if (file == FOLDER)
                (void)!mkdir(path, 0700); /* the folder above may be lost */
            if (file < 0)
                continue;
            FILE *stream = fopen(path, "wbe");
            if (stream == NULL)
                continue;
            fwrite(model->files[file].bytes, 1, model_pick_size(&model->files[file], kind, &prng),
                   stream);
            fclose(stream);
        }
    }
}

uint64_t crash_restore(size_t calls, enum crash_kind kind, uint64_t seed, const char *directory)
{
    struct model *model = memory_new(sizeof(*model));
    assert(calls <= record.count);
    for (size_t i = 0; i < calls; i++)
        model_apply(model, &record.calls[i]);
    model_write(model, kind, seed, directory);
    for (size_t i = 0; i < model->file_count; i++)
        free(model->files[i].bytes);
    free(model);
    return calls == 0 ? 0 : calls == record.count ? record.mark : record.calls[calls].mark;
}
