#include "client/loop_internal.h"

#include "core/frame.h"

struct request *loop_find_request(struct loop *loop, uint64_t token)
{
    for (struct list *node = loop->requests.next; node != &loop->requests; node = node->next) {
        struct request *request = LIST_ITEM(node, struct request, node);
        if (request->token == token)
            return request;
    }
    return NULL;
}

void loop_remove_request(struct loop *loop, struct request *request)
{
    list_remove(&request->node);
    loop_unreserve(loop);
}

void loop_accept_request(struct loop *loop, struct request *request)
{
    request->token = ++loop->last_token;
    request->deadline_ms =
        request->timeout_ms == UINT64_MAX ? UINT64_MAX : loop_now_ms() + request->timeout_ms;
    list_push_back(&loop->requests, &request->node);
}

void loop_submit_requests(struct loop *loop)
{
    uint64_t now_ms = loop_now_ms();
    struct arena arena;
    arena_init(&arena);
    for (struct list *node = loop->requests.next; node != &loop->requests; node = node->next) {
        struct request *request = LIST_ITEM(node, struct request, node);
        if (request->is_submitted)
            continue;
        uint64_t left_ms = request->deadline_ms > now_ms ? request->deadline_ms - now_ms : 1;
        arena_reset(&arena);
        const wire_client_frame *frame =
            frame_decode_client(frame_payload(blob_view(request->frame)), &arena);
        uint32_t timeout_ms = left_ms < UINT32_MAX ? (uint32_t)left_ms : UINT32_MAX;
        request->is_submitted =
            request->kind == REQUEST_OLDER
                ? client_core_fetch(loop->core, now_ms, request->token, frame, timeout_ms)
                : client_core_request(loop->core, now_ms, request->token, frame, timeout_ms);
    }
    arena_fini(&arena);
}

static bool frame_is_recall(struct view frame)
{
    if (frame.size < FRAME_HEADER_BYTES)
        return false;
    struct arena arena;
    arena_init(&arena);
    const wire_client_frame *decoded = frame_decode_client(frame_payload(frame), &arena);
    bool is_recall = decoded != NULL && decoded->body_case == CLIENT_FRAME(RECALL);
    arena_fini(&arena);
    return is_recall;
}

static void loop_repeat_request(void *context, uint64_t number, struct view frame)
{
    struct loop *loop = context;
    if (!frame_is_recall(frame) || loop_reserve(loop) != UNSAY_OK)
        return;
    struct blob *blob = blob_new(frame.size);
    memcpy(blob->bytes, frame.data, frame.size);
    struct request *request = request_new(REQUEST_REPEATED, blob, UINT64_MAX, NULL);
    request->number = number;
    loop_accept_request(loop, request);
}

void loop_repeat_requests(struct loop *loop)
{
    /* What cannot be read now stays for the next start. */
    enum status status =
        database_requests(loop->client->database, REQUESTS_MAX, loop_repeat_request, loop);
    (void)status;
}
