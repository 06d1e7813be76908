/* Whether the settings make sense, each and together. */
#include "server/config_internal.h"
#include "server/listener.h"
#include "server/log.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

struct examination {
    const struct config *config;
    config_problem_fn *on_problem;
    void *context;
};

__attribute__((format(printf, 3, 4))) static void
config_wrong(const struct examination *examination, unsigned setting, const char *format, ...)
{
    char words[CONFIG_PATH_BYTES_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(words, sizeof(words), format, arguments);
    va_end(arguments);
    config_tell(examination->config, setting, examination->on_problem, examination->context, words);
}

static void config_examine_ranges(const struct examination *examination)
{
    for (unsigned i = 0; i < CONFIG_SETTINGS; i++) {
        const struct config_setting *setting = &config_settings[i];
        if (setting->kind != CONFIG_IS_NUMBER)
            continue;
        uint64_t value = config_number(examination->config, setting);
        if (value < setting->least || value > setting->most)
            config_wrong(examination, i, "%" PRIu64 " to %" PRIu64 " (%s), not %" PRIu64 ".",
                         setting->least, setting->most, setting->unit, value);
    }
}

static void config_examine_texts(const struct examination *examination)
{
    const struct config *config = examination->config;
    if (config->data == NULL || config->data[0] == 0)
        config_wrong(examination, CONFIG_SETTING_data, "a directory is needed.");
    if (config->listen == NULL || !listener_is_address(config->listen))
        config_wrong(examination, CONFIG_SETTING_listen,
                     "HOST:PORT is needed, such as 127.0.0.1:7410 or [::1]:7410, with a port "
                     "from 0 to 65535, not \"%s\".",
                     config->listen == NULL ? "" : config->listen);
    if (config->http == NULL || (config->http[0] != 0 && !listener_is_address(config->http)))
        config_wrong(examination, CONFIG_SETTING_http,
                     "HOST:PORT is needed, such as 127.0.0.1:7411, with a port from 0 to 65535, "
                     "or \"\" for none, not \"%s\".",
                     config->http == NULL ? "" : config->http);
    if (!log_is_format(config->log))
        config_wrong(examination, CONFIG_SETTING_log, "text or json, not \"%s\".",
                     config->log == NULL ? "" : config->log);
    if (!log_is_level(config->log_level))
        config_wrong(examination, CONFIG_SETTING_log_level, "error, warning or info, not \"%s\".",
                     config->log_level == NULL ? "" : config->log_level);
    if (config->region == NULL || strlen(config->region) > LIMIT_POLICY_NAME_BYTES_MAX)
        config_wrong(examination, CONFIG_SETTING_region, "at most %d bytes.",
                     LIMIT_POLICY_NAME_BYTES_MAX);
}

static void config_examine_pair(const struct examination *examination, const char *first,
                                unsigned first_setting, const char *second, unsigned second_setting)
{
    if ((first == NULL) == (second == NULL))
        return;
    unsigned present = first != NULL ? first_setting : second_setting;
    unsigned absent = first != NULL ? second_setting : first_setting;
    if (examination->config->sources[absent] != CONFIG_DEFAULT)
        return; /* it was given, and told to be wrong */
    config_wrong(examination, present, "%s is needed with it; give both, or neither.",
                 config_settings[absent].name);
}

void config_examine(const struct config *config, config_problem_fn *on_problem, void *context)
{
    struct examination examination = {config, on_problem, context};
    config_examine_texts(&examination);
    config_examine_ranges(&examination);
    config_examine_pair(&examination, config->tls_certificate, CONFIG_SETTING_tls_certificate,
                        config->tls_key, CONFIG_SETTING_tls_key);
    config_examine_pair(&examination, config->webhook_url, CONFIG_SETTING_webhook_url,
                        config->webhook_secret_file, CONFIG_SETTING_webhook_secret_file);
    if (config->offline_retention_ms != 0 && config->offline_retention_ms < 1000)
        config_wrong(&examination, CONFIG_SETTING_offline_retention_ms,
                     "1000 to 315360000000 milliseconds (ten years), or 0 for everything, not "
                     "%" PRIu64 ".",
                     config->offline_retention_ms);
    if (!config->development_key && config->token_secrets_count == 0 &&
        config->token_public_keys_count == 0)
        config_wrong(&examination, CONFIG_SETTING_development_key,
                     "false needs token_secrets or token_public_keys, or nobody could sign in.");
}

enum status config_check(const struct config *config, struct failure *failure)
{
    struct failure first = {STATUS_OK, ""};
    config_examine(config, config_keep_first, &first);
    if (first.status == STATUS_OK)
        return STATUS_OK;
    return failure_set(failure, first.status, "%s", first.text);
}
