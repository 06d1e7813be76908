#include "core/client_requests.h"

#include "base/memory.h"
#include "core/client_core.h"
#include "core/frame.h"

#include <assert.h>
#include <stdlib.h>

_Static_assert((int)CLIENT_REQUESTS_MAX == (int)CLIENT_SLOTS_MAX, "a slot for each request");

void client_requests_init(struct client_requests *requests)
{
    *requests = (struct client_requests){.deadline_ms = CLIENT_NEVER};
    list_init(&requests->list);
}

static void client_request_free(struct client_requests *requests, struct client_request *request)
{
    requests->slots[client_request_slot(request->number)] = NULL;
    requests->count--;
    if (request->is_read)
        requests->read_count--;
    list_remove(&request->node);
    buffer_fini(&request->events);
    buffer_fini(&request->recalls);
    blob_release(request->frame);
    free(request);
}

void client_requests_fini(struct client_requests *requests)
{
    while (!list_is_empty(&requests->list))
        client_request_free(requests, LIST_ITEM(requests->list.next, struct client_request, node));
}

static Unsay__V1__ServerFrame__BodyCase client_request_answer_case(const wire_client_frame *frame)
{
    static const struct {
        Unsay__V1__ClientFrame__BodyCase question;
        Unsay__V1__ServerFrame__BodyCase answer;
    } table[] = {
        {CLIENT_FRAME(RECALL), SERVER_FRAME(RECALL)},
        {CLIENT_FRAME(READ), SERVER_FRAME(PAGE_END)},
        {CLIENT_FRAME(LIST_CONVERSATIONS), SERVER_FRAME(CONVERSATIONS)},
        {CLIENT_FRAME(OPEN_CONVERSATION), SERVER_FRAME(OPENED)},
        {CLIENT_FRAME(CREATE_CONVERSATION), SERVER_FRAME(OPENED)},
        {CLIENT_FRAME(CHANGE_MEMBERS), SERVER_FRAME(APPENDED)},
        {CLIENT_FRAME(CHANGE_PIN), SERVER_FRAME(APPENDED)},
        {CLIENT_FRAME(CHANGE_SETTINGS), SERVER_FRAME(APPENDED)},
        {CLIENT_FRAME(JOIN_CONVERSATION), SERVER_FRAME(APPENDED)},
        {CLIENT_FRAME(CHANGE_LISTING), SERVER_FRAME(LISTING)},
        {CLIENT_FRAME(LIST_MEMBERS), SERVER_FRAME(MEMBERS)},
        {CLIENT_FRAME(LIST_PINS), SERVER_FRAME(PINS)},
        {CLIENT_FRAME(RECALL_RANGE), SERVER_FRAME(RANGE)},
        {CLIENT_FRAME(READ_EXPOSURE), SERVER_FRAME(EXPOSURE)},
        {CLIENT_FRAME(LIST_RECALLS), SERVER_FRAME(RECALLS)},
        {CLIENT_FRAME(OPEN_EVIDENCE), SERVER_FRAME(EVIDENCE)},
        {CLIENT_FRAME(POLICY), SERVER_FRAME(POLICY)},
        {CLIENT_FRAME(READ_RECEIPTS), SERVER_FRAME(RECEIPTS)},
        {CLIENT_FRAME(CHANGE_PRIVACY), SERVER_FRAME(PRIVACY)},
    };
    size_t at = 0;
    while (at < sizeof(table) / sizeof(table[0]) && table[at].question != frame->body_case)
        at++;
    assert(at < sizeof(table) / sizeof(table[0]));
    return table[at].answer;
}

static void client_request_set_read(struct client_request *request, const wire_read *read,
                                    bool is_fetch)
{
    request->is_read = true;
    request->is_fetch = is_fetch;
    snprintf(request->conversation, sizeof(request->conversation), "%s", read->conversation);
    request->origin = read->origin == 0 ? ORIGIN_DEFAULT : read->origin;
    request->limit = read->limit == 0 || read->limit > LIMIT_PAGE_EVENTS_MAX ? LIMIT_PAGE_EVENTS_MAX
                                                                             : read->limit;
}

/* The answer's effect; the caller adds what it is, then the request is over. */
static struct client_effect *client_request_settle(struct client_core *core,
                                                   struct client_request *request)
{
    struct client_effect *answer = client_effects_add(&core->effects, CLIENT_ANSWER);
    answer->token = request->token;
    return answer;
}

/* `detail` is the server's, and may be empty. */
static void client_request_refuse(struct client_core *core, struct client_request *request,
                                  refusal_code refusal, const char *detail)
{
    struct client_effect *answer = client_request_settle(core, request);
    answer->refusal = refusal;
    answer->text = *detail == 0 ? refusal_text(refusal) : detail;
    client_request_free(&core->requests, request);
}

