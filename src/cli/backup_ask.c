#include "cli/backup.h"
#include "cli/when.h"
#include "storage/backup/restore.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { ASK_LINE_BYTES = 8192, ASK_PATH_BYTES = 4200 };

/* The server's control socket; -1: none is listening. Its directory may have a longer name than an
 * address has room for. */
static int ask_connect(const char *data)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int directory = open(data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int fd = directory < 0 ? -1 : socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (directory >= 0)
        snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/control.sock",
                 directory);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        close(fd);
        fd = -1;
    }
    if (directory >= 0)
        close(directory);
    return fd;
}

/* Numbers and nothing else, with a space between. */
static bool numbers_read(const char *text, uint64_t *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char *rest;
        numbers[i] = strtoull(text, &rest, 10);
        if (rest == text || *rest != (i + 1 < count ? ' ' : 0))
            return false;
        text = rest + 1;
    }
    return true;
}

/* OK with *is_end where the line was the last one. */
static enum status ask_take(const char *line, struct backup *made, bool *is_end,
                            struct failure *failure)
{
    uint64_t numbers[6];
    *is_end = true;
    if (strncmp(line, "failed ", 7) == 0)
        return failure_set(failure, STATUS_IO, "%s", line + 7);
    if (strncmp(line, "done ", 5) == 0 && numbers_read(line + 5, numbers, 6)) {
        *made = (struct backup){.id = numbers[0],
                                .time_ms = numbers[1],
                                .audit_entries = numbers[2],
                                .files = numbers[3],
                                .bytes = numbers[4],
                                .new_bytes = numbers[5]};
        return STATUS_OK;
    }
    *is_end = false;
    if (strncmp(line, "progress ", 9) == 0 && numbers_read(line + 9, numbers, 2))
        backup_show_progress(numbers[0], numbers[1]);
    return STATUS_OK;
}

static enum status ask_server(int fd, const char *to, struct backup *made, struct failure *failure)
{
    char line[ASK_LINE_BYTES];
    bool is_end = false;
    enum status status = STATUS_OK;
    FILE *stream = fdopen(fd, "r+e");
    if (stream == NULL || fprintf(stream, "backup %s\n", to) < 0 || fflush(stream) != 0)
        status = STATUS_UNREACHABLE;
    while (status == STATUS_OK && !is_end) {
        if (fgets(line, sizeof(line), stream) == NULL)
            status = STATUS_UNREACHABLE;
        line[strcspn(line, "\n")] = 0;
        if (status == STATUS_OK)
            status = ask_take(line, made, &is_end, failure);
    }
    if (status == STATUS_UNREACHABLE)
        failure_set(failure, status,
                    "the server ended in the middle; run unsay backup list to see what is there, "
                    "and try again");
    if (stream == NULL)
        close(fd);
    else
        fclose(stream);
    return status;
}

static void ask_progress(void *context, uint64_t bytes, uint64_t bytes_of)
{
    (void)context;
    backup_show_progress(bytes, bytes_of);
}

/* No server runs: the store is ours for as long as it takes. */
static enum status ask_here(const char *data, const char *to, struct backup *made,
                            struct failure *failure)
{
    char path[ASK_PATH_BYTES];
    struct store_options options = {.directory = path};
    struct backup_request request = {
        .data = data, .to = to, .now_ms = when_now_ms(), .on_progress = ask_progress};
    snprintf(path, sizeof(path), "%s/store/FORMAT", data);
    if (access(path, F_OK) != 0)
        return failure_set(failure, STATUS_NOT_FOUND, "there is no store in %s", data);
    snprintf(path, sizeof(path), "%s/store", data);
    enum status status = restore_check_ended(data, failure);
    if (status == STATUS_OK)
        status = store_open_rocksdb(&options, &request.store, failure);
    if (status == STATUS_IN_USE)
        failure_set(
            failure, status,
            "a process has the store in %s, and no server answers at its control.sock: wait "
            "until the server has started, look into its log, or end the other command",
            data);
    if (status == STATUS_OK)
        status = backup_make(&request, made, failure);
    store_close(request.store);
    return status;
}

enum status backup_ask(const char *data, const char *to, struct backup *made,
                       struct failure *failure)
{
    int fd = ask_connect(data);
    *made = (struct backup){.id = 0};
    return fd < 0 ? ask_here(data, to, made, failure) : ask_server(fd, to, made, failure);
}
