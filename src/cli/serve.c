#include "access/api_key.h"
#include "base/memory.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/when.h"
#include "server/server.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OPTION_CONFIG = 1, OPTION_DATA, OPTION_LISTEN, OPTION_HTTP, OPTION_WORKERS };

static const struct help help = {
    .usage = "serve [--config FILE] [--data DIR] [--listen ADDR] [--http ADDR] [--workers N]\n",
    .about =
        "Runs a server until SIGINT or SIGTERM. One port takes raw TCP, WebSocket and, with a\n"
        "certificate in the configuration, TLS. It prints where it listens, and lines to paste\n"
        "into another terminal that make two users talk and one message disappear.\n",
    .options =
        "  --config FILE      settings in YAML; UNSAY_SERVE_NAME in the environment overrides\n"
        "                     them, and options override both: see unsay config\n"
        "  --data DIR         where everything is kept (default ./data)\n"
        "  --listen ADDR      HOST:PORT for clients (default 127.0.0.1:7410)\n"
        "  --http ADDR        HOST:PORT for the API, health, metrics (default 127.0.0.1:7411);\n"
        "                     \"\" turns it off\n"
        "  --workers N        threads, 1-64; 0, the default: one for each core\n"
        "  --json             one JSON object instead of the text\n",
    .example = "  unsay serve --data /var/lib/unsay --listen 0.0.0.0:7410\n",
};

/* What the command line says; NULL: nothing. */
struct serve_options {
    const char *file;
    const char *data;
    const char *listen;
    const char *http;
    const char *workers;
};

static bool serve_read_options(struct options *options, struct serve_options *given, int argc,
                               char **argv)
{
    static const struct option choices[] = {
        {"config", required_argument, NULL, OPTION_CONFIG},
        {"data", required_argument, NULL, OPTION_DATA},
        {"listen", required_argument, NULL, OPTION_LISTEN},
        {"http", required_argument, NULL, OPTION_HTTP},
        {"workers", required_argument, NULL, OPTION_WORKERS},
        {"json", no_argument, NULL, OPTION_JSON},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    int option;
    while ((option = options_next(options, argc, argv, choices)) != OPTION_END) {
        if (option == OPTION_STOP)
            return false;
        if (option == OPTION_CONFIG)
            given->file = optarg;
        else if (option == OPTION_DATA)
            given->data = optarg;
        else if (option == OPTION_LISTEN)
            given->listen = optarg;
        else if (option == OPTION_HTTP)
            given->http = optarg;
        else
            given->workers = optarg;
    }
    if (optind == argc)
        return true;
    options->exit_status = options_wrong(options, "\"%s\" is one argument too many", argv[optind]);
    return false;
}

/* 'text' as one word for a shell. */
static void serve_quote(const char *text)
{
    if (*text != 0 && strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                   "./_-+:@") == strlen(text)) {
        fputs(text, stdout);
        return;
    }
    putchar('\'');
    for (; *text != 0; text++) {
        if (*text == '\'')
            fputs("'\\''", stdout);
        else
            putchar(*text);
    }
    putchar('\'');
}

static void serve_print_json(const struct server *server, const char *data)
{
    const char *http = server_http_address(server);
    json_t *object = json_object();
    json_object_set_new(object, "listen", json_string(server_listen_address(server)));
    json_object_set_new(object, "http", *http == 0 ? json_null() : json_string(http));
    json_object_set_new(object, "data", json_string(data));
    output_object(stdout, object);
}

static void serve_print_token(const char *data, const char *variable, const char *user,
                              const char *device)
{
    printf(" %s=$(", variable);
    serve_quote(command_program());
    fputs(" token --data ", stdout);
    serve_quote(data);
    printf(" --user %s --device %s)", user, device);
}

static void serve_print_command(const char *before, const char *arguments)
{
    fputs(before, stdout);
    serve_quote(command_program());
    fputs(arguments, stdout);
}

/* A server without keys gets its first one, told this once. */
static void serve_print_first_key(const char *data)
{
    char path[PATH_MAX + 32];
    char text[API_KEY_TEXT_BYTES + 1];
    struct api_key first = {
        .name = "first", .user = "system", .scopes = scope_ordinary(), .created_ms = when_now_ms()};
    struct failure failure;
    snprintf(path, sizeof(path), "%s/api-keys.json", data);
    if (access(path, F_OK) == 0)
        return;
    struct api_keys *keys = memory_new(sizeof(*keys));
    if (api_keys_open(keys, data, &failure) == STATUS_OK &&
        api_keys_add(keys, &first, text, &failure) == STATUS_OK)
        printf("The first key of the HTTP API, told only now (more: unsay key):\n\n  %s\n\n", text);
    else
        fprintf(stderr, "unsay serve: no key of the HTTP API was made: %s\n", failure.text);
    free(keys);
}