/* What a read is about; NULL when it is not known. */
static const struct client_conversation *
client_request_conversation(const struct client_core *core, const struct client_request *request)
{
    return client_conversations_find(&core->conversations, view_of(request->conversation),
                                     request->origin);
}

bool client_requests_add(struct client_core *core, uint64_t token, const wire_client_frame *frame,
                         uint32_t timeout_ms, bool is_fetch)
{
    struct client_requests *requests = &core->requests;
    bool is_read = frame->body_case == CLIENT_FRAME(READ);
    if (requests->count == CLIENT_REQUESTS_MAX ||
        (is_read && requests->read_count == LIMIT_SESSION_READS_MAX))
        return false;
    while (requests->slots[requests->next_slot] != NULL)
        requests->next_slot = (requests->next_slot + 1) % CLIENT_REQUESTS_MAX;

    struct client_request *request = memory_new(sizeof(*request));
    request->number = client_request_number(core, CLIENT_REQUEST_APPLICATION, requests->next_slot);
    request->token = token;
    request->deadline_ms = core->now_ms + timeout_ms;
    request->answer_case = client_request_answer_case(frame);
    buffer_init(&request->events);
    buffer_init(&request->recalls);
    list_push_back(&requests->list, &request->node);
    requests->slots[requests->next_slot] = request;
    requests->count++;
    if (is_read) {
        client_request_set_read(request, frame->read, is_fetch);
        requests->read_count++;
    }
    wire_client_frame numbered = *frame;
    numbered.request = request->number;
    request->frame = frame_from_client(&numbered);
    requests->deadline_ms = client_earlier(requests->deadline_ms, request->deadline_ms);

    if (request->frame->size > FRAME_HEADER_BYTES + LIMIT_FRAME_BYTES_MAX)
        client_request_refuse(core, request, REFUSAL_CODE(FRAME_TOO_LARGE), "");
    else if (is_fetch && client_request_conversation(core, request) == NULL)
        client_request_refuse(core, request, REFUSAL_CODE(UNKNOWN_CONVERSATION), "");
    else if (client_connection_is_ready(&core->connection))
        client_transmit_blob(core, blob_hold(request->frame));
    return true;
}

void client_requests_resume(struct client_core *core)
{
    struct list *list = &core->requests.list;
    for (struct list *node = list->next; node != list; node = node->next)
        client_transmit_blob(core, blob_hold(LIST_ITEM(node, struct client_request, node)->frame));
}

static bool client_request_is_by_seq(struct client_core *core, const struct client_request *request)
{
    const wire_client_frame *frame =
        frame_decode_client(frame_payload(blob_view(request->frame)), &core->effects.arena);
    if (frame->body_case != CLIENT_FRAME(RECALL))
        return request->is_fetch || frame->body_case == CLIENT_FRAME(CHANGE_PIN) ||
               (frame->body_case == CLIENT_FRAME(CHANGE_LISTING) &&
                frame->change_listing->hidden_seq != 0) ||
               frame->body_case == CLIENT_FRAME(READ_EXPOSURE) ||
               frame->body_case == CLIENT_FRAME(READ_RECEIPTS) ||
               frame->body_case == CLIENT_FRAME(OPEN_EVIDENCE);
    for (size_t i = 0; i < frame->recall->n_targets; i++) {
        if (frame->recall->targets[i]->message_id.len == 0)
            return true;
    }
    return false;
}

void client_requests_forget(struct client_core *core)
{
    struct list *list = &core->requests.list;
    for (struct list *node = list->next, *next; node != list; node = next) {
        next = node->next;
        struct client_request *request = LIST_ITEM(node, struct client_request, node);
        if (client_request_is_by_seq(core, request))
            client_request_refuse(core, request, REFUSAL_CODE(UNKNOWN_MESSAGE), "");
    }
}

static void client_request_drop_page(struct client_request *request)
{
    buffer_release(&request->events);
    request->event_count = 0;
    request->last = 0;
    buffer_release(&request->recalls);
    request->recall_count = 0;
}

void client_requests_stop(struct client_core *core)
{
    struct list *list = &core->requests.list;
    for (struct list *node = list->next; node != list; node = node->next) {
        client_request_drop_page(LIST_ITEM(node, struct client_request, node));
    }
}

/* The page was not whole: once more, as long as there is time. */
static void client_request_ask_again(struct client_core *core, struct client_request *request)
{
    client_request_drop_page(request);
    client_transmit_blob(core, blob_hold(request->frame));
}

/* Appends an encoded event. */
static void client_request_put(struct buffer *buffer, struct view bytes)
{
    uint32_t size = (uint32_t)bytes.size;
    buffer_append(buffer, &size, sizeof(size));
    buffer_append(buffer, bytes.data, bytes.size);
}

