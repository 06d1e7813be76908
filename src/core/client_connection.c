#include "core/client_connection.h"

#include "base/memory.h"
#include "core/backoff.h"
#include "core/client_core.h"

#include <assert.h>
#include <stdlib.h>

#define STAGE_BIT(name) (1U << CLIENT_STAGE_##name)

static const unsigned client_stage_next[] = {
    [CLIENT_STAGE_DOWN] = STAGE_BIT(CONNECTING),
    [CLIENT_STAGE_CONNECTING] =
        STAGE_BIT(CONNECTING) | STAGE_BIT(GREETING) | STAGE_BIT(DOWN) | STAGE_BIT(OFFLINE),
    [CLIENT_STAGE_GREETING] = STAGE_BIT(CONNECTING) | STAGE_BIT(SYNCING) | STAGE_BIT(DOWN) |
                              STAGE_BIT(OFFLINE) | STAGE_BIT(REJECTED),
    [CLIENT_STAGE_SYNCING] = STAGE_BIT(CONNECTING) | STAGE_BIT(LIVE) | STAGE_BIT(DOWN) |
                             STAGE_BIT(OFFLINE) | STAGE_BIT(REJECTED),
    [CLIENT_STAGE_LIVE] = STAGE_BIT(CONNECTING) | STAGE_BIT(SYNCING) | STAGE_BIT(DOWN) |
                          STAGE_BIT(OFFLINE) | STAGE_BIT(REJECTED),
    [CLIENT_STAGE_OFFLINE] = STAGE_BIT(CONNECTING),
    [CLIENT_STAGE_REJECTED] = STAGE_BIT(CONNECTING),
};

void client_connection_init(struct client_connection *connection,
                            const struct client_config *config)
{
    *connection = (struct client_connection){
        .stage = CLIENT_STAGE_DOWN,
        .shown = CLIENT_LINK_DOWN,
        .due_ms = CLIENT_NEVER,
    };
    client_heartbeat_init(&connection->heartbeat, config->heartbeat_min_ms,
                          config->heartbeat_max_ms);
}

enum client_link client_connection_link(const struct client_connection *connection)
{
    static const enum client_link links[] = {
        [CLIENT_STAGE_DOWN] = CLIENT_LINK_DOWN,
        [CLIENT_STAGE_CONNECTING] = CLIENT_LINK_CONNECTING,
        [CLIENT_STAGE_GREETING] = CLIENT_LINK_CONNECTING,
        [CLIENT_STAGE_SYNCING] = CLIENT_LINK_SYNCING,
        [CLIENT_STAGE_LIVE] = CLIENT_LINK_LIVE,
        [CLIENT_STAGE_OFFLINE] = CLIENT_LINK_OFFLINE,
        [CLIENT_STAGE_REJECTED] = CLIENT_LINK_REJECTED,
    };
    return links[connection->stage];
}

bool client_connection_is_ready(const struct client_connection *connection)
{
    return connection->stage == CLIENT_STAGE_SYNCING || connection->stage == CLIENT_STAGE_LIVE;
}

static bool client_connection_is_open(const struct client_connection *connection)
{
    return client_connection_is_ready(connection) || connection->stage == CLIENT_STAGE_CONNECTING ||
           connection->stage == CLIENT_STAGE_GREETING;
}

/* The one writer of the stage. */
static void client_connection_enter(struct client_core *core, enum client_stage stage,
                                    refusal_code refusal, const char *text)
{
    struct client_connection *connection = &core->connection;
    assert((client_stage_next[connection->stage] & 1U << stage) != 0);
    connection->stage = stage;
    connection->due_ms = CLIENT_NEVER;
    if (!client_connection_is_ready(connection))
        client_heartbeat_end(&connection->heartbeat);
    enum client_link link = client_connection_link(connection);
    if (link == connection->shown)
        return;
    connection->shown = link;
    struct client_effect *show = client_effects_add(&core->effects, CLIENT_SHOW_LINK);
    show->link = link;
    show->refusal = refusal;
    show->text = client_effects_text(&core->effects, text);
}

static void client_connection_connect(struct client_core *core)
{
    client_connection_enter(core, CLIENT_STAGE_CONNECTING, REFUSAL_NONE, "");
    core->connection.due_ms = core->now_ms + core->config.reconnect_max_ms;
    client_effects_add(&core->effects, CLIENT_CONNECT);
}

/* What was under way on the connection is under way no longer. */
static void client_connection_abandon(struct client_core *core)
{
    client_sync_stop(core);
    client_progress_stop(core);
    client_outbox_stop(core);
    client_requests_stop(core);
}

void client_connection_renew(struct client_core *core)
{
    core->connection.failures = 0;
    if (client_connection_is_open(&core->connection)) {
        client_effects_add(&core->effects, CLIENT_DISCONNECT);
        client_connection_abandon(core);
    }
    client_connection_connect(core);
}

