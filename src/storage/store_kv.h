/* A store on an ordered map: what the adapters for memory and RocksDB share. store.c opens and
 * closes it, store_commit.c writes, store_get.c reads single rows, store_range.c events,
 * store_list.c everything else that is listed, store_journal.c leads into the audit log,
 * store_outbox.c to the backend, store_scrub.c erases.
 *
 * A message that is taken back is not overwritten at once: what takes its place is a mark, a row
 * with the same key in a space of its own, and whoever reads the event sees the mark instead of it.
 * So a recall writes into a small map and not into all of the large one.
 *
 *   event ------> event under a mark ------> event that says what the mark said
 *         recall                      scrub
 *
 * Scrubbing puts the marks into their events, in the order of keys, has the files rewritten, and
 * only then drops the marks: until then they are the note of which bodies the disk still holds. */
#ifndef UNSAY_STORAGE_STORE_KV_H
#define UNSAY_STORAGE_STORE_KV_H

#include "storage/evidence_keys.h"
#include "storage/journal.h"
#include "storage/keys.h"
#include "storage/kv.h"

#include <stdatomic.h>

struct store {
    struct kv *kv;                  /* owned */
    struct evidence_keys *evidence; /* owned */
    struct journal journal;
    atomic_uint_fast64_t journal_dropped; /* rows up to this one, since the store was opened */
    atomic_uint_fast64_t dead_letters;    /* number of the last one */
    /* Marks are dropped by whoever holds it alone; shared, it is held while an event and its mark
     * are read, and while a mark is written. */
    pthread_rwlock_t marking;
    pthread_mutex_t scrubbing;
    atomic_uint_fast64_t commits;
    atomic_uint_fast64_t commits_failed;
    atomic_uint_fast64_t changes;
};

/* Takes the map over; store_close closes it. `evidence_directory` as in evidence_keys.h. */
struct store *store_new(struct kv *kv, const char *evidence_directory);

/* Reads what the store must know of itself, and gives a new one its id. */
MUST_CHECK enum status store_start(struct store *store, struct failure *failure);

/* Numbers of the journal go on above all that were used. */
MUST_CHECK enum status store_start_journal(struct store *store);

/* So do those of the outbox, which are the same, and of its dead letters. */
MUST_CHECK enum status store_start_outbox(struct store *store);

/* Lent. */
struct kv *store_kv(struct store *store);

/* The key is copied, the value is lent. */
void batch_put(struct arena *arena, struct kv_batch *batch, enum kv_space space,
               const struct key *key, struct view value);
void batch_remove(struct arena *arena, struct kv_batch *batch, enum kv_space space,
                  const struct key *key);

/* A row, NOT_FOUND also where `is_possible` is false: a key that cannot be is not there. */
MUST_CHECK enum status store_get(struct store *store, bool is_possible, enum kv_space space,
                                 const struct key *key, struct arena *arena, struct view *value);

/* Shows the rows of a range; a scan stays inside it, so neighbours cost nothing. */
MUST_CHECK enum status store_scan(struct store *store, enum kv_space space,
                                  const struct key_range *keys, bool is_descending, kv_visit *visit,
                                  void *context);

/* A list under way. */
struct listing {
    struct arena *arena;
    void *entries; /* of the caller's type, with room for `limit` */
    size_t limit;
    size_t count;
    const struct key_range *keys;
    enum status status;
    enum status (*take)(struct listing *listing, struct view rest, struct view value);
};

/* Calls listing->take with what follows the prefix of each key, and with its value, both in the
 * arena, up to `limit` times. *count is 0 after a failure. */
MUST_CHECK enum status store_list(struct store *store, enum kv_space space,
                                  const struct key_range *keys, bool is_descending,
                                  struct listing *listing, size_t *count);

#endif
