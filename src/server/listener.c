#include "server/listener.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LISTENER_BACKLOG = 4096 };

struct listener_name {
    char host[256];
    char port[32];
};

static bool listener_split(const char *setting, struct listener_name *name)
{
    const char *colon = strrchr(setting, ':');
    if (colon == NULL || colon == setting || colon[1] == 0 ||
        strlen(colon + 1) >= sizeof(name->port))
        return false;
    size_t size = (size_t)(colon - setting);
    const char *host = setting;
    if (host[0] == '[' && host[size - 1] == ']') {
        host++;
        size -= 2;
    }
    if (size == 0 || size >= sizeof(name->host))
        return false;
    snprintf(name->host, sizeof(name->host), "%.*s", (int)size, host);
    snprintf(name->port, sizeof(name->port), "%s", colon + 1);
    return name->port[strspn(name->port, "0123456789")] == 0 &&
           strtoul(name->port, NULL, 10) <= UINT16_MAX;
}

bool listener_is_address(const char *setting)
{
    struct listener_name name;
    return listener_split(setting, &name);
}

static int listener_bind(const struct addrinfo *info)
{
    int one = 1;
    int fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (bind(fd, info->ai_addr, info->ai_addrlen) == 0 && listen(fd, LISTENER_BACKLOG) == 0)
        return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

/* The port that the socket really has, as text; empty when the system does not tell. */
static void listener_port(int socket, char port[NI_MAXSERV])
{
    struct sockaddr_storage bound = {0};
    socklen_t size = sizeof(bound);
    if (getsockname(socket, (struct sockaddr *)&bound, &size) != 0 ||
        getnameinfo((struct sockaddr *)&bound, size, NULL, 0, port, NI_MAXSERV, NI_NUMERICSERV) !=
            0)
        port[0] = 0;
}

enum status listener_open(const char *setting, const char *field, int *socket,
                          char address[LISTENER_ADDRESS_BYTES], struct failure *failure)
{
    struct listener_name name;
    struct addrinfo *info = NULL;
    const struct addrinfo hints = {.ai_family = AF_UNSPEC,
                                   .ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    if (!listener_split(setting, &name))
        return failure_set(failure, STATUS_MALFORMED,
                           "%s: \"%s\" is no HOST:PORT, such as 127.0.0.1:7410.", field, setting);
    int error = getaddrinfo(name.host, name.port, &hints, &info);
    if (error != 0)
        return failure_set(failure, STATUS_NOT_FOUND, "%s: \"%s\": %s.", field, setting,
                           gai_strerror(error));
    *socket = listener_bind(info);
    error = errno;
    freeaddrinfo(info);
    if (*socket < 0 && error == EADDRINUSE)
        return failure_set(failure, STATUS_IN_USE,
                           "%s: %s is in use by another process; stop it or choose another port.",
                           field, setting);
    if (*socket < 0)
        return failure_set(failure, STATUS_IO, "%s: cannot listen on %s: %s.", field, setting,
                           strerror(error));
    char port[NI_MAXSERV];
    listener_port(*socket, port);
    snprintf(address, LISTENER_ADDRESS_BYTES, strchr(name.host, ':') ? "[%s]:%s" : "%s:%s",
             name.host, port);
    return STATUS_OK;
}
