#include "cli/config_findings.h"

#include "access/certificate.h"
#include "access/identity.h"
#include "access/transport.h"
#include "server/policy_file.h"
#include "server/webhook_settings.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { FINDING_BYTES = 4352, FINDING_EXPIRY_S = 14 * 86400 };

static void findings_told(void *context, const struct config_problem *problem)
{
    doctor_find_setting(context, DOCTOR_PROBLEM, problem);
}

enum status config_findings_read(struct doctor *doctor, const char *file, struct config *config)
{
    enum status status = STATUS_OK;
    if (file != NULL)
        status = config_load(config, file, findings_told, doctor);
    enum status environment =
        config_read_environment(config, (const char *const *)environ, findings_told, doctor);
    return status == STATUS_OK ? environment : status;
}

struct findings {
    struct doctor *doctor;
    const struct config *config;
    enum doctor_level level; /* of what is told next */
    bool is_wrong;
};

static void findings_value(void *context, const struct config_problem *problem)
{
    struct findings *findings = context;
    findings->is_wrong |= findings->level == DOCTOR_PROBLEM;
    doctor_find_setting(findings->doctor, findings->level, problem);
}

__attribute__((format(printf, 4, 5))) static void findings_tell(struct findings *findings,
                                                                enum doctor_level level,
                                                                unsigned setting,
                                                                const char *format, ...)
{
    char words[FINDING_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(words, sizeof(words), format, arguments);
    va_end(arguments);
    findings->level = level;
    config_tell(findings->config, setting, findings_value, findings, words);
    findings->level = DOCTOR_PROBLEM;
}

/* What a setting names cannot be used; the failure may begin with the setting's name itself. */
static void findings_file(struct findings *findings, unsigned setting, enum status status,
                          const struct failure *failure)
{
    const char *name = config_settings[setting].name;
    const char *text = failure->text;
    if (status == STATUS_OK)
        return;
    if (strncmp(text, name, strlen(name)) == 0 && text[strlen(name)] == ':')
        text += strlen(name) + 1 + strspn(text + strlen(name) + 1, " ");
    findings_tell(findings, DOCTOR_PROBLEM, setting, "%s", text);
}

/* A secret that others on this machine can read is not one. */
static void findings_secret(struct findings *findings, unsigned setting, const char *file)
{
    struct stat about;
    if (file == NULL || stat(file, &about) != 0 || (about.st_mode & (S_IRWXG | S_IRWXO)) == 0)
        return;
    findings_tell(findings, DOCTOR_WARNING, setting,
                  "others on this machine may read %s (mode %03o); chmod 600 %s", file,
                  (unsigned)about.st_mode & 0777, file);
}

static void findings_keys(struct findings *findings)
{
    const struct config *config = findings->config;
    struct identity_keys *keys = identity_keys_new();
    struct failure failure;
    for (unsigned i = 0; i < config->token_secrets_count; i++) {
        const struct config_key *key = &config->token_secrets[i];
        findings_file(findings, CONFIG_SETTING_token_secrets,
                      identity_keys_add_secret_file(keys, key->id, key->file, &failure), &failure);
        findings_secret(findings, CONFIG_SETTING_token_secrets, key->file);
    }
    for (unsigned i = 0; i < config->token_public_keys_count; i++) {
        const struct config_key *key = &config->token_public_keys[i];
        findings_file(findings, CONFIG_SETTING_token_public_keys,
                      identity_keys_add_public_file(keys, key->id, key->file, &failure), &failure);
    }
    identity_keys_free(keys);
}

/* Clients would refuse it, or will soon. */
static void findings_certificate(struct findings *findings, const char *file)
{
    struct certificate_times times;
    struct failure failure;
    char day[32];
    struct tm parts;
    time_t now = time(NULL);
    if (certificate_read_times(file, &times, &failure) != STATUS_OK)
        return; /* which was told when it was loaded */
    bool is_early = times.from > now;
    gmtime_r(is_early ? &times.from : &times.until, &parts);
    strftime(day, sizeof(day), "%Y-%m-%d %H:%M UTC", &parts);
    if (is_early)
        findings_tell(findings, DOCTOR_PROBLEM, CONFIG_SETTING_tls_certificate,
                      "%s is not valid before %s: until then clients refuse it.", file, day);
    else if (times.until <= now)
        findings_tell(findings, DOCTOR_PROBLEM, CONFIG_SETTING_tls_certificate,
                      "%s has expired on %s: clients refuse it; get a new one.", file, day);
    else if (times.until - now < FINDING_EXPIRY_S)
        findings_tell(findings, DOCTOR_WARNING, CONFIG_SETTING_tls_certificate,
                      "%s expires on %s: get a new one and restart the server before.", file, day);
}

static void findings_tls(struct findings *findings)
{
    const struct config *config = findings->config;
    struct transport_tls *tls = NULL;
    struct failure failure;
    findings_secret(findings, CONFIG_SETTING_tls_key, config->tls_key);
    if (config->tls_certificate != NULL)
        findings_certificate(findings, config->tls_certificate);
    if (config->tls_certificate == NULL || config->tls_key == NULL)
        return;
    findings_file(findings, CONFIG_SETTING_tls_certificate,
                  transport_tls_server(config->tls_certificate, config->tls_key, &tls, &failure),
                  &failure);
    transport_tls_free(tls);
}

static void findings_policy(struct findings *findings)
{
    const struct policy *policy = NULL;
    struct failure failure;
    if (findings->config->policy == NULL)
        return;
    findings_file(findings, CONFIG_SETTING_policy,
                  policy_file_load(findings->config->policy, &policy, &failure), &failure);
    policy_free(policy);
}

/* Each by itself: also where one of them is missing. */
static void findings_webhook(struct findings *findings)
{
    const struct config *config = findings->config;
    struct webhook_settings settings = {.url = NULL};
    struct failure failure;
    if (config->webhook_url != NULL)
        findings_file(findings, CONFIG_SETTING_webhook_url,
                      webhook_settings_check_url(config->webhook_url, &failure), &failure);
    findings_file(findings, CONFIG_SETTING_webhook_events,
                  webhook_settings_read_types(&settings, config, &failure), &failure);
    if (config->webhook_secret_file != NULL)
        findings_file(
            findings, CONFIG_SETTING_webhook_secret_file,
            webhook_settings_read_secret(&settings.target, config->webhook_secret_file, &failure),
            &failure);
    webhook_settings_fini(&settings);
    findings_secret(findings, CONFIG_SETTING_webhook_secret_file, config->webhook_secret_file);
}

bool config_findings_check(struct doctor *doctor, const struct config *config)
{
    struct findings findings = {.doctor = doctor, .config = config, .level = DOCTOR_PROBLEM};
    config_examine(config, findings_value, &findings);
    findings_keys(&findings);
    findings_tls(&findings);
    findings_policy(&findings);
    findings_webhook(&findings);
    return !findings.is_wrong;
}
