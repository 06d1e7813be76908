#include "scratch.h"

#include <assert.h>
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

void scratch_init(struct scratch *scratch)
{
    snprintf(scratch->path, sizeof(scratch->path), P_tmpdir "/unsay-client-XXXXXX");
    assert(mkdtemp(scratch->path) != NULL);
}

void scratch_fini(struct scratch *scratch)
{
    DIR *directory = opendir(scratch->path);
    assert(directory != NULL);
    for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        if (entry->d_name[0] != '.')
            unlinkat(dirfd(directory), entry->d_name, 0);
    }
    closedir(directory);
    rmdir(scratch->path);
}

static bool file_contains(int directory, const char *name, const void *bytes, size_t size)
{
    int file = openat(directory, name, O_RDONLY);
    struct stat status;
    if (file < 0 || fstat(file, &status) != 0)
        return false;
    size_t file_bytes = (size_t)status.st_size;
    char *content = malloc(file_bytes + 1);
    assert(content != NULL);
    ssize_t count = read(file, content, file_bytes); /* less where it was cut meanwhile */
    assert(count >= 0);
    bool is_found = memmem(content, (size_t)count, bytes, size) != NULL;
    free(content);
    close(file);
    return is_found;
}

bool scratch_contains(const struct scratch *scratch, const void *bytes, size_t size)
{
    bool is_found = false;
    DIR *directory = opendir(scratch->path);
    assert(directory != NULL);
    for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory))
        is_found = is_found || (entry->d_name[0] != '.' &&
                                file_contains(dirfd(directory), entry->d_name, bytes, size));
    closedir(directory);
    return is_found;
}

size_t scratch_count(const struct scratch *scratch, const char *prefix)
{
    size_t count = 0;
    DIR *directory = opendir(scratch->path);
    assert(directory != NULL);
    for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory))
        count += strncmp(entry->d_name, prefix, strlen(prefix)) == 0;
    closedir(directory);
    return count;
}

void scratch_overwrite(const struct scratch *scratch, const char *name, long offset,
                       const void *bytes, size_t size)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/%s", scratch->path, name);
    int file = open(path, O_WRONLY);
    assert(file >= 0 && pwrite(file, bytes, size, offset) == (ssize_t)size);
    close(file);
}
