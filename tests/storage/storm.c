#include "storm.h"

#include "base/memory.h"
#include "base/prng.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>

enum {
    CONVERSATIONS = 8,
    EVENT_BYTES = 700,
    BUFFER_BYTES = 256 * 1024, /* so small that a kill also meets flushes and compactions */
    SETTLED_EVERY = 40,
    SCRUBBED_EVERY = 16,
    SEARCHED = 8, /* bodies looked for in the files */
    PAGE = 64,
};

static const char *const names[CONVERSATIONS] = {"a", "ab", "a:b", "b", "c", "d", "e", "f"};
static const uint64_t until_ms = UINT64_C(4102444800000); /* in the year 2100 */

void storm_name(struct storm_paths *paths, const char *parent)
{
    snprintf(paths->parent, sizeof(paths->parent), "%s", parent);
    snprintf(paths->store, sizeof(paths->store), "%s/store", parent);
    snprintf(paths->evidence, sizeof(paths->evidence), "%s/keys", parent);
}

void storm_remove(const struct storm_paths *paths)
{
    scratch_remove(paths->store);
    scratch_remove(paths->evidence);
    scratch_remove(paths->parent);
}

static struct store *storm_open(const struct storm_paths *paths)
{
    struct store_options options = {.directory = paths->store,
                                    .evidence_directory = paths->evidence,
                                    .buffer_bytes = BUFFER_BYTES};
    struct failure failure = {STATUS_OK, ""};
    struct store *store;
    if (store_open_rocksdb(&options, &store, &failure) == STATUS_OK)
        return store;
    fprintf(stderr, "%s\n", failure.text);
    return NULL;
}

static size_t conversation_taken(uint64_t batch)
{
    return batch % CONVERSATIONS;
}

/* Random bytes, which no compression hides. */
static void body_fill(uint8_t bytes[EVENT_BYTES], uint64_t batch, size_t conversation)
{
    struct prng prng = {batch * CONVERSATIONS + conversation};
    for (size_t i = 0; i < EVENT_BYTES; i++)
        bytes[i] = (uint8_t)prng_next(&prng);
}

static struct change *batch_add(struct change *change, struct change_list *list,
                                enum change_kind kind, const char *conversation)
{
    *change = (struct change){.kind = kind, .conversation = view_of(conversation), .origin = 1};
    change_list_add(list, change);
    return change;
}

static enum status batch_commit(struct store *store, uint64_t number)
{
    static uint8_t bytes[CONVERSATIONS + 1][EVENT_BYTES];
    struct change changes[CONVERSATIONS + 3];
    struct change_list list = {.count = 0};
    const struct change_list *lists[] = {&list};
    struct cursor_row head = {.stored = {1, {{number, 1}}}};

    for (size_t i = 0; i < CONVERSATIONS; i++) {
        struct change *event = batch_add(&changes[i], &list, CHANGE_EVENT, names[i]);
        body_fill(bytes[i], number, i);
        event->seq = number;
        event->bytes = view_make(bytes[i], EVENT_BYTES);
    }
    struct change *cursor = batch_add(&changes[CONVERSATIONS], &list, CHANGE_CURSOR, "head");
    cursor->user = cursor->device = view_of("head");
    cursor->cursor = &head;
    batch_add(&changes[CONVERSATIONS + 1], &list, CHANGE_AUDIT, "")->bytes =
        view_make(&number, sizeof(number));
    if (number > STORM_DELAY) {
        size_t taken = conversation_taken(number);
        struct change *recall =
            batch_add(&changes[CONVERSATIONS + 2], &list, CHANGE_EVENT, names[taken]);
        body_fill(bytes[CONVERSATIONS], number - STORM_DELAY, taken);
        recall->seq = number - STORM_DELAY;
        recall->bytes = recall->dossier = view_of("taken back");
        recall->evidence =
            (struct evidence){view_make(bytes[CONVERSATIONS], EVENT_BYTES), until_ms};
    }
    return store_commit(store, lists, 1, NULL);
}

