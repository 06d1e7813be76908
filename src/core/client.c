#include "core/client.h"

#include "base/memory.h"
#include "core/client_core.h"
#include "core/frame.h"
#include "core/ids.h"

#include <stdlib.h>

void client_config_default(struct client_config *config)
{
    *config = (struct client_config){
        .ack_delay_ms = 50,
        .send_retry_first_ms = 1000,
        .send_retry_max_ms = 32000,
        .send_give_up_ms = 300000,
        .reconnect_first_ms = 1000,
        .reconnect_max_ms = 30000,
        .reconnect_failures_max = 10,
        .answer_timeout_ms = 10000,
        .heartbeat_min_ms = 10000,
        .heartbeat_max_ms = 300000,
        .first_sync = CLIENT_FIRST_SYNC_ALL,
    };
}

static char *client_text_copy(const char *text)
{
    struct view bytes = view_of(text);
    return memory_copy(bytes.data, bytes.size);
}

struct client_core *client_core_new(const struct client_config *config)
{
    struct client_core *core = memory_new(sizeof(*core));
    core->config = *config;
    core->token = client_text_copy(config->token);
    core->name = client_text_copy(config->name);
    core->device_key = memory_copy(config->device_key.data, config->device_key.size);
    core->config.device_key = view_make(core->device_key, config->device_key.size);
    core->wake_ms = CLIENT_NEVER;
    core->prng.state = config->seed;
    client_effects_init(&core->effects);
    client_connection_init(&core->connection, config);
    client_conversations_init(&core->conversations);
    client_sync_init(&core->sync);
    client_acks_init(&core->acks);
    client_progress_init(&core->progress);
    client_outbox_init(&core->outbox);
    client_requests_init(&core->requests);
    return core;
}

void client_core_free(struct client_core *core)
{
    if (core == NULL)
        return;
    client_requests_fini(&core->requests);
    client_outbox_fini(&core->outbox);
    client_conversations_fini(&core->conversations);
    client_sync_fini(&core->sync);
    client_effects_fini(&core->effects);
    client_connection_drop_ticket(core);
    free(core->token);
    free(core->name);
    free(core->device_key);
    free(core);
}

uint64_t client_request_number(struct client_core *core, enum client_request_kind kind,
                               uint32_t slot)
{
    return (++core->counter * CLIENT_SLOTS_MAX + slot) << 2 | (uint64_t)kind;
}

void client_transmit_blob(struct client_core *core, struct blob *frame)
{
    client_effects_add(&core->effects, CLIENT_TRANSMIT)->frame = frame;
}

void client_transmit(struct client_core *core, const wire_client_frame *frame)
{
    client_transmit_blob(core, frame_from_client(frame));
}

bool client_error_is_retryable(const wire_error *error)
{
    return error->retryable || refusal_is_retryable(error->code);
}

uint64_t client_error_retry_ms(const struct client_core *core, const wire_error *error,
                               uint32_t delay_ms)
{
    uint32_t asked_ms = error->retry_after_ms < CLIENT_RETRY_AFTER_MAX_MS
                            ? error->retry_after_ms
                            : CLIENT_RETRY_AFTER_MAX_MS;
    return core->now_ms + (asked_ms > delay_ms ? asked_ms : delay_ms);
}

/* Every input begins here. */
static void client_core_begin(struct client_core *core, uint64_t now_ms)
{
    client_effects_begin(&core->effects);
    if (now_ms > core->now_ms)
        core->now_ms = now_ms;
}

void client_core_load_cursor(struct client_core *core, const struct client_cursor *cursor)
{
    struct client_conversation *loaded =
        client_conversations_load(&core->conversations, cursor->conversation, cursor->origin);
    if (loaded == NULL)
        return;
    loaded->stored = cursor->stored;
    loaded->displayed = cursor->displayed < cursor->stored ? cursor->displayed : cursor->stored;
    loaded->recalled = cursor->recalled;
    loaded->head = cursor->stored;
}

void client_core_load_store(struct client_core *core, const struct uuid *store)
{
    core->store = *store;
}

void client_core_load_synced(struct client_core *core)
{
    core->is_synced = true;
}

void client_core_start(struct client_core *core, uint64_t now_ms)
{
    client_core_begin(core, now_ms);
    core->is_started = true;
    client_outbox_start(core);
    client_connection_renew(core);
}

void client_core_link_up(struct client_core *core, uint64_t now_ms)
{
    client_core_begin(core, now_ms);
    client_connection_up(core);
}

void client_core_link_down(struct client_core *core, uint64_t now_ms, const char *reason)
{
    client_core_begin(core, now_ms);
    client_connection_lost(core, REFUSAL_NONE, reason, 0);
}

