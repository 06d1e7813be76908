/* Erasing in RocksDB: overwritten values leave the write-ahead log when their memtables are
 * flushed, and the table files when those are rewritten. Both are asked for here, and looked at
 * afterwards, because RocksDB tells of neither whether it worked. */
#ifndef UNSAY_STORAGE_KV_ROCKSDB_REWRITE_H
#define UNSAY_STORAGE_KV_ROCKSDB_REWRITE_H

#include "storage/kv.h"

#include <rocksdb/c.h>
#include <stdatomic.h>

/* A database in use; nothing of it is owned. */
struct kv_rocksdb_rewrite {
    rocksdb_t *database;
    rocksdb_column_family_handle_t *const *spaces;
    const char *const *names; /* of the spaces */
    const char *directory;
    const atomic_bool *is_cancelled; /* looked at now and then: give up */
};

/* As kv_operations.rewrite. */
MUST_CHECK enum status kv_rocksdb_rewrite(const struct kv_rocksdb_rewrite *self,
                                          enum kv_space space, enum kv_space listed,
                                          struct failure *failure);

#endif
