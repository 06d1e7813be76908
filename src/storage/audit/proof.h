/* A proof that an entry is in the log, as a text that is checked offline with the public key alone
 * (C2SP tlog-proof); the entry itself is its extra data.
 *
 *   c2sp.org/tlog-proof@v1
 *   extra BASE64                 the entry
 *   index 907
 *   gSKyXoYZUgZ6jduWYrkD...      hashes, from the leaf's sibling up
 *
 *   unsay/0195d3a1-...           the checkpoint, with its signature */
#ifndef UNSAY_STORAGE_AUDIT_PROOF_H
#define UNSAY_STORAGE_AUDIT_PROOF_H

#include "storage/audit/note.h"
#include "storage/audit/tree.h"

enum { PROOF_BYTES_MAX = 2 * TILE_ENTRY_BYTES_MAX };

/* Appends the proof of entry `index` under a checkpoint of tree->size entries to `text`. NOT_FOUND
 * when the tree has no such entry. */
MUST_CHECK enum status proof_write(const struct tree *tree, struct view checkpoint, uint64_t index,
                                   struct buffer *text, struct failure *failure);

struct proof {
    uint64_t index;
    struct checkpoint checkpoint;
    struct buffer entry; /* owned: buffer_fini */
};

/* OK: the entry stands at that index in the log of this key. MALFORMED, or UNTRUSTED: it does not
 * follow, and the failure says why. */
MUST_CHECK enum status proof_verify(struct view text, const struct note_key *key,
                                    struct proof *proof, struct failure *failure);

#endif
