/* What the server tells over HTTP: health, metrics, and the API for the product's backend, whose
 * requests it posts to the workers. */
#ifndef UNSAY_SERVER_BACKEND_H
#define UNSAY_SERVER_BACKEND_H

#include "base/buffer.h"
#include "base/status.h"
#include "server/shell.h"

struct backend;

struct backend_settings {
    const char *data;      /* the data directory; lent, must live as long */
    struct shells *shells; /* must live as long */
    void *context;
    /* Fills in the text; true: healthy (200), false: not (503). */
    bool (*health)(void *context, struct buffer *text);
    /* Prometheus text format 0.0.4. */
    void (*metrics)(void *context, struct buffer *text);
};

/* Listens on a socket that is bound already; takes it over also on failure. */
MUST_CHECK enum status backend_start(int socket, const struct backend_settings *settings,
                                     struct backend **backend, struct failure *failure);

/* Asks the workers nothing more; what they were asked is still answered. NULL is nothing. */
void backend_drain(struct backend *backend);

/* The workers have ended. NULL is nothing. */
void backend_stop(struct backend *backend);

#endif