/* The posting says with its place up to which batch the journal was settled. */
static enum status journal_settle(struct store *store)
{
    struct store_posting posting = {1, view_of("settled"), 0, view_of("x")};
    struct store_journal rows[2 * SETTLED_EVERY];
    struct arena arena;
    size_t count;
    arena_init(&arena);
    enum status status = store_read_journal(store, 0, 2 * SETTLED_EVERY, &arena, rows, &count);
    if (status == STATUS_OK && count > 0) {
        memcpy(&posting.first, rows[count - 1].entries[0].data, sizeof(posting.first));
        status = store_settle_journal(store, rows[count - 1].number, &posting, 1, NULL);
    }
    arena_fini(&arena);
    return status;
}

static atomic_uint_fast64_t acknowledged_last;

static void *scrub_forever(void *context)
{
    uint64_t scrubbed = 0;
    uint64_t bodies;
    for (;;) {
        if (atomic_load(&acknowledged_last) < scrubbed + SCRUBBED_EVERY) {
            usleep(500); /* only lets the others work */
            continue;
        }
        scrubbed = atomic_load(&acknowledged_last);
        if (store_scrub(context, 0, &bodies, NULL) != STATUS_OK)
            _exit(1);
    }
}

int storm_rage(const struct storm_paths *paths, uint64_t next)
{
    uint64_t ready = next - 1;
    pthread_t scrubber;
    if (write(STDOUT_FILENO, &ready, sizeof(ready)) != (ssize_t)sizeof(ready))
        return 1;
    struct store *store = storm_open(paths);
    if (store == NULL || pthread_create(&scrubber, NULL, scrub_forever, store) != 0)
        return 1;
    while (batch_commit(store, next) == STATUS_OK &&
           write(STDOUT_FILENO, &next, sizeof(next)) == (ssize_t)sizeof(next)) {
        atomic_store(&acknowledged_last, next);
        if (next % SETTLED_EVERY == 0 && journal_settle(store) != STATUS_OK)
            break;
        next++;
    }
    return 1;
}

uint64_t storm_kill(const char *parent, uint64_t next, uint64_t batches_max, uint64_t random)
{
    uint64_t acknowledged = next - 1;
    struct prng prng = {random};
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
        execl("/proc/self/exe", "storm", "--child", parent, text, (char *)NULL);
        _exit(127);
    }
    close(pipes[1]);
    if (read(pipes[0], &number, sizeof(number)) != (ssize_t)sizeof(number))
        abort();
    uint64_t batches = prng_below(&prng, batches_max);
    while (acknowledged < next - 1 + batches &&
           read(pipes[0], &number, sizeof(number)) == (ssize_t)sizeof(number))
        acknowledged = number;
    usleep((useconds_t)prng_below(&prng, 3000)); /* a moment, not a wait: inside a commit */
    kill(child, SIGKILL);
    while (read(pipes[0], &number, sizeof(number)) == (ssize_t)sizeof(number))
        acknowledged = number;
    close(pipes[0]);
    int status;
    if (waitpid(child, &status, 0) == child && WIFSIGNALED(status))
        return acknowledged;
    fprintf(stderr, "the child failed by itself\n");
    return 0;
}

/* What event `seq` of a conversation must be when `last` is the last batch. */
static bool event_is_right(const struct store_event *event, size_t conversation, uint64_t last)
{
    uint8_t body[EVENT_BYTES];
    uint64_t taken_by = event->seq + STORM_DELAY;
    if (taken_by <= last && conversation_taken(taken_by) == conversation)
        return view_equal(event->bytes, view_of("taken back"));
    body_fill(body, event->seq, conversation);
    return view_equal(event->bytes, view_make(body, sizeof(body)));
}

static bool events_are_right(struct store *store, size_t conversation, uint64_t last,
                             struct arena *arena)
{
    struct store_event events[PAGE];
    struct store_range range = {view_of(names[conversation]), 1, 0, 0, PAGE, SIZE_MAX, false};
    uint64_t next = 1;
    bool more = true;
    while (more) {
        size_t count;
        if (store_read_events(store, &range, arena, events, &count, &more) != STATUS_OK)
            return false;
        for (size_t i = 0; i < count; i++) {
            if (events[i].seq != next++ || !event_is_right(&events[i], conversation, last))
                return false;
        }
        range.after = next - 1;
        arena_reset(arena);
    }
    return next == last + 1;
}

