/* What the machine knows of the server: its clock, its memory, its files. */
#include "server/clock.h"
#include "server/metrics_internal.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

void metrics_append_clock(struct buffer *text)
{
    struct clock_health health = clock_health_read();
    metrics_append(text, METRIC_unsay_clock_synchronised, health.is_synchronised ? 1 : 0);
    metrics_append(text, METRIC_unsay_clock_error_max_seconds,
                   health.error_ms_max == UINT64_MAX ? INFINITY
                                                     : (double)health.error_ms_max / 1e3);
}

static double metrics_seconds(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

/* Zeroes where the kernel does not tell. */
static void metrics_append_memory(struct buffer *text)
{
    char line[128] = "";
    char *rest = line;
    double page = (double)sysconf(_SC_PAGESIZE);
    FILE *in = fopen("/proc/self/statm", "re");
    if (in != NULL) {
        if (fgets(line, sizeof(line), in) == NULL)
            line[0] = 0;
        fclose(in);
    }
    unsigned long pages = strtoul(line, &rest, 10);
    unsigned long resident = strtoul(rest, NULL, 10);
    metrics_append(text, METRIC_process_resident_memory_bytes, (double)resident * page);
    metrics_append(text, METRIC_process_virtual_memory_bytes, (double)pages * page);
}

static void metrics_append_files(struct buffer *text)
{
    struct rlimit limit = {.rlim_cur = 0};
    double count = -1; /* the directory that is read is open, too */
    DIR *directory = opendir("/proc/self/fd");
    if (directory != NULL) {
        for (const struct dirent *entry; (entry = readdir(directory)) != NULL;)
            count += entry->d_name[0] != '.';
        closedir(directory);
    }
    getrlimit(RLIMIT_NOFILE, &limit);
    metrics_append(text, METRIC_process_open_fds, count < 0 ? 0 : count);
    metrics_append(text, METRIC_process_max_fds,
                   limit.rlim_cur == RLIM_INFINITY ? INFINITY : (double)limit.rlim_cur);
}

void metrics_append_process(struct buffer *text, uint64_t started_ms)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    double uptime = ((double)clock_wall_ms() - (double)started_ms) / 1e3;
    metrics_begin(text, METRIC_unsay_build_info);
    metrics_sample(text, METRIC_unsay_build_info, "version=\"" UNSAY_VERSION "\"", 1);
    metrics_append(text, METRIC_unsay_uptime_seconds, uptime < 0 ? 0 : uptime);
    metrics_append(text, METRIC_process_cpu_seconds_total,
                   metrics_seconds(usage.ru_utime) + metrics_seconds(usage.ru_stime));
    metrics_append(text, METRIC_process_resident_memory_max_bytes, (double)usage.ru_maxrss * 1024);
    metrics_append(text, METRIC_process_start_time_seconds, (double)started_ms / 1e3);
    metrics_append_memory(text);
    metrics_append_files(text);
}
