#include "server/webhook_settings.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { SECRET_TEXT_BYTES_MAX = 256, SECRET_BYTES_MIN = 24 };

enum status webhook_settings_read_secret(struct webhook_target *target, const char *file,
                                         struct failure *failure)
{
    static const char prefix[] = "whsec_";
    char text[SECRET_TEXT_BYTES_MAX] = "";
    FILE *stream = fopen(file, "re");
    if (stream == NULL)
        return failure_set(failure, STATUS_NOT_FOUND, "webhook_secret_file: %s: %s.", file,
                           strerror(errno));
    size_t size = fread(text, 1, sizeof(text) - 1, stream);
    fclose(stream);
    while (size > 0 && (text[size - 1] == '\n' || text[size - 1] == '\r'))
        text[--size] = 0;
    bool is_valid =
        strncmp(text, prefix, sizeof(prefix) - 1) == 0 &&
        sodium_base642bin(target->secret, sizeof(target->secret), text + sizeof(prefix) - 1,
                          size - (sizeof(prefix) - 1), NULL, &target->secret_bytes, NULL,
                          sodium_base64_VARIANT_ORIGINAL) == 0 &&
        target->secret_bytes >= SECRET_BYTES_MIN;
    sodium_memzero(text, sizeof(text));
    if (is_valid)
        return STATUS_OK;
    return failure_set(failure, STATUS_MALFORMED,
                       "webhook_secret_file: %s: \"whsec_\" and base64 of 24 to 64 bytes are "
                       "needed.",
                       file);
}

enum status webhook_settings_read_types(struct webhook_settings *settings,
                                        const struct config *config, struct failure *failure)
{
    settings->types = config->webhook_events_count == 0 ? (1u << WEBHOOK_TYPES) - 1 : 0;
    for (unsigned i = 0; i < config->webhook_events_count; i++) {
        enum webhook_type type;
        if (!webhook_type_find(config->webhook_events[i], &type))
            return failure_set(failure, STATUS_MALFORMED,
                               "webhook_events: \"%s\" is none of message.committed, "
                               "recall.committed, push.send and push.withdraw.",
                               config->webhook_events[i]);
        settings->types |= 1u << type;
    }
    return STATUS_OK;
}

enum status webhook_settings_check_url(const char *url, struct failure *failure)
{
    if (strncmp(url, "http://", 7) == 0 || strncmp(url, "https://", 8) == 0)
        return STATUS_OK;
    return failure_set(failure, STATUS_MALFORMED,
                       "webhook_url: https://HOST/PATH is needed, or http:// where nobody "
                       "listens in between.");
}

enum status webhook_settings_load(struct webhook_settings *settings, const struct config *config,
                                  struct failure *failure)
{
    settings->has_bodies = config->webhook_bodies;
    settings->push_delay_ms = config->webhook_push_delay_ms;
    settings->target.may_be_private = config->webhook_private;
    config_set(&settings->url, config->webhook_url);
    settings->target.url = settings->url;
    enum status status = webhook_settings_check_url(settings->url, failure);
    if (status != STATUS_OK)
        return status;
    if (config->webhook_secret_file == NULL)
        return failure_set(failure, STATUS_MALFORMED,
                           "webhook_secret_file: a file with the secret is needed.");
    status = webhook_settings_read_types(settings, config, failure);
    if (status != STATUS_OK)
        return status;
    return webhook_settings_read_secret(&settings->target, config->webhook_secret_file, failure);
}

void webhook_settings_fini(struct webhook_settings *settings)
{
    free(settings->url);
    sodium_memzero(&settings->target, sizeof(settings->target));
    settings->url = NULL;
}
