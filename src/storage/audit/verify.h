/* Verifying a log from its files and the public key alone: every entry, every hash of every level,
 * the root and its signature. What is wrong is named: which entry, which file.
 *
 * The signed root vouches for the hashes under it, those for the hashes of the next level, and so
 * on down to the entries; and the entries give the hashes again from below. Where the two meet in
 * disagreement, there the damage is. */
#ifndef UNSAY_STORAGE_AUDIT_VERIFY_H
#define UNSAY_STORAGE_AUDIT_VERIFY_H

#include "base/status.h"
#include "storage/audit/note.h"
#include "storage/audit/tile.h"

enum finding_kind {
    FINDING_NOTE,       /* nothing is wrong, but it should be known */
    FINDING_FILE,       /* a file is damaged, missing, or does not belong here */
    FINDING_CHANGED,    /* an entry is not what was logged */
    FINDING_MISSING,    /* an entry is not where it was logged, and later ones have moved up */
    FINDING_INSERTED,   /* an entry that was never logged stands before this index */
    FINDING_MOVED,      /* another entry of the log stands in this one's place */
    FINDING_CHECKPOINT, /* size, root or signature */
    FINDING_KINDS
};

struct finding {
    enum finding_kind kind;
    uint64_t index; /* of the entry, for CHANGED to MOVED */
    char file[2 * TILE_PATH_BYTES];
    char text[320]; /* a sentence */
};

struct verification {
    const char *directory;
    const struct note_key *key;
    struct view since; /* an earlier checkpoint, as it was published */
    bool has_since;
    void (*on_finding)(void *context, const struct finding *finding);
    void (*on_progress)(void *context, uint64_t done, uint64_t size); /* may be NULL */
    void *context;

    struct checkpoint checkpoint; /* the answer: what was verified */
    uint64_t problems;            /* findings that are no notes */
};

/* OK when everything could be looked at, whatever was found. A failure means that the directory, or
 * the earlier checkpoint, could not be read. A log that is being written to meanwhile is verified
 * as its checkpoint says. */
MUST_CHECK enum status audit_verify(struct verification *verification, struct failure *failure);

#endif
