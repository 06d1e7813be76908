#include "access/http.h"

#include "base/memory.h"

#include <microhttpd.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    HTTP_CONNECTIONS_MAX = 64,
    HTTP_TIMEOUT_S = 10,
    HTTP_MEMORY_BYTES = 16 * 1024 /* of one connection: request line and headers */
};

struct http {
    struct MHD_Daemon *daemon;
    struct http_handlers handlers;
};

static enum MHD_Result http_reply(struct MHD_Connection *connection, unsigned code,
                                  const char *content_type, const void *body, size_t size)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(size, (void *)(uintptr_t)body, MHD_RESPMEM_MUST_COPY);
    if (response == NULL)
        return MHD_NO;
    MHD_add_response_header(response, "Content-Type", content_type);
    MHD_add_response_header(response, "Cache-Control", "no-store");
    enum MHD_Result result = MHD_queue_response(connection, code, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result http_reply_text(struct MHD_Connection *connection, unsigned code,
                                       const char *text)
{
    return http_reply(connection, code, "text/plain; charset=utf-8", text, strlen(text));
}

static enum MHD_Result http_on_request(void *context, struct MHD_Connection *connection,
                                       const char *url, const char *method, const char *version,
                                       const char *body, size_t *body_bytes, void **state)
{
    static int seen;
    const struct http *http = context;
    (void)version;
    (void)body;
    if (*state == NULL) { /* headers only so far */
        *state = &seen;
        return MHD_YES;
    }
    if (*body_bytes != 0) { /* bodies are of no use here */
        *body_bytes = 0;
        return MHD_YES;
    }
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
        return http_reply_text(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET and HEAD\n");

    struct buffer text;
    buffer_init(&text);
    enum MHD_Result result;
    if (strcmp(url, "/healthz") == 0) {
        bool is_healthy = http->handlers.health(http->handlers.context, &text);
        result = http_reply(connection, is_healthy ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE,
                            "text/plain; charset=utf-8", text.data, buffer_size(&text));
    } else if (strcmp(url, "/metrics") == 0) {
        http->handlers.metrics(http->handlers.context, &text);
        result = http_reply(connection, MHD_HTTP_OK, "text/plain; version=0.0.4; charset=utf-8",
                            text.data, buffer_size(&text));
    } else {
        result = http_reply_text(connection, MHD_HTTP_NOT_FOUND,
                                 "not found; there are /healthz and /metrics\n");
    }
    buffer_fini(&text);
    return result;
}

enum status http_start(int socket, const struct http_handlers *handlers, struct http **http,
                       struct failure *failure)
{
    struct http *made = memory_new(sizeof(*made));
    made->handlers = *handlers;
    made->daemon = MHD_start_daemon(
        MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_EPOLL | MHD_USE_ITC, 0, NULL, NULL,
        http_on_request, made, MHD_OPTION_LISTEN_SOCKET, socket, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)HTTP_CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)HTTP_TIMEOUT_S,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HTTP_MEMORY_BYTES, MHD_OPTION_END);
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
