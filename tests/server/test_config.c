/* Configuration: defaults, every setting from a file, and a sentence for each mistake. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"
#include "server/config.h"

#include <stdbool.h>
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
    *failure = (struct failure){STATUS_OK, ""};
    enum status status = config_load(config, file, config_keep_first, failure);
    return status == STATUS_OK ? config_check(config, failure) : status;
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
    struct failure failure = {STATUS_OK, ""};
    config_init(&config);
    assert_int_equal(config_load(&config, "/nonexistent/unsay.yaml", config_keep_first, &failure),
                     STATUS_NOT_FOUND);
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

/* Defaults, file, environment, options: later ones win, and each place is known. */
static void later_places_win(void **state)
{
    (void)state;
    struct config config;
    struct failure failure;
    char text[512];
    static const char *const environment[] = {"UNSAY_SERVE_WORKERS=5",
                                              "UNSAY_TOKEN=x",
                                              "UNSAY_SERVE_TOKEN_SECRETS=one=a.secret,b.secret",
                                              "UNSAY_SERVE_WEBHOOK_EVENTS=push.send,push.withdraw",
                                              "UNSAY_SERVE_DEVELOPMENT_KEY=false",
                                              "UNSAY_SERVE_REGION=",
                                              NULL};
    assert_int_equal(load(&config, "region: eu\n\nworkers: 3\nhttp: \"\"\n", &failure), STATUS_OK);
    assert_int_equal(config_read_environment(&config, environment, config_keep_first, &failure),
                     STATUS_OK);
    assert_int_equal(
        config_override(&config, CONFIG_SETTING_http, "[::1]:1", CONFIG_OPTION, &failure),
        STATUS_OK);
    assert_int_equal(config_check(&config, &failure), STATUS_OK);
    assert_int_equal(config.workers, 5);
    assert_string_equal(config.region, "");
    assert_string_equal(config.http, "[::1]:1");
    assert_int_equal(config.development_key, 0);
    assert_int_equal(config.token_secrets_count, 2);
    assert_string_equal(config.token_secrets[0].id, "one");
    assert_null(config.token_secrets[1].id);
    assert_int_equal(config.webhook_events_count, 2);
    config_value(&config, CONFIG_SETTING_token_secrets, text, sizeof(text));
    assert_string_equal(text, "one=a.secret,b.secret");
    config_place(&config, CONFIG_SETTING_workers, text, sizeof(text));
    assert_string_equal(text, "UNSAY_SERVE_WORKERS");
    assert_int_equal(config.sources[CONFIG_SETTING_http], CONFIG_OPTION);
    assert_int_equal(config.sources[CONFIG_SETTING_data], CONFIG_DEFAULT);
    assert_int_equal(config.lines[CONFIG_SETTING_workers], 3);
    config_fini(&config);
}

static void a_variable_that_is_wrong_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *variable;
        const char *named;
    } mistakes[] = {
        {"UNSAY_SERVE_WORKER=3", "UNSAY_SERVE_WORKER: there is no such setting"},
        {"UNSAY_SERVE_=3", "UNSAY_SERVE_: there is no such setting"},
        {"UNSAY_SERVE_workers=3", "there is no such setting"},
        {"UNSAY_SERVE_WORKERS=", "UNSAY_SERVE_WORKERS: 0 to 64"},
        {"UNSAY_SERVE_WORKERS=65", "UNSAY_SERVE_WORKERS: 0 to 64"},
        {"UNSAY_SERVE_WORKERS=3x", "UNSAY_SERVE_WORKERS: 0 to 64"},
        {"UNSAY_SERVE_WORKERS=-1", "UNSAY_SERVE_WORKERS: 0 to 64"},
        {"UNSAY_SERVE_CONNECTIONS_MAX=4294967296", "UNSAY_SERVE_CONNECTIONS_MAX: 1 to 4294967295"},
        {"UNSAY_SERVE_ERASURE_HORIZON_MS=18446744073709551616", "ERASURE_HORIZON_MS"},
        {"UNSAY_SERVE_WEBHOOK_BODIES=yes", "true or false, not \"yes\""},
        {"UNSAY_SERVE_TOKEN_SECRETS=a,,b", "FILE or ID=FILE"},
        {"UNSAY_SERVE_TOKEN_SECRETS=a=", "FILE or ID=FILE"},
    };
    for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
        struct config config;
        struct failure failure = {STATUS_OK, ""};
        const char *const environment[] = {mistakes[i].variable, NULL};
        config_init(&config);
        enum status status =
            config_read_environment(&config, environment, config_keep_first, &failure);
        if (status != STATUS_MALFORMED || strstr(failure.text, mistakes[i].named) == NULL)
            fail_msg("%s was answered %d: %s", mistakes[i].variable, (int)status, failure.text);
        config_fini(&config);
    }
}

