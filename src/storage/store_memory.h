/* What only the memory store can do: crash. For tests and the simulation. */
#ifndef UNSAY_STORAGE_STORE_MEMORY_H
#define UNSAY_STORAGE_STORE_MEMORY_H

#include "storage/store.h"

/* The next commits fail with `status` until it is set back to STATUS_OK. When `applied` is true
 * they are applied all the same: the answer is lost, not the write. */
void store_memory_fail(struct store *store, enum status status, bool applied);

/* Scrubs, and counts the keys and values that contain `needle`; for "no file yields the body". */
size_t store_memory_count(struct store *store, struct view needle);

#endif
