/* Reading the tree of a log from its tiles, as it is at a given size. Nothing is verified here but
 * the form of the files; see verify.h. */
#ifndef UNSAY_STORAGE_AUDIT_TREE_H
#define UNSAY_STORAGE_AUDIT_TREE_H

#include "base/arena.h"
#include "storage/audit/files.h"
#include "storage/audit/tile.h"

struct tree {
    struct files *files;   /* lent */
    struct hasher *hasher; /* lent; may be NULL where only files are read */
    uint64_t size;
};

/* The bytes of a tile's or bundle's file: the partial one, or the full one that took its place;
 * *width tells which. NOT_FOUND when there is neither. `failure` may be NULL. */
MUST_CHECK enum status tree_read_file(const struct tree *tree, const struct tile *tile,
                                      struct buffer *bytes, unsigned *width,
                                      struct failure *failure);

/* The tile's hashes, as many as its width says; CORRUPT when the file holds less. */
MUST_CHECK enum status tree_read_tile(const struct tree *tree, const struct tile *tile,
                                      struct hash hashes[TILE_WIDTH], struct failure *failure);

/* The bundle's entries, as many as its width says; views into `bytes`. */
MUST_CHECK enum status tree_read_bundle(const struct tree *tree, const struct tile *tile,
                                        struct buffer *bytes, struct view entries[TILE_WIDTH],
                                        struct failure *failure);

/* Entries [index, index + count), copied into the arena; NOT_FOUND when the tree is smaller. */
MUST_CHECK enum status tree_read_entries(const struct tree *tree, uint64_t index, size_t count,
                                         struct arena *arena, struct view *entries,
                                         struct failure *failure);

/* MTH(D[start:end]) of RFC 6962, 2.1: a root when start is 0. Where start is not 0, the range is
 * one that the tree's own recursion comes to. */
MUST_CHECK enum status tree_hash(const struct tree *tree, uint64_t start, uint64_t end,
                                 struct hash *hash, struct failure *failure);

/* ---- Inclusion proofs: RFC 6962, 2.1.1 ---- */

enum { PROOF_HASHES_MAX = 64 };

/* From the leaf's sibling up; index < tree->size. */
MUST_CHECK enum status tree_prove(const struct tree *tree, uint64_t index,
                                  struct hash proof[PROOF_HASHES_MAX], unsigned *count,
                                  struct failure *failure);

/* The entry whose leaf hash this is stands at `index` in the tree of `size` entries. */
bool proof_check(struct hasher *hasher, uint64_t index, uint64_t size, struct hash leaf,
                 const struct hash *proof, unsigned count, const struct hash *root);

#endif
