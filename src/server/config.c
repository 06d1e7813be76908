#include "server/config.h"

#include "base/limits.h"
#include "base/memory.h"

#include <cyaml/cyaml.h>
#include <stdarg.h>
#include <stddef.h>

/* What a file may say; absent settings are NULL. Numbers are pointers for that reason. */
struct config_file {
    char *data;
    char *listen;
    char *http;
    uint32_t *workers;
    char *tls_certificate;
    char *tls_key;
    struct config_key *token_secrets;
    unsigned token_secrets_count;
    struct config_key *token_public_keys;
    unsigned token_public_keys_count;
    int *development_key;
    char *policy;
    char *region;
    uint64_t *erasure_horizon_ms;
    uint64_t *offline_retention_ms;
    uint32_t *heartbeat_interval_ms;
    uint32_t *heartbeat_max_ms;
    uint64_t *ticket_life_ms;
    uint32_t *connections_max;
    uint32_t *sign_ins_per_second;
    uint32_t *accepts_per_second;
    uint32_t *requests_per_second;
    uint32_t *store_cache_mib;
    uint32_t *receipt_members;
    int *displayed_receipts;
    char *webhook_url;
    char *webhook_secret_file;
    char **webhook_events;
    unsigned webhook_events_count;
    int *webhook_bodies;
    int *webhook_private;
    uint32_t *webhook_push_delay_ms;
    uint32_t *webhook_attempts_max;
};

enum { CONFIG_PATH_BYTES_MAX = 4096, CONFIG_KEYS_MAX = 64 };

static const cyaml_schema_field_t config_key_fields[] = {
    CYAML_FIELD_STRING_PTR("id", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct config_key, id, 1,
                           256),
    CYAML_FIELD_STRING_PTR("file", CYAML_FLAG_POINTER, struct config_key, file, 1,
                           CONFIG_PATH_BYTES_MAX),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t config_key_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct config_key, config_key_fields),
};

static const cyaml_schema_value_t config_name_value = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, 64),
};

/* libcyaml's own booleans take any word that they do not know for true. */
static const cyaml_strval_t config_truths[] = {{"false", 0}, {"true", 1}};

#define CONFIG_STRING(name)                                                                     \
    CYAML_FIELD_STRING_PTR(#name, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct config_file, \
                           name, 0, CONFIG_PATH_BYTES_MAX)
#define CONFIG_NUMBER(name) \
    CYAML_FIELD_UINT_PTR(#name, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct config_file, name)
#define CONFIG_TRUTH(name)                                                                    \
    CYAML_FIELD_ENUM_PTR(#name, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL | CYAML_FLAG_STRICT, \
                         struct config_file, name, config_truths, CYAML_ARRAY_LEN(config_truths))

static const cyaml_schema_field_t config_fields[] = {
    CONFIG_STRING(data),
    CONFIG_STRING(listen),
    CONFIG_STRING(http),
    CONFIG_NUMBER(workers),
    CONFIG_STRING(tls_certificate),
    CONFIG_STRING(tls_key),
    CYAML_FIELD_SEQUENCE("token_secrets", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
                         struct config_file, token_secrets, &config_key_value, 0, CONFIG_KEYS_MAX),
    CYAML_FIELD_SEQUENCE("token_public_keys", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
                         struct config_file, token_public_keys, &config_key_value, 0,
                         CONFIG_KEYS_MAX),
    CONFIG_TRUTH(development_key),
    CONFIG_STRING(policy),
    CONFIG_STRING(region),
    CONFIG_NUMBER(erasure_horizon_ms),
    CONFIG_NUMBER(offline_retention_ms),
    CONFIG_NUMBER(heartbeat_interval_ms),
    CONFIG_NUMBER(heartbeat_max_ms),
    CONFIG_NUMBER(ticket_life_ms),
    CONFIG_NUMBER(connections_max),
    CONFIG_NUMBER(sign_ins_per_second),
    CONFIG_NUMBER(accepts_per_second),
    CONFIG_NUMBER(requests_per_second),
    CONFIG_NUMBER(store_cache_mib),
    CONFIG_NUMBER(receipt_members),
    CONFIG_TRUTH(displayed_receipts),
    CONFIG_STRING(webhook_url),
    CONFIG_STRING(webhook_secret_file),
    CYAML_FIELD_SEQUENCE("webhook_events", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
                         struct config_file, webhook_events, &config_name_value, 0,
                         CONFIG_KEYS_MAX),
    CONFIG_TRUTH(webhook_bodies),
    CONFIG_TRUTH(webhook_private),
    CONFIG_NUMBER(webhook_push_delay_ms),
    CONFIG_NUMBER(webhook_attempts_max),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t config_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct config_file, config_fields),
};

