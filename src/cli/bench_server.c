#include "cli/bench_server.h"

#include "base/buffer.h"
#include "base/memory.h"
#include "cli/bench_certificate.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <jansson.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    START_TIMEOUT_MS = 30000,
    STOP_TIMEOUT_MS = 60000,
    POLL_MS = 10,
    METRICS_TIMEOUT_S = 5,
    METRICS_BYTES_MAX = 1 << 20,
    ANNOUNCEMENT_BYTES_MAX = 4096,
    CONNECTIONS_SPARE = 64,
    PATH_BYTES = 4096
};

static void bench_path(char path[PATH_BYTES], const struct bench_server *server, const char *name)
{
    snprintf(path, PATH_BYTES, "%s/%s", server->directory, name);
}

static enum status bench_resolve(const char *text, struct sockaddr_storage *address, char *host,
                                 size_t host_bytes, struct failure *failure)
{
    const char *colon = strrchr(text, ':');
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    if (colon == NULL || colon == text || (size_t)(colon - text) >= host_bytes)
        return failure_set(failure, STATUS_MALFORMED, "\"%s\" is not HOST:PORT", text);
    snprintf(host, host_bytes, "%.*s", (int)(colon - text), text);
    int result = getaddrinfo(host, colon + 1, &hints, &list);
    if (result != 0)
        return failure_set(failure, STATUS_UNREACHABLE, "%s: %s", text, gai_strerror(result));
    memcpy(address, list->ai_addr, list->ai_addrlen);
    freeaddrinfo(list);
    return STATUS_OK;
}

/* ---- Our own server ---- */

/* Authors may recall at any time: it is the recall that is measured, not the window. */
static enum status bench_write_policy(const char *path, struct failure *failure)
{
    FILE *file = fopen(path, "we");
    if (file == NULL)
        return failure_set(failure, STATUS_IO, "cannot write %s: %s", path, strerror(errno));
    fputs("rules:\n  - name: author\n    actor: [self]\n    decision: allow\n    window: none\n",
          file);
    if (fclose(file) != 0)
        return failure_set(failure, STATUS_IO, "cannot write %s: %s", path, strerror(errno));
    return STATUS_OK;
}

static enum status bench_write_config(const struct bench_server *server,
                                      const struct bench_server_options *options,
                                      struct failure *failure)
{
    char config[PATH_BYTES];
    char certificate[PATH_BYTES];
    char key[PATH_BYTES];
    char policy[PATH_BYTES];
    bench_path(config, server, "config.yaml");
    bench_path(policy, server, "policy.yaml");
    bench_path(certificate, server, "certificate.pem");
    bench_path(key, server, "key.pem");
    FILE *file = fopen(config, "we");
    if (file == NULL)
        return failure_set(failure, STATUS_IO, "cannot write %s: %s", config, strerror(errno));
    fprintf(file,
            "requests_per_second: 0\nsign_ins_per_second: 0\naccepts_per_second: 0\npolicy: "
            "\"%s\"\nconnections_max: %u\n",
            policy, options->connections + CONNECTIONS_SPARE);
    if (options->is_tls)
        fprintf(file, "tls_certificate: \"%s\"\ntls_key: \"%s\"\n", certificate, key);
    if (fclose(file) != 0)
        return failure_set(failure, STATUS_IO, "cannot write %s: %s", config, strerror(errno));
    enum status status = bench_write_policy(policy, failure);
    return status == STATUS_OK && options->is_tls
               ? bench_certificate_write(certificate, key, failure)
               : status;
}

/* Between fork and exec: only what is safe there. */
static _Noreturn void bench_become_server(char **arguments, int output, int log)
{
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (dup2(output, STDOUT_FILENO) >= 0 && dup2(log, STDERR_FILENO) >= 0)
        execv("/proc/self/exe", arguments);
    _exit(127);
}