/* What batch `number` took back is kept. */
static bool evidence_is_right(struct store *store, uint64_t number, struct arena *arena)
{
    size_t conversation = conversation_taken(number);
    struct event_key key = {view_of(names[conversation]), 1, number - STORM_DELAY};
    uint8_t expected[EVENT_BYTES];
    struct view body;
    struct view dossier;
    uint64_t found_ms;
    body_fill(expected, key.seq, conversation);
    return store_get_dossier(store, key, arena, &dossier) == STATUS_OK &&
           view_equal(dossier, view_of("taken back")) &&
           store_get_evidence(store, key, arena, &body, &found_ms) == STATUS_OK &&
           view_equal(body, view_make(expected, sizeof(expected))) && found_ms == until_ms;
}

/* The journal goes on where it was last settled, to the last batch, one row for each. */
static bool journal_is_right(struct store *store, uint64_t last, struct arena *arena)
{
    struct store_posting posting = {.first = 0};
    struct store_journal rows[PAGE];
    uint64_t number = 0;
    size_t count;
    if (store_list_postings(store, 1, view_of("settled"), 0, 1, arena, &posting, &count) !=
        STATUS_OK)
        return false;
    uint64_t next = posting.first + 1;
    do {
        if (store_read_journal(store, number, PAGE, arena, rows, &count) != STATUS_OK)
            return false;
        for (size_t i = 0; i < count; i++, next++) {
            if (rows[i].count != 1 ||
                !view_equal(rows[i].entries[0], view_make(&next, sizeof(next))))
                return false;
            number = rows[i].number;
        }
    } while (count > 0);
    return next == last + 1;
}

static bool store_is_right(struct store *store, uint64_t *last, struct arena *arena)
{
    struct cursor_row head = {.receipt_seq = 0};
    struct view name = view_of("head");
    enum status status = store_get_cursor(store, name, name, name, 1, &head);
    if (status != STATUS_OK && status != STATUS_NOT_FOUND)
        return false;
    *last = trail_seq(&head.stored);
    bool is_right = journal_is_right(store, *last, arena);
    for (size_t i = 0; i < CONVERSATIONS; i++)
        is_right = is_right && events_are_right(store, i, *last, arena);
    for (uint64_t number = STORM_DELAY + 1; number <= *last; number++)
        is_right = is_right && evidence_is_right(store, number, arena);
    return is_right;
}

static bool bodies_are_gone(const struct storm_paths *paths, uint64_t last)
{
    uint8_t body[EVENT_BYTES];
    size_t count = 0;
    for (uint64_t number = last; number > STORM_DELAY && number + SEARCHED > last; number--) {
        body_fill(body, number - STORM_DELAY, conversation_taken(number));
        count += scratch_count(paths->store, body, sizeof(body));
    }
    return count == 0;
}

bool storm_check(const struct storm_paths *paths, uint64_t acknowledged, uint64_t *last)
{
    struct store *store = storm_open(paths);
    struct failure failure = {STATUS_OK, ""};
    const char *wrong = NULL;
    uint64_t bodies;
    struct arena arena;
    if (store == NULL)
        return false;
    arena_init(&arena);
    if (!store_is_right(store, last, &arena))
        wrong = "not whole";
    else if (*last < acknowledged)
        wrong = "acknowledged batches are gone";
    else if (store_scrub(store, 0, &bodies, &failure) != STATUS_OK)
        wrong = failure.text;
    else if (!store_is_right(store, last, &arena))
        wrong = "not whole after a scrub";
    else if (!bodies_are_gone(paths, *last))
        wrong = "bodies that were taken back are still there after a scrub";
    if (wrong != NULL)
        fprintf(stderr, "acknowledged %llu, found %llu: %s; see %s\n",
                (unsigned long long)acknowledged, (unsigned long long)*last, wrong, paths->parent);
    arena_fini(&arena);
    store_close(store);
    return wrong == NULL;
}
