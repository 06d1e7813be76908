#include "cli/options.h"

#include "access/address.h"
#include "cli/command.h"
#include "cli/key_file.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char client_options[] =
    "  --server ADDR      tcp://, tls://, ws:// or wss:// HOST:PORT; or UNSAY_SERVER\n"
    "                     (default tcp://127.0.0.1:7410)\n"
    "  --token TOKEN      who you are, as \"unsay token\" prints it; or UNSAY_TOKEN\n"
    "  --state DIR        this device's database (default\n"
    "                     $XDG_STATE_HOME/unsay/USER-DEVICE)\n"
    "  --key-file FILE    the key of that database, if it is encrypted; or UNSAY_KEY_FILE\n"
    "  --ca FILE          certificate authorities for tls and wss (default: the system's)\n"
    "  --timeout SECONDS  how long to try to connect; 0: as long as it takes\n"
    "  --json             one JSON object a line\n";

void options_init(struct options *options, const char *command, const struct help *help,
                  uint32_t timeout_ms)
{
    *options = (struct options){
        .command = command,
        .help = help,
        .server = getenv("UNSAY_SERVER"),
        .token = getenv("UNSAY_TOKEN"),
        .key_file = getenv("UNSAY_KEY_FILE"),
        .timeout_ms = timeout_ms,
    };
    if (options->server == NULL || *options->server == 0)
        options->server = "tcp://127.0.0.1:7410";
}

static void help_print(const char *command, const struct help *help)
{
    printf("unsay %s: %s\n\nUsage:\n", command, command_summary(command));
    for (const char *line = help->usage; *line != 0;) {
        size_t length = strcspn(line, "\n");
        /* What begins with a space goes on where the line before ended. */
        printf("  %s%.*s\n", *line == ' ' ? "      " : "unsay ", (int)length, line);
        line += length + (line[length] == '\n');
    }
    printf("\n%s\nOptions:\n%s%s  --help             this text\n", help->about, help->options,
           help->is_client ? client_options : "");
    printf("\nExit status:\n  0 done, 1 refused, 2 wrong command line%s\n",
           help->is_client ? ", 3 cannot reach the server" : "");
    printf("\nExample:\n%s", help->example);
}

int options_wrong(const struct options *options, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "unsay %s: ", options->command);
    vfprintf(stderr, format, arguments);
    fprintf(stderr, "; \"unsay %s --help\" tells more\n", options->command);
    va_end(arguments);
    return COMMAND_USAGE;
}

bool options_number(const char *text, uint64_t min, uint64_t max, uint64_t *value)
{
    char *end;
    if (*text < '0' || *text > '9')
        return false;
    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);
    if (errno != 0 || *end != 0 || number < min || number > max)
        return false;
    *value = number;
    return true;
}

bool options_duration(const char *text, uint64_t *ms)
{
    static const struct {
        char unit;
        uint64_t seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
    enum { SECONDS_MAX = 315360000 };
    size_t digits = strspn(text, "0123456789");
    char number[16];
    uint64_t count = 0;
    if (digits == 0 || digits >= sizeof(number) || text[digits] == 0 || text[digits + 1] != 0)
        return false;
    snprintf(number, sizeof(number), "%.*s", (int)digits, text);
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (text[digits] != units[i].unit)
            continue;
        if (!options_number(number, 1, SECONDS_MAX / units[i].seconds, &count))
            return false;
        *ms = count * units[i].seconds * 1000;
        return true;
    }
    return false;
}

static int options_stop(struct options *options, int exit_status)
{
    options->exit_status = exit_status;
    return OPTION_STOP;
}

