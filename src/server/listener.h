/* Listening sockets. */
#ifndef UNSAY_SERVER_LISTENER_H
#define UNSAY_SERVER_LISTENER_H

#include "base/status.h"

#include <stdbool.h>

enum { LISTENER_ADDRESS_BYTES = 320 };

/* Binds "HOST:PORT" or "[IPv6]:PORT" and listens, non-blocking; `address` receives the same with
 * the real port. IN_USE when another process has the port. */
MUST_CHECK enum status listener_open(const char *setting, const char *field, int *socket,
                                     char address[LISTENER_ADDRESS_BYTES], struct failure *failure);

/* Whether `setting` is HOST:PORT, or [HOST]:PORT, with a port from 0 to 65535. */
bool listener_is_address(const char *setting);

#endif
