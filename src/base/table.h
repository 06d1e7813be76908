/* A hash table from bytes to pointers: open addressing, linear probing, at most 3/4 full, shrinking
 * never. Keys are lent: they live in the value, and must outlive their entry. Hashing is SipHash
 * with a key drawn at process start, so a peer that chooses names cannot choose collisions. */
#ifndef UNSAY_BASE_TABLE_H
#define UNSAY_BASE_TABLE_H

#include "base/view.h"

struct table_slot {
    struct view key;
    void *value; /* NULL: free */
    uint64_t hash;
};

struct table {
    struct table_slot *slots; /* owned */
    size_t capacity;          /* 0 or a power of two */
    size_t count;
};

/* Sets the process's hash key, once, before the first table is used. A simulation sets a fixed one.
 * Without a call the key is zero. */
void table_seed(const uint8_t key[16]);

uint64_t table_hash(struct view key);

void table_init(struct table *table);
void table_fini(struct table *table);

/* NULL when absent. */
void *table_get(const struct table *table, struct view key);

/* Adds, or replaces key and value of an entry with an equal key; returns the value replaced, or
 * NULL. `value` is not NULL. */
void *table_put(struct table *table, struct view key, void *value);

/* Returns the value taken out, or NULL. */
void *table_remove(struct table *table, struct view key);

/* Walks in no particular order: *at starts at 0; NULL at the end. The table must not change
 * meanwhile. */
void *table_next(const struct table *table, size_t *at);

#endif
