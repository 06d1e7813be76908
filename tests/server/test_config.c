/* Configuration: defaults, every setting from a file, and a sentence for each mistake. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"
#include "server/config.h"

#include <stdlib.h>
#include <unistd.h>

static char file[] = P_tmpdir "/unsay-config-XXXXXX";

static enum status load(struct config *config, const char *text, struct failure *failure)
{
    FILE *out = fopen(file, "we");
    assert_non_null(out);
    fputs(text, out);
    fclose(out);
    config_init(config);
    failure->text[0] = 0;
    return config_load(config, file, failure);
}

static void defaults_are_complete_and_valid(void **state)
{
    (void)state;
    struct config config;
    struct failure failure;
    config_init(&config);
    assert_int_equal(config_check(&config, &failure), STATUS_OK);
    assert_string_equal(config.data, "./data");
    assert_string_equal(config.listen, "127.0.0.1:7410");
    assert_string_equal(config.http, "127.0.0.1:7411");
    assert_int_equal(config.workers, 0);
    assert_null(config.tls_certificate);
    assert_null(config.tls_key);
    assert_int_equal(config.development_key, 1);
    assert_int_equal(config.erasure_horizon_ms, 86400000);
    assert_int_equal(config.offline_retention_ms, 604800000);
    assert_int_equal(config.heartbeat_interval_ms, LIMIT_HEARTBEAT_INTERVAL_MS);
    assert_int_equal(config.connections_max, LIMIT_CONNECTIONS_MAX);
    assert_int_equal(config.requests_per_second, LIMIT_REQUESTS_PER_SECOND);
    assert_int_equal(config.store_cache_mib, 256);
    assert_null(config.webhook_url);
    assert_int_equal(config.webhook_events_count, 0);
    assert_int_equal(config.webhook_bodies, 0);
    assert_int_equal(config.webhook_private, 0);
    assert_int_equal(config.webhook_push_delay_ms, 3000);
    assert_int_equal(config.webhook_attempts_max, 20);
    config_fini(&config);
}

static void webhooks_are_configured(void **state)
{
    (void)state;
    struct config config;
    struct failure failure;
    assert_int_equal(load(&config,
                          "webhook_url: https://example.net/hooks\n"
                          "webhook_secret_file: /secret\n"
                          "webhook_events: [push.send, message.committed]\n"
                          "webhook_bodies: true\n"
                          "webhook_private: true\n"
                          "webhook_push_delay_ms: 0\n"
                          "webhook_attempts_max: 1\n",
                          &failure),
                     STATUS_OK);
    assert_string_equal(config.webhook_url, "https://example.net/hooks");
    assert_string_equal(config.webhook_secret_file, "/secret");
    assert_int_equal(config.webhook_events_count, 2);
    assert_string_equal(config.webhook_events[1], "message.committed");
    assert_int_equal(config.webhook_bodies, 1);
    assert_int_equal(config.webhook_private, 1);
    assert_int_equal(config.webhook_push_delay_ms, 0);
    assert_int_equal(config.webhook_attempts_max, 1);
    config_fini(&config);
    static const char *const wrong[] = {
        "webhook_url: http://x/\n",        "webhook_secret_file: x\n",
        "webhook_push_delay_ms: 600001\n", "webhook_attempts_max: 0\n",
        "webhook_bodies: perhaps\n",       "webhook_events: message.committed\n",
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_int_equal(load(&config, wrong[i], &failure), STATUS_MALFORMED);
        assert_non_null(strstr(failure.text, "webhook_"));
        config_fini(&config);
    }
}

static void a_file_sets_what_it_names(void **state)
{
    (void)state;
    struct config config;
    struct failure failure;
    assert_int_equal(load(&config, "workers: 3\n", &failure), STATUS_OK);
    assert_int_equal(config.workers, 3);
    assert_string_equal(config.listen, "127.0.0.1:7410");
    config_fini(&config);

    assert_int_equal(load(&config,
                          "data: /var/lib/unsay\n"
                          "listen: \"[::]:7410\"\n"
                          "http: \"\"\n"
                          "workers: 64\n"
                          "tls_certificate: cert.pem\n"
                          "tls_key: key.pem\n"
                          "token_secrets:\n"
                          "  - id: one\n"
                          "    file: one.secret\n"
                          "  - file: two.secret\n"
                          "token_public_keys:\n"
                          "  - file: key.pem\n"
                          "development_key: false\n"
                          "erasure_horizon_ms: 0\n"
                          "offline_retention_ms: 1000\n"
                          "policy: rules.yaml\n"
                          "region: eu\n"
                          "heartbeat_interval_ms: 1000\n"
                          "connections_max: 1\n"
                          "requests_per_second: 0\n"
                          "store_cache_mib: 1\n",
                          &failure),
                     STATUS_OK);
    assert_string_equal(config.data, "/var/lib/unsay");
    assert_string_equal(config.listen, "[::]:7410");
    assert_string_equal(config.http, "");
    assert_int_equal(config.workers, 64);
    assert_string_equal(config.tls_certificate, "cert.pem");
    assert_string_equal(config.tls_key, "key.pem");
    assert_int_equal(config.token_secrets_count, 2);
    assert_string_equal(config.token_secrets[0].id, "one");
    assert_string_equal(config.token_secrets[0].file, "one.secret");
    assert_null(config.token_secrets[1].id);
    assert_string_equal(config.token_secrets[1].file, "two.secret");
    assert_int_equal(config.token_public_keys_count, 1);
    assert_string_equal(config.token_public_keys[0].file, "key.pem");
    assert_int_equal(config.development_key, 0);
    assert_int_equal(config.erasure_horizon_ms, 0);
    assert_int_equal(config.offline_retention_ms, 1000);
    assert_string_equal(config.policy, "rules.yaml");
    assert_string_equal(config.region, "eu");
    assert_int_equal(config.heartbeat_interval_ms, 1000);
    assert_int_equal(config.connections_max, 1);
    assert_int_equal(config.requests_per_second, 0);
    assert_int_equal(config.store_cache_mib, 1);

    config_set(&config.data, "elsewhere");
    assert_string_equal(config.data, "elsewhere");
    config_set(&config.data, NULL);
    assert_null(config.data);
    config_fini(&config);
}

static void each_mistake_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *named;
    } mistakes[] = {
        {"wrokers: 3\n", "wrokers"},
        {"workers: many\n", "workers"},
        {"development_key: perhaps\n", "development_key"},
        {"workers: -1\n", "workers"},
        {"workers: 65\n", "workers"},
        {"workers: 99999999999999999999\n", "workers"},
        {"listen: localhost\n", "listen"},
        {"http: localhost\n", "http"},
        {"data: \"\"\n", "data"},
        {"tls_key: key.pem\n", "tls_certificate"},
        {"tls_certificate: cert.pem\n", "tls_key"},
        {"heartbeat_interval_ms: 999\n", "heartbeat_interval_ms"},
        {"heartbeat_max_ms: 600001\n", "heartbeat_max_ms"},
        {"ticket_life_ms: 31536000001\n", "ticket_life_ms"},
        {"sign_ins_per_second: 1000001\n", "sign_ins_per_second"},
        {"accepts_per_second: 1000001\n", "accepts_per_second"},
        {"heartbeat_interval_ms: 600001\n", "heartbeat_interval_ms"},
        {"connections_max: 0\n", "connections_max"},
        {"store_cache_mib: 0\n", "store_cache_mib"},
        {"store_cache_mib: 1048577\n", "store_cache_mib"},
        {"offline_retention_ms: 999\n", "offline_retention_ms"},
        {"offline_retention_ms: 315360000001\n", "offline_retention_ms"},
        {"erasure_horizon_ms: 18446744073709551615\n", "erasure_horizon_ms"},
        {"development_key: false\n", "development_key"},
        {"token_secrets:\n  - id: one\n", "file"},
        {"token_secrets: one\n", "token_secrets"},
        {"workers: [\n", ""},
        {"- workers\n", ""},
        {"\xff\xfe\n", ""},
    };
    for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
        struct config config;
        struct failure failure;
        enum status status = load(&config, mistakes[i].text, &failure);
        if (status != STATUS_MALFORMED || strstr(failure.text, mistakes[i].named) == NULL)
            fail_msg("%s was answered %d: %s", mistakes[i].text, (int)status, failure.text);
        assert_int_equal(failure.text[strlen(failure.text) - 1], '.');
        assert_null(strchr(failure.text, '\n'));
        config_fini(&config);
    }
}

static void an_absent_file_is_named(void **state)
{
    (void)state;
    struct config config;
    struct failure failure;
    config_init(&config);
    assert_int_equal(config_load(&config, "/nonexistent/unsay.yaml", &failure), STATUS_NOT_FOUND);
    assert_non_null(strstr(failure.text, "/nonexistent/unsay.yaml"));
    config_fini(&config);
}

static void an_empty_file_is_all_defaults(void **state)
{
    (void)state;
    struct config config;
    struct failure failure;
    assert_int_equal(load(&config, "", &failure), STATUS_OK);
    assert_string_equal(config.data, "./data");
    config_fini(&config);
    assert_int_equal(load(&config, "# nothing set\n", &failure), STATUS_OK);
    config_fini(&config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_complete_and_valid),
        cmocka_unit_test(webhooks_are_configured),
        cmocka_unit_test(a_file_sets_what_it_names),
        cmocka_unit_test(each_mistake_is_named),
        cmocka_unit_test(an_absent_file_is_named),
        cmocka_unit_test(an_empty_file_is_all_defaults),
    };
    close(mkstemp(file));
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(file);
    return failed;
}
