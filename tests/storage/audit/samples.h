/* Logs for the tests: a directory of their own, a key, and entries that tell their index. */
#ifndef UNSAY_TESTS_STORAGE_AUDIT_SAMPLES_H
#define UNSAY_TESTS_STORAGE_AUDIT_SAMPLES_H

#include "storage/audit/log.h"
#include "storage/audit/verify.h"

enum { SAMPLE_PATH_BYTES = 256, SAMPLE_ENTRY_BYTES = 48 };

/* In memory where there is such a place: the tests sync a lot. */
void sample_directory_make(char path[SAMPLE_PATH_BYTES]);
void sample_directory_remove(const char *path);

void sample_signer(struct note_signer *signer);

/* Entry `index`: of a length that differs from its neighbours'; never the same twice. */
struct view sample_entry(uint64_t index, char text[SAMPLE_ENTRY_BYTES]);

/* Appends entries up to `size`, in one batch; the position is ten times the size. */
enum status sample_append(struct audit_log *log, uint64_t size, struct failure *failure);

/* A log of that size, in batches of at most `batch` entries, closed again. */
void sample_log(const char *directory, uint64_t size, uint64_t batch);

/* What verifying found. */
struct findings {
    struct finding list[64]; /* the first ones */
    uint64_t count;          /* that are no notes */
    uint64_t notes;
    struct checkpoint checkpoint;
};

void sample_verify(const char *directory, struct view since, struct findings *findings);

#endif