static enum status bench_spawn(struct bench_server *server,
                               const struct bench_server_options *options, int *output,
                               struct failure *failure)
{
    char config[PATH_BYTES];
    char data[PATH_BYTES];
    char log[PATH_BYTES];
    char workers[16];
    bench_path(config, server, "config.yaml");
    bench_path(data, server, "data");
    bench_path(log, server, "log");
    snprintf(workers, sizeof(workers), "%u", options->workers);
    const char *arguments[] = {"unsay",  "serve",    "--config",    config,   "--data",
                               data,     "--listen", "127.0.0.1:0", "--http", "127.0.0.1:0",
                               "--json", NULL,       NULL,          NULL};
    if (options->workers > 0) {
        arguments[11] = "--workers";
        arguments[12] = workers;
    }
    int pipes[2];
    int errors = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (errors < 0 || pipe2(pipes, O_CLOEXEC) < 0)
        return failure_set(failure, STATUS_IO, "cannot start a server: %s", strerror(errno));
    fflush(NULL);
    server->pid = fork();
    if (server->pid == 0)
        bench_become_server((char **)(uintptr_t)arguments, pipes[1], errors);
    close(pipes[1]);
    close(errors);
    *output = pipes[0];
    if (server->pid < 0) {
        server->pid = 0;
        close(pipes[0]);
        return failure_set(failure, STATUS_IO, "cannot start a server: %s", strerror(errno));
    }
    server->is_child = true;
    return STATUS_OK;
}

/* What the server complained of, for a person. */
static enum status bench_fail_start(const struct bench_server *server, struct failure *failure)
{
    char path[PATH_BYTES];
    char text[256] = "";
    bench_path(path, server, "log");
    FILE *file = fopen(path, "re");
    if (file != NULL) {
        size_t size = fread(text, 1, sizeof(text) - 1, file);
        while (size > 0 && text[size - 1] == '\n')
            size--;
        text[size] = 0;
        fclose(file);
    }
    return failure_set(failure, STATUS_UNREACHABLE, "the server did not start: %s",
                       text[0] == 0 ? "it said nothing" : text);
}

/* The line that `serve --json` prints when it is ready. */
static enum status bench_read_announcement(struct bench_server *server, int output,
                                           struct failure *failure)
{
    char line[ANNOUNCEMENT_BYTES_MAX] = "";
    char host[256];
    size_t size = 0;
    struct pollfd ready = {output, POLLIN, 0};
    while (size < sizeof(line) && memchr(line, '\n', size) == NULL) {
        if (poll(&ready, 1, START_TIMEOUT_MS) <= 0)
            return failure_set(failure, STATUS_UNREACHABLE, "the server does not get ready");
        ssize_t count = read(output, line + size, sizeof(line) - size);
        if (count <= 0)
            return bench_fail_start(server, failure);
        size += (size_t)count;
    }
    json_t *announcement = json_loadb(line, size, JSON_DISABLE_EOF_CHECK, NULL);
    const char *listen = json_string_value(json_object_get(announcement, "listen"));
    const char *http = json_string_value(json_object_get(announcement, "http"));
    enum status status = STATUS_OK;
    if (listen == NULL || http == NULL)
        status = failure_set(failure, STATUS_MALFORMED, "the server does not say where it listens");
    if (status == STATUS_OK)
        status = bench_resolve(listen, &server->address, host, sizeof(host), failure);
    if (status == STATUS_OK)
        status = bench_resolve(http, &server->http, host, sizeof(host), failure);
    server->has_http = status == STATUS_OK;
    json_decref(announcement);
    return status;
}

