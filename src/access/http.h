/* HTTP beside the path of messages: /healthz and /metrics, on libmicrohttpd with a thread of its
 * own. What they say comes from functions that the server passes. */
#ifndef UNSAY_ACCESS_HTTP_H
#define UNSAY_ACCESS_HTTP_H

#include "base/buffer.h"
#include "base/status.h"

#include <netinet/in.h>

struct http;

struct http_handlers {
    void *context;
    /* Fills in the text; true: healthy (200), false: not (503). Called from the HTTP thread. */
    bool (*health)(void *context, struct buffer *text);
    /* Prometheus text format 0.0.4. */
    void (*metrics)(void *context, struct buffer *text);
};

/* Listens on a socket that is bound already; takes it over also on failure. */
MUST_CHECK enum status http_start(int socket, const struct http_handlers *handlers,
                                  struct http **http, struct failure *failure);

/* NULL is nothing. */
void http_stop(struct http *http);

#endif
