#include "access/http.h"

#include "access/endpoint.h"
#include "base/limits.h"
#include "base/memory.h"

#include <microhttpd.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    HTTP_TIMEOUT_S = 10,           /* without a byte from the client, or taken by it */
    HTTP_MEMORY_BYTES = 32 * 1024, /* of one connection: request line and headers */
    HTTP_REPLY_HEADERS_MAX = 12,
    HTTP_HEADER_BYTES_MAX = 256,
};

struct http {
    struct MHD_Daemon *daemon;
    struct http_handlers handlers;
};

struct http_header {
    char name[48];
    char value[HTTP_HEADER_BYTES_MAX];
};

struct http_exchange {
    struct MHD_Connection *connection;
    const char *method;
    const char *path;
    struct buffer body;
    void *attached;
    struct http_header headers[HTTP_REPLY_HEADERS_MAX];
    unsigned header_count;
    bool is_too_large;
    bool is_begun; /* a handler has seen it */
    bool is_waiting;
    bool is_answered;
    char address[ENDPOINT_BYTES_MAX + 1];
};

const char *http_method(const struct http_exchange *exchange)
{
    return exchange->method;
}

const char *http_path(const struct http_exchange *exchange)
{
    return exchange->path;
}

struct view http_body(const struct http_exchange *exchange)
{
    return buffer_view(&exchange->body);
}

bool http_is_too_large(const struct http_exchange *exchange)
{
    return exchange->is_too_large;
}

const char *http_header(const struct http_exchange *exchange, const char *name)
{
    return MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND, name);
}

const char *http_query(const struct http_exchange *exchange, const char *name)
{
    return MHD_lookup_connection_value(exchange->connection, MHD_GET_ARGUMENT_KIND, name);
}

struct http_search {
    bool (*is_known)(const void *context, const char *name);
    const void *context;
    const char *found;
};

static enum MHD_Result http_look_at(void *context, enum MHD_ValueKind kind, const char *name,
                                    const char *value)
{
    struct http_search *search = context;
    (void)kind;
    (void)value;
    if (search->is_known(search->context, name))
        return MHD_YES;
    search->found = name;
    return MHD_NO;
}

const char *http_unknown_query(const struct http_exchange *exchange,
                               bool (*is_known)(const void *context, const char *name),
                               const void *context)
{
    struct http_search search = {is_known, context, NULL};
    MHD_get_connection_values(exchange->connection, MHD_GET_ARGUMENT_KIND, http_look_at, &search);
    return search.found;
}

const char *http_address(const struct http_exchange *exchange)
{
    return exchange->address;
}

void http_attach(struct http_exchange *exchange, void *attached)
{
    exchange->attached = attached;
}

void *http_attached(const struct http_exchange *exchange)
{
    return exchange->attached;
}

void http_add_header(struct http_exchange *exchange, const char *name, const char *value)
{
    if (exchange->header_count == HTTP_REPLY_HEADERS_MAX)
        return;
    struct http_header *header = &exchange->headers[exchange->header_count++];
    snprintf(header->name, sizeof(header->name), "%s", name);
    snprintf(header->value, sizeof(header->value), "%s", value);
    for (char *at = header->value; *at != 0; at++) {
        if ((unsigned char)*at < 0x20 || *at == 0x7f)
            *at = ' ';
    }
}

void http_reply(struct http_exchange *exchange, unsigned code, const char *content_type,
                struct view body)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(
        body.size, (void *)(uintptr_t)body.data, MHD_RESPMEM_MUST_COPY);
    if (response == NULL) /* no memory: the connection closes */
        return;
    if (body.size > 0)
        MHD_add_response_header(response, "Content-Type", content_type);
    MHD_add_response_header(response, "Cache-Control", "no-store");
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    for (unsigned i = 0; i < exchange->header_count; i++)
        MHD_add_response_header(response, exchange->headers[i].name, exchange->headers[i].value);
    exchange->is_answered = MHD_queue_response(exchange->connection, code, response) == MHD_YES;
    MHD_destroy_response(response);
}

void http_wait(struct http_exchange *exchange)
{
    exchange->is_waiting = true;
    MHD_suspend_connection(exchange->connection);
}

void http_wake(struct http_exchange *exchange)
{
    MHD_resume_connection(exchange->connection);
}

static void http_begin(struct MHD_Connection *connection, const char *url, const char *method,
                       void **state)
{
    struct http_exchange *exchange = memory_new(sizeof(*exchange));
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    exchange->connection = connection;
    exchange->path = url;
    exchange->method = method;
    buffer_init(&exchange->body);
    if (info != NULL && info->client_addr != NULL)
        endpoint_print(info->client_addr, exchange->address);
    *state = exchange;
}

static void http_take_body(struct http_exchange *exchange, const char *body, size_t size)
{
    if (buffer_size(&exchange->body) + size > LIMIT_HTTP_BODY_BYTES_MAX) {
        exchange->is_too_large = true;
        buffer_release(&exchange->body);
    }
    if (!exchange->is_too_large)
        buffer_append(&exchange->body, body, size);
}

static enum MHD_Result http_on_request(void *context, struct MHD_Connection *connection,
                                       const char *url, const char *method, const char *version,
                                       const char *body, size_t *body_bytes, void **state)
{
    const struct http *http = context;
    (void)version;
    if (*state == NULL) { /* headers only so far */
        http_begin(connection, url, method, state);
        return MHD_YES;
    }
    struct http_exchange *exchange = *state;
    if (*body_bytes != 0) {
        http_take_body(exchange, body, *body_bytes);
        *body_bytes = 0;
        return MHD_YES;
    }
    exchange->is_waiting = false;
    if (!exchange->is_begun) {
        exchange->is_begun = true;
        http->handlers.request(http->handlers.context, exchange);
    } else {
        http->handlers.resumed(http->handlers.context, exchange);
    }
    return exchange->is_answered || exchange->is_waiting ? MHD_YES : MHD_NO;
}

static void http_on_ended(void *context, struct MHD_Connection *connection, void **state,
                          enum MHD_RequestTerminationCode code)
{
    const struct http *http = context;
    struct http_exchange *exchange = *state;
    (void)connection;
    (void)code;
    if (exchange == NULL)
        return;
    http->handlers.ended(http->handlers.context, exchange);
    buffer_fini(&exchange->body);
    free(exchange);
    *state = NULL;
}

enum status http_start(int socket, const struct http_handlers *handlers, struct http **http,
                       struct failure *failure)
{
    struct http *made = memory_new(sizeof(*made));
    made->handlers = *handlers;
    made->daemon = MHD_start_daemon(
        MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_EPOLL | MHD_USE_ITC | MHD_ALLOW_SUSPEND_RESUME, 0,
        NULL, NULL, http_on_request, made, MHD_OPTION_NOTIFY_COMPLETED, http_on_ended, made,
        MHD_OPTION_LISTEN_SOCKET, socket, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)LIMIT_HTTP_CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)HTTP_TIMEOUT_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HTTP_MEMORY_BYTES,
        MHD_OPTION_END);
    if (made->daemon == NULL) {
        close(socket);
        free(made);
        return failure_set(failure, STATUS_IO, "The HTTP server could not be started.");
    }
    *http = made;
    return STATUS_OK;
}

void http_stop(struct http *http)
{
    if (http == NULL)
        return;
    MHD_stop_daemon(http->daemon);
    free(http);
}
