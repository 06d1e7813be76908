/* HTTP/1.1 on libmicrohttpd, with a thread of its own. A request comes whole, its body within
 * LIMIT_HTTP_BODY_BYTES_MAX, and is answered at once, or later: whoever answers then wakes it, from
 * any thread.
 *
 *   request --> answered
 *          \--> http_wait ... http_wake --> resumed --> answered */
#ifndef UNSAY_ACCESS_HTTP_H
#define UNSAY_ACCESS_HTTP_H

#include "base/buffer.h"
#include "base/status.h"

#include <netinet/in.h>
#include <stdbool.h>

struct http;
struct http_exchange; /* one request, until its answer is sent */

/* Called from the HTTP thread, and nothing else is meanwhile. */
struct http_handlers {
    void *context;
    void (*request)(void *context, struct http_exchange *exchange);
    void (*resumed)(void *context, struct http_exchange *exchange);
    void (*ended)(void *context, struct http_exchange *exchange); /* frees what is attached */
};

/* Listens on a socket that is bound already; takes it over also on failure. */
MUST_CHECK enum status http_start(int socket, const struct http_handlers *handlers,
                                  struct http **http, struct failure *failure);

/* No exchange may wait any more. NULL is nothing. */
void http_stop(struct http *http);

/* ---- What was asked; valid as long as the exchange ---- */

const char *http_method(const struct http_exchange *exchange);
const char *http_path(const struct http_exchange *exchange); /* decoded, without the query */
struct view http_body(const struct http_exchange *exchange);
bool http_is_too_large(const struct http_exchange *exchange); /* the body; it was not kept */

/* NULL when it is missing; the first one where there are several. */
const char *http_header(const struct http_exchange *exchange, const char *name);
const char *http_query(const struct http_exchange *exchange, const char *name);

/* The first parameter of the query for which `is_known` says no; NULL: there is none. */
const char *http_unknown_query(const struct http_exchange *exchange,
                               bool (*is_known)(const void *context, const char *name),
                               const void *context);

/* Of the client, as endpoint_print writes it. */
const char *http_address(const struct http_exchange *exchange);

/* What a handler keeps with the exchange. */
void http_attach(struct http_exchange *exchange, void *attached);
void *http_attached(const struct http_exchange *exchange);

/* ---- Answering ---- */

/* Adds a header to the answer that is still to come. Both are copied; control characters in the
 * value become spaces. */
void http_add_header(struct http_exchange *exchange, const char *name, const char *value);

/* Once for each exchange, in a handler. */
void http_reply(struct http_exchange *exchange, unsigned code, const char *content_type,
                struct view body);

/* In a handler, in place of a reply: it comes later. */
void http_wait(struct http_exchange *exchange);

/* Once for each http_wait, from any thread; `resumed` is called. */
void http_wake(struct http_exchange *exchange);

#endif
