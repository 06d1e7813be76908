/* An ordered map from bytes to bytes in spaces: what the embedded store is built on.
 * Adapters: kv_memory.h and kv_rocksdb.h; each states how it fails.
 *
 * Threads: all of it from any thread at any time. */
#ifndef UNSAY_STORAGE_KV_H
#define UNSAY_STORAGE_KV_H

#include "base/arena.h"
#include "base/status.h"
#include "storage/store.h"

enum kv_space { KV_REST, KV_EVENTS, KV_MESSAGE_IDS, KV_JOURNAL, KV_MARKS };
enum { KV_SPACES = KV_MARKS + 1 };

struct kv_entry {
    struct kv_entry *next;
    enum kv_space space;
    bool is_removal; /* the key goes, if it is there; the value is empty */
    struct view key;
    struct view value;
};

/* What one write does, in order; a later entry of the same key wins. The entries belong to whoever
 * fills the batch. */
struct kv_batch {
    struct kv_entry *first;
    struct kv_entry *last;
    size_t bytes; /* of keys and values */
    bool is_lazy; /* a later batch makes it durable */
};

/* lower <= key < upper, from the other end when descending; lower <= upper is not required. */
struct kv_range {
    enum kv_space space;
    struct view lower;
    struct view upper;
    bool is_descending;
};

/* Sees one entry, whose views end with the call; false stops the scan. It must not call the map. */
typedef bool kv_visit(void *context, struct view key, struct view value);

struct kv;

struct kv_operations {
    /* STATUS_NOT_FOUND, or the value, copied into the arena. */
    enum status (*get)(struct kv *kv, enum kv_space space, struct view key, struct arena *arena,
                       struct view *value);
    enum status (*scan)(struct kv *kv, const struct kv_range *range, kv_visit *visit,
                        void *context);
    /* All of the batch, durably, or a failure; an empty batch only repairs what had failed. */
    enum status (*write)(struct kv *kv, const struct kv_batch *batch, struct failure *failure);
    /* Returns when no file holds a value any more that was overwritten in `space` before the call,
     * under a key that is in `listed`, too. */
    enum status (*rewrite)(struct kv *kv, enum kv_space space, enum kv_space listed,
                           struct failure *failure);
    /* Makes a directory that is not there yet, holding the map as it is at one moment of the call,
     * with files shared by hard links: for a backup. UNSUPPORTED where there are no files. */
    enum status (*checkpoint)(struct kv *kv, const char *directory, struct failure *failure);
    /* Fills in syncs, disk_free_bytes and is_failed. */
    void (*read_stats)(struct kv *kv, struct store_stats *stats);
    void (*close)(struct kv *kv);
};

/* The head of every adapter. */
struct kv {
    const struct kv_operations *operations;
};

#endif
