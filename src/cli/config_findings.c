#include "cli/config_findings.h"

#include "access/identity.h"
#include "access/transport.h"
#include "server/policy_file.h"
#include "server/webhook_settings.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FINDING_BYTES = 4352 };

bool config_findings_read(struct doctor *doctor, const char *file, struct config *config)
{
    struct failure failure = {STATUS_OK, ""};
    enum status status = STATUS_OK;
    if (file != NULL)
        status = config_load(config, file, &failure);
    if (status == STATUS_OK)
        status = config_read_environment(config, (const char *const *)environ, &failure);
    if (status == STATUS_OK)
        return true;
    doctor_find(doctor, DOCTOR_PROBLEM, "configuration", "%s", failure.text);
    return false;
}

struct findings {
    struct doctor *doctor;
    const struct config *config;
    bool is_wrong;
};

static void findings_value(void *context, unsigned setting, const char *text)
{
    struct findings *findings = context;
    (void)setting;
    findings->is_wrong = true;
    doctor_find(findings->doctor, DOCTOR_PROBLEM, "configuration", "%s", text);
}

static void findings_file(struct findings *findings, unsigned setting, enum status status,
                          const struct failure *failure)
{
    char place[FINDING_BYTES];
    if (status == STATUS_OK)
        return;
    config_place(findings->config, setting, place, sizeof(place));
    findings->is_wrong = true;
    doctor_find(findings->doctor, DOCTOR_PROBLEM, "configuration", "%s: %s", place, failure->text);
}

/* A secret that others on this machine can read is not one. */
static void findings_secret(struct findings *findings, unsigned setting, const char *file)
{
    struct stat about;
    char place[FINDING_BYTES];
    if (file == NULL || stat(file, &about) != 0 || (about.st_mode & (S_IRWXG | S_IRWXO)) == 0)
        return;
    config_place(findings->config, setting, place, sizeof(place));
    doctor_find(findings->doctor, DOCTOR_WARNING, "configuration",
                "%s: others on this machine may read %s (mode %03o); chmod 600 %s", place, file,
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

static void findings_tls(struct findings *findings)
{
    const struct config *config = findings->config;
    struct transport_tls *tls = NULL;
    struct failure failure;
    if (config->tls_certificate == NULL || config->tls_key == NULL)
        return;
    findings_file(findings, CONFIG_SETTING_tls_certificate,
                  transport_tls_server(config->tls_certificate, config->tls_key, &tls, &failure),
                  &failure);
    transport_tls_free(tls);
    findings_secret(findings, CONFIG_SETTING_tls_key, config->tls_key);
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

static void findings_webhook(struct findings *findings)
{
    const struct config *config = findings->config;
    struct webhook_settings settings = {.url = NULL};
    struct failure failure;
    if (config->webhook_url == NULL || config->webhook_secret_file == NULL)
        return;
    enum status status = webhook_settings_load(&settings, config, &failure);
    findings_file(findings, CONFIG_SETTING_webhook_url, status, &failure);
    webhook_settings_fini(&settings);
    findings_secret(findings, CONFIG_SETTING_webhook_secret_file, config->webhook_secret_file);
}

bool config_findings_check(struct doctor *doctor, const struct config *config)
{
    struct findings findings = {.doctor = doctor, .config = config};
    config_examine(config, findings_value, &findings);
    findings_keys(&findings);
    findings_tls(&findings);
    findings_policy(&findings);
    findings_webhook(&findings);
    return !findings.is_wrong;
}