/* Three lines for another terminal. */
static void serve_print_tour(const struct server *server, const char *data, bool has_tls)
{
    const char *listen = server_listen_address(server);
    const char *http = server_http_address(server);
    printf("unsay listens on %s (TCP, WebSocket%s)", listen, has_tls ? ", TLS" : "");
    if (*http != 0)
        printf("; API, health and metrics: http://%s", http);
    printf("; data: %s\n\nPaste into another terminal, line by line:\n\n  export ", data);
    printf("UNSAY_SERVER=tcp://%s", listen);
    serve_print_token(data, "A", "alice", "laptop");
    serve_print_token(data, "B", "bob", "phone");
    serve_print_command("\n  C=$(", " conversation open --with bob --token $A)");
    serve_print_command("; ", " send $C 'hello, bob' --token $A");
    serve_print_command("; ", " history $C --token $B");
    serve_print_command("\n  ", " recall $C 2 --token $A");
    serve_print_command("; ", " history $C --token $B\n\nCtrl-C stops the server.\n");
}

static int serve_run(const struct options *options, const struct config *config)
{
    struct server *server;
    struct failure failure;
    char data[PATH_MAX];
    if (server_open(config, &server, &failure) != STATUS_OK) {
        fprintf(stderr, "unsay serve: %s\n", failure.text);
        return COMMAND_REFUSED;
    }
    const char *path = realpath(config->data, data) == NULL ? config->data : data;
    if (options->is_json)
        serve_print_json(server, path);
    else
        serve_print_tour(server, path, config->tls_certificate != NULL);
    /* Where a service manager runs it, what it prints is kept, and read by others. */
    if (!options->is_json && *server_http_address(server) != 0 && getenv("NOTIFY_SOCKET") == NULL)
        serve_print_first_key(path);
    fflush(stdout);
    server_run(server);
    server_close(server);
    return COMMAND_OK;
}

static bool serve_override(const struct options *options, struct config *config, unsigned setting,
                           const char *value, int *exit_status)
{
    struct failure valid;
    if (value == NULL ||
        config_override(config, setting, value, CONFIG_OPTION, &valid) == STATUS_OK)
        return true;
    *exit_status = options_wrong(options, "--%s: %s", config_settings[setting].name, valid.text);
    return false;
}

static void serve_print_problem(void *context, const struct config_problem *problem)
{
    bool *is_wrong = context;
    *is_wrong = true;
    fprintf(stderr, "unsay serve: %s\n", problem->text);
}

/* Default, file, environment, option: everything that is wrong is said. */
static int serve_gather(const struct options *options, const struct serve_options *given,
                        struct config *config)
{
    bool is_wrong = false;
    int exit_status = COMMAND_REFUSED;
    enum status file = STATUS_OK;
    if (given->file != NULL)
        file = config_load(config, given->file, serve_print_problem, &is_wrong);
    enum status environment = config_read_environment(config, (const char *const *)environ,
                                                      serve_print_problem, &is_wrong);
    if (file != STATUS_OK && file != STATUS_MALFORMED)
        return COMMAND_REFUSED;
    if (!serve_override(options, config, CONFIG_SETTING_data, given->data, &exit_status) ||
        !serve_override(options, config, CONFIG_SETTING_listen, given->listen, &exit_status) ||
        !serve_override(options, config, CONFIG_SETTING_http, given->http, &exit_status) ||
        !serve_override(options, config, CONFIG_SETTING_workers, given->workers, &exit_status))
        return exit_status;
    config_examine(config, serve_print_problem, &is_wrong);
    return is_wrong || environment != STATUS_OK ? COMMAND_REFUSED : COMMAND_OK;
}

int command_serve(int argc, char **argv)
{
    struct options options;
    struct config config;
    struct serve_options given = {.file = NULL};
    options_init(&options, "serve", &help, 0);
    if (!serve_read_options(&options, &given, argc, argv))
        return options.exit_status;
    config_init(&config);
    int exit_status = serve_gather(&options, &given, &config);
    if (exit_status == COMMAND_OK)
        exit_status = serve_run(&options, &config);
    config_fini(&config);
    return exit_status;
}
