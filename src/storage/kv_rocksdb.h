/* The ordered map on RocksDB: one column family a space, one synced write a batch.
 *
 *             write failed                       next write, a second later at the earliest
 *   ready ------------------> failed -----------------------------------------> ready
 *                               ^     closes and opens the database     |
 *                               +---------------------------------------+ opening failed
 *
 * After a failed write nobody knows what the disk holds of it, so the database is not trusted until
 * it was opened anew: reads answer STATUS_IO, writes what the first failure was. Opening replays
 * the log, moves what it finds there into table files and syncs those, so that what is read
 * afterwards is on the disk, and not only in the page cache of a failed sync.
 *
 * Before a write the free space is looked at, every 250 ms or 4 MiB; below
 * LIMIT_DISK_FREE_BYTES_MIN nothing is written and the answer is STATUS_NO_SPACE, until there is
 * more. */
#ifndef UNSAY_STORAGE_KV_ROCKSDB_H
#define UNSAY_STORAGE_KV_ROCKSDB_H

#include "storage/kv.h"

/* As store_open_rocksdb. `tuning` is NULL, or RocksDB's own option text laid over ours, for
 * benchmarks. */
MUST_CHECK enum status kv_rocksdb_open(const struct store_options *options, const char *tuning,
                                       struct kv **kv, struct failure *failure);

/* What tests can make happen. Set from the thread that writes. */
struct kv_rocksdb_faults {
    enum status write_status; /* not OK: writes fail with it */
    bool write_is_applied;    /* and are applied all the same */
    enum status open_status;  /* not OK: opening again fails with it */
    bool has_disk_free;
    uint64_t disk_free_bytes; /* instead of what the disk says */
    uint64_t clock_ahead_ms;  /* added to the clock that spaces out retries and looks at the disk */
};

void kv_rocksdb_set_faults(struct kv *kv, const struct kv_rocksdb_faults *faults);

#endif
