#include "cli/bench_traffic.h"

#include "base/memory.h"
#include "cli/bench_ask.h"
#include "core/refusal.h"

#include <string.h>

enum { POSTPONED_NS = 50 * 1000000, TARGETS_SHIFT = 48 };

/* The beginning of a body, and the whole of a recall's request id. */
struct stamp {
    uint64_t sent_ns;
    uint64_t number;
    uint32_t client;
    uint32_t zero;
};

static uint64_t request_number(uint64_t request)
{
    return request & ((UINT64_C(1) << REQUEST_KIND_SHIFT) - 1);
}

static bool stamp_read(ProtobufCBinaryData bytes, struct stamp *stamp)
{
    if (bytes.len < sizeof(*stamp))
        return false;
    memcpy(stamp, bytes.data, sizeof(*stamp));
    return true;
}

static uint64_t traffic_since(const struct load *load, uint64_t then_ns)
{
    return load->loop.now_ns > then_ns ? load->loop.now_ns - then_ns : 0;
}

void traffic_say(struct load_client *client, const wire_client_frame *frame)
{
    client->spoke_ns = client->load->loop.now_ns;
    peer_send_client(&client->peer, frame);
}

/* ---- Sending ---- */

static struct load_flight *traffic_flight(struct load_client *client, uint64_t number)
{
    return &client->flights[number % (client->load->settings.window_max + 1)];
}

static struct view traffic_body(struct load_client *client, uint64_t number, uint64_t sent_ns)
{
    struct load *load = client->load;
    size_t size = load->settings.body_bytes;
    struct stamp stamp = {sent_ns, number, client->index, 0};
    size_t from = (size_t)prng_below(&load->prng, LOAD_TEXT_BYTES - size);
    memcpy(load->body, &stamp, sizeof(stamp));
    memcpy(load->body + sizeof(stamp), load->text + from, size - sizeof(stamp));
    return view_make(load->body, size);
}

static void traffic_transmit(struct load_client *client, uint64_t number)
{
    struct load_flight *flight = traffic_flight(client, number);
    wire_send send = UNSAY__V1__SEND__INIT;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    send.conversation = client->conversation;
    send.message_id = bytes_of(uuid_view(&flight->id));
    send.content_type = WIRE(CONTENT_TYPE, TEXT);
    send.body = bytes_of(traffic_body(client, number, flight->sent_ns));
    if (number > 0)
        send.after = bytes_of(uuid_view(&traffic_flight(client, number - 1)->id));
    frame.request = request_make(REQUEST_SEND, number);
    frame.body_case = CLIENT_FRAME(SEND);
    frame.send = &send;
    traffic_say(client, &frame);
}

static void traffic_send_next(struct load_client *client)
{
    struct load *load = client->load;
    struct timespec wall;
    uint64_t random[2] = {prng_next(&load->prng), prng_next(&load->prng)};
    uint8_t bytes[10];
    clock_gettime(CLOCK_REALTIME, &wall);
    memcpy(bytes, random, sizeof(bytes));
    uint64_t wall_ms = (uint64_t)wall.tv_sec * 1000 + (uint64_t)wall.tv_nsec / 1000000;
    struct uuid id = uuid_v7(wall_ms, bytes);
    if (client->next > 0) { /* as the library: ids of a device rise */
        struct uuid last = traffic_flight(client, client->next - 1)->id;
        if (uuid_compare(&id, &last) <= 0 && uuid_increment(&last))
            id = last;
    }
    *traffic_flight(client, client->next) = (struct load_flight){id, load->loop.now_ns, false};
    load->unanswered++;
    traffic_transmit(client, client->next++);
}

static void traffic_add_target(struct load_client *client, uint64_t seq)
{
    if (client->target_count == client->target_room) {
        client->target_room = client->target_room == 0 ? 256 : 2 * client->target_room;
        client->targets =
            memory_resize(client->targets, client->target_room * sizeof(*client->targets));
    }
    client->targets[client->target_count++] = seq;
}