void config_init(struct config *config)
{
    *config = (struct config){
        .data = memory_copy("./data", 6),
        .listen = memory_copy("127.0.0.1:7410", 14),
        .http = memory_copy("127.0.0.1:7411", 14),
        .development_key = 1,
        .region = memory_copy("", 0),
        .erasure_horizon_ms = 86400000,
        .offline_retention_ms = 604800000,
        .heartbeat_interval_ms = LIMIT_HEARTBEAT_INTERVAL_MS,
        .heartbeat_max_ms = LIMIT_HEARTBEAT_ASKED_MS_MAX,
        .ticket_life_ms = LIMIT_TICKET_LIFE_MS,
        .connections_max = LIMIT_CONNECTIONS_MAX,
        .sign_ins_per_second = LIMIT_SIGN_INS_PER_SECOND,
        .accepts_per_second = LIMIT_ACCEPTS_PER_SECOND,
        .requests_per_second = LIMIT_REQUESTS_PER_SECOND,
        .store_cache_mib = 256,
        .receipt_members = LIMIT_RECEIPT_MEMBERS,
        .displayed_receipts = 1,
        .webhook_push_delay_ms = 3000,
        .webhook_attempts_max = 20,
    };
}

static void config_keys_free(struct config_key *keys, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        free(keys[i].id);
        free(keys[i].file);
    }
    free(keys);
}

void config_fini(struct config *config)
{
    free(config->data);
    free(config->listen);
    free(config->http);
    free(config->policy);
    free(config->region);
    free(config->tls_certificate);
    free(config->tls_key);
    free(config->webhook_url);
    free(config->webhook_secret_file);
    for (unsigned i = 0; i < config->webhook_events_count; i++)
        free(config->webhook_events[i]);
    free(config->webhook_events);
    config_keys_free(config->token_secrets, config->token_secrets_count);
    config_keys_free(config->token_public_keys, config->token_public_keys_count);
    *config = (struct config){.data = NULL};
}

void config_set(char **setting, const char *value)
{
    char *copy = value == NULL ? NULL : memory_copy(value, strlen(value));
    free(*setting);
    *setting = copy;
}

/* cyaml explains a failure in several lines of log; they become one sentence. */
__attribute__((format(printf, 3, 0))) static void
config_on_log(cyaml_log_t level, void *context, const char *format, va_list arguments)
{
    struct failure *failure = context;
    size_t used = strlen(failure->text);
    (void)level;
    if (used + 2 < sizeof(failure->text)) {
        vsnprintf(failure->text + used, sizeof(failure->text) - used, format, arguments);
        for (char *c = failure->text + used; *c != 0; c++)
            *c = *c == '\n' ? ' ' : *c;
    }
}

static struct config_key *config_copy_keys(const struct config_key *keys, unsigned count)
{
    struct config_key *copy = memory_new_array(count, sizeof(*copy));
    for (unsigned i = 0; i < count; i++) {
        config_set(&copy[i].id, keys[i].id);
        config_set(&copy[i].file, keys[i].file);
    }
    return copy;
}