static bool client_request_gather(struct client_core *core, struct client_request *request,
                                  const wire_event *event)
{
    if (!request->is_read || !client_event_is_valid(event) || event->origin != request->origin ||
        !view_equal(view_of(event->conversation), view_of(request->conversation)))
        return false;
    /* What is hidden is to an application as if it were not there. */
    if (event->kind_case == EVENT_KIND(HIDDEN) || event->seq <= request->last)
        return true;
    if (request->event_count == request->limit)
        return false;
    request->last = event->seq;
    client_request_put(&request->events, event_encode(event, &core->effects.arena));
    request->event_count++;
    return true;
}

void client_requests_recalled(struct client_core *core, const wire_event *recall, struct view bytes)
{
    struct client_requests *requests = &core->requests;
    if (requests->read_count == 0)
        return;
    for (struct list *node = requests->list.next, *next; node != &requests->list; node = next) {
        next = node->next;
        struct client_request *request = LIST_ITEM(node, struct client_request, node);
        if (!request->is_read || recall->recall->target_origin != request->origin ||
            strcmp(recall->conversation, request->conversation) != 0)
            continue;
        if (request->recall_count == LIMIT_AHEAD_MAX) {
            client_request_refuse(core, request, REFUSAL_CODE(OVERLOADED), "");
            continue;
        }
        client_request_put(&request->recalls, bytes);
        request->recall_count++;
    }
}

/* Takes all of what client_request_put put there. */
static wire_event **client_request_take(struct client_core *core, struct buffer *buffer,
                                        uint32_t count)
{
    struct arena *arena = &core->effects.arena;
    wire_event **events = arena_alloc(arena, (count + 1) * sizeof(wire_event *));
    for (uint32_t i = 0; i < count; i++) {
        struct view rest = buffer_view(buffer);
        uint32_t size;
        memcpy(&size, rest.data, sizeof(size));
        events[i] = event_decode(view_make(rest.data + sizeof(size), size), arena);
        buffer_consume(buffer, sizeof(size) + size);
    }
    return events;
}

static const wire_event **client_request_events(struct client_core *core,
                                                struct client_request *request)
{
    wire_event **events = client_request_take(core, &request->events, request->event_count);
    wire_event **recalls = client_request_take(core, &request->recalls, request->recall_count);
    const wire_event **masked =
        arena_alloc(&core->effects.arena, (request->event_count + 1) * sizeof(*masked));
    for (uint32_t i = 0; i < request->event_count; i++) {
        masked[i] = client_event_masked(core, events[i]);
        for (uint32_t at = 0; at < request->recall_count; at++)
            masked[i] = client_event_tombstone(core, masked[i], recalls[at]);
    }
    return masked;
}

/* Events before the cursor alone: those after it are sync's. */
static void client_request_store(struct client_core *core, const struct client_request *request,
                                 const wire_event *const *events)
{
    const struct client_conversation *conversation = client_request_conversation(core, request);
    for (uint32_t i = 0; conversation != NULL && i < request->event_count; i++) {
        if (events[i]->seq > conversation->stored)
            continue;
        struct client_effect *store = client_effects_add(&core->effects, CLIENT_STORE_EVENT);
        store->event = events[i];
        store->event_bytes = event_encode(events[i], &core->effects.arena);
        store->is_older = true;
    }
}

bool client_requests_answer(struct client_core *core, const wire_server_frame *frame)
{
    struct client_request *request = core->requests.slots[client_request_slot(frame->request)];
    if (request == NULL || request->number != frame->request)
        return true;
    if (frame->body_case == SERVER_FRAME(EVENT))
        return client_request_gather(core, request, frame->event);
    if (frame->body_case == SERVER_FRAME(ERROR)) {
        client_request_refuse(core, request, frame->error->code, frame->error->detail);
        return true;
    }
    if (frame->body_case != request->answer_case)
        return false;
    if (request->is_read && frame->page_end->count != request->event_count) {
        client_request_ask_again(core, request);
        return true;
    }
    struct client_effect *answer = client_request_settle(core, request);
    answer->answer = frame;
    if (request->is_read) {
        answer->events = client_request_events(core, request);
        answer->event_count = request->event_count;
    }
    if (request->is_fetch)
        client_request_store(core, request, answer->events);
    client_request_free(&core->requests, request);
    return true;
}

void client_requests_tick(struct client_core *core)
{
    struct client_requests *requests = &core->requests;
    if (core->now_ms < requests->deadline_ms)
        return;
    requests->deadline_ms = CLIENT_NEVER;
    for (struct list *node = requests->list.next, *next; node != &requests->list; node = next) {
        next = node->next;
        struct client_request *request = LIST_ITEM(node, struct client_request, node);
        if (core->now_ms < request->deadline_ms) {
            requests->deadline_ms = client_earlier(requests->deadline_ms, request->deadline_ms);
            continue;
        }
        struct client_effect *answer = client_request_settle(core, request);
        answer->is_timeout = true;
        answer->text = "No answer came in time; check the connection and try again.";
        client_request_free(requests, request);
    }
}

uint64_t client_requests_wake_ms(const struct client_requests *requests)
{
    return requests->deadline_ms;
}