struct told {
    unsigned count;
    struct {
        unsigned line;
        unsigned column;
        char name[64];
        char text[512];
    } problems[64];
};

static void note_problem(void *context, const struct config_problem *problem)
{
    struct told *told = context;
    assert_true(told->count < 64);
    told->problems[told->count].line = problem->line;
    told->problems[told->count].column = problem->column;
    snprintf(told->problems[told->count].name, 64, "%s",
             problem->name == NULL ? "" : problem->name);
    snprintf(told->problems[told->count++].text, 512, "%s", problem->text);
    assert_true(problem->source != CONFIG_FILE || strcmp(problem->file, file) == 0);
    assert_true(problem->text[strlen(problem->text) - 1] == '.');
}

/* One mistake does not hide the next, whatever it is; each with line, column and name. */
static void every_problem_is_told_with_its_place(void **state)
{
    (void)state;
    static const char text[] = "# first\n"
                               "workers: 65\n"                          /* 2 */
                               "wrokers: [1, {2: 3}]\n"                 /* 3 */
                               "region: eu\n"                           /* 4 */
                               "region: us\n"                           /* 5 */
                               "http: [a]\n"                            /* 6 */
                               "listen: 127.0.0.1:notaport\n"           /* 7 */
                               "policy:\n"                              /* 8 */
                               "token_secrets:\n"                       /* 9 */
                               "  - id: one\n"                          /* 10 */
                               "  - id: two\n"                          /* 11 */
                               "    fiel: x\n"                          /* 12 */
                               "    file: [y]\n"                        /* 13 */
                               "  - three\n"                            /* 14 */
                               "webhook_events: [push.send, [a], *b]\n" /* 15 */
                               "webhook_bodies: yes\n"                  /* 16 */
                               "data: &anchor ./d\n"                    /* 17 */
                               "store_cache_mib: !!str 3\n"             /* 18 */
                               "? [a, b]\n: c\n"                        /* 19 */
                               "tls_key: k\n"                           /* 21 */
                               "webhook_attempts_max: many\n";          /* 22 */
    static const struct {
        unsigned line;
        unsigned column;
        const char *name;
        const char *words;
    } expected[] = {
        {2, 10, "workers", "0 to 64"},
        {3, 1, "wrokers", "is workers meant?"},
        {5, 1, "region", "given twice, first in line 4"},
        {6, 7, "http", "HOST:PORT, or \"\" for none is needed, not a list"},
        {8, 8, "policy", "nothing is there"},
        {10, 5, "token_secrets", "each needs a file"},
        {12, 5, "token_secrets", "\"fiel\" is no field of it; there are id and file"},
        {13, 11, "token_secrets", "a text is needed, not a list"},
        {11, 5, "token_secrets", "each needs a file"},
        {14, 5, "token_secrets", "id (optional) and file is needed, not a single value"},
        {15, 29, "webhook_events", "a name is needed, not a list"},
        {15, 34, "webhook_events", "an alias (*) is not accepted here"},
        {16, 17, "webhook_bodies", "true or false"},
        {17, 7, "data", "an anchor (&) is not accepted here"},
        {18, 18, "store_cache_mib", "a tag (!) is not accepted here"},
        {19, 3, "", "a setting's name is needed, not a list"},
        {22, 23, "webhook_attempts_max", "1 to 1000"},
        {7, 9, "listen", "port from 0 to 65535, not \"127.0.0.1:notaport\""},
        {21, 10, "tls_key", "tls_certificate is needed with it"},
    };
    struct config config;
    struct failure failure;
    struct told told = {.count = 0};
    assert_int_equal(load(&config, text, &failure), STATUS_MALFORMED);
    config_fini(&config);
    config_init(&config);
    assert_int_equal(config_load(&config, file, note_problem, &told), STATUS_MALFORMED);
    config_examine(&config, note_problem, &told);
    for (unsigned i = 0; i < told.count || i < sizeof(expected) / sizeof(expected[0]); i++) {
        if (i >= told.count || i >= sizeof(expected) / sizeof(expected[0]))
            fail_msg("%u problems; %s", told.count, i < told.count ? told.problems[i].text : "");
        if (told.problems[i].line != expected[i].line ||
            told.problems[i].column != expected[i].column ||
            strcmp(told.problems[i].name, expected[i].name) != 0 ||
            strstr(told.problems[i].text, expected[i].words) == NULL)
            fail_msg("%u: line %u, column %u: %s: %s", i, told.problems[i].line,
                     told.problems[i].column, told.problems[i].name, told.problems[i].text);
    }
    assert_string_equal(config.region, "eu");
    config_fini(&config);
}

