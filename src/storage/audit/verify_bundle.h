/* Verifying one bundle: its entries against the hashes that they should have. */
#ifndef UNSAY_STORAGE_AUDIT_VERIFY_BUNDLE_H
#define UNSAY_STORAGE_AUDIT_VERIFY_BUNDLE_H

#include "storage/audit/tree.h"
#include "storage/audit/verify.h"

enum { BUNDLE_FINDINGS_MAX = 12 };

struct bundle_check {
    const struct tree *tree;
    struct tile tile;         /* of TILE_ENTRIES */
    const struct hash *truth; /* tile.width hashes; NULL: not known */
    bool is_sure;             /* they are those that were signed */
};

/* How many findings; what is beyond BUNDLE_FINDINGS_MAX is told by the last one. */
unsigned bundle_verify(const struct bundle_check *check,
                       struct finding findings[BUNDLE_FINDINGS_MAX]);

/* The hashes of the entries under a tile of level 0; false when not all are there. */
bool bundle_hash(const struct tree *tree, const struct tile *tile, struct hash hashes[TILE_WIDTH]);

#endif
