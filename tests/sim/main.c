/* sim: the whole system in one thread, decided by a seed.
 *
 *   sim --seeds 1-500      runs these seeds; the first that breaks a promise is told, exit 1
 *   sim --seed 7 --trace   tells the story of one seed
 *   sim --self-test        breaks the outside on purpose: each checker must go red
 *   sim --file seeds.txt   runs the seeds in the file, one a line; # begins a remark */
#include "world.h"

#include "base/table.h"

#include <ctype.h>
#include <time.h>

static struct world world;

struct totals {
    uint64_t seeds;
    uint64_t steps;
    uint64_t messages;
    uint64_t recalls;
    uint64_t simulated_ms;
};

static bool run_seed(uint64_t seed, bool is_traced, struct totals *totals)
{
    bool is_well = world_run(&world, seed, MUTATION_NONE, is_traced);
    totals->seeds++;
    totals->steps += world.steps;
    totals->messages += world.history.message_count;
    totals->recalls += world.history.recall_count;
    totals->simulated_ms += world.now_ms;
    if (!is_well)
        printf("seed %llu breaks %s: %s\n  replay: sim --seed %llu --trace\n",
               (unsigned long long)seed, world.broken, world.reason, (unsigned long long)seed);
    world_fini(&world);
    return is_well;
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static bool run_seeds(uint64_t first, uint64_t last)
{
    struct totals totals = {0, 0, 0, 0, 0};
    unsigned failures = 0;
    double start = seconds();
    for (uint64_t seed = first; seed <= last && failures < 20; seed++)
        failures += !run_seed(seed, false, &totals);
    printf("%llu seeds, %llu steps, %llu messages, %llu recalls, %llu simulated hours, %.1f s\n",
           (unsigned long long)totals.seeds, (unsigned long long)totals.steps,
           (unsigned long long)totals.messages, (unsigned long long)totals.recalls,
           (unsigned long long)(totals.simulated_ms / 3600000), seconds() - start);
    return failures == 0;
}

static bool run_file(const char *path)
{
    struct totals totals = {0, 0, 0, 0, 0};
    bool is_well = true;
    char line[256];
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        printf("%s cannot be read\n", path);
        return false;
    }
    while (fgets(line, sizeof(line), file) != NULL) {
        if (isdigit((unsigned char)line[0]))
            is_well &= run_seed(strtoull(line, NULL, 10), false, &totals);
    }
    fclose(file);
    printf("%llu seeds of found defects\n", (unsigned long long)totals.seeds);
    return is_well;
}

/* The same seed tells the same story. */
static bool test_same_story(uint64_t seed)
{
    uint64_t hashes[2];
    for (unsigned i = 0; i < 2; i++) {
        world_run(&world, seed, MUTATION_NONE, false);
        hashes[i] = world.hash;
        world_fini(&world);
    }
    if (hashes[0] != hashes[1])
        printf("seed %llu tells two stories\n", (unsigned long long)seed);
    return hashes[0] == hashes[1];
}

struct mutation_case {
    const char *promise;
    const char *text;
};

static const struct mutation_case mutation_cases[] = {
#define MUTATION(name, promise, text) {promise, text},
#include "mutation.def"
#undef MUTATION
};

enum { SELF_TEST_SEEDS = 250 };

static bool test_mutation(enum mutation mutation)
{
    const struct mutation_case *expected = &mutation_cases[mutation];
    bool is_of_absence =
        mutation == MUTATION_SHORT_RETENTION || mutation == MUTATION_UNREAD_RECALLS;
    uint64_t first = is_of_absence ? SEEDS_AWAY + 1 : 1;
    for (uint64_t seed = first; seed < first + SELF_TEST_SEEDS; seed++) {
        bool is_well = world_run(&world, seed, mutation, false);
        bool is_found =
            !is_well && strncmp(world.broken, expected->promise, strlen(expected->promise)) == 0;
        if (is_found)
            printf("%-11s goes red when %s\n            (seed %llu: %s)\n", expected->promise,
                   expected->text, (unsigned long long)seed, world.reason);
        world_fini(&world);
        if (is_found)
            return true;
    }
    printf("%s stays green when %s\n", expected->promise, expected->text);
    return false;
}

static bool self_test(void)
{
    bool is_well = true;
    for (uint64_t seed = 1; seed <= 20; seed++)
        is_well &= test_same_story(seed);
    for (enum mutation mutation = MUTATION_NONE + 1; mutation < MUTATION_COUNT; mutation++)
        is_well &= test_mutation(mutation);
    return is_well;
}

int main(int count, char **arguments)
{
    static const uint8_t key[16] = "unsay-simulation";
    struct totals totals = {0, 0, 0, 0, 0};
    table_seed(key);
    for (int i = 1; i < count; i++) {
        const char *value = i + 1 < count ? arguments[i + 1] : "";
        if (strcmp(arguments[i], "--self-test") == 0)
            return self_test() ? 0 : 1;
        if (strcmp(arguments[i], "--file") == 0)
            return run_file(value) ? 0 : 1;
        if (strcmp(arguments[i], "--seed") == 0) {
            bool is_traced = i + 2 < count && strcmp(arguments[i + 2], "--trace") == 0;
            return run_seed(strtoull(value, NULL, 10), is_traced, &totals) ? 0 : 1;
        }
        if (strcmp(arguments[i], "--seeds") == 0) {
            const char *dash = strchr(value, '-');
            uint64_t first = strtoull(value, NULL, 10);
            return run_seeds(first, dash == NULL ? first : strtoull(dash + 1, NULL, 10)) ? 0 : 1;
        }
    }
    printf("usage: sim --seeds A-B | --seed N [--trace] | --file FILE | --self-test\n");
    return 2;
}
