/* What the log's entries say, and how they are found again: by time, and by words in postings of
 * the store (store_list_postings). */
#ifndef UNSAY_STORAGE_AUDIT_ENTRY_H
#define UNSAY_STORAGE_AUDIT_ENTRY_H

#include "base/arena.h"
#include "core/contract.h"
#include "storage/store.h"

/* NULL when malformed; lives in the arena. */
wire_audit_entry *audit_entry_decode(struct view bytes, struct arena *arena);

/* "recalled", "already_recalled", "pending", or the name of the refusal; "" where nothing was
 * decided. */
const char *audit_entry_outcome(const wire_audit_entry *entry);

/* The kinds of words; numbers are on the disk. */
enum audit_dimension {
    AUDIT_BY_OPERATOR = 1,     /* a user */
    AUDIT_BY_CONVERSATION = 2, /* an id */
    AUDIT_BY_OUTCOME = 3,      /* see audit_entry_outcome */
    AUDIT_BY_KIND = 4          /* "policy": a policy came, or stayed, in force */
};

/* A posting's bytes are the distances from each index to the next, as varints. */
enum { AUDIT_POSTING_INDEXES_MAX = 1024 };

/* The postings for entries [first, first + count); the same entries give the same postings. They
 * live in the arena. */
struct store_posting *audit_postings_make(uint64_t first, const struct view *entries, size_t count,
                                          struct arena *arena, size_t *posting_count);

/* The indexes that a posting leads to, ascending; false when it is malformed. */
bool audit_posting_read(const struct store_posting *posting,
                        uint64_t indexes[AUDIT_POSTING_INDEXES_MAX], size_t *count);

#endif
