/* A directory of a test's own, under $TMPDIR or /tmp. */
#ifndef UNSAY_TESTS_STORAGE_SCRATCH_H
#define UNSAY_TESTS_STORAGE_SCRATCH_H

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SCRATCH_PATH_BYTES = 256 };

static inline void scratch_make(char path[SCRATCH_PATH_BYTES])
{
    const char *parent = getenv("TMPDIR");
    int size = snprintf(path, SCRATCH_PATH_BYTES, "%s/unsay-store-XXXXXX",
                        parent == NULL ? "/tmp" : parent);
    if (size >= SCRATCH_PATH_BYTES || mkdtemp(path) == NULL) {
        perror("making a directory for the test");
        abort();
    }
}

/* Removes the directory and its files; a store has no directories inside. */
static inline void scratch_remove(const char *path)
{
    DIR *directory = opendir(path);
    for (struct dirent *entry; directory != NULL && (entry = readdir(directory)) != NULL;)
        unlinkat(dirfd(directory), entry->d_name, 0);
    if (directory != NULL)
        closedir(directory);
    rmdir(path);
}

/* How often the bytes stand in the directory's files. */
static inline size_t scratch_count(const char *path, const void *bytes, size_t size)
{
    size_t count = 0;
    DIR *directory = opendir(path);
    for (struct dirent *entry; directory != NULL && (entry = readdir(directory)) != NULL;) {
        struct stat file;
        int fd = openat(dirfd(directory), entry->d_name, O_RDONLY | O_CLOEXEC);
        if (fd < 0 || fstat(fd, &file) != 0 || !S_ISREG(file.st_mode) || file.st_size == 0) {
            if (fd >= 0)
                close(fd);
            continue;
        }
        char *content = mmap(NULL, (size_t)file.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        close(fd);
        if (content == MAP_FAILED)
            abort();
        const char *end = content + file.st_size;
        for (const char *at = content; (at = memmem(at, (size_t)(end - at), bytes, size)) != NULL;
             at++)
            count++;
        munmap(content, (size_t)file.st_size);
    }
    if (directory != NULL)
        closedir(directory);
    return count;
}

#endif
