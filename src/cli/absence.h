/* What a person is told on standard error while a device catches up: how far it is, on a terminal,
 * and in the end what it skipped. */
#ifndef UNSAY_CLI_ABSENCE_H
#define UNSAY_CLI_ABSENCE_H

#include "base/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ABSENCE_RANGES_MAX = 32 };

struct absence_range {
    char conversation[LIMIT_CONVERSATION_ID_BYTES_MAX + 1];
    uint64_t after;
    uint64_t before;
};

struct absence {
    struct absence_range ranges[ABSENCE_RANGES_MAX]; /* skipped, and not told yet */
    size_t count;
    size_t untold; /* further ranges, of other conversations */
    bool has_line; /* progress stands on the terminal's last line */
};

/* Events with after < seq < before were skipped. Parts of a range are told as one. */
void absence_skipped(struct absence *absence, const char *conversation, uint64_t after,
                     uint64_t before);

void absence_progress(struct absence *absence, uint64_t done, uint64_t total);

/* Takes the progress away, and tells what was skipped. */
void absence_tell(struct absence *absence);

#endif