/* True when the option is a shared one. */
static bool options_take(struct options *options, int option, bool *is_valid)
{
    uint64_t seconds;
    *is_valid = true;
    switch (option) {
    case OPTION_SERVER:
        options->server = optarg;
        return true;
    case OPTION_TOKEN:
        options->token = optarg;
        return true;
    case OPTION_STATE:
        options->given_state = optarg;
        return true;
    case OPTION_KEY_FILE:
        options->key_file = optarg;
        return true;
    case OPTION_CA:
        options->ca = optarg;
        return true;
    case OPTION_JSON:
        options->is_json = true;
        return true;
    case OPTION_TIMEOUT:
        *is_valid = options_number(optarg, 0, 86400, &seconds);
        if (*is_valid)
            options->timeout_ms = (uint32_t)seconds * 1000;
        return true;
    default:
        return false;
    }
}

int options_next(struct options *options, int argc, char **argv, const struct option *choices)
{
    bool is_valid;
    opterr = 0;
    for (;;) {
        int option = getopt_long(argc, argv, ":h", choices, NULL);
        if (option == -1)
            return OPTION_END;
        if (option == ':')
            return options_stop(options,
                                options_wrong(options, "%s needs a value", argv[optind - 1]));
        if (option == '?')
            return options_stop(options, options_wrong(options,
                                                       "there is no option %s, or it "
                                                       "takes no value",
                                                       argv[optind - 1]));
        if (option == 'h') {
            help_print(options->command, options->help);
            return options_stop(options, COMMAND_OK);
        }
        if (!options_take(options, option, &is_valid))
            return option;
        if (!is_valid)
            return options_stop(options, options_wrong(options,
                                                       "--timeout takes seconds, 0 to "
                                                       "86400, not \"%s\"",
                                                       optarg));
    }
}

/* Where the device's database lies when nothing else was asked for. */
static bool options_default_state(struct options *options)
{
    const char *base = getenv("XDG_STATE_HOME");
    const char *below = "";
    if (base == NULL || *base != '/') {
        base = getenv("HOME");
        below = "/.local/state";
    }
    if (base == NULL || *base == 0)
        return false;
    int length = snprintf(options->state, sizeof(options->state), "%s%s/unsay/%s-%s", base, below,
                          options->self.user, options->self.device);
    return length > 0 && (size_t)length < sizeof(options->state);
}

static bool options_find_token(struct options *options)
{
    if (options->token == NULL || *options->token == 0) {
        options_wrong(options, "no token; give --token or set UNSAY_TOKEN (\"unsay token\" makes "
                               "one)");
        return false;
    }
    if (identity_peek(view_of(options->token), &options->self) != STATUS_OK) {
        options_wrong(options, "this is not a token: it must be a JWT with the claims sub, device "
                               "and exp");
        return false;
    }
    return true;
}

static bool options_find_key(struct options *options)
{
    struct failure failure;
    if (options->key_file == NULL || *options->key_file == 0)
        return true;
    options->has_key = key_file_read(options->key_file, options->key, &failure) == STATUS_OK;
    if (!options->has_key)
        options_wrong(options, "%s", failure.text);
    return options->has_key;
}

static bool options_find_state(struct options *options)
{
    if (options->given_state == NULL) {
        if (options_default_state(options))
            return true;
        options_wrong(options, "neither XDG_STATE_HOME nor HOME says where to keep the device's "
                               "database; give --state DIR");
        return false;
    }
    if (*options->given_state == 0 || strlen(options->given_state) >= sizeof(options->state)) {
        options_wrong(options, "--state takes the path of a directory");
        return false;
    }
    snprintf(options->state, sizeof(options->state), "%s", options->given_state);
    return true;
}

bool options_finish(struct options *options)
{
    struct address address;
    options->exit_status = COMMAND_USAGE;
    bool needs_token = !options->may_lack_token || options->given_state == NULL;
    if (needs_token && !options_find_token(options))
        return false;
    if (!address_parse(options->server, &address)) {
        options_wrong(options, "\"%s\" is not a server's address, such as tcp://127.0.0.1:7410",
                      options->server);
        return false;
    }
    return options_find_state(options) && options_find_key(options);
}
