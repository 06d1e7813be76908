/* How RocksDB is tuned; docs/storage-format.md says what was measured. */
#ifndef UNSAY_STORAGE_KV_ROCKSDB_OPTIONS_H
#define UNSAY_STORAGE_KV_ROCKSDB_OPTIONS_H

#include "storage/kv.h"

#include <rocksdb/c.h>

struct kv_rocksdb_options {
    rocksdb_options_t *database;
    rocksdb_options_t *spaces[KV_SPACES];
    rocksdb_writeoptions_t *write;
    rocksdb_writeoptions_t *write_lazily; /* without a sync */
};

/* Fails with MALFORMED when RocksDB does not take `tuning` (NULL: none). Whatever it answers, the
 * options are for kv_rocksdb_options_fini. */
MUST_CHECK enum status kv_rocksdb_options_init(struct kv_rocksdb_options *options,
                                               const struct store_options *store,
                                               const char *tuning, struct failure *failure);
void kv_rocksdb_options_fini(struct kv_rocksdb_options *options);

#endif
