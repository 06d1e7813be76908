#include "server/ready.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum status ready_init(struct ready *ready, const char *socket)
{
    *ready = (struct ready){.address.sun_family = AF_UNIX};
    if (socket == NULL)
        return STATUS_OK;
    size_t size = strlen(socket);
    if ((socket[0] != '/' && socket[0] != '@') || size < 2 ||
        size >= sizeof(ready->address.sun_path))
        return STATUS_MALFORMED;
    memcpy(ready->address.sun_path, socket, size);
    if (socket[0] == '@') /* an abstract name has no end but its length */
        ready->address.sun_path[0] = 0;
    else
        size++;
    ready->address_bytes = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size);
    return STATUS_OK;
}

enum status ready_tell(const struct ready *ready, const char *lines)
{
    if (ready->address_bytes == 0)
        return STATUS_OK;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return STATUS_IO;
    size_t size = strlen(lines);
    ssize_t sent;
    do {
        sent = sendto(fd, lines, size, MSG_NOSIGNAL, (const struct sockaddr *)&ready->address,
                      ready->address_bytes);
    } while (sent < 0 && errno == EINTR);
    close(fd);
    return sent == (ssize_t)size ? STATUS_OK : STATUS_IO;
}

enum status ready_tell_reloading(const struct ready *ready)
{
    struct timespec now;
    char lines[64];
    clock_gettime(CLOCK_MONOTONIC, &now);
    snprintf(lines, sizeof(lines), "RELOADING=1\nMONOTONIC_USEC=%" PRIu64,
             (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000);
    return ready_tell(ready, lines);
}
