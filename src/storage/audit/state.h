/* The file `state`: how far the log is durable. It alone says what belongs to the log; tiles beyond
 * it were being written when the process ended, and are written again.
 *
 *   unsay-audit-state 1
 *   size 1312                 entries
 *   position 907              the caller's, of the last batch
 *   batch 1290 894            size and position before the last batch
 *   root CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
 *   sum 0mDiExH3iW4J...       SHA-256 of the lines above: against accidents */
#ifndef UNSAY_STORAGE_AUDIT_STATE_H
#define UNSAY_STORAGE_AUDIT_STATE_H

#include "base/buffer.h"
#include "storage/audit/hash.h"

enum { AUDIT_STATE_BYTES_MAX = 512 };

struct audit_state {
    uint64_t size;
    uint64_t position;
    uint64_t batch_size;     /* entries before the last batch: its first index */
    uint64_t batch_position; /* position before it */
    struct hash root;
};

/* Appends the file's content to `bytes`. */
void audit_state_write(const struct audit_state *state, struct hasher *hasher,
                       struct buffer *bytes);

/* False unless the bytes are as audit_state_write writes them. */
bool audit_state_read(struct view bytes, struct hasher *hasher, struct audit_state *state);

#endif
