/* The log at the bottom of any durable server: records appended to a file that has its size
 * already, and one fdatasync for all that wait. As many records wait as requests are under way. */
#ifndef UNSAY_CLI_BENCH_LOG_H
#define UNSAY_CLI_BENCH_LOG_H

#include "base/status.h"
#include "cli/histogram.h"

struct bench_log {
    uint64_t records;
    uint64_t syncs;
    uint64_t elapsed_ns;
    struct histogram sync; /* of a write and its fdatasync */
};

/* Writes to a file in `directory` that is removed. */
MUST_CHECK enum status bench_log_run(struct bench_log *log, const char *directory,
                                     unsigned waiting_max, unsigned seconds,
                                     struct failure *failure);

#endif