static void traffic_accepted(struct load_client *client, uint64_t number,
                             const wire_accepted *accepted)
{
    struct load *load = client->load;
    struct load_flight *flight = traffic_flight(client, number);
    if (number < client->base || number >= client->next || flight->is_accepted)
        return;
    flight->is_accepted = true;
    load->accepted++;
    load->unanswered--;
    load->all.accepted++;
    histogram_add(&load->all.accept, traffic_since(load, flight->sent_ns));
    if (client->index < 2) {
        load->first_pair.accepted++;
        histogram_add(&load->first_pair.accept, traffic_since(load, flight->sent_ns));
    }
    while (client->base < client->next && traffic_flight(client, client->base)->is_accepted)
        client->base++;
    if (load->is_recording)
        traffic_add_target(client, accepted->seq);
}

/* ---- Recalling ---- */

/* The request's number says which targets it has: how many, and from where on. */
void traffic_recall(struct load_client *client, uint64_t due_ns)
{
    struct load *load = client->load;
    size_t at = client->target_next;
    struct stamp stamp = {due_ns, at, client->index, 0};
    wire_target targets[LIMIT_RECALL_TARGETS_MAX];
    wire_target *list[LIMIT_RECALL_TARGETS_MAX];
    wire_recall_request recall = UNSAY__V1__RECALL_REQUEST__INIT;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    for (; recall.n_targets < load->batch && client->target_next < client->target_count;
         recall.n_targets++) {
        wire_target *target = list[recall.n_targets] = &targets[recall.n_targets];
        unsay__v1__target__init(target);
        target->origin = ORIGIN_DEFAULT;
        target->seq = client->targets[client->target_next++];
    }
    recall.conversation = client->conversation;
    recall.targets = list;
    recall.request_id = bytes_of(view_make(&stamp, sizeof(stamp)));
    frame.request = request_make(REQUEST_RECALL, (uint64_t)recall.n_targets << TARGETS_SHIFT | at);
    frame.body_case = CLIENT_FRAME(RECALL);
    frame.recall = &recall;
    client->recalls++;
    load->unanswered++;
    traffic_say(client, &frame);
}

static void traffic_recalled(struct load_client *client, const wire_recall_result *result)
{
    struct load *load = client->load;
    struct stamp stamp;
    if (client->recalls == 0 || !stamp_read(result->request_id, &stamp))
        return;
    client->recalls--;
    load->unanswered--;
    for (size_t i = 0; i < result->n_outcomes; i++) {
        if (result->outcomes[i]->outcome != WIRE(RECALL_OUTCOME, RECALLED)) {
            load_fail(load, STATUS_UNSUPPORTED, "a recall was not granted: %s",
                      refusal_name(result->outcomes[i]->refusal));
            return;
        }
    }
    load->recalled += result->n_outcomes;
    load->all.recalled += result->n_outcomes;
    load->all.recall_requests++;
    histogram_add(&load->all.recall, traffic_since(load, stamp.sent_ns));
    if (client->index < 2) {
        load->first_pair.recalled += result->n_outcomes;
        histogram_add(&load->first_pair.recall, traffic_since(load, stamp.sent_ns));
    }
}

void traffic_pump(struct load_client *client)
{
    struct load *load = client->load;
    if (client->peer.is_ended || client->conversation[0] == 0)
        return;
    if (load->mode == LOAD_SENDING && client->resend_from == UINT64_MAX) {
        while (client->next < client->end && client->next < client->base + client->window)
            traffic_send_next(client);
    } else if (load->mode == LOAD_RECALLING) {
        while (client->recalls < client->window && client->target_next < client->target_count)
            traffic_recall(client, load->loop.now_ns);
    }
}

/* ---- Following ---- */

static void traffic_read(struct load_client *client)
{
    wire_read read = UNSAY__V1__READ__INIT;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    read.conversation = client->conversation;
    read.origin = ORIGIN_DEFAULT;
    read.after = client->cursor;
    frame.request = request_make(REQUEST_READ, client->cursor);
    frame.body_case = CLIENT_FRAME(READ);
    frame.read = &read;
    client->is_reading = true;
    traffic_say(client, &frame);
}

