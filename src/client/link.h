/* A connection to the server, from the name's look-up to the last byte: one link is one attempt.
 *
 *   RESOLVING -> CONNECTING -> HANDSHAKE -> UP        any -> DOWN
 *
 * Everything happens on the loop's thread. The handler's functions may not close the link. */
#ifndef UNSAY_CLIENT_LINK_H
#define UNSAY_CLIENT_LINK_H

#include "access/address.h"
#include "access/transport.h"

#include <uv.h>

struct link;

struct link_handler {
    void (*on_up)(void *context);
    void (*on_frame)(void *context, struct view frame); /* lent for the call */
    /* Once, also from link_open and link_flush; nothing comes after it. `reason` is a sentence for
     * people, lent for the call. */
    void (*on_down)(void *context, const char *reason);
};

/* `address`, `tls` (NULL unless needed), `handler` and `context` outlive the link. */
struct link *link_open(uv_loop_t *uv, const struct address *address, struct transport_tls *tls,
                       const struct link_handler *handler, void *context);

/* The link is up, or has gone down unnoticed: then nothing happens. Bytes leave with link_flush. */
void link_send(struct link *link, struct view frame);
void link_flush(struct link *link);

/* Says farewell, calls no handler any more, and frees itself when the loop has let go of it. NULL
 * is nothing. */
void link_close(struct link *link);

#endif
