/* bench_store: what the embedded store does under the load of a busy server: messages into random
 * conversations, each an event and a message id, in commits of a fixed size by one thread.
 *
 *   bench_store DIRECTORY MESSAGES BATCH CONVERSATIONS [ROCKSDB-OPTIONS]
 *
 * DIRECTORY must not exist; it is made and left behind. Prints one line: messages a second, µs of
 * CPU a message in the writing thread and in all threads, and the bytes on disk a message. */
#include "base/limits.h"
#include "base/memory.h"
#include "base/prng.h"
#include "storage/kv_rocksdb.h"
#include "storage/store_kv.h"

#include <dirent.h>
#include <sys/stat.h>
#include <time.h>

enum { EVENT_BYTES = 300, POOL_BYTES = 1 << 20, WORDS = 4096, SENDERS = 50, BATCH_MAX = 4096 };

struct load {
    struct prng prng;
    uint8_t *pool; /* text that events are cut from */
    uint64_t *seqs;
    uint64_t conversations;
    uint64_t sent;
};

static void pool_fill(struct load *load)
{
    static char words[WORDS][12];
    for (size_t i = 0; i < WORDS; i++) {
        size_t size = 3 + prng_below(&load->prng, 7);
        for (size_t j = 0; j < size; j++)
            words[i][j] = (char)('a' + prng_below(&load->prng, 26));
        words[i][size] = ' ';
    }
    for (size_t at = 0; at + sizeof(words[0]) < POOL_BYTES;) {
        const char *word = words[prng_below(&load->prng, WORDS)];
        size_t size = strlen(word);
        memcpy(load->pool + at, word, size);
        at += size;
    }
}

static struct view name_make(struct arena *arena, const char *kind, uint64_t number)
{
    char name[LIMIT_USER_ID_BYTES_MAX];
    int size = snprintf(name, sizeof(name), "%s-%08llx", kind,
                        (unsigned long long)number * 2654435761u % 0xffffffffu);
    return arena_copy(arena, view_make(name, (size_t)size));
}

static void message_add(struct load *load, struct arena *arena, struct change_list *list)
{
    uint64_t conversation = prng_below(&load->prng, load->conversations);
    uint64_t random[2] = {prng_next(&load->prng), prng_next(&load->prng)};
    struct change *event = arena_zero(arena, sizeof(*event));
    struct change *id = arena_zero(arena, sizeof(*id));

    event->kind = CHANGE_EVENT;
    event->conversation = name_make(arena, "conversation", conversation);
    event->origin = ORIGIN_DEFAULT;
    event->seq = ++load->seqs[conversation];
    event->bytes =
        view_make(load->pool + prng_below(&load->prng, POOL_BYTES - EVENT_BYTES - 12), EVENT_BYTES);
    id->kind = CHANGE_MESSAGE_ID;
    id->conversation = event->conversation;
    id->user = name_make(arena, "user", conversation * SENDERS + random[0] % SENDERS);
    id->id = uuid_v7(UINT64_C(1700000000000) + load->sent++ / 20, (const uint8_t *)random);
    id->message_id = (struct message_id_row){.origin = ORIGIN_DEFAULT, .seq = event->seq};
    change_list_add(list, event);
    change_list_add(list, id);
}

static double seconds_of(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double directory_bytes(const char *path)
{
    double bytes = 0;
    DIR *directory = opendir(path);
    for (struct dirent *entry; directory != NULL && (entry = readdir(directory)) != NULL;) {
        struct stat file;
        if (fstatat(dirfd(directory), entry->d_name, &file, 0) == 0 && S_ISREG(file.st_mode))
            bytes += (double)file.st_blocks * 512;
    }
    closedir(directory);
    return bytes;
}

static enum status load_run(struct load *load, struct store *store, uint64_t messages,
                            uint64_t batch, struct failure *failure)
{
    enum status status = STATUS_OK;
    struct arena arena;
    arena_init(&arena);
    while (load->sent < messages && status == STATUS_OK) {
        struct change_list list = {NULL, NULL, 0, 0};
        const struct change_list *lists[] = {&list};
        arena_reset(&arena);
        for (uint64_t i = 0; i < batch; i++)
            message_add(load, &arena, &list);
        status = store_commit(store, lists, 1, failure);
    }
    arena_fini(&arena);
    return status;
}

static int bench(const char *directory, uint64_t messages, uint64_t batch, uint64_t conversations,
                 const char *tuning)
{
    struct load load = {.prng = {1}, .conversations = conversations};
    struct store_options options = {.directory = directory};
    struct failure failure = {STATUS_OK, ""};
    struct kv *kv;

    load.pool = memory_new(POOL_BYTES);
    load.seqs = memory_new_array(conversations, sizeof(*load.seqs));
    pool_fill(&load);
    enum status status = kv_rocksdb_open(&options, tuning, &kv, &failure);
    if (status == STATUS_OK) {
        struct store *store = store_new(kv, NULL);
        double start = seconds_of(CLOCK_MONOTONIC);
        double cpu_start = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
        double writer_start = seconds_of(CLOCK_THREAD_CPUTIME_ID);
        status = load_run(&load, store, messages, batch, &failure);
        double wall = seconds_of(CLOCK_MONOTONIC) - start;
        double writer = seconds_of(CLOCK_THREAD_CPUTIME_ID) - writer_start;
        store_close(store);
        double cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - cpu_start;
        double count = (double)load.sent;
        printf("%9.0f messages, batch %4llu: %7.0f/s, CPU %5.2f us (writer %5.2f us), %4.0f "
               "bytes on disk  %s\n",
               count, (unsigned long long)batch, count / wall, cpu * 1e6 / count,
               writer * 1e6 / count, directory_bytes(directory) / count,
               tuning == NULL ? "" : tuning);
    }
    if (status != STATUS_OK)
        fprintf(stderr, "bench_store: %s\n", failure.text);
    free(load.pool);
    free(load.seqs);
    return status == STATUS_OK ? 0 : 1;
}

int main(int argc, char **argv)
{
    uint64_t numbers[3] = {0, 0, 0};
    for (int i = 0; i < 3 && argc > i + 2; i++)
        numbers[i] = strtoull(argv[i + 2], NULL, 10);
    if (argc < 5 || numbers[0] == 0 || numbers[1] == 0 || numbers[1] > BATCH_MAX ||
        numbers[2] == 0) {
        fprintf(stderr,
                "usage: bench_store DIRECTORY MESSAGES BATCH CONVERSATIONS [ROCKSDB-OPTIONS]\n");
        return 2;
    }
    return bench(argv[1], numbers[0], numbers[1], numbers[2], argc > 5 ? argv[5] : NULL);
}
