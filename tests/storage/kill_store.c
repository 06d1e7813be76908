/* kill_store [SEED]: what was acknowledged survives SIGKILL.
 *
 * A child commits numbered batches and writes each number to a pipe once its commit has returned
 * OK. The parent kills it at a random moment, opens the store and looks: every acknowledged batch
 * is there, and each batch is there whole or not at all. Twenty times on one directory, with a
 * memtable so small that the kill also meets flushes and compactions. */
#include "base/memory.h"
#include "base/prng.h"
#include "storage/keys.h"
#include "storage/store.h"

#include "scratch.h"

#include <signal.h>
#include <sys/wait.h>

enum { ROUNDS = 20, BATCH = 8, EVENT_BYTES = 700, KILL_AFTER_BATCHES_MAX = 120 };

struct run {
    char directory[SCRATCH_PATH_BYTES];
    struct prng prng;
    uint64_t seed;
};

static struct store *run_open(const struct run *run)
{
    struct store_options options = {.directory = run->directory, .buffer_bytes = 256 * 1024};
    struct failure failure = {STATUS_OK, ""};
    struct store *store;
    if (store_open_rocksdb(&options, &store, &failure) == STATUS_OK)
        return store;
    fprintf(stderr, "kill_store: seed %llu: %s\n", (unsigned long long)run->seed, failure.text);
    exit(1);
}

/* Batch n: event n in each of BATCH conversations, and the number again as the head. */
static enum status batch_commit(struct store *store, uint64_t number)
{
    static const char *const conversations[BATCH] = {"a", "ab", "a:b", "b", "c", "d", "e", "f"};
    struct change changes[BATCH + 1];
    struct change_list list = {NULL, NULL, 0, 0};
    const struct change_list *lists[] = {&list};
    uint8_t bytes[EVENT_BYTES];
    struct prng prng = {number};

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)prng_next(&prng);
    memset(changes, 0, sizeof(changes));
    for (size_t i = 0; i < BATCH; i++) {
        changes[i].kind = CHANGE_EVENT;
        changes[i].conversation = view_of(conversations[i]);
        changes[i].origin = 1;
        changes[i].seq = number;
        changes[i].bytes = view_make(bytes, sizeof(bytes));
        change_list_add(&list, &changes[i]);
    }
    changes[BATCH].kind = CHANGE_CURSOR;
    changes[BATCH].conversation = changes[BATCH].user = changes[BATCH].device = view_of("head");
    changes[BATCH].cursor.stored = number;
    change_list_add(&list, &changes[BATCH]);
    return store_commit(store, lists, 1, NULL);
}

static int child_run(const struct run *run, uint64_t next)
{
    struct store *store = run_open(run);
    while (batch_commit(store, next) == STATUS_OK &&
           write(STDOUT_FILENO, &next, sizeof(next)) == (ssize_t)sizeof(next))
        next++;
    return 1;
}

/* Runs a child from batch `next` and kills it; the last batch that it acknowledged. */
static uint64_t run_kill(struct run *run, uint64_t next)
{
    uint64_t acknowledged = next - 1;
    uint64_t number;
    int pipes[2];
    if (pipe(pipes) != 0)
        abort();
    fflush(NULL);
    pid_t child = fork();
    if (child < 0)
        abort();
    if (child == 0) {
        /* A fresh image: RocksDB's threads, which the parent has, do not come along in a fork. */
        char text[24];
        snprintf(text, sizeof(text), "%llu", (unsigned long long)next);
        dup2(pipes[1], STDOUT_FILENO);
        close(pipes[0]);
        close(pipes[1]);
        execl("/proc/self/exe", "kill_store", "--child", run->directory, text, (char *)NULL);
        _exit(127);
    }
    close(pipes[1]);
    uint64_t batches = prng_below(&run->prng, KILL_AFTER_BATCHES_MAX);
    while (acknowledged < next - 1 + batches &&
           read(pipes[0], &number, sizeof(number)) == (ssize_t)sizeof(number))
        acknowledged = number;
    usleep((useconds_t)prng_below(&run->prng, 3000)); /* a moment, not a wait: inside a commit */
    kill(child, SIGKILL);
    while (read(pipes[0], &number, sizeof(number)) == (ssize_t)sizeof(number))
        acknowledged = number;
    close(pipes[0]);
    int status;
    if (waitpid(child, &status, 0) != child || !WIFSIGNALED(status)) {
        fprintf(stderr, "kill_store: seed %llu: the child failed by itself\n",
                (unsigned long long)run->seed);
        exit(1);
    }
    return acknowledged;
}

static uint64_t events_count(struct store *store, const char *conversation, struct arena *arena,
                             uint64_t *seq)
{
    struct store_event events[64];
    struct store_range range = {view_of(conversation), 1, 0, 0, 64, SIZE_MAX, false};
    uint64_t total = 0;
    bool more = true;
    while (more) {
        size_t count;
        if (store_read_events(store, &range, arena, events, &count, &more) != STATUS_OK)
            return UINT64_MAX;
        for (size_t i = 0; i < count; i++) {
            struct prng prng = {events[i].seq};
            for (size_t j = 0; j < EVENT_BYTES; j++) {
                if (events[i].bytes.size != EVENT_BYTES ||
                    events[i].bytes.data[j] != (uint8_t)prng_next(&prng))
                    return UINT64_MAX;
            }
            range.after = events[i].seq;
        }
        total += count;
        arena_reset(arena);
    }
    *seq = range.after;
    return total;
}

/* The last batch that the store holds, when everything up to it is whole; else ends the run. */
static uint64_t run_check(const struct run *run, uint64_t acknowledged)
{
    static const char *const conversations[BATCH] = {"a", "ab", "a:b", "b", "c", "d", "e", "f"};
    struct store *store = run_open(run);
    struct cursor_row head = {0, 0};
    struct view name = view_of("head");
    struct arena arena;
    bool is_whole = true;
    arena_init(&arena);
    enum status status = store_get_cursor(store, name, name, name, 0, &head);
    if (status != STATUS_OK && status != STATUS_NOT_FOUND)
        is_whole = false;
    for (size_t i = 0; i < BATCH; i++) {
        uint64_t seq = 0;
        uint64_t count = events_count(store, conversations[i], &arena, &seq);
        if (count != head.stored || seq != head.stored)
            is_whole = false;
    }
    arena_fini(&arena);
    store_close(store);
    if (head.stored < acknowledged || !is_whole) {
        fprintf(stderr, "kill_store: seed %llu: acknowledged %llu, found %llu%s; see %s\n",
                (unsigned long long)run->seed, (unsigned long long)acknowledged,
                (unsigned long long)head.stored, is_whole ? "" : ", not whole", run->directory);
        exit(1);
    }
    return head.stored;
}

int main(int argc, char **argv)
{
    struct run run = {.seed = argc == 2 ? strtoull(argv[1], NULL, 10) : 1};
    if (argc == 4) {
        snprintf(run.directory, sizeof(run.directory), "%s", argv[2]);
        return child_run(&run, strtoull(argv[3], NULL, 10));
    }
    uint64_t last = 0;
    uint64_t unacknowledged = 0;
    run.prng.state = run.seed;
    scratch_make(run.directory);
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t acknowledged = run_kill(&run, last + 1);
        last = run_check(&run, acknowledged);
        unacknowledged += last - acknowledged;
    }
    scratch_remove(run.directory);
    printf("killed %d times: %llu batches, all whole; %llu were there unacknowledged\n", ROUNDS,
           (unsigned long long)last, (unsigned long long)unacknowledged);
    return last == 0;
}
