#include "cli/command.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/when.h"
#include "core/ids.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { OPTION_DATA = 1, OPTION_USER, OPTION_DEVICE, OPTION_ROLE, OPTION_TTL };

static const struct help help = {
    .usage = "token --data DIR --user USER --device DEVICE [--role ROLE] [--ttl TIME]\n",
    .about = "Prints a token for one device of one user, signed with the server's development key\n"
             "DIR/dev.key, which is made when it is missing. In production your own backend signs\n"
             "tokens, and the server's configuration turns the development key off.\n",
    .options =
        "  --data DIR         the server's data directory\n"
        "  --user USER        1-64 of letters, digits and . _ @ -\n"
        "  --device DEVICE    1-64 of letters, digits and . _ : @ -\n"
        "  --role ROLE        system (your backend) or compliance (a legal mandate): more than a\n"
        "                     member may, under the policy; without it, a user like any other\n"
        "  --ttl TIME         how long it is valid, such as 30s, 15m, 24h, 7d (default 24h)\n"
        "  --json             one JSON object: token, user, device, role, expires\n",
    .example = "  export UNSAY_TOKEN=$(unsay token --data data --user alice --device laptop)\n",
};

struct token_request {
    const char *data;
    const char *user;
    const char *device;
    const char *role; /* NULL: none */
    Unsay__V1__Actor authority;
    uint64_t ttl_ms;
};

static bool token_read_options(struct options *options, struct token_request *request, int argc,
                               char **argv)
{
    static const struct option choices[] = {
        {"data", required_argument, NULL, OPTION_DATA},
        {"user", required_argument, NULL, OPTION_USER},
        {"device", required_argument, NULL, OPTION_DEVICE},
        {"role", required_argument, NULL, OPTION_ROLE},
        {"ttl", required_argument, NULL, OPTION_TTL},
        {"json", no_argument, NULL, OPTION_JSON},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    int option;
    while ((option = options_next(options, argc, argv, choices)) != OPTION_END) {
        if (option == OPTION_STOP)
            return false;
        if (option == OPTION_DATA)
            request->data = optarg;
        else if (option == OPTION_USER)
            request->user = optarg;
        else if (option == OPTION_DEVICE)
            request->device = optarg;
        else if (option == OPTION_ROLE)
            request->role = optarg;
        else if (!options_duration(optarg, &request->ttl_ms)) {
            options->exit_status = options_wrong(
                options, "--ttl takes a time such as 30s, 15m, 24h or 7d, not \"%s\"", optarg);
            return false;
        }
    }
    return true;
}

static int token_check(const struct options *options, struct token_request *request)
{
    if (request->data == NULL || *request->data == 0)
        return options_wrong(options, "--data is missing");
    if (request->user == NULL || request->device == NULL)
        return options_wrong(options, "--user and --device are needed");
    if (!id_is_user(view_of(request->user)))
        return options_wrong(options, "\"%s\" is not a user: 1-64 of letters, digits and . _ @ -",
                             request->user);
    if (!id_is_device(view_of(request->device)))
        return options_wrong(options,
                             "\"%s\" is not a device: 1-64 of letters, digits and . _ : @ -",
                             request->device);
    if (request->role != NULL && !identity_role(request->role, &request->authority))
        return options_wrong(options, "--role is system or compliance, not \"%s\"", request->role);
    return COMMAND_OK;
}

static void token_print(const struct options *options, const struct token_request *request,
                        const char *token)
{
    struct identity identity;
    if (!options->is_json) {
        printf("%s\n", token);
        return;
    }
    json_t *object = json_object();
    json_object_set_new(object, "token", json_string(token));
    json_object_set_new(object, "user", json_string(request->user));
    json_object_set_new(object, "device", json_string(request->device));
    if (request->role != NULL)
        json_object_set_new(object, "role", json_string(request->role));
    if (identity_peek(view_of(token), &identity) == STATUS_OK)
        json_object_set_new(object, "expires", output_json_time(identity.expires_ms));
    output_object(stdout, object);
}

int command_token(int argc, char **argv)
{
    struct options options;
    struct token_request request = {.ttl_ms = UINT64_C(24) * 3600 * 1000};
    struct failure failure;
    uint8_t secret[IDENTITY_DEV_SECRET_BYTES];
    options_init(&options, "token", &help, 0);
    if (!token_read_options(&options, &request, argc, argv))
        return options.exit_status;
    if (optind < argc)
        return options_wrong(&options, "\"%s\" is one argument too many", argv[optind]);
    if (token_check(&options, &request) != COMMAND_OK)
        return COMMAND_USAGE;
    if (mkdir(request.data, 0700) != 0 && errno != EEXIST) {
        fprintf(stderr, "unsay token: cannot make the directory %s: %s\n", request.data,
                strerror(errno));
        return COMMAND_REFUSED;
    }
    if (identity_dev_secret(request.data, secret, &failure) != STATUS_OK) {
        fprintf(stderr, "unsay token: %s\n", failure.text);
        return COMMAND_REFUSED;
    }
    char *token = identity_sign_as(view_make(secret, sizeof(secret)), request.authority,
                                   request.user, request.device, when_now_ms(), request.ttl_ms);
    explicit_bzero(secret, sizeof(secret));
    if (token == NULL) {
        fputs("unsay token: the token cannot be signed\n", stderr);
        return COMMAND_REFUSED;
    }
    token_print(&options, &request, token);
    free(token);
    return COMMAND_OK;
}
