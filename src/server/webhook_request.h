/* Requests to the product's backend that are under way, on libcurl.
 *
 * A request may hold a body that is taken back while it waits for its socket. So every recall is
 * told here after its commit and before anybody hears of it: the connection of such a request is
 * dissolved then and there, with what the kernel holds of the body and has not sent. That never
 * waits for the receiver. */
#ifndef UNSAY_SERVER_WEBHOOK_REQUEST_H
#define UNSAY_SERVER_WEBHOOK_REQUEST_H

#include "base/status.h"
#include "core/delivery.h"
#include "server/webhook_content.h"

#include <curl/curl.h>
#include <uv.h>

/* While one connection takes the place of another there are more of them than requests. */
enum { WEBHOOK_SECRET_BYTES_MAX = 64, WEBHOOK_SOCKETS_MAX = 4 * LIMIT_WEBHOOK_CONCURRENT };

struct webhook_target {
    const char *url;
    uint8_t secret[WEBHOOK_SECRET_BYTES_MAX];
    size_t secret_bytes;
    bool may_be_private; /* loopback, private and link-local addresses, too */
};

struct webhook_requests;

struct webhook_request {
    struct webhook_requests *all;
    CURL *easy;
    struct curl_slist *headers;
    struct webhook_content content;
    size_t sent;
    void *context; /* the caller's; NULL: not in use */
    bool is_refused_address;

    /* Guarded by the mutex of all. */
    char conversation[LIMIT_CONVERSATION_ID_BYTES_MAX + 1];
    uint32_t origin;
    uint64_t seq; /* of the message whose body it may hold; 0: it does not */
    bool is_taken_back;
    int port; /* of this machine, that its connection has; 0: not known yet */
};

struct webhook_requests {
    CURLM *multi;
    const struct webhook_target *target; /* lent */
    uv_mutex_t mutex;
    curl_socket_t sockets[WEBHOOK_SOCKETS_MAX]; /* that are open; guarded by the mutex */
    size_t socket_count;
    struct webhook_request items[LIMIT_WEBHOOK_CONCURRENT];
};

/* Once in the process, before any thread uses it. False: libcurl does not work. */
MUST_CHECK bool webhook_requests_init(struct webhook_requests *requests,
                                      const struct webhook_target *target);
void webhook_requests_fini(struct webhook_requests *requests);

/* One that is free, for this item, whose content is to be made from now on; NULL: none is. */
struct webhook_request *webhook_request_take(struct webhook_requests *requests,
                                             const struct webhook_item *item, void *context);

/* Sends request->content. False: it cannot be sent now; give it back. */
MUST_CHECK bool webhook_request_start(struct webhook_request *request, uint64_t now_ms);

/* A request that has ended, NULL when there is none: how, and why in a few words. */
struct webhook_request *webhook_requests_ended(struct webhook_requests *requests,
                                               enum delivery_result *result, char *reason,
                                               size_t reason_bytes);

/* It held what was taken back meanwhile: what it came to does not count. */
bool webhook_request_is_out_of_date(struct webhook_request *request);

/* Free again, whatever it was doing. */
void webhook_request_give_back(struct webhook_request *request);

/* From any thread: the message was taken back. */
void webhook_requests_take_back(struct webhook_requests *requests, struct event_key message);

#endif
