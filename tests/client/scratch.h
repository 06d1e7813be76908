/* A directory that lives as long as a test, and what its files hold. */
#ifndef UNSAY_TESTS_CLIENT_SCRATCH_H
#define UNSAY_TESTS_CLIENT_SCRATCH_H

#include <stdbool.h>
#include <stddef.h>

struct scratch {
    char path[64];
};

void scratch_init(struct scratch *scratch);

/* With everything in it, one level deep. */
void scratch_fini(struct scratch *scratch);

/* Whether any file of the directory contains these bytes. */
bool scratch_contains(const struct scratch *scratch, const void *bytes, size_t size);

/* How many names in the directory begin with `prefix`. */
size_t scratch_count(const struct scratch *scratch, const char *prefix);

/* Writes `bytes` into the file `name` at `offset`. */
void scratch_overwrite(const struct scratch *scratch, const char *name, long offset,
                       const void *bytes, size_t size);

#endif
