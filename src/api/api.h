/* The HTTP/JSON API for the product's backend. A request becomes the frame that a client would
 * send, asked by the system, by a user, or by a legal mandate; whoever decides for clients decides
 * here too, and the answer comes after its commit. Everything but api_answer happens in the HTTP
 * thread.
 *
 *   key, scope, rate --> route --> frame --> a worker ... frames --> JSON */
#ifndef UNSAY_API_API_H
#define UNSAY_API_API_H

#include "access/http.h"
#include "base/blob.h"
#include "core/contract.h"

struct api;

/* What a worker is asked. Everything is lent for the call. */
struct api_question {
    void *link; /* for api_answer */
    const char *user;
    const char *device;
    Unsay__V1__Actor authority;
    const char *address;
    struct view conversation; /* empty: about none; any worker will do */
    struct view payload;      /* an encoded ClientFrame */
};

struct api_port {
    void *context;
    /* False: the worker takes no more now. */
    bool (*ask)(void *context, const struct api_question *question);
    uint64_t (*now_ms)(void *context); /* Unix */
    /* A file of the audit log, or its public key by the name "key"; NOT_FOUND where it has none. */
    enum status (*read_audit)(void *context, const char *name, struct buffer *bytes);
    /* The file of keys cannot be used, and those in force stay; NULL: it can be used again. */
    void (*keys_fail)(void *context, const char *reason);
};

/* Reads the keys in the data directory. */
MUST_CHECK enum status api_open(const char *directory, const struct api_port *port,
                                struct api **api, struct failure *failure);

/* NULL is nothing. Nothing may wait any more. */
void api_close(struct api *api);

/* From http.h: a request whose path begins with /v1/, or its return. */
void api_request(struct api *api, struct http_exchange *exchange);
void api_resumed(struct api *api, struct http_exchange *exchange);
void api_ended(struct http_exchange *exchange);

/* A frame for the question with this link, from any thread; takes over the hold. With `is_last` the
 * link is not used again. */
void api_answer(void *link, struct blob *frame, bool is_last);

/* Asks nothing more: requests are answered 503. */
void api_drain(struct api *api);

/* No worker answers any more: whatever still waits is answered 503. */
void api_give_up(struct api *api);

#endif