static enum status bench_start(struct bench_server *server,
                               const struct bench_server_options *options, struct failure *failure)
{
    char path[PATH_BYTES];
    int output = -1;
    int length = snprintf(path, sizeof(path), "%s/unsay-bench-XXXXXX", options->data_parent);
    if (length < 0 || length > PATH_BYTES / 2 || mkdtemp(path) == NULL)
        return failure_set(failure, STATUS_IO, "cannot make a directory in %s: %s",
                           options->data_parent, strerror(errno));
    server->directory = realpath(path, NULL);
    if (server->directory == NULL)
        server->directory = memory_copy(path, strlen(path));
    enum status status = bench_write_config(server, options, failure);
    if (status == STATUS_OK)
        status = bench_spawn(server, options, &output, failure);
    if (status != STATUS_OK)
        return status;
    status = bench_read_announcement(server, output, failure);
    close(output);
    if (status != STATUS_OK)
        return status;
    bench_path(path, server, "data");
    return identity_dev_secret(path, server->secret, failure);
}

static int bench_remove(const char *path, const struct stat *info, int kind, struct FTW *walk)
{
    (void)info;
    (void)kind;
    (void)walk;
    (void)!remove(path);
    return 0;
}

static enum status bench_stop(const struct bench_server *server, struct failure *failure)
{
    int how = 0;
    pid_t ended = 0;
    struct timespec pause = {0, POLL_MS * 1000000};
    kill(server->pid, SIGTERM);
    for (int waited = 0; waited < STOP_TIMEOUT_MS; waited += POLL_MS) {
        ended = waitpid(server->pid, &how, WNOHANG);
        if (ended != 0)
            break;
        nanosleep(&pause, NULL);
    }
    if (ended == 0) {
        kill(server->pid, SIGKILL);
        waitpid(server->pid, &how, 0);
        return failure_set(failure, STATUS_IO, "the server did not stop within %d s",
                           STOP_TIMEOUT_MS / 1000);
    }
    if (!WIFEXITED(how) || WEXITSTATUS(how) != 0)
        return failure_set(failure, STATUS_IO, "the server ended badly (%s %d)",
                           WIFSIGNALED(how) ? "signal" : "status",
                           WIFSIGNALED(how) ? WTERMSIG(how) : WEXITSTATUS(how));
    return STATUS_OK;
}

enum status bench_server_close(struct bench_server *server, struct failure *failure)
{
    enum status status = STATUS_OK;
    if (server->is_child)
        status = bench_stop(server, failure);
    if (server->directory != NULL)
        nftw(server->directory, bench_remove, 16, FTW_DEPTH | FTW_PHYS);
    free(server->directory);
    transport_tls_free(server->tls);
    *server = (struct bench_server){0};
    return status;
}

/* ---- Either ---- */

static enum status bench_find(struct bench_server *server,
                              const struct bench_server_options *options, struct failure *failure)
{
    static char host[256];
    char http_host[256];
    char key[PATH_BYTES];
    snprintf(key, sizeof(key), "%s/dev.key", options->data);
    if (access(key, R_OK) != 0)
        return failure_set(failure, STATUS_NOT_FOUND,
                           "cannot read %s: %s; --data names the directory of the running server",
                           key, strerror(errno));
    server->pid = options->pid;
    enum status status =
        bench_resolve(options->address, &server->address, host, sizeof(host), failure);
    server->host = host;
    if (status == STATUS_OK && options->http != NULL) {
        status = bench_resolve(options->http, &server->http, http_host, sizeof(http_host), failure);
        server->has_http = true;
    }
    return status != STATUS_OK ? status
                               : identity_dev_secret(options->data, server->secret, failure);
}

enum status bench_server_open(struct bench_server *server,
                              const struct bench_server_options *options, struct failure *failure)
{
    char path[PATH_BYTES];
    *server = (struct bench_server){.host = "localhost"};
    enum status status = options->address == NULL ? bench_start(server, options, failure)
                                                  : bench_find(server, options, failure);
    if (status == STATUS_OK && options->is_tls) {
        const char *authorities = options->ca;
        if (options->address == NULL) {
            bench_path(path, server, "certificate.pem");
            authorities = path;
        }
        status = transport_tls_client(authorities, &server->tls, failure);
    }
    if (status != STATUS_OK)
        (void)!bench_server_close(server, NULL);
    return status;
}