void client_connection_change_network(struct client_core *core)
{
    client_heartbeat_forget(&core->connection.heartbeat);
    client_connection_renew(core);
}

void client_connection_heard(struct client_core *core)
{
    client_heartbeat_heard(&core->connection.heartbeat, core->now_ms);
}

void client_connection_up(struct client_core *core)
{
    if (core->connection.stage != CLIENT_STAGE_CONNECTING)
        return;
    client_connection_enter(core, CLIENT_STAGE_GREETING, REFUSAL_NONE, "");
    core->connection.due_ms = core->now_ms + core->config.answer_timeout_ms;

    wire_hello hello;
    unsay__v1__hello__init(&hello);
    hello.version_min = PROTOCOL_VERSION_MIN;
    hello.version_max = PROTOCOL_VERSION_MAX;
    core->connection.has_shown_ticket = core->ticket != NULL;
    if (core->ticket != NULL)
        hello.ticket = bytes_of(view_make(core->ticket, core->ticket_bytes));
    else
        hello.token = core->token;
    hello.resume = core->is_caught_up;
    hello.client = core->name;
    hello.follow = core->config.follow;
    hello.device_key = bytes_of(core->config.device_key);
    hello.heartbeat_ms = core->connection.heartbeat.max_ms;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    frame.request = client_request_number(core, CLIENT_REQUEST_CONTROL, 0);
    frame.body_case = CLIENT_FRAME(HELLO);
    frame.hello = &hello;
    client_transmit(core, &frame);
}

void client_connection_drop_ticket(struct client_core *core)
{
    free(core->ticket);
    core->ticket = NULL;
    core->ticket_bytes = 0;
}

static void client_connection_keep_ticket(struct client_core *core, ProtobufCBinaryData ticket)
{
    client_connection_drop_ticket(core);
    if (ticket.len == 0 || ticket.len > LIMIT_TICKET_BYTES_MAX)
        return;
    core->ticket = memory_copy(ticket.data, ticket.len);
    core->ticket_bytes = ticket.len;
}

/* From when on the store may lack what it had when it was known under this id; 0: it never was. */
static uint64_t client_connection_lost_from(const wire_welcome *welcome, const struct uuid *known)
{
    for (size_t i = 0; i < welcome->n_pasts; i++) {
        if (view_equal(bytes_view(welcome->pasts[i]->store), uuid_view(known)))
            return welcome->pasts[i]->lost_from;
    }
    return 0;
}

/* Nothing of the old log is under way: this is the first frame of a connection. */
static void client_connection_meet_store(struct client_core *core, const wire_welcome *welcome)
{
    struct uuid store;
    memcpy(store.bytes, welcome->store.data, UUID_BYTES);
    if (uuid_is_zero(&store) || uuid_compare(&store, &core->store) == 0)
        return;
    core->is_caught_up = false;
    if (!uuid_is_zero(&core->store)) {
        uint64_t lost_from_ms = client_connection_lost_from(welcome, &core->store);
        client_effects_add(&core->effects, CLIENT_STORE_FORGET)->lost_from_ms = lost_from_ms;
        client_acks_init(&core->acks);
        client_progress_init(&core->progress);
        client_conversations_fini(&core->conversations);
        client_conversations_init(&core->conversations);
        client_requests_forget(core);
        client_outbox_forget(core);
        if (lost_from_ms != 0)
            client_outbox_filled(core);
    }
    core->store = store;
    client_effects_add(&core->effects, CLIENT_STORE_STORE)->store = store;
}

bool client_connection_welcome(struct client_core *core, const wire_welcome *welcome)
{
    struct client_connection *connection = &core->connection;
    if (connection->stage != CLIENT_STAGE_GREETING ||
        (welcome->store.len != 0 && welcome->store.len != UUID_BYTES))
        return false;
    if (welcome->version < PROTOCOL_VERSION_MIN || welcome->version > PROTOCOL_VERSION_MAX) {
        refusal_code refusal = REFUSAL_CODE(UNSUPPORTED_VERSION);
        client_connection_break(core, refusal, refusal_text(refusal), 0);
        return true;
    }
    client_connection_enter(core, CLIENT_STAGE_SYNCING, REFUSAL_NONE, "");
    client_heartbeat_begin(&connection->heartbeat, welcome->heartbeat_interval_ms, core->now_ms);
    if (welcome->store.len != 0)
        client_connection_meet_store(core, welcome);
    client_connection_keep_ticket(core, welcome->ticket);
    client_outbox_resume(core);
    client_requests_resume(core);
    client_acks_resume(core);
    if (welcome->resumed && core->is_caught_up)
        return client_sync_resume(core, welcome->news, welcome->n_news);
    client_sync_start(core);
    return true;
}

