/* The index of a message: which message it is, and a Bloom filter of its terms (and of the pairs of
 * characters that follow each other). It holds no text. A filter says "no" or "maybe"; what may
 * match is looked up and read.
 *
 *    0  u16  size of the entry, bytes
 *    2  u8   the filter has 2 to the power of this many bits, 6-15; 0: erased
 *    3  u8   size of the conversation's id
 *    4  u32  origin
 *    8  u64  time, milliseconds
 *   16  u64  seq
 *   24       the conversation's id, then the filter
 *
 * in the machine's byte order. An erased entry is zeros but for its size, so that erasing moves
 * nothing. Entries stand one after the other. */
#ifndef UNSAY_CLIENT_SEARCH_ENTRY_H
#define UNSAY_CLIENT_SEARCH_ENTRY_H

#include "base/buffer.h"
#include "client/search_query.h"

/* Which message; the later it was sent the newer it is. */
struct search_key {
    uint64_t time_ms;
    uint64_t seq;
    uint32_t origin;
    struct view conversation;
};

struct search_entry {
    struct search_key key; /* its view lies in the entries */
    struct view filter;    /* likewise; empty: erased */
};

/* <0 when `a` is older than `b`, 0 when they are the same, else >0. */
int search_key_compare(const struct search_key *a, const struct search_key *b);

void search_entry_append(struct buffer *entries, const struct search_key *key,
                         const struct search_terms *terms);

/* Erases the entry at `bytes`, in place. */
void search_entry_erase(uint8_t *bytes, size_t size);

/* The entry at *at; moves on. False at the end, and, with *at before it, where they are damaged. */
bool search_entry_next(struct view entries, size_t *at, struct search_entry *entry);

/* False: the message does not match. */
bool search_entry_may_match(const struct search_entry *entry, const struct search_query *query);

#endif
