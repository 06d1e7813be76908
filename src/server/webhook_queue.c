#include "server/webhook_queue.h"

#include "base/memory.h"
#include "core/frame.h"
#include "core/hlc.h"

#include <stdlib.h>

enum {
    QUEUE_ROWS = 16, /* read at once */
    QUEUE_TICK_MS = 100,
    QUEUE_RESCAN_MS = 30000, /* a row may appear when an older commit has failed */
};

/* A row of the outbox. */
struct webhook_row {
    struct list node;
    uint64_t number;
    size_t left; /* jobs */
};

void webhook_queue_init(struct webhook_queue *queue, struct store *store, uint32_t attempts_max,
                        uint64_t seed)
{
    *queue = (struct webhook_queue){.store = store};
    deliveries_init(&queue->deliveries, attempts_max, seed);
    list_init(&queue->rows);
    list_init(&queue->jobs);
    list_init(&queue->done);
    list_init(&queue->buried);
    arena_init(&queue->arena);
}

static void rows_free(struct list *rows)
{
    for (struct list *at; (at = list_pop_front(rows)) != NULL;)
        free(LIST_ITEM(at, struct webhook_row, node));
}

static void jobs_free(struct list *jobs)
{
    for (struct list *at; (at = list_pop_front(jobs)) != NULL;)
        free(LIST_ITEM(at, struct webhook_job, node));
}

void webhook_queue_fini(struct webhook_queue *queue)
{
    deliveries_fini(&queue->deliveries);
    jobs_free(&queue->jobs);
    jobs_free(&queue->buried);
    rows_free(&queue->rows);
    rows_free(&queue->done);
    arena_fini(&queue->arena);
}

/* ---- From rows to jobs ---- */

static void queue_add(struct webhook_queue *queue, struct webhook_row *row,
                      const wire_outbox_entry *entry, enum webhook_type type,
                      struct webhook_now now)
{
    bool is_push = type == WEBHOOK_PUSH_SEND || type == WEBHOOK_PUSH_WITHDRAW;
    bool is_told = entry->only[0] == 0 || strcmp(entry->only, webhook_type_name(type)) == 0;
    uint64_t age_ms = now.wall_ms > hlc_ms(entry->time) ? now.wall_ms - hlc_ms(entry->time) : 0;
    if ((queue->types & 1u << type) == 0 || !is_told)
        return;
    struct webhook_job *job = memory_new(sizeof(*job));
    job->row = row;
    job->item = (struct webhook_item){
        .type = type,
        .origin = entry->origin,
        .seq = entry->seq,
        .time = entry->time,
        .target_seq = entry->target_seq,
        .withdraws = entry->withdraws_notifications,
    };
    snprintf(job->item.conversation, sizeof(job->item.conversation), "%s", entry->conversation);
    uint64_t due_ms = now.steady_ms;
    if (type == WEBHOOK_PUSH_SEND && age_ms < queue->push_delay_ms)
        due_ms = (due_ms + queue->push_delay_ms - age_ms + QUEUE_TICK_MS - 1) / QUEUE_TICK_MS *
                 QUEUE_TICK_MS; /* so that many become due at once */
    deliveries_add(&queue->deliveries, &job->delivery, view_of(job->item.conversation),
                   is_push ? DELIVERY_OF_PUSHES : DELIVERY_OF_EVENTS, due_ms, now.steady_ms);
    list_push_back(&queue->jobs, &job->node);
    row->left++;
}

static void queue_add_entry(struct webhook_queue *queue, struct webhook_row *row, struct view bytes,
                            struct webhook_now now)
{
    ProtobufCAllocator allocator;
    arena_allocator(&queue->arena, &allocator);
    const wire_outbox_entry *entry =
        unsay__v1__outbox_entry__unpack(&allocator, bytes.size, bytes.data);
    if (entry == NULL) {
        queue->damaged++;
        return;
    }
    if (entry->kind == WIRE(OUTBOX_KIND, MESSAGE)) {
        queue_add(queue, row, entry, WEBHOOK_MESSAGE_COMMITTED, now);
        queue_add(queue, row, entry, WEBHOOK_PUSH_SEND, now);
    } else if (entry->kind == WIRE(OUTBOX_KIND, RECALL)) {
        queue_add(queue, row, entry, WEBHOOK_RECALL_COMMITTED, now);
        if (entry->withdraws_notifications)
            queue_add(queue, row, entry, WEBHOOK_PUSH_WITHDRAW, now);
    }
}

static void row_end(struct webhook_queue *queue, struct webhook_row *row)
{
    list_remove(&row->node);
    list_push_back(&queue->done, &row->node);
}

static void queue_add_row(struct webhook_queue *queue, const struct store_outbox *stored,
                          struct webhook_now now)
{
    struct webhook_row *row = memory_new(sizeof(*row));
    row->number = stored->number;
    list_push_back(&queue->rows, &row->node);
    for (size_t i = 0; i < stored->count; i++)
        queue_add_entry(queue, row, stored->entries[i], now);
    if (row->left == 0)
        row_end(queue, row);
}