void client_connection_live(struct client_core *core)
{
    core->connection.failures = 0;
    core->is_caught_up = true;
    if (!core->is_synced)
        client_effects_add(&core->effects, CLIENT_STORE_SYNCED);
    core->is_synced = true;
    client_connection_enter(core, CLIENT_STAGE_LIVE, REFUSAL_NONE, "");
    client_progress_start(core);
}

void client_connection_behind(struct client_core *core)
{
    if (core->connection.stage == CLIENT_STAGE_LIVE)
        client_connection_enter(core, CLIENT_STAGE_SYNCING, REFUSAL_NONE, "");
}

bool client_refusal_is_rejection(refusal_code refusal)
{
    return refusal == REFUSAL_CODE(TOKEN_INVALID) || refusal == REFUSAL_CODE(TOKEN_EXPIRED) ||
           refusal == REFUSAL_CODE(SESSION_REPLACED) ||
           refusal == REFUSAL_CODE(UNSUPPORTED_VERSION);
}

/* The ticket was not good; the token may be. */
static bool client_connection_falls_back(struct client_core *core, refusal_code refusal)
{
    if (!core->connection.has_shown_ticket || core->connection.stage != CLIENT_STAGE_GREETING ||
        (refusal != REFUSAL_CODE(TICKET_INVALID) && refusal != REFUSAL_CODE(TICKET_EXPIRED)))
        return false;
    client_connection_drop_ticket(core);
    client_connection_connect(core);
    return true;
}

/* How long to stay away. */
static uint32_t client_connection_pause_ms(struct client_core *core, uint32_t retry_after_ms)
{
    struct client_connection *connection = &core->connection;
    struct backoff backoff = {core->config.reconnect_first_ms, core->config.reconnect_max_ms};
    if (retry_after_ms == 0)
        return backoff_full_jitter_ms(backoff, connection->failures++, &core->prng);
    if (retry_after_ms < backoff.first_ms)
        retry_after_ms = backoff.first_ms;
    if (retry_after_ms > CLIENT_RETRY_AFTER_MAX_MS)
        retry_after_ms = CLIENT_RETRY_AFTER_MAX_MS;
    backoff = (struct backoff){retry_after_ms, retry_after_ms};
    return backoff_jittered_ms(backoff, 0, &core->prng);
}

void client_connection_lost(struct client_core *core, refusal_code refusal, const char *text,
                            uint32_t retry_after_ms)
{
    struct client_connection *connection = &core->connection;
    if (!client_connection_is_open(connection))
        return;
    client_connection_abandon(core);
    if (client_connection_falls_back(core, refusal))
        return;
    if (refusal == REFUSAL_NONE)
        client_heartbeat_lost(&connection->heartbeat);
    if (client_refusal_is_rejection(refusal)) {
        connection->rejection = refusal;
        client_connection_drop_ticket(core);
        client_connection_enter(core, CLIENT_STAGE_REJECTED, refusal, text);
        return;
    }
    uint32_t pause_ms = client_connection_pause_ms(core, retry_after_ms);
    if (connection->failures >= core->config.reconnect_failures_max) {
        client_connection_enter(core, CLIENT_STAGE_OFFLINE, refusal, text);
        return;
    }
    client_connection_enter(core, CLIENT_STAGE_DOWN, refusal, text);
    connection->due_ms = core->now_ms + pause_ms;
}

void client_connection_break(struct client_core *core, refusal_code refusal, const char *text,
                             uint32_t retry_after_ms)
{
    if (!client_connection_is_open(&core->connection))
        return;
    client_effects_add(&core->effects, CLIENT_DISCONNECT);
    client_connection_lost(core, refusal, text, retry_after_ms);
}

static void client_connection_tick_ready(struct client_core *core)
{
    switch (client_heartbeat_tick(&core->connection.heartbeat, core->now_ms)) {
    case CLIENT_BEAT_NONE:
        return;
    case CLIENT_BEAT_SEND:
        client_acks_beat(core);
        return;
    case CLIENT_BEAT_DEAD:
        client_connection_break(core, REFUSAL_NONE, "Nothing was heard from the server.", 0);
        return;
    }
}

void client_connection_tick(struct client_core *core)
{
    struct client_connection *connection = &core->connection;
    if (client_connection_is_ready(connection)) {
        client_connection_tick_ready(core);
    } else if (core->now_ms >= connection->due_ms) {
        if (connection->stage == CLIENT_STAGE_DOWN)
            client_connection_connect(core);
        else
            client_connection_break(core, REFUSAL_NONE, "The server did not answer in time.", 0);
    }
}

uint64_t client_connection_wake_ms(const struct client_connection *connection)
{
    return client_connection_is_ready(connection) ? connection->heartbeat.due_ms
                                                  : connection->due_ms;
}