static void what_is_no_yaml_has_a_place(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        unsigned line;
        const char *words;
    } cases[] = {
        {"workers: 3\nlisten: [\n", 3, "not YAML"},
        {"workers: 3\n\nregion: \xff\n", 3, "not UTF-8"},
        {"workers: 3\n---\nregion: a\n", 2, "a second document"},
        {"- workers\n", 1, "not a list"},
        {"workers\n", 1, "not a single value"},
        {"workers: 3\n\tregion: a\n", 2, "not YAML"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct config config;
        struct failure failure;
        struct told told = {.count = 0};
        assert_int_equal(load(&config, cases[i].text, &failure), STATUS_MALFORMED);
        config_fini(&config);
        config_init(&config);
        assert_int_equal(config_load(&config, file, note_problem, &told), STATUS_MALFORMED);
        assert_in_range(told.count, 1, 2);
        unsigned last = told.count - 1;
        if (told.problems[last].line != cases[i].line ||
            strstr(told.problems[last].text, cases[i].words) == NULL)
            fail_msg("line %u: %s", told.problems[last].line, told.problems[last].text);
        config_fini(&config);
    }
}

static void every_variable_is_looked_at(void **state)
{
    (void)state;
    static const char *const environment[] = {"UNSAY_SERVE_WORKERS=many", "UNSAY_SERVE_NOTHING=1",
                                              "UNSAY_SERVE_REGION=eu",
                                              "UNSAY_SERVE_LOG_LEVEL=chatty", NULL};
    struct config config;
    struct told told = {.count = 0};
    config_init(&config);
    assert_int_equal(config_read_environment(&config, environment, note_problem, &told),
                     STATUS_MALFORMED);
    assert_int_equal(told.count, 2);
    config_examine(&config, note_problem, &told);
    assert_int_equal(told.count, 3);
    assert_string_equal(told.problems[0].name, "workers");
    assert_string_equal(told.problems[1].name, "UNSAY_SERVE_NOTHING");
    assert_non_null(strstr(told.problems[2].text,
                           "UNSAY_SERVE_LOG_LEVEL: error, warning or info, not \"chatty\"."));
    assert_string_equal(config.region, "eu");
    config_fini(&config);
}

static void ports_are_numbers(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "127.0.0.1:notaport",
        "127.0.0.1:99999",
        "127.0.0.1:65536",
        "127.0.0.1:-1",
        "127.0.0.1:+1",
        "127.0.0.1: 1",
        "127.0.0.1:",
        ":7410",
        "[]:7410",
        "127.0.0.1:7410x",
        "7410",
    };
    static const char *const right[] = {"127.0.0.1:0", "[::1]:65535", "localhost:7410"};
    struct failure failure;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        for (int which = 0; which < 2; which++) {
            struct config config;
            config_init(&config);
            config_set(which == 0 ? &config.listen : &config.http, wrong[i]);
            if (config_check(&config, &failure) != STATUS_MALFORMED ||
                strstr(failure.text, wrong[i]) == NULL)
                fail_msg("%s", wrong[i]);
            config_fini(&config);
        }
    }
    for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++) {
        struct config config;
        config_init(&config);
        config_set(&config.listen, right[i]);
        assert_int_equal(config_check(&config, &failure), STATUS_OK);
        config_fini(&config);
    }
}

