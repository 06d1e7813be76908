#include "base/table.h"

#include "base/memory.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>

enum { TABLE_FIRST_CAPACITY = 16 };

static uint8_t table_key[crypto_shorthash_KEYBYTES];

void table_seed(const uint8_t key[16])
{
    memcpy(table_key, key, sizeof(table_key));
}

uint64_t table_hash(struct view key)
{
    uint64_t hash;
    uint8_t out[crypto_shorthash_BYTES];
    crypto_shorthash(out, key.data, key.size, table_key);
    memcpy(&hash, out, sizeof(hash));
    return hash;
}

void table_init(struct table *table)
{
    *table = (struct table){NULL, 0, 0};
}

void table_fini(struct table *table)
{
    free(table->slots);
    table_init(table);
}

/* The slot that holds `key`, or the free slot where it would go. The table has a free slot. */
static struct table_slot *table_find(const struct table *table, struct view key, uint64_t hash)
{
    size_t mask = table->capacity - 1;
    for (size_t at = hash & mask;; at = (at + 1) & mask) {
        struct table_slot *slot = &table->slots[at];
        if (slot->value == NULL || (slot->hash == hash && view_equal(slot->key, key)))
            return slot;
    }
}

static void table_grow(struct table *table)
{
    struct table old = *table;
    table->capacity = old.capacity == 0 ? TABLE_FIRST_CAPACITY : old.capacity * 2;
    table->slots = memory_new_array(table->capacity, sizeof(*table->slots));
    for (size_t i = 0; i < old.capacity; i++) {
        if (old.slots[i].value != NULL)
            *table_find(table, old.slots[i].key, old.slots[i].hash) = old.slots[i];
    }
    free(old.slots);
}

void *table_get(const struct table *table, struct view key)
{
    return table->count == 0 ? NULL : table_find(table, key, table_hash(key))->value;
}

void *table_put(struct table *table, struct view key, void *value)
{
    assert(value != NULL);
    if (table->count + 1 > table->capacity / 4 * 3)
        table_grow(table);
    uint64_t hash = table_hash(key);
    struct table_slot *slot = table_find(table, key, hash);
    void *replaced = slot->value;
    if (replaced == NULL)
        table->count++;
    *slot = (struct table_slot){key, value, hash};
    return replaced;
}

void *table_remove(struct table *table, struct view key)
{
    if (table->count == 0)
        return NULL;
    struct table_slot *slot = table_find(table, key, table_hash(key));
    void *removed = slot->value;
    if (removed == NULL)
        return NULL;
    table->count--;

    /* Close the hole: move back every entry of the run that may not be reached across it. */
    size_t mask = table->capacity - 1;
    size_t hole = (size_t)(slot - table->slots);
    for (size_t at = (hole + 1) & mask; table->slots[at].value != NULL; at = (at + 1) & mask) {
        size_t home = table->slots[at].hash & mask;
        if (((at - home) & mask) >= ((at - hole) & mask)) {
            table->slots[hole] = table->slots[at];
            hole = at;
        }
    }
    table->slots[hole] = (struct table_slot){{NULL, 0}, NULL, 0};
    return removed;
}

void *table_next(const struct table *table, size_t *at)
{
    while (*at < table->capacity) {
        void *value = table->slots[(*at)++].value;
        if (value != NULL)
            return value;
    }
    return NULL;
}
