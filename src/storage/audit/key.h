/* The key that signs the log: `audit.key`, 32 bytes that only its owner reads, and `audit.pub`, the
 * line to hand out. Both lie in the data directory, not with the log. */
#ifndef UNSAY_STORAGE_AUDIT_KEY_H
#define UNSAY_STORAGE_AUDIT_KEY_H

#include "storage/audit/note.h"

/* Reads the key, or makes one when there is none. `name` is the origin of a log that begins now;
 * one whose key was handed out keeps its name, also when the store is a new one. UNTRUSTED when
 * others may read it, or when audit.pub is another key's. The caller owns the signer's secret
 * (note_signer_fini). */
MUST_CHECK enum status audit_key_open(const char *directory, const char *name,
                                      struct note_signer *signer, struct failure *failure);

#endif
