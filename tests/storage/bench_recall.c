/* bench_recall: what a recall costs the store, next to a send, when the log is large.
 *
 *   bench_recall DIRECTORY MESSAGES CONVERSATIONS load
 *   bench_recall DIRECTORY MESSAGES CONVERSATIONS COUNT WORK...
 *
 * The first fills a store; the second does to it, COUNT times each, what WORK names: send, read (a
 * random event), mark (recall random messages, and write marks), overwrite (the same, and overwrite
 * the events at once), scrub (once). Commits hold 128 requests. Prints µs of CPU of the whole
 * process for each, until the compaction that it caused is over. To compare, give each its own copy
 * of a filled store. */
#include "base/limits.h"
#include "base/memory.h"
#include "base/prng.h"
#include "storage/store.h"

#include <time.h>

enum {
    BATCH = 128,
    BODY_BYTES = 300,
    TOMBSTONE_BYTES = 160,
    DOSSIER_BYTES = 60,
    POOL_BYTES = 1 << 20
};

struct bench {
    struct store *store;
    struct prng prng;
    uint8_t *pool;
    uint64_t conversations;
    uint64_t sent;
    uint64_t recalled;
    uint64_t heads; /* seq of the last message in each conversation, before the measurement */
};

enum work { SEND, READ, MARK, OVERWRITE, SCRUB, WORKS };

static const char *const work_names[WORKS] = {"send", "read", "mark", "overwrite", "scrub"};

static struct change *change_new(struct arena *arena, struct change_list *list,
                                 enum change_kind kind, struct view conversation)
{
    struct change *change = arena_zero(arena, sizeof(*change));
    change->kind = kind;
    change->conversation = conversation;
    change->user = view_of("user-0001");
    change->origin = ORIGIN_DEFAULT;
    change_list_add(list, change);
    return change;
}

static struct view text_cut(struct bench *bench, size_t size)
{
    return view_make(bench->pool + prng_below(&bench->prng, POOL_BYTES - size), size);
}

static struct view conversation_name(struct arena *arena, uint64_t number)
{
    char name[32];
    int size = snprintf(name, sizeof(name), "conversation-%08llx",
                        (unsigned long long)(number * 2654435761u % 0xffffffffu));
    return arena_copy(arena, view_make(name, (size_t)size));
}

/* Both a message and a recall: the next event of a conversation. */
static struct view append(struct bench *bench, struct arena *arena, struct change_list *list)
{
    uint64_t number = bench->sent++;
    struct view name = conversation_name(arena, number % bench->conversations);
    struct change *event = change_new(arena, list, CHANGE_EVENT, name);
    event->seq = 1 + number / bench->conversations;
    event->bytes = text_cut(bench, BODY_BYTES);
    return name;
}

static void send(struct bench *bench, struct arena *arena, struct change_list *list)
{
    uint64_t random[2] = {prng_next(&bench->prng), prng_next(&bench->prng)};
    uint64_t number = bench->sent;
    struct view name = append(bench, arena, list);
    struct change *id = change_new(arena, list, CHANGE_MESSAGE_ID, name);
    id->id = uuid_v7(UINT64_C(1700000000000) + number / 20, (const uint8_t *)random);
    id->message_id = (struct message_id_row){.origin = ORIGIN_DEFAULT, .seq = number};
}

/* Every message at most once, in no order: the step has no divisor in common with the number. */
static enum status recall(struct bench *bench, struct arena *arena, struct change_list *list,
                          enum work work)
{
    uint64_t messages = bench->heads * bench->conversations;
    uint64_t target = bench->recalled++ * UINT64_C(2654435761) % messages;
    struct event_key key = {conversation_name(arena, target % bench->conversations), ORIGIN_DEFAULT,
                            1 + target / bench->conversations};
    struct view bytes;
    enum status status = store_get_event(bench->store, key, arena, &bytes);
    if (work == READ)
        return status;
    append(bench, arena, list);
    struct change *event = change_new(arena, list, CHANGE_EVENT, key.conversation);
    event->seq = key.seq;
    event->bytes = text_cut(bench, TOMBSTONE_BYTES);
    if (work == MARK)
        event->dossier = text_cut(bench, DOSSIER_BYTES);
    struct change *request = change_new(arena, list, CHANGE_REQUEST, key.conversation);
    request->request_id = view_make(&bench->recalled, sizeof(bench->recalled));
    request->request_id = arena_copy(arena, request->request_id);
    request->bytes = text_cut(bench, 60);
    change_new(arena, list, CHANGE_AUDIT, key.conversation)->bytes = text_cut(bench, 200);
    return status;
}