static void config_take_webhook(struct config *config, const struct config_file *file)
{
    if (file->webhook_url != NULL)
        config_set(&config->webhook_url, file->webhook_url);
    if (file->webhook_secret_file != NULL)
        config_set(&config->webhook_secret_file, file->webhook_secret_file);
    if (file->webhook_bodies != NULL)
        config->webhook_bodies = *file->webhook_bodies;
    if (file->webhook_private != NULL)
        config->webhook_private = *file->webhook_private;
    if (file->webhook_push_delay_ms != NULL)
        config->webhook_push_delay_ms = *file->webhook_push_delay_ms;
    if (file->webhook_attempts_max != NULL)
        config->webhook_attempts_max = *file->webhook_attempts_max;
    config->webhook_events =
        memory_new_array(file->webhook_events_count, sizeof(*config->webhook_events));
    for (unsigned i = 0; i < file->webhook_events_count; i++)
        config_set(&config->webhook_events[i], file->webhook_events[i]);
    config->webhook_events_count = file->webhook_events_count;
}

static void config_take_file(struct config *config, const struct config_file *file)
{
    if (file->data != NULL)
        config_set(&config->data, file->data);
    if (file->listen != NULL)
        config_set(&config->listen, file->listen);
    if (file->http != NULL)
        config_set(&config->http, file->http);
    if (file->tls_certificate != NULL)
        config_set(&config->tls_certificate, file->tls_certificate);
    if (file->tls_key != NULL)
        config_set(&config->tls_key, file->tls_key);
    if (file->workers != NULL)
        config->workers = *file->workers;
    if (file->development_key != NULL)
        config->development_key = *file->development_key;
    if (file->policy != NULL)
        config_set(&config->policy, file->policy);
    if (file->region != NULL)
        config_set(&config->region, file->region);
    if (file->erasure_horizon_ms != NULL)
        config->erasure_horizon_ms = *file->erasure_horizon_ms;
    if (file->offline_retention_ms != NULL)
        config->offline_retention_ms = *file->offline_retention_ms;
    if (file->heartbeat_interval_ms != NULL)
        config->heartbeat_interval_ms = *file->heartbeat_interval_ms;
    if (file->heartbeat_max_ms != NULL)
        config->heartbeat_max_ms = *file->heartbeat_max_ms;
    if (file->ticket_life_ms != NULL)
        config->ticket_life_ms = *file->ticket_life_ms;
    if (file->connections_max != NULL)
        config->connections_max = *file->connections_max;
    if (file->sign_ins_per_second != NULL)
        config->sign_ins_per_second = *file->sign_ins_per_second;
    if (file->accepts_per_second != NULL)
        config->accepts_per_second = *file->accepts_per_second;
    if (file->requests_per_second != NULL)
        config->requests_per_second = *file->requests_per_second;
    if (file->store_cache_mib != NULL)
        config->store_cache_mib = *file->store_cache_mib;
    if (file->receipt_members != NULL)
        config->receipt_members = *file->receipt_members;
    if (file->displayed_receipts != NULL)
        config->displayed_receipts = *file->displayed_receipts;
    config_take_webhook(config, file);
    config->token_secrets = config_copy_keys(file->token_secrets, file->token_secrets_count);
    config->token_secrets_count = file->token_secrets_count;
    config->token_public_keys =
        config_copy_keys(file->token_public_keys, file->token_public_keys_count);
    config->token_public_keys_count = file->token_public_keys_count;
}

enum status config_load(struct config *config, const char *file, struct failure *failure)
{
    struct failure log = {STATUS_OK, ""};
    const cyaml_config_t settings = {
        .log_fn = config_on_log,
        .log_ctx = &log,
        .mem_fn = cyaml_mem,
        .log_level = CYAML_LOG_ERROR,
    };
    struct config_file *loaded = NULL;
    cyaml_err_t error =
        cyaml_load_file(file, &settings, &config_schema, (cyaml_data_t **)&loaded, NULL);
    if (error == CYAML_ERR_FILE_OPEN)
        return failure_set(failure, STATUS_NOT_FOUND,
                           "%s: the configuration file cannot be opened; check the path and its "
                           "permissions.",
                           file);
    if (error != CYAML_OK)
        return failure_set(failure, STATUS_MALFORMED,
                           "%s: %s (%s). docs/configuration.md lists "
                           "every setting.",
                           file, log.text[0] == 0 ? "not valid" : log.text, cyaml_strerror(error));
    if (loaded != NULL)
        config_take_file(config, loaded);
    cyaml_free(&settings, &config_schema, loaded, 0);
    return config_check(config, failure);
}

