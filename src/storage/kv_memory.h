/* The ordered map in memory: a skip list per space, whose levels come from a fixed seed, so that
 * the same writes build the same lists. A write holds off readers and is seen whole. */
#ifndef UNSAY_STORAGE_KV_MEMORY_H
#define UNSAY_STORAGE_KV_MEMORY_H

#include "storage/kv.h"

struct kv *kv_memory_new(void);

/* See store_memory.h. `kv` is one of kv_memory_new. */
void kv_memory_fail(struct kv *kv, enum status status, bool applied);
size_t kv_memory_count(struct kv *kv, struct view needle);

#endif
