/* unsay doctor: the store's lock and format, the ports, and the server behind them. */
#include "cli/doctor.h"

#include "access/address.h"
#include "storage/format_file.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CONNECT_TIMEOUT_MS = 3000 };

struct endpoint {
    char host[256];
    const char *port;
};

static bool endpoint_parse(const char *text, struct endpoint *endpoint)
{
    const char *colon = strrchr(text, ':');
    size_t length = colon == NULL ? 0 : (size_t)(colon - text);
    bool has_brackets = length >= 2 && text[0] == '[' && text[length - 1] == ']';
    if (colon == NULL || length >= sizeof(endpoint->host))
        return false;
    text += has_brackets;
    length -= has_brackets ? 2 : 0;
    memcpy(endpoint->host, text, length);
    endpoint->host[length] = 0;
    endpoint->port = colon + 1;
    return true;
}

static bool socket_wait(int fd, short events)
{
    struct pollfd source = {.fd = fd, .events = events};
    return poll(&source, 1, CONNECT_TIMEOUT_MS) == 1;
}

/* A connected or a bound socket, or -1 with errno. */
static int socket_try(const struct addrinfo *address, bool is_listening)
{
    int on = 1;
    int error = 0;
    socklen_t size = sizeof(error);
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    if (is_listening) {
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
        if (bind(fd, address->ai_addr, address->ai_addrlen) == 0 && listen(fd, 1) == 0)
            return fd;
        error = errno;
    } else {
        if (connect(fd, address->ai_addr, address->ai_addrlen) == 0)
            return fd;
        error = errno;
        if (error == EINPROGRESS && !socket_wait(fd, POLLOUT))
            error = ETIMEDOUT;
        else if (error == EINPROGRESS)
            getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
        if (error == 0)
            return fd;
    }
    close(fd);
    errno = error;
    return -1;
}

static int endpoint_open(const struct endpoint *endpoint, bool is_listening, const char **problem)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = is_listening ? AI_PASSIVE : 0};
    struct addrinfo *addresses = NULL;
    int result = getaddrinfo(*endpoint->host == 0 ? NULL : endpoint->host, endpoint->port, &hints,
                             &addresses);
    if (result != 0) {
        *problem = gai_strerror(result);
        return -1;
    }
    int fd = -1;
    for (const struct addrinfo *at = addresses; at != NULL && fd < 0; at = at->ai_next)
        fd = socket_try(at, is_listening);
    *problem = fd < 0 ? strerror(errno) : "";
    freeaddrinfo(addresses);
    return fd;
}

void doctor_check_address(struct doctor *doctor, const char *text)
{
    struct address address;
    struct endpoint endpoint;
    const char *problem;
    if (!address_parse(text, &address)) {
        doctor_find(doctor, DOCTOR_PROBLEM, "server",
                    "\"%s\" is not an address; write tcp://, tls://, ws:// or wss:// HOST:PORT",
                    text);
        return;
    }
    snprintf(endpoint.host, sizeof(endpoint.host), "%s", address.host);
    endpoint.port = address.port;
    int fd = endpoint_open(&endpoint, false, &problem);
    if (fd < 0) {
        doctor_find(doctor, DOCTOR_PROBLEM, "server",
                    "%s: %s; check that it runs there, the address, and firewalls between", text,
                    problem);
        return;
    }
    close(fd);
    doctor_find(doctor, DOCTOR_OK, "server", "something listens at %s", text);
}

/* The status of GET /healthz, or 0. */
static int doctor_health(int fd)
{
    static const char question[] = "GET /healthz HTTP/1.0\r\n\r\n";
    char answer[64] = "";
    if (write(fd, question, sizeof(question) - 1) != (ssize_t)sizeof(question) - 1 ||
        !socket_wait(fd, POLLIN))
        return 0;
    ssize_t count = read(fd, answer, sizeof(answer) - 1);
    if (count < 12 || strncmp(answer, "HTTP/1.", 7) != 0)
        return 0;
    return (int)strtol(answer + 9, NULL, 10);
}

/* Whether our server answers at its HTTP port. */
static bool doctor_check_health(struct doctor *doctor, const char *http)
{
    struct endpoint endpoint;
    const char *problem;
    int fd = endpoint_parse(http, &endpoint) ? endpoint_open(&endpoint, false, &problem) : -1;
    if (fd < 0)
        return false;
    int status = doctor_health(fd);
    close(fd);
    if (status == 200)
        doctor_find(doctor, DOCTOR_OK, "server",
                    "runs, and says at http://%s/healthz that it is "
                    "well",
                    http);
    else if (status == 503)
        doctor_find(doctor, DOCTOR_PROBLEM, "server",
                    "runs, but is not well; http://%s/healthz says why", http);
    else
        doctor_find(doctor, DOCTOR_PROBLEM, "server",
                    "another program uses %s; stop it, or choose another port with --http", http);
    return status == 200 || status == 503;
}

static void doctor_check_port(struct doctor *doctor, const char *setting, const char *address)
{
    struct endpoint endpoint;
    const char *problem = "not HOST:PORT";
    int fd = endpoint_parse(address, &endpoint) ? endpoint_open(&endpoint, true, &problem) : -1;
    if (fd < 0) {
        doctor_find(doctor, DOCTOR_PROBLEM, "port",
                    "%s cannot be taken: %s; choose another one with --%s", address, problem,
                    setting);
        return;
    }
    close(fd);
    doctor_find(doctor, DOCTOR_OK, "port", "%s is free", address);
}

/* The process that has the store open, or 0. */
static int doctor_store_holder(const char *store)
{
    char path[4300];
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    snprintf(path, sizeof(path), "%s/LOCK", store);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return 0;
    bool is_held = fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
    close(fd);
    return is_held ? (int)lock.l_pid : 0;
}

static void doctor_check_store(struct doctor *doctor, const char *data, bool is_serving)
{
    char store[4200];
    struct stat status;
    struct failure failure;
    enum format_state format;
    snprintf(store, sizeof(store), "%s/store", data);
    if (stat(store, &status) != 0) {
        doctor_find(doctor, DOCTOR_OK, "store", "not made yet");
        return;
    }
    if (format_file_open(store, &format, &failure) != STATUS_OK) {
        doctor_find(doctor, DOCTOR_PROBLEM, "store", "%s", failure.text);
        return;
    }
    int holder = doctor_store_holder(store);
    if (holder == 0)
        doctor_find(doctor, DOCTOR_OK, "store", "this version can read it, and nobody uses it");
    else
        doctor_find(doctor, is_serving ? DOCTOR_OK : DOCTOR_WARNING, "store",
                    "this version can read it; process %d uses it%s", holder,
                    is_serving ? "" : ", and does not answer at the configured addresses");
}

void doctor_check_server(struct doctor *doctor, const struct config *config)
{
    bool is_serving = *config->http != 0 && doctor_check_health(doctor, config->http);
    if (!is_serving) {
        doctor_check_port(doctor, "listen", config->listen);
        if (*config->http != 0)
            doctor_check_port(doctor, "http", config->http);
    }
    doctor_check_store(doctor, config->data, is_serving);
}
