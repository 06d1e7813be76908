/* kill_store [SEED]: what was acknowledged survives SIGKILL, and what was taken back stays so.
 *
 * A child works on a store (storm.h); the parent kills it at a random moment, opens the store and
 * looks. Twenty times on one directory. */
#include "storm.h"

enum { ROUNDS = 20, BATCHES_MAX = 120 };

int main(int argc, char **argv)
{
    struct storm_paths paths;
    char parent[SCRATCH_PATH_BYTES];
    if (argc == 4) {
        storm_name(&paths, argv[2]);
        return storm_rage(&paths, strtoull(argv[3], NULL, 10));
    }
    uint64_t seed = argc == 2 ? strtoull(argv[1], NULL, 10) : 1;
    uint64_t last = 0;
    uint64_t unacknowledged = 0;
    scratch_make(parent);
    storm_name(&paths, parent);
    for (uint64_t round = 0; round < ROUNDS; round++) {
        uint64_t acknowledged = storm_kill(parent, last + 1, BATCHES_MAX, seed + round);
        if ((acknowledged == 0 && round > 0) || !storm_check(&paths, acknowledged, &last)) {
            fprintf(stderr, "kill_store: seed %llu\n", (unsigned long long)seed);
            return 1;
        }
        unacknowledged += last - acknowledged;
    }
    storm_remove(&paths);
    printf("killed %d times: %llu batches, all whole; %llu were there unacknowledged\n", ROUNDS,
           (unsigned long long)last, (unsigned long long)unacknowledged);
    return last == 0;
}
