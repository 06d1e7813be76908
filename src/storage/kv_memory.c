#include "storage/kv_memory.h"

#include "base/list.h"
#include "base/memory.h"
#include "base/prng.h"

#include <assert.h>
#include <pthread.h>

enum { LEVELS_MAX = 16 }; /* one node in four goes up: enough for 4^16 */

struct node {
    struct view key;   /* owned */
    struct view value; /* owned */
    struct node *previous;
    struct node *next[]; /* one for each level of the node */
};

struct kv_memory {
    struct kv kv;
    pthread_rwlock_t lock; /* guards all below */
    struct node *heads[KV_SPACES];
    struct prng levels;
    enum status fail_status;
    bool fail_is_applied;
    bool is_failed;
};

static struct kv_memory *memory_of(struct kv *kv)
{
    return LIST_ITEM(kv, struct kv_memory, kv);
}

static struct node *node_new(unsigned levels)
{
    return memory_new(sizeof(struct node) + levels * sizeof(struct node *));
}

static void bytes_free(struct view bytes)
{
    free((void *)(uintptr_t)bytes.data);
}

static struct view bytes_copy(struct view bytes)
{
    return view_make(memory_copy(bytes.data, bytes.size), bytes.size);
}

/* The last node below `key` on each level; the head where there is none. */
static struct node *node_find_below(struct node *head, struct view key, struct node **below)
{
    struct node *node = head;
    for (unsigned level = LEVELS_MAX; level-- > 0;) {
        while (node->next[level] != NULL && view_compare(node->next[level]->key, key) < 0)
            node = node->next[level];
        if (below != NULL)
            below[level] = node;
    }
    return node;
}

static void memory_remove(struct kv_memory *memory, const struct kv_entry *entry)
{
    struct node *below[LEVELS_MAX];
    struct node *head = memory->heads[entry->space];
    struct node *found = node_find_below(head, entry->key, below)->next[0];
    if (found == NULL || !view_equal(found->key, entry->key))
        return;
    if (found->next[0] != NULL)
        found->next[0]->previous = found->previous;
    for (unsigned level = 0; level < LEVELS_MAX && below[level]->next[level] == found; level++)
        below[level]->next[level] = found->next[level];
    bytes_free(found->key);
    bytes_free(found->value);
    free(found);
}

static void memory_put(struct kv_memory *memory, const struct kv_entry *entry)
{
    struct node *below[LEVELS_MAX];
    struct node *head = memory->heads[entry->space];
    struct node *found = node_find_below(head, entry->key, below)->next[0];

    if (found != NULL && view_equal(found->key, entry->key)) {
        bytes_free(found->value);
        found->value = bytes_copy(entry->value);
        return;
    }
    unsigned levels = 1;
    while (levels < LEVELS_MAX && prng_below(&memory->levels, 4) == 0)
        levels++;
    struct node *node = node_new(levels);
    node->key = bytes_copy(entry->key);
    node->value = bytes_copy(entry->value);
    node->previous = below[0];
    if (found != NULL)
        found->previous = node;
    for (unsigned level = 0; level < levels; level++) {
        node->next[level] = below[level]->next[level];
        below[level]->next[level] = node;
    }
}

static enum status memory_write(struct kv *kv, const struct kv_batch *batch,
                                struct failure *failure)
{
    struct kv_memory *memory = memory_of(kv);
    pthread_rwlock_wrlock(&memory->lock);
    enum status status = memory->fail_status;
    if (status == STATUS_OK || memory->fail_is_applied) {
        for (const struct kv_entry *entry = batch->first; entry != NULL; entry = entry->next) {
            if (entry->is_removal)
                memory_remove(memory, entry);
            else
                memory_put(memory, entry);
        }
    }
    memory->is_failed = status != STATUS_OK;
    pthread_rwlock_unlock(&memory->lock);
    if (status == STATUS_OK)
        return STATUS_OK;
    return failure_set(failure, status, "the store in memory was told to fail: %s",
                       status_text(status));
}

