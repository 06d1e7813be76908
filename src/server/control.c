#include "server/control.h"

#include "base/memory.h"
#include "server/clock.h"
#include "server/log.h"
#include "storage/backup/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <uv.h>

enum { CONTROL_REQUEST_MS = 5000, CONTROL_TELL_MS = 100, CONTROL_DATA_BYTES = 90 };

static const char socket_name[] = "control.sock";

struct control {
    char *data; /* owned */
    struct store *store;
    struct auditor *auditor;
    int listening;
    int stopping; /* an eventfd: readable when the thread should end */
    atomic_bool is_stopping;
    uv_thread_t thread;

    /* The thread's own, of the request that it serves. */
    int client;
    uint64_t told_ms;
};

/* Whether the answer came off does not matter: what was asked for is done all the same. */
static void control_tell(const struct control *control, const char *line, int size)
{
    if (size > 0 && size < CONTROL_LINE_BYTES)
        (void)!send(control->client, line, (size_t)size, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void control_tell_failure(const struct control *control, const char *text)
{
    char line[CONTROL_LINE_BYTES];
    control_tell(control, line, snprintf(line, sizeof(line), "failed %s\n", text));
}

static void control_progress(void *context, uint64_t bytes, uint64_t bytes_of)
{
    struct control *control = context;
    char line[CONTROL_LINE_BYTES];
    uint64_t now_ms = uv_hrtime() / 1000000;
    if (now_ms - control->told_ms < CONTROL_TELL_MS)
        return;
    control->told_ms = now_ms;
    control_tell(
        control, line,
        snprintf(line, sizeof(line), "progress %" PRIu64 " %" PRIu64 "\n", bytes, bytes_of));
}

static bool control_is_cancelled(void *context)
{
    const struct control *control = context;
    return atomic_load(&control->is_stopping);
}

static enum status control_hold(void *context, struct failure *failure)
{
    const struct control *control = context;
    return auditor_hold(control->auditor, failure);
}

static void control_release(void *context)
{
    const struct control *control = context;
    auditor_release(control->auditor);
}

static void control_backup(struct control *control, const char *to)
{
    char line[CONTROL_LINE_BYTES];
    struct backup made;
    struct failure failure;
    struct backup_request request = {
        .data = control->data,
        .to = to,
        .store = control->store,
        .now_ms = clock_wall_ms(),
        .hold = control_hold,
        .release = control_release,
        .on_progress = control_progress,
        .is_cancelled = control_is_cancelled,
        .context = control,
    };
    if (to[0] != '/') {
        control_tell_failure(control, "name the place of the backup by its whole path");
        return;
    }
    if (backup_make(&request, &made, &failure) != STATUS_OK) {
        log_say(LOG_backup_fails, LOG_TEXT("to", to), LOG_TEXT("reason", failure.text));
        control_tell_failure(control, failure.text);
        return;
    }
    control_tell(control, line,
                 snprintf(line, sizeof(line),
                          "done %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64
                          " %" PRIu64 "\n",
                          made.id, made.time_ms, made.audit_entries, made.files, made.bytes,
                          made.new_bytes));
}

/* True when there is something to read within the time; false also when the thread should end. */
static bool control_wait(const struct control *control, int fd, int wait_ms)
{
    struct pollfd polled[] = {{fd, POLLIN, 0}, {control->stopping, POLLIN, 0}};
    int ready;
    do
        ready = poll(polled, 2, wait_ms);
    while (ready < 0 && errno == EINTR);
    return ready > 0 && polled[1].revents == 0 && polled[0].revents != 0;
}

static bool control_read_line(const struct control *control, char line[CONTROL_LINE_BYTES])
{
    size_t size = 0;
    while (size + 1 < CONTROL_LINE_BYTES &&
           control_wait(control, control->client, CONTROL_REQUEST_MS)) {
        ssize_t count = recv(control->client, line + size, CONTROL_LINE_BYTES - 1 - size, 0);
        if (count <= 0)
            return false;
        size += (size_t)count;
        line[size] = 0;
        char *end = strchr(line, '\n');
        if (end != NULL) {
            *end = 0;
            return true;
        }
    }
    return false;
}

static bool control_is_trusted(const struct control *control)
{
    struct ucred peer;
    socklen_t size = sizeof(peer);
    return getsockopt(control->client, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
           (peer.uid == 0 || peer.uid == geteuid());
}

static void control_serve(struct control *control)
{
    static const char backup[] = "backup ";
    char line[CONTROL_LINE_BYTES];
    if (!control_is_trusted(control))
        control_tell_failure(control, "only root and the user that the server runs as may ask");
    else if (!control_read_line(control, line))
        return;
    else if (strncmp(line, backup, strlen(backup)) == 0)
        control_backup(control, line + strlen(backup));
    else
        control_tell_failure(control, "this server does not know what is asked for; the command "
                                      "and the server are of different versions");
}

static void control_main(void *context)
{
    struct control *control = context;
    pthread_setname_np(pthread_self(), "control");
    while (!atomic_load(&control->is_stopping)) {
        if (!control_wait(control, control->listening, -1))
            continue;
        control->client = accept4(control->listening, NULL, NULL, SOCK_CLOEXEC);
        if (control->client < 0)
            continue;
        control->told_ms = 0;
        control_serve(control);
        close(control->client);
    }
}

/* The address of a socket has room for 107 bytes; a data directory may have a longer name, and is
 * then named by its descriptor. */
static void control_address(const struct control *control, int directory,
                            struct sockaddr_un *address)
{
    size_t size = sizeof(address->sun_path);
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (strlen(control->data) <= CONTROL_DATA_BYTES)
        snprintf(address->sun_path, size, "%.*s/%s", CONTROL_DATA_BYTES, control->data,
                 socket_name);
    else
        snprintf(address->sun_path, size, "/proc/self/fd/%d/%s", directory, socket_name);
}

static bool control_bind(struct control *control)
{
    struct sockaddr_un address;
    int directory = open(control->data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0)
        return false;
    unlinkat(directory, socket_name, 0);
    control_address(control, directory, &address);
    control->listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool is_bound =
        control->listening >= 0 &&
        bind(control->listening, (const struct sockaddr *)&address, sizeof(address)) == 0 &&
        fchmodat(directory, socket_name, 0600, 0) == 0 && listen(control->listening, 4) == 0;
    int error = errno;
    close(directory);
    errno = error;
    return is_bound;
}

static void control_free(struct control *control)
{
    if (control->listening >= 0)
        close(control->listening);
    if (control->stopping >= 0)
        close(control->stopping);
    free(control->data);
    free(control);
}

struct control *control_start(const char *data, struct store *store, struct auditor *auditor)
{
    struct control *control = memory_new(sizeof(*control));
    control->data = memory_copy(data, strlen(data));
    control->store = store;
    control->auditor = auditor;
    control->listening = control->client = -1;
    control->stopping = eventfd(0, EFD_CLOEXEC);
    backup_clean(data);
    if (control->stopping >= 0 && control_bind(control) &&
        uv_thread_create(&control->thread, control_main, control) == 0)
        return control;
    log_say(LOG_control_fails, LOG_TEXT("data", data), LOG_TEXT("reason", strerror(errno)));
    control_free(control);
    return NULL;
}

void control_stop(struct control *control)
{
    static const uint64_t one = 1;
    char path[4200];
    if (control == NULL)
        return;
    atomic_store(&control->is_stopping, true);
    (void)!write(control->stopping, &one, sizeof(one));
    uv_thread_join(&control->thread);
    snprintf(path, sizeof(path), "%s/%s", control->data, socket_name);
    unlink(path);
    control_free(control);
}
