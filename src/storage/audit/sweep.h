/* Clearing away what a log's directory should not hold. */
#ifndef UNSAY_STORAGE_AUDIT_SWEEP_H
#define UNSAY_STORAGE_AUDIT_SWEEP_H

#include "storage/audit/files.h"

/* Removes tiles beyond a log of `size` entries, which a batch left behind that did not come to its
 * end; partial tiles whose full one is there; and replacements that were not made. Looks only at
 * the right edge, as far ahead as a million entries. */
void sweep_run(struct files *files, uint64_t size);

#endif
