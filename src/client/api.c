/* From options to a client, and back. */
#include "base/memory.h"
#include "client/client.h"
#include "client/loop.h"
#include "core/contract.h"

#include <assert.h>
#include <sodium.h>
#include <time.h>

enum { FIRST_SYNC_DEFAULT = LIMIT_PAGE_EVENTS_MAX };

uint64_t client_wall_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

struct uuid client_fresh_id(void)
{
    uint8_t random[10];
    randombytes_buf(random, sizeof(random));
    return uuid_v7(client_wall_ms(), random);
}

const char *unsay_version(void)
{
    return UNSAY_VERSION;
}

static void text_set(char *text, size_t text_bytes, const char *sentence)
{
    if (text != NULL && text_bytes > 0)
        snprintf(text, text_bytes, "%s", sentence);
}

static bool options_read(struct unsay *client, const struct unsay_options *options,
                         struct failure *failure)
{
    if (options->server == NULL || !address_parse(options->server, &client->address)) {
        failure_set(failure, STATUS_MALFORMED,
                    "The server \"%s\" is not an address; write HOST:PORT or tcp://, tls://, ws:// "
                    "or wss://HOST:PORT.",
                    options->server == NULL ? "" : options->server);
    } else if (options->token == NULL || strlen(options->token) > LIMIT_TOKEN_BYTES_MAX ||
               identity_peek(view_of(options->token), &client->identity) != STATUS_OK) {
        failure_set(failure, STATUS_MALFORMED,
                    "The token is not a JSON Web Token with the claims sub and device.");
    } else if (options->state_directory == NULL || *options->state_directory == 0 ||
               strlen(options->state_directory) > 3072) {
        failure_set(failure, STATUS_MALFORMED,
                    "A client needs a state directory of its own, with a path of at most 3072 "
                    "bytes.");
    } else if (options->follow > UNSAY_FOLLOW_REPLACE) {
        failure_set(failure, STATUS_MALFORMED, "There is no way to follow with the number %d.",
                    (int)options->follow);
    } else if (!client->address.is_tls ||
               transport_tls_client(options->ca_file, &client->tls, failure) == STATUS_OK) {
        return true;
    }
    return false;
}

static enum status client_open_database(struct unsay *client, const struct unsay_options *options,
                                        struct failure *failure)
{
    struct database_options wanted = {
        .directory = options->state_directory,
        .user = client->identity.user,
        .device = client->identity.device,
        .key = options->key,
        .attachment_directory = options->attachment_directory,
        .size_limit_bytes = options->size_limit_bytes,
    };
    return database_open(&wanted, &client->database, failure);
}

static void option_take(uint32_t *value, uint32_t option)
{
    if (option != 0)
        *value = option;
}

static uint32_t options_first_sync(const struct unsay_options *options)
{
    if (options->first_sync == UNSAY_FIRST_SYNC_ALL)
        return CLIENT_FIRST_SYNC_ALL;
    if (options->first_sync == UNSAY_FIRST_SYNC_NONE)
        return 0;
    return options->first_sync == 0 ? FIRST_SYNC_DEFAULT : options->first_sync;
}

static void options_configure(struct client_config *config, const struct unsay_options *options)
{
    client_config_default(config);
    option_take(&config->ack_delay_ms, options->ack_delay_ms);
    option_take(&config->send_retry_first_ms, options->send_retry_first_ms);
    option_take(&config->send_retry_max_ms, options->send_retry_max_ms);
    option_take(&config->send_give_up_ms, options->send_give_up_ms);
    option_take(&config->reconnect_first_ms, options->reconnect_first_ms);
    option_take(&config->reconnect_max_ms, options->reconnect_max_ms);
    option_take(&config->reconnect_failures_max, options->reconnect_failures_max);
    option_take(&config->heartbeat_min_ms, options->heartbeat_min_ms);
    option_take(&config->heartbeat_max_ms, options->heartbeat_max_ms);
    config->first_sync = options_first_sync(options);
    config->follow = (Unsay__V1__Follow)options->follow;
}

static void client_destroy(struct unsay *client)
{
    transport_tls_free(client->tls);
    edits_fini(&client->edits);
    free(client->token);
    free(client->name);
    free(client);
}

struct unsay *unsay_new(const struct unsay_options *options, char *text, size_t text_bytes)
{
    struct failure failure = {STATUS_OK, ""};
    struct unsay *client = memory_new(sizeof(*client));
    uint32_t edit_ms = options->edit_ms == 0 ? LIMIT_EDIT_MS : options->edit_ms;
    edits_init(&client->edits, edit_ms == UNSAY_NEVER ? 0 : edit_ms);
    if (sodium_init() < 0)
        failure_set(&failure, STATUS_IO, "The system has no source of randomness.");
    else if (options_read(client, options, &failure) &&
             client_open_database(client, options, &failure) == STATUS_OK)
        text_set(text, text_bytes, "");
    if (failure.status != STATUS_OK) {
        text_set(text, text_bytes, failure.text);
        database_close(client->database);
        client_destroy(client);
        return NULL;
    }
    const char *name =
        options->client_name == NULL ? "libunsay/" UNSAY_VERSION : options->client_name;
    size_t name_bytes = strlen(name);
    client->name = memory_copy(
        name, name_bytes < LIMIT_CLIENT_NAME_BYTES_MAX ? name_bytes : LIMIT_CLIENT_NAME_BYTES_MAX);
    client->token = memory_copy(options->token, strlen(options->token));
    options_configure(&client->config, options);
    client->has_attachments = options->attachment_directory != NULL;
    client->callbacks = options->callbacks;
    client->context = options->context;
    client->loop = loop_new(client);
    return client;
}

void unsay_start(struct unsay *client)
{
    loop_start(client->loop);
}

void unsay_free(struct unsay *client)
{
    if (client == NULL)
        return;
    assert(!loop_is_here(client->loop) && "unsay_free must not be called from a callback");
    database_close(client_dismantle(client));
}

struct database *client_dismantle(struct unsay *client)
{
    struct database *database = client->database;
    loop_free(client->loop);
    client_destroy(client);
    return database;
}

const char *unsay_user(const struct unsay *client)
{
    return client->identity.user;
}

const char *unsay_device(const struct unsay *client)
{
    return client->identity.device;
}

void unsay_network_changed(struct unsay *client)
{
    loop_network_changed(client->loop);
}

void unsay_set_token(struct unsay *client, const char *token)
{
    struct identity identity;
    if (token != NULL && strlen(token) <= LIMIT_TOKEN_BYTES_MAX &&
        identity_peek(view_of(token), &identity) == STATUS_OK &&
        strcmp(identity.user, client->identity.user) == 0 &&
        strcmp(identity.device, client->identity.device) == 0)
        loop_set_token(client->loop, token);
    else
        loop_refuse_token(client->loop);
}