/* False: nothing that a server may send. */
static bool client_core_answer(struct client_core *core, const wire_server_frame *frame)
{
    switch (client_request_kind(frame->request)) {
    case CLIENT_REQUEST_SEND:
        return client_outbox_answer(core, frame);
    case CLIENT_REQUEST_SYNC:
        return client_request_slot(frame->request) == CLIENT_PROGRESS_SLOT
                   ? client_progress_answer(core, frame)
                   : client_sync_answer(core, frame);
    case CLIENT_REQUEST_APPLICATION:
        return client_requests_answer(core, frame);
    case CLIENT_REQUEST_CONTROL:
        break;
    }
    return true;
}

static bool client_core_error(struct client_core *core, const wire_server_frame *frame)
{
    const wire_error *error = frame->error;
    bool is_rejection = client_refusal_is_rejection(error->code);
    bool is_closing =
        error->closing || is_rejection || !client_connection_is_ready(&core->connection);
    if (!is_closing)
        return client_core_answer(core, frame);
    /* What made the server close the connection must not be asked again on the next one. */
    if (!is_rejection && !client_error_is_retryable(error) && !client_core_answer(core, frame))
        return false;
    client_connection_break(core, error->code, refusal_text(error->code), error->retry_after_ms);
    return true;
}

/* News, or the answer to a request: either is stored before anybody hears of it. */
static bool client_core_listing(struct client_core *core, const wire_server_frame *frame)
{
    const wire_listing *listing = frame->listing;
    if (!id_is_conversation(view_of(listing->conversation)))
        return false;
    if (listing->version > 0) {
        struct client_effect *store = client_effects_add(&core->effects, CLIENT_STORE_LISTING);
        store->listing = listing;
        store->conversation = view_of(listing->conversation);
    }
    return frame->request == 0 || client_core_answer(core, frame);
}

static bool client_core_dispatch(struct client_core *core, const wire_server_frame *frame)
{
    if (frame->body_case == SERVER_FRAME(WELCOME))
        return client_connection_welcome(core, frame->welcome);
    if (frame->body_case == SERVER_FRAME(ERROR))
        return client_core_error(core, frame);
    if (!client_connection_is_ready(&core->connection))
        return false;
    if (frame->body_case == SERVER_FRAME(NOTICE))
        return client_event_noticed(core, frame->notice);
    if (frame->body_case == SERVER_FRAME(REPLACE))
        return client_event_replaced(core, frame->replace);
    if (frame->body_case == SERVER_FRAME(REFRESH))
        return client_event_refreshed(core, frame->refresh);
    if (frame->body_case == SERVER_FRAME(INVITATION))
        return client_sync_invited(core, frame->invitation);
    if (frame->body_case == SERVER_FRAME(EVENT) && frame->request == 0)
        return client_event_pushed(core, frame->event);
    if (frame->body_case == SERVER_FRAME(LISTING))
        return client_core_listing(core, frame);
    if (frame->body_case == SERVER_FRAME(PROGRESS) && frame->request == 0)
        return client_progress_told(core, frame->progress);
    if (frame->body_case == SERVER_FRAME(PRIVACY) && frame->request == 0) {
        client_progress_privacy(core, frame->privacy);
    } else if (frame->body_case == SERVER_FRAME(ACK)) {
        client_acks_confirmed(core, frame->ack);
    } else if (frame->body_case == SERVER_FRAME(BEHIND)) {
        client_sync_behind(core);
    } else if (frame->body_case != SERVER_FRAME(HEARTBEAT) &&
               frame->body_case != SERVER_FRAME(_NOT_SET)) {
        return client_core_answer(core, frame);
    }
    return true;
}

void client_core_frame(struct client_core *core, uint64_t now_ms, struct view frame)
{
    client_core_begin(core, now_ms);
    if (core->connection.stage != CLIENT_STAGE_GREETING &&
        !client_connection_is_ready(&core->connection))
        return;
    client_connection_heard(core);
    const wire_server_frame *decoded = NULL;
    if (frame.size >= FRAME_HEADER_BYTES)
        decoded = frame_decode_server(frame_payload(frame), &core->effects.arena);
    if (decoded == NULL || !client_core_dispatch(core, decoded))
        client_connection_break(core, REFUSAL_NONE,
                                "The server sent something that the protocol does not allow.", 0);
}

void client_core_tick(struct client_core *core, uint64_t now_ms)
{
    client_core_begin(core, now_ms);
    if (core->now_ms >= core->wake_ms)
        core->wake_ms = CLIENT_NEVER;
    client_connection_tick(core);
    client_sync_tick(core);
    client_acks_tick(core);
    client_progress_tick(core);
    client_outbox_tick(core);
    client_requests_tick(core);
}

