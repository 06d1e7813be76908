/* The other end of a socket as text: "192.0.2.1:4711" or "[2001:db8::1]:4711". */
#ifndef UNSAY_ACCESS_ENDPOINT_H
#define UNSAY_ACCESS_ENDPOINT_H

#include <sys/socket.h>

enum { ENDPOINT_BYTES_MAX = 63 };

/* Empty for an address of another family. An IPv4 address that came to an IPv6 socket is written as
 * IPv4. */
void endpoint_print(const struct sockaddr *address, char text[ENDPOINT_BYTES_MAX + 1]);

#endif
