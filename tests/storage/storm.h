/* What the tests that kill a store, or cut its power, have it do meanwhile: numbered batches, of
 * which each says what all before it left. Batch n appends event n to each of eight conversations,
 * takes back an event of batch n - STORM_DELAY and keeps its body as evidence, moves a cursor to n
 * and puts n into the journal; every so often the journal is settled. A thread scrubs all the time.
 */
#ifndef UNSAY_TESTS_STORAGE_STORM_H
#define UNSAY_TESTS_STORAGE_STORM_H

#include "storage/store.h"

#include "scratch.h"

enum { STORM_DELAY = 5 };

struct storm_paths {
    char parent[SCRATCH_PATH_BYTES];
    char store[SCRATCH_PATH_BYTES + 8];
    char evidence[SCRATCH_PATH_BYTES + 8];
};

/* Below `parent`, which exists. */
void storm_name(struct storm_paths *paths, const char *parent);
void storm_remove(const struct storm_paths *paths);

/* Writes `next` - 1 to standard output, 8 bytes, opens the store, commits batches from `next` on,
 * writes the number of each that was acknowledged, and ends only when something fails. */
int storm_rage(const struct storm_paths *paths, uint64_t next);

/* Runs this program again as `PROGRAM --child PARENT NEXT`, waits for its first word, lets it
 * acknowledge some of up to
 * `batches_max` batches, kills it, and returns the last one that was acknowledged; 0 when the child
 * ended by itself. */
uint64_t storm_kill(const char *parent, uint64_t next, uint64_t batches_max, uint64_t random);

/* Opens the store and looks: the last batch that it holds, when that and everything before it is
 * whole, is no less than `acknowledged`, and what it took back is, after a scrub, in no file. Else
 * says what is wrong and returns false. */
bool storm_check(const struct storm_paths *paths, uint64_t acknowledged, uint64_t *last);

#endif
