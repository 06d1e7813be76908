/* A directory of a test's own, under $TMPDIR or /tmp. */
#ifndef UNSAY_TESTS_STORAGE_SCRATCH_H
#define UNSAY_TESTS_STORAGE_SCRATCH_H

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

#endif