static void traffic_acknowledge(struct load_client *client)
{
    wire_cursor cursor = UNSAY__V1__CURSOR__INIT;
    wire_cursor *cursors = &cursor;
    wire_notice_ack notices[LIMIT_ACK_ENTRIES_MAX];
    wire_notice_ack *list[LIMIT_ACK_ENTRIES_MAX];
    wire_ack ack = UNSAY__V1__ACK__INIT;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    cursor.conversation = client->conversation;
    cursor.origin = ORIGIN_DEFAULT;
    cursor.stored = client->cursor;
    for (size_t i = 0; i < client->notice_count; i++) {
        unsay__v1__notice_ack__init(&notices[i]);
        notices[i].conversation = client->conversation;
        notices[i].origin = ORIGIN_DEFAULT;
        notices[i].seq = client->notices[i];
        list[i] = &notices[i];
    }
    ack.n_cursors = 1;
    ack.cursors = &cursors;
    ack.n_notices = client->notice_count;
    ack.notices = list;
    frame.request = request_make(REQUEST_ACK, client->cursor);
    frame.body_case = CLIENT_FRAME(ACK);
    frame.ack = &ack;
    client->acknowledged = client->cursor;
    client->notice_count = 0;
    traffic_say(client, &frame);
}

/* Checks that messages come once and in order; a message that comes late was missing before. */
static void traffic_hear(struct load_client *client, const struct stamp *stamp)
{
    struct load *load = client->load;
    bool is_partner = stamp->client != client->index;
    uint64_t *heard = &client->heard[is_partner];
    uint64_t *missing = &client->missing[is_partner];
    if (stamp->number < *heard && *missing == 0) {
        load->doubled++;
        return;
    }
    if (stamp->number < *heard) {
        --*missing;
    } else {
        load->misordered += stamp->number > *heard;
        *missing += stamp->number - *heard;
        *heard = stamp->number + 1;
    }
    load->heard++;
    if (!is_partner)
        return;
    load->all.delivered++;
    histogram_add(&load->all.deliver, traffic_since(load, stamp->sent_ns));
    if (client->index < 2) {
        load->first_pair.delivered++;
        histogram_add(&load->first_pair.deliver, traffic_since(load, stamp->sent_ns));
    }
}

static void traffic_message(struct load_client *client, const wire_message *message)
{
    struct stamp stamp;
    if (message->state != WIRE(MESSAGE_STATE, NORMAL))
        return;
    if (!stamp_read(message->body, &stamp) ||
        (stamp.client != client->index && stamp.client != client->partner->index) ||
        message->body.len != client->load->settings.body_bytes) {
        load_fail(client->load, STATUS_CORRUPT, "a message came that nobody sent");
        return;
    }
    traffic_hear(client, &stamp);
}

static void traffic_event(struct load_client *client, const wire_event *event)
{
    struct load *load = client->load;
    if (strcmp(event->conversation, client->conversation) != 0 && client->conversation[0] != 0) {
        load_fail(load, STATUS_CORRUPT, "an event came of a conversation that is not the user's");
    } else if (event->seq <= client->cursor) {
        load->repeated++;
    } else if (event->seq > client->cursor + 1) {
        if (!client->is_reading && client->conversation[0] != 0) {
            load->gaps++;
            traffic_read(client);
        }
    } else {
        client->cursor = event->seq;
        if (event->kind_case == EVENT_KIND(MESSAGE))
            traffic_message(client, event->message);
        else if (event->kind_case == EVENT_KIND(RECALL))
            load->recalls_heard++;
    }
}

static void traffic_notice(struct load_client *client, const wire_event *event)
{
    struct load *load = client->load;
    struct stamp stamp;
    if (event->kind_case != EVENT_KIND(RECALL)) {
        load_fail(load, STATUS_CORRUPT, "a notice came that is no recall");
        return;
    }
    if (event->seq > client->noticed) {
        client->noticed = event->seq;
        bool is_partner =
            stamp_read(event->recall->request_id, &stamp) && stamp.client == client->partner->index;
        if (is_partner)
            histogram_add(&load->all.notice, traffic_since(load, stamp.sent_ns));
        if (is_partner && client->index < 2)
            histogram_add(&load->first_pair.notice, traffic_since(load, stamp.sent_ns));
    }
    traffic_event(client, event);
    client->notices[client->notice_count++] = event->seq;
    if (client->notice_count == LIMIT_ACK_ENTRIES_MAX)
        traffic_acknowledge(client);
}