uint64_t bench_cpu_ns(pid_t pid)
{
    clockid_t clock;
    struct timespec time;
    if (pid == 0 || clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &time) != 0)
        return 0;
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static const struct {
    const char *prefix; /* of a thread's name */
    const char *name;
} bench_threads[BENCH_THREAD_COUNT] = {
    [BENCH_THREAD_WORKERS] = {"worker", "workers"},
    [BENCH_THREAD_COMMITTERS] = {"committer", "commits"},
    [BENCH_THREAD_AUDITOR] = {"auditor", "audit"},
    [BENCH_THREAD_STORE] = {"rocksdb:", "compaction"},
    [BENCH_THREAD_OTHERS] = {"", "others"},
};

const char *bench_thread_name(enum bench_thread thread)
{
    return bench_threads[thread].name;
}

/* The first line of a thread's file in /proc; false when it is gone. */
static bool bench_read_thread(pid_t pid, const char *thread, const char *name, char *line,
                              int line_bytes)
{
    char path[PATH_BYTES];
    snprintf(path, sizeof(path), "/proc/%d/task/%s/%s", (int)pid, thread, name);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return false;
    bool is_read = fgets(line, line_bytes, file) != NULL;
    fclose(file);
    return is_read;
}

void bench_thread_cpu_ns(pid_t pid, uint64_t cpu_ns[BENCH_THREAD_COUNT])
{
    char path[PATH_BYTES];
    char name[64];
    char time[128];
    memset(cpu_ns, 0, BENCH_THREAD_COUNT * sizeof(*cpu_ns));
    snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
    DIR *threads = pid == 0 ? NULL : opendir(path);
    if (threads == NULL)
        return;
    for (const struct dirent *entry; (entry = readdir(threads)) != NULL;) {
        if (entry->d_name[0] == '.' ||
            !bench_read_thread(pid, entry->d_name, "comm", name, sizeof(name)) ||
            !bench_read_thread(pid, entry->d_name, "schedstat", time, sizeof(time)))
            continue;
        unsigned kind = 0;
        while (strncmp(name, bench_threads[kind].prefix, strlen(bench_threads[kind].prefix)) != 0)
            kind++;
        cpu_ns[kind] += strtoull(time, NULL, 10);
    }
    closedir(threads);
}

/* The whole answer to GET /metrics, followed by a NUL; empty when there is none. */
static void bench_get_metrics(const struct bench_server *server, struct buffer *answer)
{
    static const char request[] = "GET /metrics HTTP/1.0\r\nHost: localhost\r\n\r\n";
    struct timeval timeout = {METRICS_TIMEOUT_S, 0};
    int fd = socket(server->http.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
    socklen_t size = server->http.ss_family == AF_INET ? sizeof(struct sockaddr_in)
                                                       : sizeof(struct sockaddr_in6);
    ssize_t count = -1;
    if (connect(fd, (const struct sockaddr *)&server->http, size) == 0)
        count = send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL);
    while (count > 0 && buffer_size(answer) < METRICS_BYTES_MAX) {
        count = recv(fd, buffer_reserve(answer, 16384), 16384, 0);
        if (count > 0)
            buffer_grow(answer, (size_t)count);
    }
    close(fd);
    buffer_append(answer, "", 1);
}

double bench_server_metric(const struct bench_server *server, const char *name)
{
    struct buffer answer;
    char line[128];
    double value = -1;
    if (!server->has_http)
        return -1;
    buffer_init(&answer);
    bench_get_metrics(server, &answer);
    snprintf(line, sizeof(line), "\n%s ", name);
    const char *text = (const char *)buffer_view(&answer).data;
    const char *found = text == NULL ? NULL : strstr(text, line);
    if (found != NULL)
        value = strtod(found + strlen(line), NULL);
    buffer_fini(&answer);
    return value;
}