enum status webhook_queue_read(struct webhook_queue *queue, struct webhook_now now)
{
    struct store_outbox rows[QUEUE_ROWS];
    size_t count = QUEUE_ROWS;
    enum status status = STATUS_OK;
    bool is_empty = list_is_empty(&queue->rows) && list_is_empty(&queue->done);
    if (is_empty && now.steady_ms >= queue->rescan_ms) {
        queue->read = 0;
        queue->rescan_ms = now.steady_ms + QUEUE_RESCAN_MS;
    }
    while (status == STATUS_OK && count == QUEUE_ROWS &&
           queue->deliveries.count < LIMIT_WEBHOOK_WINDOW) {
        arena_reset(&queue->arena);
        status =
            store_read_outbox(queue->store, queue->read, QUEUE_ROWS, &queue->arena, rows, &count);
        for (size_t i = 0; status == STATUS_OK && i < count; i++) {
            queue_add_row(queue, &rows[i], now);
            queue->read = rows[i].number;
        }
    }
    return status;
}

/* ---- Jobs ---- */

struct webhook_job *webhook_queue_next(struct webhook_queue *queue, uint64_t now_ms,
                                       uint64_t *wake_ms)
{
    struct delivery *delivery = deliveries_next(&queue->deliveries, now_ms, wake_ms);
    return delivery == NULL ? NULL : LIST_ITEM(delivery, struct webhook_job, delivery);
}

static void job_leave(struct webhook_queue *queue, struct webhook_job *job, uint64_t now_ms)
{
    deliveries_remove(&queue->deliveries, &job->delivery, now_ms);
    list_remove(&job->node);
    if (--job->row->left == 0)
        row_end(queue, job->row);
    job->row = NULL;
}

void webhook_queue_end(struct webhook_queue *queue, struct webhook_job *job, uint64_t now_ms)
{
    job_leave(queue, job, now_ms);
    free(job);
}

void webhook_queue_bury(struct webhook_queue *queue, struct webhook_job *job, uint64_t now_ms)
{
    job_leave(queue, job, now_ms);
    list_push_back(&queue->buried, &job->node);
}

size_t webhook_queue_trim(struct webhook_queue *queue, uint64_t now_ms)
{
    uint64_t end = store_outbox_end(queue->store);
    size_t count = 0;
    struct list *next;
    for (struct list *at = queue->jobs.next; at != &queue->jobs; at = next) {
        struct webhook_job *job = LIST_ITEM(at, struct webhook_job, node);
        next = at->next;
        if (end - job->row->number <= LIMIT_OUTBOX_COMMITS_MAX)
            break;
        if (job->delivery.is_under_way)
            continue;
        if (job->reason[0] == 0)
            snprintf(job->reason, sizeof(job->reason), "too much was waiting");
        webhook_queue_bury(queue, job, now_ms);
        count++;
    }
    return count;
}

uint64_t webhook_queue_oldest_ms(const struct webhook_queue *queue)
{
    if (list_is_empty(&queue->jobs))
        return 0;
    return hlc_ms(LIST_ITEM(queue->jobs.next, struct webhook_job, node)->item.time);
}

/* ---- Writing ---- */

static struct view letter_of(const struct webhook_job *job, uint64_t wall_ms, struct arena *arena)
{
    wire_dead_letter letter = UNSAY__V1__DEAD_LETTER__INIT;
    wire_outbox_entry entry = UNSAY__V1__OUTBOX_ENTRY__INIT;
    bool is_recall = job->item.target_seq != 0;
    entry.kind = is_recall ? WIRE(OUTBOX_KIND, RECALL) : WIRE(OUTBOX_KIND, MESSAGE);
    entry.conversation = string_of(job->item.conversation);
    entry.origin = job->item.origin;
    entry.seq = job->item.seq;
    entry.time = job->item.time;
    entry.target_seq = job->item.target_seq;
    entry.withdraws_notifications = job->item.withdraws;
    entry.only = string_of(webhook_type_name(job->item.type));
    letter.entry = &entry;
    letter.attempts = job->delivery.attempts;
    letter.since_ms = wall_ms;
    letter.reason = string_of(job->reason);
    size_t size = unsay__v1__dead_letter__get_packed_size(&letter);
    uint8_t *bytes = arena_alloc(arena, size);
    unsay__v1__dead_letter__pack(&letter, bytes);
    return view_make(bytes, size);
}

static size_t list_count(const struct list *list)
{
    size_t count = 0;
    for (const struct list *at = list->next; at != list; at = at->next)
        count++;
    return count;
}

enum status webhook_queue_settle(struct webhook_queue *queue, uint64_t wall_ms, size_t *lost,
                                 struct failure *failure)
{
    size_t rows = list_count(&queue->done);
    size_t letters = list_count(&queue->buried);
    size_t at = 0;
    *lost = 0;
    if (rows == 0 && letters == 0)
        return STATUS_OK;
    arena_reset(&queue->arena);
    uint64_t *numbers = arena_alloc(&queue->arena, (rows + 1) * sizeof(*numbers));
    struct view *bytes = arena_alloc(&queue->arena, (letters + 1) * sizeof(*bytes));
    for (struct list *node = queue->done.next; node != &queue->done; node = node->next)
        numbers[at++] = LIST_ITEM(node, struct webhook_row, node)->number;
    at = 0;
    for (struct list *node = queue->buried.next; node != &queue->buried; node = node->next)
        bytes[at++] = letter_of(LIST_ITEM(node, struct webhook_job, node), wall_ms, &queue->arena);
    enum status status =
        store_settle_outbox(queue->store, numbers, rows, bytes, letters, lost, failure);
    if (status == STATUS_OK) {
        rows_free(&queue->done);
        jobs_free(&queue->buried);
    }
    return status;
}
