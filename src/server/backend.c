#include "server/backend.h"

#include "access/http.h"
#include "api/api.h"
#include "base/memory.h"
#include "routing/calls.h"
#include "server/clock.h"
#include "server/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BACKEND_READ_BYTES = 64 * 1024 };

struct backend {
    struct backend_settings settings;
    struct http *http;
    struct api *api;
    unsigned next; /* worker for what is about no conversation */
};

static uint64_t backend_now_ms(void *context)
{
    (void)context;
    return clock_wall_ms();
}

static enum status backend_read_audit(void *context, const char *name, struct buffer *bytes)
{
    const struct backend *backend = context;
    char path[4300];
    bool is_key = strcmp(name, "key") == 0;
    snprintf(path, sizeof(path), "%s/audit%s%s", backend->settings.data, is_key ? ".pub" : "/",
             is_key ? "" : name);
    FILE *file = fopen(path, "rbe");
    if (file == NULL)
        return errno == ENOENT || errno == ENOTDIR ? STATUS_NOT_FOUND : STATUS_IO;
    size_t count;
    do {
        count = fread(buffer_reserve(bytes, BACKEND_READ_BYTES), 1, BACKEND_READ_BYTES, file);
        buffer_grow(bytes, count);
    } while (count == BACKEND_READ_BYTES);
    enum status status = STATUS_OK;
    if (ferror(file))
        status = errno == EISDIR ? STATUS_NOT_FOUND : STATUS_IO;
    fclose(file);
    return status;
}

static void backend_keys_fail(void *context, const char *reason)
{
    (void)context;
    if (reason != NULL)
        log_say(LOG_keys_refused, LOG_TEXT("reason", reason));
    else
        log_write(LOG_keys_loaded, NULL);
}

/* The owner of the conversation is the one that decides; others would only pass it on. */
static bool backend_ask(void *context, const struct api_question *question)
{
    struct backend *backend = context;
    const struct shells *shells = backend->settings.shells;
    unsigned worker = question->conversation.size > 0
                          ? worker_of(&shells->shells[0].worker, question->conversation)
                          : backend->next++ % shells->count;
    struct mail_call *call = memory_new(sizeof(*call) + question->payload.size);
    call->link = question->link;
    call->authority = question->authority;
    snprintf(call->user, sizeof(call->user), "%s", question->user);
    snprintf(call->device, sizeof(call->device), "%s", question->device);
    snprintf(call->address, sizeof(call->address), "%s", question->address);
    call->payload_bytes = question->payload.size;
    memcpy(call->payload, question->payload.data, question->payload.size);
    if (shell_mail(&shells->shells[worker], (struct mail){.kind = MAIL_CALL, .call = call}))
        return true;
    free(call);
    return false;
}

static void backend_text(struct http_exchange *exchange, unsigned code, const char *type,
                         const struct buffer *text)
{
    http_reply(exchange, code, type, buffer_view(text));
}

static void backend_on_request(void *context, struct http_exchange *exchange)
{
    struct backend *backend = context;
    const char *path = http_path(exchange);
    struct buffer text;
    if (strncmp(path, "/v1/", 4) == 0) {
        api_request(backend->api, exchange);
        return;
    }
    buffer_init(&text);
    if (strcmp(http_method(exchange), "GET") != 0 && strcmp(http_method(exchange), "HEAD") != 0) {
        http_reply(exchange, 405, "text/plain; charset=utf-8", view_of("only GET and HEAD\n"));
    } else if (strcmp(path, "/healthz") == 0) {
        bool is_healthy = backend->settings.health(backend->settings.context, &text);
        backend_text(exchange, is_healthy ? 200 : 503, "text/plain; charset=utf-8", &text);
    } else if (strcmp(path, "/metrics") == 0) {
        backend->settings.metrics(backend->settings.context, &text);
        backend_text(exchange, 200, "text/plain; version=0.0.4; charset=utf-8", &text);
    } else {
        http_reply(exchange, 404, "text/plain; charset=utf-8",
                   view_of("not found; there are /healthz, /metrics and /v1/openapi.json\n"));
    }
    buffer_fini(&text);
}

static void backend_on_resumed(void *context, struct http_exchange *exchange)
{
    struct backend *backend = context;
    api_resumed(backend->api, exchange);
}

static void backend_on_ended(void *context, struct http_exchange *exchange)
{
    (void)context;
    api_ended(exchange);
}

enum status backend_start(int socket, const struct backend_settings *settings,
                          struct backend **started, struct failure *failure)
{
    struct backend *backend = memory_new(sizeof(*backend));
    struct api_port port = {backend, backend_ask, backend_now_ms, backend_read_audit,
                            backend_keys_fail};
    struct http_handlers handlers = {backend, backend_on_request, backend_on_resumed,
                                     backend_on_ended};
    backend->settings = *settings;
    enum status status = api_open(settings->data, &port, &backend->api, failure);
    if (status == STATUS_OK)
        status = http_start(socket, &handlers, &backend->http, failure);
    else
        close(socket);
    if (status != STATUS_OK) {
        api_close(backend->api);
        free(backend);
        return status;
    }
    *started = backend;
    return STATUS_OK;
}

void backend_drain(struct backend *backend)
{
    if (backend != NULL)
        api_drain(backend->api);
}

void backend_stop(struct backend *backend)
{
    if (backend == NULL)
        return;
    api_give_up(backend->api);
    http_stop(backend->http);
    api_close(backend->api);
    free(backend);
}