static char *read_whole(const char *path)
{
    FILE *in = fopen(path, "re");
    assert_non_null(in);
    char *text = calloc(1, 65536);
    assert_true(fread(text, 1, 65535, in) > 0);
    fclose(in);
    return text;
}

/* The comment above the line has the range, on a line or across two. */
static bool tells_range(const char *shipped, const char *line, const struct config_setting *setting)
{
    char range[64];
    char comment[512] = "";
    const char *begin = line;
    while (begin > shipped && !(begin[0] == '\n' && begin[1] == '\n'))
        begin--;
    for (size_t used = 0; begin < line && used + 1 < sizeof(comment); begin++) {
        if (begin[0] == '\n' && begin[1] == '#') {
            comment[used++] = ' ';
            begin += 2;
        } else {
            comment[used++] = begin[0];
        }
    }
    /* 0 stands beside a range that begins above it. */
    snprintf(range, sizeof(range), "%llu to %llu",
             setting == &config_settings[CONFIG_SETTING_offline_retention_ms]
                 ? 1000ULL
                 : (unsigned long long)setting->least,
             (unsigned long long)setting->most);
    return strstr(comment, range) != NULL;
}

/* The file that is shipped names every setting once, with its default, and is valid when every #
 * is taken away; the document names every setting, too. */
static void what_is_written_of_settings_is_true(void **state)
{
    (void)state;
    struct config config;
    struct failure failure;
    char *shipped = read_whole(CONFIG_SHIPPED);
    char *document = read_whole(CONFIG_DOCUMENT);
    char text[1024];
    config_init(&config);
    for (unsigned i = 0; i < CONFIG_SETTINGS; i++) {
        const struct config_setting *setting = &config_settings[i];
        snprintf(text, sizeof(text), "\n#%s:", setting->name);
        const char *line = strstr(shipped, text);
        if (line == NULL || strstr(line + 1, text) != NULL)
            fail_msg("%s is not once in %s", setting->name, CONFIG_SHIPPED);
        if (setting->kind == CONFIG_IS_NUMBER || setting->kind == CONFIG_IS_TRUTH ||
            (setting->text != NULL && setting->text[0] != 0)) {
            char value[512];
            config_value(&config, i, value, sizeof(value));
            snprintf(text, sizeof(text), "\n#%s: %s\n", setting->name, value);
            if (strncmp(line, text, strlen(text)) != 0)
                fail_msg("%s has another default: %s", setting->name, value);
        }
        if (setting->kind == CONFIG_IS_NUMBER && !tells_range(shipped, line, setting))
            fail_msg("%s: its range is not told", setting->name);
        snprintf(text, sizeof(text), "`%s`", setting->name);
        if (strstr(document, text) == NULL)
            fail_msg("%s is not in %s", setting->name, CONFIG_DOCUMENT);
    }
    config_fini(&config);
    for (char *c = shipped; (c = strstr(c, "\n#")) != NULL; c++) {
        if (c[2] == ' ' && c[3] != ' ')
            continue;
        memmove(c + 1, c + 2, strlen(c + 2) + 1);
    }
    if (load(&config, shipped, &failure) != STATUS_OK)
        fail_msg("%s", failure.text);
    for (unsigned i = 0; i < CONFIG_SETTINGS; i++)
        assert_int_equal(config.sources[i], CONFIG_FILE);
    config_fini(&config);
    free(shipped);
    free(document);
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
        cmocka_unit_test(later_places_win),
        cmocka_unit_test(a_variable_that_is_wrong_is_named),
        cmocka_unit_test(every_problem_is_told_with_its_place),
        cmocka_unit_test(what_is_no_yaml_has_a_place),
        cmocka_unit_test(every_variable_is_looked_at),
        cmocka_unit_test(ports_are_numbers),
        cmocka_unit_test(what_is_written_of_settings_is_true),
    };
    close(mkstemp(file));
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(file);
    return failed;
}
