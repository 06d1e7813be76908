/* Where the server is: SCHEME://HOST:PORT with the schemes tcp, tls, ws and wss, or HOST:PORT
 * alone, which is tcp. An IPv6 address stands in brackets. A WebSocket may have a path after the
 * port. */
#ifndef UNSAY_ACCESS_ADDRESS_H
#define UNSAY_ACCESS_ADDRESS_H

#include <stdbool.h>

enum { ADDRESS_HOST_BYTES_MAX = 253, ADDRESS_PATH_BYTES_MAX = 255 };

struct address {
    char host[ADDRESS_HOST_BYTES_MAX + 1];
    char port[6];
    char path[ADDRESS_PATH_BYTES_MAX + 1]; /* "/" when none is given */
    bool is_websocket;
    bool is_tls;
};

/* False when `text` is none of these. */
bool address_parse(const char *text, struct address *address);

#endif
