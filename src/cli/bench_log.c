#include "cli/bench_log.h"

#include "base/memory.h"
#include "cli/bench.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { RECORD_BYTES = 300, FILE_BYTES = 64 << 20, FILL_BYTES = 1 << 20 };

/* Blocks that are written already: a sync then has no metadata to write. */
static int log_make(char *path)
{
    int fd = mkostemp(path, O_CLOEXEC);
    if (fd < 0)
        return -1;
    unlink(path);
    uint8_t *fill = memory_new(FILL_BYTES);
    memset(fill, 'u', FILL_BYTES);
    for (off_t at = 0; at < FILE_BYTES; at += FILL_BYTES) {
        if (pwrite(fd, fill, FILL_BYTES, at) != FILL_BYTES) {
            close(fd);
            fd = -1;
            break;
        }
    }
    free(fill);
    if (fd >= 0 && fsync(fd) != 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static bool log_write(struct bench_log *log, int fd, const uint8_t *batch, unsigned records,
                      uint64_t until_ns)
{
    size_t size = (size_t)records * RECORD_BYTES;
    off_t at = 0;
    uint64_t then_ns = uv_hrtime();
    uint64_t start_ns = then_ns;
    while (then_ns < until_ns && !bench_is_interrupted()) {
        if (at + (off_t)size > FILE_BYTES)
            at = 0;
        if (pwrite(fd, batch, size, at) != (ssize_t)size || fdatasync(fd) != 0)
            return false;
        uint64_t now_ns = uv_hrtime();
        histogram_add(&log->sync, now_ns - then_ns);
        at += (off_t)size;
        log->records += records;
        log->syncs++;
        then_ns = now_ns;
    }
    log->elapsed_ns = then_ns - start_ns;
    return true;
}

enum status bench_log_run(struct bench_log *log, const char *directory, unsigned waiting_max,
                          unsigned seconds, struct failure *failure)
{
    char path[4096];
    unsigned records_max = FILE_BYTES / RECORD_BYTES;
    unsigned records = waiting_max < records_max ? waiting_max : records_max;
    snprintf(path, sizeof(path), "%s/unsay-bench-log-XXXXXX", directory);
    int fd = log_make(path);
    if (fd < 0)
        return failure_set(failure, STATUS_IO, "cannot write a file in %s: %s", directory,
                           strerror(errno));
    uint8_t *batch = memory_new((size_t)records * RECORD_BYTES);
    bool is_written =
        log_write(log, fd, batch, records, uv_hrtime() + (uint64_t)seconds * 1000000000);
    free(batch);
    close(fd);
    return is_written ? STATUS_OK
                      : failure_set(failure, STATUS_IO, "cannot write in %s: %s", directory,
                                    strerror(errno));
}