static enum status memory_get(struct kv *kv, enum kv_space space, struct view key,
                              struct arena *arena, struct view *value)
{
    struct kv_memory *memory = memory_of(kv);
    enum status status = STATUS_NOT_FOUND;
    pthread_rwlock_rdlock(&memory->lock);
    const struct node *node = node_find_below(memory->heads[space], key, NULL)->next[0];
    if (node != NULL && view_equal(node->key, key)) {
        *value = arena_copy(arena, node->value);
        status = STATUS_OK;
    }
    pthread_rwlock_unlock(&memory->lock);
    return status;
}

static enum status memory_scan(struct kv *kv, const struct kv_range *range, kv_visit *visit,
                               void *context)
{
    struct kv_memory *memory = memory_of(kv);
    pthread_rwlock_rdlock(&memory->lock);
    const struct node *head = memory->heads[range->space];
    const struct node *node;
    if (range->is_descending) {
        node = node_find_below(memory->heads[range->space], range->upper, NULL);
        while (node != head && view_compare(node->key, range->lower) >= 0 &&
               visit(context, node->key, node->value))
            node = node->previous;
    } else {
        node = node_find_below(memory->heads[range->space], range->lower, NULL)->next[0];
        while (node != NULL && view_compare(node->key, range->upper) < 0 &&
               visit(context, node->key, node->value))
            node = node->next[0];
    }
    pthread_rwlock_unlock(&memory->lock);
    return STATUS_OK;
}

static enum status memory_checkpoint(struct kv *kv, const char *directory, struct failure *failure)
{
    (void)kv;
    return failure_set(failure, STATUS_UNSUPPORTED, "a store in memory has nothing to put into %s",
                       directory);
}

static enum status memory_rewrite(struct kv *kv, enum kv_space space, enum kv_space listed,
                                  struct failure *failure)
{
    (void)kv;
    (void)space;
    (void)listed;
    (void)failure;
    return STATUS_OK;
}

static void memory_read_stats(struct kv *kv, struct store_stats *stats)
{
    struct kv_memory *memory = memory_of(kv);
    pthread_rwlock_rdlock(&memory->lock);
    stats->is_failed = memory->is_failed;
    pthread_rwlock_unlock(&memory->lock);
}

static void memory_close(struct kv *kv)
{
    struct kv_memory *memory = memory_of(kv);
    for (size_t space = 0; space < KV_SPACES; space++) {
        struct node *node = memory->heads[space];
        while (node != NULL) {
            struct node *next = node->next[0];
            bytes_free(node->key);
            bytes_free(node->value);
            free(node);
            node = next;
        }
    }
    pthread_rwlock_destroy(&memory->lock);
    free(memory);
}

static const struct kv_operations memory_operations = {
    .get = memory_get,
    .scan = memory_scan,
    .write = memory_write,
    .rewrite = memory_rewrite,
    .checkpoint = memory_checkpoint,
    .read_stats = memory_read_stats,
    .close = memory_close,
};

struct kv *kv_memory_new(void)
{
    struct kv_memory *memory = memory_new(sizeof(*memory));
    memory->kv.operations = &memory_operations;
    pthread_rwlock_init(&memory->lock, NULL);
    for (size_t space = 0; space < KV_SPACES; space++)
        memory->heads[space] = node_new(LEVELS_MAX);
    return &memory->kv;
}

void kv_memory_fail(struct kv *kv, enum status status, bool applied)
{
    assert(kv->operations == &memory_operations);
    struct kv_memory *memory = memory_of(kv);
    pthread_rwlock_wrlock(&memory->lock);
    memory->fail_status = status;
    memory->fail_is_applied = applied;
    pthread_rwlock_unlock(&memory->lock);
}

static bool bytes_contain(struct view bytes, struct view needle)
{
    return needle.size > 0 && bytes.size > 0 &&
           memmem(bytes.data, bytes.size, needle.data, needle.size) != NULL;
}

size_t kv_memory_count(struct kv *kv, struct view needle)
{
    assert(kv->operations == &memory_operations);
    struct kv_memory *memory = memory_of(kv);
    size_t count = 0;
    pthread_rwlock_rdlock(&memory->lock);
    for (size_t space = 0; space < KV_SPACES; space++) {
        for (const struct node *node = memory->heads[space]; node != NULL; node = node->next[0])
            count += (size_t)bytes_contain(node->key, needle) + bytes_contain(node->value, needle);
    }
    pthread_rwlock_unlock(&memory->lock);
    return count;
}
