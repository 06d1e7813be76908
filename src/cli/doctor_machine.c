/* unsay doctor: the machine: libraries, clock, limits, disk. */
#include "cli/doctor.h"

#include "base/limits.h"
#include "core/policy.h"
#include "server/clock.h"
#include "unsay/unsay.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <microhttpd.h>
#include <openssl/crypto.h>
#include <protobuf-c/protobuf-c.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

enum {
    FILES_BESIDES_CONNECTIONS = 1024,
    DISK_FREE_BYTES_LOW = 1 << 30,
    SYNCS = 8,
    SYNC_BYTES = 16384,
    SYNC_US_SLOW = 20000
};

void doctor_check_versions(struct doctor *doctor)
{
    doctor_find(doctor, DOCTOR_OK, "versions",
                "unsay %s, libuv %s, %s, SQLite %s, libsodium %s, jansson %s, libmicrohttpd %s, "
                "protobuf-c %s",
                unsay_version(), uv_version_string(), OpenSSL_version(OPENSSL_VERSION),
                sqlite3_libversion(), sodium_version_string(), jansson_version_str(),
                MHD_get_version(), protobuf_c_version());
}

void doctor_check_clock(struct doctor *doctor)
{
    struct clock_health clock = clock_health_read();
    unsigned long long error_ms = clock.error_ms_max;
    if (!clock.is_known)
        doctor_find(doctor, DOCTOR_WARNING, "clock",
                    "the kernel does not tell its state, so recall windows follow a clock that may "
                    "be wrong; look at the host's");
    else if (!clock.is_synchronised)
        doctor_find(
            doctor, DOCTOR_WARNING, "clock",
            "not synchronised, so recall windows follow a clock that may be wrong; run an "
            "NTP service, such as chrony or systemd-timesyncd. In a container or a virtual "
            "machine look at the host's clock: it may be well kept, unknown to this kernel");
    else if (clock_health_is_unsure(&clock, policy_default.clock_error_max_ms))
        doctor_find(doctor, DOCTOR_WARNING, "clock",
                    "synchronised, but it may be off by up to %llu ms; check the time servers",
                    error_ms);
    else
        doctor_find(doctor, DOCTOR_OK, "clock",
                    "synchronised, off by at most %llu ms, likely by %llu ms", error_ms,
                    (unsigned long long)clock.error_ms_likely);
}

void doctor_check_files(struct doctor *doctor, const struct config *config)
{
    struct rlimit limit;
    rlim_t needed = (rlim_t)config->connections_max + FILES_BESIDES_CONNECTIONS;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        doctor_find(doctor, DOCTOR_WARNING, "open files", "the limit is not known: %s",
                    strerror(errno));
    } else if (limit.rlim_max < needed) {
        doctor_find(doctor, DOCTOR_WARNING, "open files",
                    "at most %llu, but %u connections need %llu; raise the limit (LimitNOFILE in "
                    "systemd, ulimit -n), or lower connections_max",
                    (unsigned long long)limit.rlim_max, config->connections_max,
                    (unsigned long long)needed);
    } else {
        doctor_find(doctor, DOCTOR_OK, "open files", "up to %llu, enough for %u connections",
                    (unsigned long long)limit.rlim_max, config->connections_max);
    }
}

static int64_t doctor_now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* The longest of some writes with their sync, in microseconds; -1 when one fails. */
static int64_t doctor_sync_us(const char *directory)
{
    static const uint8_t bytes[SYNC_BYTES];
    char path[4200];
    int64_t longest_us = 0;
    snprintf(path, sizeof(path), "%s/doctor.XXXXXX", directory);
    int fd = mkstemp(path);
    if (fd < 0)
        return -1;
    for (int i = 0; i < SYNCS && longest_us >= 0; i++) {
        int64_t begin_us = doctor_now_us();
        bool is_written =
            write(fd, bytes, sizeof(bytes)) == (ssize_t)sizeof(bytes) && fdatasync(fd) == 0;
        int64_t took_us = doctor_now_us() - begin_us;
        longest_us = !is_written ? -1 : took_us > longest_us ? took_us : longest_us;
    }
    close(fd);
    unlink(path);
    return longest_us;
}

static void doctor_check_space(struct doctor *doctor, const char *directory)
{
    struct statvfs space;
    if (statvfs(directory, &space) != 0) {
        doctor_find(doctor, DOCTOR_PROBLEM, "disk space", "%s: %s", directory, strerror(errno));
        return;
    }
    uint64_t free_bytes = (uint64_t)space.f_bavail * space.f_frsize;
    unsigned long long mib = free_bytes >> 20;
    if (free_bytes < LIMIT_DISK_FREE_BYTES_MIN)
        doctor_find(doctor, DOCTOR_PROBLEM, "disk space",
                    "%llu MiB free; the server refuses writes below %d MiB. Make room", mib,
                    LIMIT_DISK_FREE_BYTES_MIN >> 20);
    else if (free_bytes < DISK_FREE_BYTES_LOW)
        doctor_find(doctor, DOCTOR_WARNING, "disk space", "%llu MiB free; make room soon", mib);
    else
        doctor_find(doctor, DOCTOR_OK, "disk space", "%llu MiB free", mib);
}

static void doctor_check_sync(struct doctor *doctor, const char *directory)
{
    int64_t sync_us = doctor_sync_us(directory);
    if (sync_us < 0)
        doctor_find(doctor, DOCTOR_PROBLEM, "disk", "cannot write in %s: %s", directory,
                    strerror(errno));
    else if (sync_us > SYNC_US_SLOW)
        doctor_find(doctor, DOCTOR_WARNING, "disk",
                    "a write and its sync took up to %.1f ms; every message waits for one, so use "
                    "a faster disk",
                    (double)sync_us / 1000);
    else
        doctor_find(doctor, DOCTOR_OK, "disk", "a write and its sync took at most %.1f ms",
                    (double)sync_us / 1000);
}

void doctor_check_disk(struct doctor *doctor, const struct config *config)
{
    struct stat status;
    const char *data = config->data;
    if (stat(data, &status) != 0 && errno == ENOENT) {
        doctor_find(doctor, DOCTOR_OK, "data", "%s does not exist; the server makes it", data);
        data = ".";
    } else if (stat(data, &status) != 0 || !S_ISDIR(status.st_mode)) {
        doctor_find(doctor, DOCTOR_PROBLEM, "data", "%s is not a directory that can be read", data);
        return;
    } else if (access(data, R_OK | W_OK | X_OK) != 0) {
        doctor_find(doctor, DOCTOR_PROBLEM, "data",
                    "%s belongs to another user; run as that user, or: chown -R %u %s", data,
                    (unsigned)geteuid(), data);
        return;
    } else if ((status.st_mode & 077) != 0) {
        doctor_find(doctor, DOCTOR_WARNING, "data", "others can look into %s; run: chmod 700 %s",
                    data, data);
    } else {
        doctor_find(doctor, DOCTOR_OK, "data", "%s is private and can be written", data);
    }
    doctor_check_space(doctor, data);
    doctor_check_sync(doctor, data);
}
