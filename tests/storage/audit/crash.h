/* What became of a directory when the power went, or the process died, in the middle.
 *
 * The system calls that change files are wrapped by the linker (--wrap): they are carried out, and
 * recorded. From the record, the directory can be made anew as it was after the first N of them:
 *
 *   CRASH_KILLED   the process died: everything that was done is there
 *   CRASH_STRICT   the power went: only what was synced is there, names and content
 *   CRASH_MIXED    the power went: of what was not synced some is there, by a seed; what was being
 *                  written may be cut or empty
 *
 * Instead of being recorded, call number N can be made to fail. */
#ifndef UNSAY_TESTS_STORAGE_AUDIT_CRASH_H
#define UNSAY_TESTS_STORAGE_AUDIT_CRASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum crash_kind { CRASH_KILLED, CRASH_STRICT, CRASH_MIXED };

/* Records what happens below the directory from now on. */
void crash_record(const char *directory);

/* Leaves a mark in the record. */
void crash_mark(uint64_t mark);

/* Ends recording. How many calls there were. */
size_t crash_end(void);

/* Makes `directory`, which is empty, as it was after `calls` calls; returns the last mark before
 * that, or 0. */
uint64_t crash_restore(size_t calls, enum crash_kind kind, uint64_t seed, const char *directory);

/* Forgets the record. */
void crash_forget(void);

/* Call number `call` from now on (0: the next), below any directory, fails with `error`, and so do
 * the `more` calls after it. SIZE_MAX: none. */
void crash_fail(size_t call, size_t more, int error);

/* A call has been made to fail since then; *calls: how many were recorded before it. */
bool crash_has_failed(size_t *calls);

#endif
