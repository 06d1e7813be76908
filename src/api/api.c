#include "api/api_internal.h"

#include "api/audit.h"
#include "api/document.h"
#include "base/memory.h"
#include "base/uuid.h"
#include "core/frame.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum status api_open(const char *directory, const struct api_port *port, struct api **opened,
                     struct failure *failure)
{
    struct api *api = memory_new(sizeof(*api));
    enum status status = api_keys_open(&api->keys, directory, failure);
    if (status != STATUS_OK) {
        free(api);
        return status;
    }
    api->port = *port;
    pthread_mutex_init(&api->mutex, NULL);
    list_init(&api->waiting);
    *opened = api;
    return STATUS_OK;
}

void api_close(struct api *api)
{
    if (api == NULL)
        return;
    pthread_mutex_destroy(&api->mutex);
    free(api);
}

/* ---- Asking ---- */

/* The exchange waits from before the worker knows of it: the answer may be quicker than this. */
static void api_ask(struct api_call *call)
{
    struct api *api = call->api;
    struct view conversation;
    struct blob *frame = api_make_frame(call, &conversation);
    struct api_question question = {
        .link = call,
        .user = call->user,
        .device = call->key,
        .authority = call->authority,
        .address = http_address(call->exchange),
        .conversation = conversation,
        .payload = frame_payload(blob_view(frame)),
    };
    pthread_mutex_lock(&api->mutex);
    bool is_asked = !api->is_draining;
    if (is_asked) {
        list_push_back(&api->waiting, &call->waiting);
        http_wait(call->exchange);
        is_asked = api->port.ask(api->port.context, &question);
        if (!is_asked) { /* answered by nobody: comes back at once, and says so */
            list_remove(&call->waiting);
            http_wake(call->exchange);
        }
        is_asked = true;
    }
    pthread_mutex_unlock(&api->mutex);
    blob_release(frame);
    if (is_asked)
        return;
    problem_set(&call->problem, 503, "shutting_down", "The server is shutting down; try again.");
    call->problem.retry_after_ms = 1000;
    api_reply_problem(call);
}

/* One of the caller's, if it is short and plain, or a new one. */
static void api_name_request(struct api_call *call)
{
    const char *given = http_header(call->exchange, "X-Request-Id");
    size_t size = given == NULL ? 0 : strlen(given);
    bool is_plain = size > 0 && size <= API_REQUEST_ID_BYTES;
    for (size_t i = 0; i < size && is_plain; i++)
        is_plain = given[i] > ' ' && given[i] <= '~' && given[i] != '"' && given[i] != '\\';
    if (is_plain) {
        snprintf(call->request_id, sizeof(call->request_id), "%s", given);
    } else {
        uint8_t random[10];
        randombytes_buf(random, sizeof(random));
        struct uuid id = uuid_v7(call->api->port.now_ms(call->api->port.context), random);
        char text[UUID_TEXT_BYTES + 1];
        uuid_format(&id, text);
        snprintf(call->request_id, sizeof(call->request_id), "%s", text);
    }
    http_add_header(call->exchange, "X-Request-Id", call->request_id);
}

void api_request(struct api *api, struct http_exchange *exchange)
{
    struct api_call *call = memory_new(sizeof(*call));
    call->api = api;
    call->exchange = exchange;
    list_init(&call->waiting);
    arena_init(&call->arena);
    http_attach(exchange, call);
    api_name_request(call);
    if (strcmp(http_path(exchange), "/v1/openapi.json") == 0 &&
        strcmp(http_method(exchange), "GET") == 0)
        http_reply(exchange, 200, "application/json", view_of(api_document));
    else if (api_is_audit(http_path(exchange)))
        api_reply_audit(call);
    else if (api_read_request(call))
        api_ask(call);
    else
        api_reply_problem(call);
}

/* ---- Answers ---- */

void api_answer(void *link, struct blob *frame, bool is_last)
{
    struct api_call *call = link;
    struct api *api = call->api;
    if (call->frame_count == call->frame_capacity) {
        call->frame_capacity = call->frame_capacity == 0 ? 4 : call->frame_capacity * 2;
        call->frames = memory_resize(call->frames, call->frame_capacity * sizeof(struct blob *));
    }
    call->frames[call->frame_count++] = frame;
    if (!is_last)
        return;
    pthread_mutex_lock(&api->mutex);
    list_remove(&call->waiting);
    http_wake(call->exchange);
    pthread_mutex_unlock(&api->mutex);
}

void api_resumed(struct api *api, struct http_exchange *exchange)
{
    struct api_call *call = http_attached(exchange);
    (void)api;
    if (call->frame_count == 0) {
        problem_set(&call->problem, 503, "overloaded",
                    "The server has too much to do, or is shutting down; try again.");
        call->problem.retry_after_ms = 1000;
        api_reply_problem(call);
        return;
    }
    api_reply_frames(call);
}

void api_ended(struct http_exchange *exchange)
{
    struct api_call *call = http_attached(exchange);
    if (call == NULL)
        return;
    for (size_t i = 0; i < call->frame_count; i++)
        blob_release(call->frames[i]);
    free(call->frames);
    json_decref(call->body);
    arena_fini(&call->arena);
    free(call);
    http_attach(exchange, NULL);
}

void api_drain(struct api *api)
{
    if (api == NULL)
        return;
    pthread_mutex_lock(&api->mutex);
    api->is_draining = true;
    pthread_mutex_unlock(&api->mutex);
}

void api_give_up(struct api *api)
{
    if (api == NULL)
        return;
    pthread_mutex_lock(&api->mutex);
    for (struct list *node; (node = list_pop_front(&api->waiting)) != NULL;)
        http_wake(LIST_ITEM(node, struct api_call, waiting)->exchange);
    pthread_mutex_unlock(&api->mutex);
}
