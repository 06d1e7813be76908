/* The backups of a place: told, and pruned. */
#include "base/memory.h"
#include "storage/backup/backup.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { NAME_BYTES = 32 };

int backup_lock(const char *directory, struct failure *failure)
{
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        failure_set(failure, errno == ENOENT ? STATUS_NOT_FOUND : STATUS_IO,
                    "the directory %s cannot be opened: %s", directory, strerror(errno));
        return -1;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        return fd;
    failure_set(failure, STATUS_IN_USE,
                "another backup, or a restore, is at work in %s; wait for it", directory);
    close(fd);
    return -1;
}

/* "7", not "7.new" and not "07". */
static bool id_of_name(const char *name, uint64_t *id)
{
    char again[NAME_BYTES];
    char *rest;
    if (!isdigit((unsigned char)name[0]))
        return false;
    *id = strtoull(name, &rest, 10);
    snprintf(again, sizeof(again), "%" PRIu64, *id);
    return *id > 0 && strcmp(again, name) == 0;
}

static void backup_read(int directory, const char *name, struct backup *backup)
{
    struct manifest manifest;
    int fd = openat(directory, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    manifest_init(&manifest);
    backup->is_damaged = fd < 0 || manifest_read(&manifest, fd, NULL) != STATUS_OK;
    if (!backup->is_damaged) {
        backup->store = manifest.store;
        backup->time_ms = manifest.time_ms;
        backup->audit_entries = manifest.audit_entries;
        backup->new_bytes = manifest.new_bytes;
        backup->files = manifest.count;
        backup->bytes = manifest_bytes(&manifest);
    }
    manifest_fini(&manifest);
    if (fd >= 0)
        close(fd);
}

static int backup_compare(const void *one, const void *other)
{
    const struct backup *a = one;
    const struct backup *b = other;
    return (a->id > b->id) - (a->id < b->id);
}

enum status backup_list(const char *directory, struct backup **backups, size_t *count,
                        struct failure *failure)
{
    uint64_t id;
    *backups = NULL;
    *count = 0;
    DIR *stream = opendir(directory);
    if (stream == NULL)
        return failure_set(failure, errno == ENOENT ? STATUS_NOT_FOUND : STATUS_IO,
                           "the directory %s cannot be opened: %s", directory, strerror(errno));
    for (struct dirent *entry; (entry = readdir(stream)) != NULL;) {
        if (!id_of_name(entry->d_name, &id))
            continue;
        *backups = memory_resize(*backups, (*count + 1) * sizeof(**backups));
        struct backup *backup = &(*backups)[(*count)++];
        *backup = (struct backup){.id = id};
        backup_read(dirfd(stream), entry->d_name, backup);
    }
    closedir(stream);
    if (*count > 1)
        qsort(*backups, *count, sizeof(**backups), backup_compare);
    return STATUS_OK;
}

/* First the name goes, so that what is left of it is no backup any more. */
static bool backup_remove(int directory, uint64_t id)
{
    char name[NAME_BYTES];
    char gone[NAME_BYTES + 8];
    snprintf(name, sizeof(name), "%" PRIu64, id);
    snprintf(gone, sizeof(gone), "%s.new", name);
    return renameat(directory, name, directory, gone) == 0 && copy_remove_tree(directory, gone);
}

enum status backup_prune(const char *directory, size_t keep, size_t *removed,
                         struct failure *failure)
{
    struct backup *backups = NULL;
    size_t count = 0;
    *removed = 0;
    int fd = backup_lock(directory, failure);
    if (fd < 0)
        return failure == NULL ? STATUS_IO : failure->status;
    enum status status = backup_list(directory, &backups, &count, failure);
    for (size_t i = 0; status == STATUS_OK && i + keep < count; i++) {
        if (backup_remove(fd, backups[i].id))
            ++*removed;
        else
            status = failure_set(failure, STATUS_IO, "backup %" PRIu64 " cannot be removed: %s",
                                 backups[i].id, strerror(errno));
    }
    if (*removed > 0 && fsync(fd) != 0 && status == STATUS_OK)
        status =
            failure_set(failure, STATUS_IO, "%s cannot be synced: %s", directory, strerror(errno));
    close(fd);
    free(backups);
    return status;
}
