#include "core/client_connection.h"

#include "core/backoff.h"
#include "core/client_core.h"

#include <assert.h>

enum { CLIENT_HEARTBEAT_MS_MIN = 100, CLIENT_HEARTBEAT_MS_MAX = 600000 };

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

void client_connection_init(struct client_connection *connection)
{
    *connection = (struct client_connection){
        .stage = CLIENT_STAGE_DOWN,
        .shown = CLIENT_LINK_DOWN,
        .due_ms = CLIENT_NEVER,
        .heartbeat_due_ms = CLIENT_NEVER,
    };
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
        connection->heartbeat_due_ms = CLIENT_NEVER;
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
    hello.token = core->token;
    hello.client = core->name;
    hello.follow = core->config.follow;
    hello.device_key = bytes_of(core->config.device_key);
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    frame.request = client_request_number(core, CLIENT_REQUEST_CONTROL, 0);
    frame.body_case = CLIENT_FRAME(HELLO);
    frame.hello = &hello;
    client_transmit(core, &frame);
}

static uint32_t client_heartbeat_ms(uint32_t asked_ms)
{
    if (asked_ms == 0)
        return LIMIT_HEARTBEAT_INTERVAL_MS;
    if (asked_ms < CLIENT_HEARTBEAT_MS_MIN)
        return CLIENT_HEARTBEAT_MS_MIN;
    return asked_ms < CLIENT_HEARTBEAT_MS_MAX ? asked_ms : CLIENT_HEARTBEAT_MS_MAX;
}

/* Nothing of the old log is under way: this is the first frame of a connection. */
static void client_connection_meet_store(struct client_core *core, ProtobufCBinaryData told)
{
    struct uuid store;
    memcpy(store.bytes, told.data, UUID_BYTES);
    if (uuid_is_zero(&store) || uuid_compare(&store, &core->store) == 0)
        return;
    if (!uuid_is_zero(&core->store)) {
        client_effects_add(&core->effects, CLIENT_STORE_FORGET);
        client_acks_init(&core->acks);
        client_progress_init(&core->progress);
        client_conversations_fini(&core->conversations);
        client_conversations_init(&core->conversations);
        client_requests_forget(core);
        client_outbox_forget(core);
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
    connection->heartbeat_ms = client_heartbeat_ms(welcome->heartbeat_interval_ms);
    connection->heartbeat_due_ms = core->now_ms + connection->heartbeat_ms;
    connection->heard_ms = core->now_ms;
    if (welcome->store.len != 0)
        client_connection_meet_store(core, welcome->store);
    client_outbox_resume(core);
    client_requests_resume(core);
    client_acks_resume(core);
    client_sync_start(core);
    return true;
}

void client_connection_live(struct client_core *core)
{
    core->connection.failures = 0;
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

void client_connection_lost(struct client_core *core, refusal_code refusal, const char *text,
                            uint32_t retry_after_ms)
{
    struct client_connection *connection = &core->connection;
    if (!client_connection_is_open(connection))
        return;
    client_connection_abandon(core);
    if (client_refusal_is_rejection(refusal)) {
        connection->rejection = refusal;
        client_connection_enter(core, CLIENT_STAGE_REJECTED, refusal, text);
        return;
    }
    struct backoff backoff = {core->config.reconnect_first_ms, core->config.reconnect_max_ms};
    uint32_t delay_ms = backoff_full_jitter_ms(backoff, connection->failures, &core->prng);
    if (++connection->failures >= core->config.reconnect_failures_max) {
        client_connection_enter(core, CLIENT_STAGE_OFFLINE, refusal, text);
        return;
    }
    if (retry_after_ms > CLIENT_RETRY_AFTER_MAX_MS)
        retry_after_ms = CLIENT_RETRY_AFTER_MAX_MS;
    client_connection_enter(core, CLIENT_STAGE_DOWN, refusal, text);
    connection->due_ms = core->now_ms + (delay_ms > retry_after_ms ? delay_ms : retry_after_ms);
}

void client_connection_break(struct client_core *core, refusal_code refusal, const char *text,
                             uint32_t retry_after_ms)
{
    if (!client_connection_is_open(&core->connection))
        return;
    client_effects_add(&core->effects, CLIENT_DISCONNECT);
    client_connection_lost(core, refusal, text, retry_after_ms);
}

static uint64_t client_connection_silent_ms(const struct client_connection *connection)
{
    return connection->heard_ms + 2 * (uint64_t)connection->heartbeat_ms;
}

static void client_connection_tick_ready(struct client_core *core)
{
    struct client_connection *connection = &core->connection;
    if (core->now_ms >= client_connection_silent_ms(connection)) {
        client_connection_break(core, REFUSAL_NONE, "Nothing was heard from the server.", 0);
    } else if (core->now_ms >= connection->heartbeat_due_ms) {
        connection->heartbeat_due_ms = core->now_ms + connection->heartbeat_ms;
        client_acks_beat(core);
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
    if (!client_connection_is_ready(connection))
        return connection->due_ms;
    return client_earlier(connection->heartbeat_due_ms, client_connection_silent_ms(connection));
}
