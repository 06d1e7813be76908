/* Outbox: every committed message and recall is to be told outside, once, in the order of its log,
 * and nothing else is; and what is to be told holds no body. */
#include "checks.h"

#include "storage/store.h"

static const char promise[] = "outbox";

/* How far the outbox tells of each log. */
struct told {
    uint64_t seqs[LOGS_MAX];
};

/* The seq of the next event after `seq` that is to be told; 0: there is none. */
static uint64_t outbox_next(const struct log *log, uint64_t seq)
{
    while (++seq <= log->head) {
        if (log->events[seq].kind == EVENT_KIND(MESSAGE) ||
            log->events[seq].kind == EVENT_KIND(RECALL))
            return seq;
    }
    return 0;
}

static void outbox_check_entry(struct world *world, struct told *told, struct view bytes)
{
    wire_outbox_entry *entry = unsay__v1__outbox_entry__unpack(NULL, bytes.size, bytes.data);
    check_audit_private(world, "the outbox", bytes);
    if (entry == NULL) {
        world_break(world, promise, "an entry cannot be read");
        return;
    }
    const struct log *log = history_find_log(&world->history, view_of(entry->conversation));
    if (log == NULL) {
        world_break(world, promise, "it tells of %s, which is not in the store",
                    entry->conversation);
        unsay__v1__outbox_entry__free_unpacked(entry, NULL);
        return;
    }
    size_t index = (size_t)(log - world->history.logs);
    uint64_t next = outbox_next(log, told->seqs[index]);
    bool is_recall = entry->kind == WIRE(OUTBOX_KIND, RECALL);
    if (entry->seq != next)
        world_break(world, promise, "it tells of %s:%llu, and %llu is next", log->id,
                    (unsigned long long)entry->seq, (unsigned long long)next);
    else if (is_recall != (log->events[next].kind == EVENT_KIND(RECALL)) ||
             (is_recall && log->events[entry->target_seq].recall_seq != next))
        world_break(world, promise, "it tells of %s:%llu as what it is not", log->id,
                    (unsigned long long)next);
    told->seqs[index] = entry->seq;
    unsay__v1__outbox_entry__free_unpacked(entry, NULL);
}

void check_outbox_end(struct world *world)
{
    enum { ROWS = 64 };
    struct store_outbox rows[ROWS];
    struct told told = {{0}};
    struct arena arena;
    uint64_t after = 0;
    size_t count = ROWS;
    arena_init(&arena);
    while (count == ROWS) {
        arena_reset(&arena);
        if (store_read_outbox(world->server.store, after, ROWS, &arena, rows, &count) != STATUS_OK)
            break;
        for (size_t i = 0; i < count; i++) {
            after = rows[i].number;
            for (size_t at = 0; at < rows[i].count; at++)
                outbox_check_entry(world, &told, rows[i].entries[at]);
        }
    }
    for (uint32_t i = 0; i < world->history.log_count; i++) {
        const struct log *log = &world->history.logs[i];
        if (outbox_next(log, told.seqs[i]) != 0)
            world_break(world, promise, "it does not tell of %s:%llu", log->id,
                        (unsigned long long)outbox_next(log, told.seqs[i]));
    }
    arena_fini(&arena);
}