void client_core_network_changed(struct client_core *core, uint64_t now_ms)
{
    client_core_begin(core, now_ms);
    const struct client_connection *connection = &core->connection;
    bool is_refused = connection->stage == CLIENT_STAGE_REJECTED &&
                      connection->rejection != REFUSAL_CODE(SESSION_REPLACED);
    if (core->is_started && !is_refused)
        client_connection_change_network(core);
}

void client_core_set_token(struct client_core *core, uint64_t now_ms, const char *token)
{
    client_core_begin(core, now_ms);
    free(core->token);
    core->token = client_text_copy(token);
    client_connection_drop_ticket(core);
    if (core->is_started)
        client_connection_renew(core);
}

bool client_core_offer(struct client_core *core, uint64_t now_ms,
                       const struct client_outgoing *outgoing)
{
    client_core_begin(core, now_ms);
    return client_outbox_offer(core, outgoing);
}

void client_core_outbox_loaded(struct client_core *core, uint64_t now_ms, bool more)
{
    client_core_begin(core, now_ms);
    client_outbox_loaded(core, more);
}

bool client_core_request(struct client_core *core, uint64_t now_ms, uint64_t token,
                         const wire_client_frame *frame, uint32_t timeout_ms)
{
    client_core_begin(core, now_ms);
    return client_requests_add(core, token, frame, timeout_ms, false);
}

bool client_core_fetch(struct client_core *core, uint64_t now_ms, uint64_t token,
                       const wire_client_frame *frame, uint32_t timeout_ms)
{
    client_core_begin(core, now_ms);
    return client_requests_add(core, token, frame, timeout_ms, true);
}

void client_core_set_open(struct client_core *core, uint64_t now_ms, struct view conversation,
                          bool is_open)
{
    client_core_begin(core, now_ms);
    struct client_conversation *shown =
        client_conversations_add(&core->conversations, conversation, ORIGIN_DEFAULT);
    if (shown != NULL)
        client_sync_set_open(core, shown, is_open);
}

void client_core_displayed(struct client_core *core, uint64_t now_ms, struct view conversation,
                           uint32_t origin, uint64_t seq)
{
    client_core_begin(core, now_ms);
    struct client_conversation *shown =
        client_conversations_find(&core->conversations, conversation, origin);
    if (shown == NULL)
        return;
    uint64_t displayed = seq < shown->stored ? seq : shown->stored;
    if (displayed <= shown->displayed)
        return;
    shown->displayed = displayed;
    client_conversation_moved(core, shown);
}

void client_core_stop(struct client_core *core, uint64_t now_ms)
{
    client_core_begin(core, now_ms);
    if (!client_connection_is_ready(&core->connection))
        return;
    client_acks_flush(core);
    wire_goodbye goodbye = UNSAY__V1__GOODBYE__INIT;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    frame.body_case = CLIENT_FRAME(GOODBYE);
    frame.goodbye = &goodbye;
    client_transmit(core, &frame);
}

static uint64_t client_core_wake_ms(const struct client_core *core)
{
    uint64_t wake_ms = client_connection_wake_ms(&core->connection);
    wake_ms = client_earlier(wake_ms, client_sync_wake_ms(&core->sync));
    wake_ms = client_earlier(wake_ms, client_acks_wake_ms(&core->acks));
    wake_ms = client_earlier(wake_ms, client_progress_wake_ms(&core->progress));
    wake_ms = client_earlier(wake_ms, client_outbox_wake_ms(&core->outbox));
    return client_earlier(wake_ms, client_requests_wake_ms(&core->requests));
}

const struct client_effect *client_core_take(struct client_core *core)
{
    client_conversations_store(core);
    uint64_t wake_ms = client_core_wake_ms(core);
    if (core->is_started && wake_ms < core->wake_ms) {
        core->wake_ms = wake_ms;
        client_effects_add(&core->effects, CLIENT_WAKE_AT)->at_ms = wake_ms;
    }
    if (core->is_started)
        client_outbox_taken(&core->outbox);
    return client_effects_take(&core->effects);
}

enum client_link client_core_link(const struct client_core *core)
{
    return client_connection_link(&core->connection);
}

uint64_t client_core_stored(const struct client_core *core, struct view conversation,
                            uint32_t origin)
{
    const struct client_conversation *found =
        client_conversations_find(&core->conversations, conversation, origin);
    return found == NULL ? 0 : found->stored;
}

size_t client_core_in_flight(const struct client_core *core)
{
    return client_outbox_in_flight(&core->outbox);
}