static void traffic_refused(struct load_client *client, uint64_t request, const wire_error *error)
{
    struct load *load = client->load;
    uint64_t kind = request >> REQUEST_KIND_SHIFT;
    uint64_t number = request_number(request);
    if (!error->retryable || error->closing) {
        load_fail(load, STATUS_UNSUPPORTED, "the server refused: %s: %s", refusal_name(error->code),
                  error->detail);
    } else if (kind == REQUEST_SEND && number >= client->base && number < client->next) {
        load->postponed++;
        client->resend_ns = load->loop.now_ns + POSTPONED_NS;
        if (number < client->resend_from)
            client->resend_from = number;
    } else if (kind == REQUEST_RECALL && client->recalls > 0) {
        load->postponed++;
        load->unanswered--;
        client->recalls--;
        size_t at = (size_t)(number & ((UINT64_C(1) << TARGETS_SHIFT) - 1));
        size_t end = at + (size_t)(number >> TARGETS_SHIFT);
        for (; at < end && at < client->target_next; at++)
            traffic_add_target(client, client->targets[at]);
    }
}

/* ---- All together ---- */

void traffic_tick(struct load_client *client)
{
    struct load *load = client->load;
    if (client->conversation[0] == 0 || client->peer.is_ended)
        return;
    if (client->cursor > client->acknowledged || client->notice_count > 0)
        traffic_acknowledge(client);
    if (client->resend_from != UINT64_MAX && load->loop.now_ns >= client->resend_ns) {
        uint64_t number = client->resend_from;
        client->resend_from = UINT64_MAX;
        for (; number < client->next; number++) {
            if (!traffic_flight(client, number)->is_accepted)
                traffic_transmit(client, number);
        }
    }
    if (traffic_since(load, client->spoke_ns) > client->heartbeat_ns) {
        wire_heartbeat heartbeat = UNSAY__V1__HEARTBEAT__INIT;
        wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
        frame.request = request_make(REQUEST_ACK, 0);
        frame.body_case = CLIENT_FRAME(HEARTBEAT);
        frame.heartbeat = &heartbeat;
        traffic_say(client, &frame);
    }
    traffic_pump(client);
}

void traffic_take(struct load_client *client, const wire_server_frame *frame)
{
    if (frame->request >> REQUEST_KIND_SHIFT == REQUEST_ASK) {
        ask_take(client, frame);
        return;
    }
    switch (frame->body_case) {
    case SERVER_FRAME(ACCEPTED):
        traffic_accepted(client, request_number(frame->request), frame->accepted);
        traffic_pump(client);
        return;
    case SERVER_FRAME(RECALL):
        traffic_recalled(client, frame->recall);
        traffic_pump(client);
        return;
    case SERVER_FRAME(EVENT):
        traffic_event(client, frame->event);
        return;
    case SERVER_FRAME(NOTICE):
        traffic_notice(client, frame->notice);
        return;
    case SERVER_FRAME(PAGE_END):
        client->is_reading = false;
        if (frame->page_end->head > client->cursor)
            traffic_read(client);
        return;
    case SERVER_FRAME(BEHIND):
        if (!client->is_reading) {
            client->load->gaps++;
            traffic_read(client);
        }
        return;
    case SERVER_FRAME(ERROR):
        traffic_refused(client, frame->request, frame->error);
        return;
    case SERVER_FRAME(ACK):
    case SERVER_FRAME(LISTING):
    case SERVER_FRAME(HEARTBEAT):
    case SERVER_FRAME(WELCOME):
    case SERVER_FRAME(OPENED):
    case SERVER_FRAME(CONVERSATIONS):
    case SERVER_FRAME(PROGRESS):
        return;
    case SERVER_FRAME(RECEIPTS):
    case SERVER_FRAME(PRIVACY):
    case SERVER_FRAME(REFRESH):
    case SERVER_FRAME(REPLACE):
    case SERVER_FRAME(APPENDED):
    case SERVER_FRAME(MEMBERS):
    case SERVER_FRAME(PINS):
    case SERVER_FRAME(CONVERSATION):
    case SERVER_FRAME(RANGE):
    case SERVER_FRAME(EXPOSURE):
    case SERVER_FRAME(RECALLS):
    case SERVER_FRAME(EVIDENCE):
    case SERVER_FRAME(POLICY):
    case SERVER_FRAME(INVITATION):
    case SERVER_FRAME(_NOT_SET):
    case _UNSAY__V1__SERVER_FRAME__BODY__CASE_IS_INT_SIZE:
    default:
        load_fail(client->load, STATUS_MALFORMED, "a frame came that this client did not ask for");
    }
}
