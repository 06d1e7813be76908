/* Tells the service manager how far the server is, by the protocol of sd_notify(3): one datagram of
 * lines NAME=VALUE to the socket that NOTIFY_SOCKET names, a path, or with @ in front a name of the
 * abstract space. Without that variable nobody asked, and nothing is sent. */
#ifndef UNSAY_SERVER_READY_H
#define UNSAY_SERVER_READY_H

#include "base/status.h"

#include <sys/socket.h>
#include <sys/un.h>

struct ready {
    struct sockaddr_un address;
    socklen_t address_bytes; /* 0: nobody asked */
};

/* `socket` is the variable's value, or NULL. MALFORMED: it is neither path nor name, or too long.
 */
MUST_CHECK enum status ready_init(struct ready *ready, const char *socket);

/* Sends the lines; OK when nobody asked. From any thread. */
MUST_CHECK enum status ready_tell(const struct ready *ready, const char *lines);

/* RELOADING=1, with the time that it must hold. */
MUST_CHECK enum status ready_tell_reloading(const struct ready *ready);

#endif