static double seconds_of(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Until nothing goes on in the background. */
static double cpu_at_rest(void)
{
    double before;
    double now = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    do {
        before = now;
        nanosleep(&(struct timespec){.tv_nsec = 300000000}, NULL);
        now = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    } while (now - before > 0.003);
    return now;
}

static enum status work_do(struct bench *bench, enum work work, uint64_t count)
{
    enum status status = STATUS_OK;
    struct arena arena;
    arena_init(&arena);
    for (uint64_t done = 0; done < count && status == STATUS_OK; done += BATCH) {
        struct change_list list = {.count = 0};
        const struct change_list *lists[] = {&list};
        for (uint64_t i = 0; i < BATCH && status == STATUS_OK; i++) {
            if (work == SEND)
                send(bench, &arena, &list);
            else
                status = recall(bench, &arena, &list, work);
        }
        if (status == STATUS_OK)
            status = store_commit(bench->store, lists, 1, NULL);
        arena_reset(&arena);
    }
    arena_fini(&arena);
    return status;
}

static enum status work_measure(struct bench *bench, enum work work, uint64_t count)
{
    uint64_t bodies = 0;
    double start = cpu_at_rest();
    double thread_start = seconds_of(CLOCK_THREAD_CPUTIME_ID);
    enum status status =
        work == SCRUB ? store_scrub(bench->store, 0, &bodies, NULL) : work_do(bench, work, count);
    double thread = seconds_of(CLOCK_THREAD_CPUTIME_ID) - thread_start;
    double all = cpu_at_rest() - start;
    printf("%-10s %6.1f us (%5.1f us in this thread)\n", work_names[work],
           all * 1e6 / (double)count, thread * 1e6 / (double)count);
    return status;
}

static void pool_fill(struct bench *bench)
{
    static char words[4096][12];
    bench->pool = memory_new(POOL_BYTES);
    for (size_t i = 0; i < 4096; i++) {
        size_t size = 3 + prng_below(&bench->prng, 7);
        for (size_t j = 0; j < size; j++)
            words[i][j] = (char)('a' + prng_below(&bench->prng, 26));
        words[i][size] = ' ';
    }
    for (size_t at = 0; at + sizeof(words[0]) < POOL_BYTES;) {
        const char *word = words[prng_below(&bench->prng, 4096)];
        memcpy(bench->pool + at, word, strlen(word));
        at += strlen(word);
    }
}

static enum status works_run(struct bench *bench, uint64_t count, char **names)
{
    enum status status = STATUS_OK;
    for (; *names != NULL && status == STATUS_OK; names++) {
        for (int work = 0; work < WORKS; work++) {
            if (strcmp(*names, work_names[work]) == 0 && status == STATUS_OK)
                status = work_measure(bench, (enum work)work, count);
        }
    }
    return status;
}

int main(int argc, char **argv)
{
    uint64_t messages = argc < 5 ? 0 : strtoull(argv[2], NULL, 10);
    struct bench bench = {.prng = {1}};
    bench.conversations = argc < 5 ? 0 : strtoull(argv[3], NULL, 10);
    if (messages == 0 || bench.conversations == 0) {
        fprintf(stderr, "usage: bench_recall DIRECTORY MESSAGES CONVERSATIONS load\n"
                        "       bench_recall DIRECTORY MESSAGES CONVERSATIONS COUNT WORK...\n");
        return 2;
    }
    struct store_options options = {.directory = argv[1]};
    struct failure failure = {STATUS_OK, ""};
    enum status status = store_open_rocksdb(&options, &bench.store, &failure);
    if (status != STATUS_OK) {
        fprintf(stderr, "bench_recall: %s\n", failure.text);
        return 1;
    }
    pool_fill(&bench);
    bench.heads = messages / bench.conversations;
    if (strcmp(argv[4], "load") == 0) {
        status = work_do(&bench, SEND, messages);
        cpu_at_rest();
    } else {
        bench.sent = messages + BATCH;
        status = works_run(&bench, strtoull(argv[4], NULL, 10), argv + 5);
    }
    store_close(bench.store);
    free(bench.pool);
    return status == STATUS_OK ? 0 : 1;
}