static enum status config_wrong(struct failure *failure, const char *field, const char *valid)
{
    return failure_set(failure, STATUS_MALFORMED, "%s: %s.", field, valid);
}

enum status config_check(const struct config *config, struct failure *failure)
{
    if (config->data == NULL || config->data[0] == 0)
        return config_wrong(failure, "data", "a directory is needed");
    if (config->listen == NULL || strrchr(config->listen, ':') == NULL)
        return config_wrong(failure, "listen", "HOST:PORT is needed, such as 127.0.0.1:7410");
    if (config->http == NULL || (config->http[0] != 0 && strrchr(config->http, ':') == NULL))
        return config_wrong(failure, "http", "HOST:PORT, or \"\" for none");
    if (config->workers > LIMIT_WORKERS_MAX)
        return config_wrong(failure, "workers", "1 to 64, or 0 for one per core");
    if ((config->tls_certificate == NULL) != (config->tls_key == NULL))
        return config_wrong(failure, "tls_certificate, tls_key", "both are needed, or neither");
    if (config->heartbeat_interval_ms < 1000 || config->heartbeat_interval_ms > 600000)
        return config_wrong(failure, "heartbeat_interval_ms", "1000 to 600000");
    if (config->heartbeat_max_ms < 1000 || config->heartbeat_max_ms > 600000)
        return config_wrong(failure, "heartbeat_max_ms", "1000 to 600000");
    if (config->ticket_life_ms > UINT64_C(31536000000))
        return config_wrong(failure, "ticket_life_ms",
                            "milliseconds, at most 31536000000 (a year), or 0 for no tickets");
    if (config->connections_max == 0)
        return config_wrong(failure, "connections_max", "at least 1");
    if (config->sign_ins_per_second > 1000000)
        return config_wrong(failure, "sign_ins_per_second", "0 to 1000000");
    if (config->accepts_per_second > 1000000)
        return config_wrong(failure, "accepts_per_second", "0 to 1000000");
    if (config->store_cache_mib == 0 || config->store_cache_mib > 1048576)
        return config_wrong(failure, "store_cache_mib", "1 to 1048576");
    if (config->receipt_members > LIMIT_RECEIPT_MEMBERS_MAX)
        return config_wrong(failure, "receipt_members", "0 to 256");
    if (config->region == NULL || strlen(config->region) > LIMIT_POLICY_NAME_BYTES_MAX)
        return config_wrong(failure, "region", "at most 64 bytes");
    if (config->erasure_horizon_ms > UINT64_C(31536000000))
        return config_wrong(failure, "erasure_horizon_ms",
                            "milliseconds, at most 31536000000 (a year), or 0 for never");
    if (config->webhook_push_delay_ms > 600000)
        return config_wrong(failure, "webhook_push_delay_ms", "0 to 600000");
    if (config->webhook_attempts_max < 1 || config->webhook_attempts_max > 1000)
        return config_wrong(failure, "webhook_attempts_max", "1 to 1000");
    if ((config->webhook_url == NULL) != (config->webhook_secret_file == NULL))
        return config_wrong(failure, "webhook_url, webhook_secret_file",
                            "both are needed, or neither");
    if (config->offline_retention_ms != 0 &&
        (config->offline_retention_ms < 1000 ||
         config->offline_retention_ms > UINT64_C(315360000000)))
        return config_wrong(failure, "offline_retention_ms",
                            "1000 to 315360000000 milliseconds (ten years), or 0 for everything");
    if (!config->development_key && config->token_secrets_count == 0 &&
        config->token_public_keys_count == 0)
        return config_wrong(failure, "development_key",
                            "false needs token_secrets or token_public_keys, or nobody could "
                            "sign in");
    return STATUS_OK;
}
