#include "access/api_key.h"
#include "base/memory.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/when.h"
#include "core/ids.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OPTION_DATA = 1, OPTION_SCOPE, OPTION_AS, OPTION_TTL };

static const struct help help = {
    .usage = "key create NAME --data DIR --scope SCOPE... [--as USER] [--ttl TIME]\n"
             "key list --data DIR\n"
             "key revoke NAME --data DIR\n",
    .about = "Keys with which your backend uses the HTTP API. A key is printed once, when it is\n"
             "made; the server keeps only its hash, in DIR/api-keys.json. What you do here holds\n"
             "from the next request on, whether the server runs or not.\n",
    .options =
        "  --data DIR         the server's data directory\n"
        "  --scope SCOPE      what the key may do; repeat it, or \"all\" for everything but\n"
        "                     compliance; the list is below\n"
        "  --as USER          who acts, in logs, audit and messages (default system)\n"
        "  --ttl TIME         how long it is valid, such as 24h or 90d (default for ever)\n"
        "  --json             one JSON object\n"
        "\n"
        "Scopes:\n"
#define SCOPE(name, text, summary) "  " text ": " summary "\n"
#include "access/scope.def"
#undef SCOPE
    ,
    .example = "  unsay key create shop --data data --scope messages.send --scope recalls.write\n",
};

struct key_request {
    const char *data;
    struct api_key key;
    uint64_t ttl_ms;
};

static bool key_add_scope(struct options *options, struct key_request *request, const char *name)
{
    enum scope scope;
    if (strcmp(name, "all") == 0) {
        request->key.scopes |= scope_ordinary();
        return true;
    }
    if (scope_find(view_of(name), &scope)) {
        request->key.scopes |= SCOPE_BIT(scope);
        return true;
    }
    options->exit_status =
        options_wrong(options, "--scope: there is no scope \"%s\"; see --help", name);
    return false;
}

static bool key_read_options(struct options *options, struct key_request *request, int argc,
                             char **argv)
{
    static const struct option choices[] = {
        {"data", required_argument, NULL, OPTION_DATA},
        {"scope", required_argument, NULL, OPTION_SCOPE},
        {"as", required_argument, NULL, OPTION_AS},
        {"ttl", required_argument, NULL, OPTION_TTL},
        {"json", no_argument, NULL, OPTION_JSON},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    int option;
    while ((option = options_next(options, argc, argv, choices)) != OPTION_END) {
        if (option == OPTION_STOP)
            return false;
        if (option == OPTION_DATA) {
            request->data = optarg;
        } else if (option == OPTION_SCOPE) {
            if (!key_add_scope(options, request, optarg))
                return false;
        } else if (option == OPTION_AS) {
            if (!id_is_user(view_of(optarg))) {
                options->exit_status =
                    options_wrong(options, "--as: a user is 1 to 64 of [A-Za-z0-9._@-]");
                return false;
            }
            snprintf(request->key.user, sizeof(request->key.user), "%s", optarg);
        } else if (!options_duration(optarg, &request->ttl_ms)) {
            options->exit_status = options_wrong(
                options, "--ttl takes a time such as 30s, 15m, 24h or 7d, not \"%s\"", optarg);
            return false;
        }
    }
    return true;
}

static int key_fail(const struct failure *failure)
{
    fprintf(stderr, "unsay: %s\n", failure->text);
    return COMMAND_REFUSED;
}

static json_t *key_as_json(const struct api_key *key)
{
    json_t *list = json_array();
    for (unsigned i = 0; i < SCOPES; i++) {
        if ((key->scopes & SCOPE_BIT(i)) != 0)
            json_array_append_new(list, json_string(scope_name((enum scope)i)));
    }
    json_t *object = json_object();
    json_object_set_new(object, "id", json_string(key->id));
    json_object_set_new(object, "name", json_string(key->name));
    json_object_set_new(object, "user", json_string(key->user));
    json_object_set_new(object, "scopes", list);
    json_object_set_new(object, "created", output_json_time(key->created_ms));
    json_object_set_new(object, "expires", output_json_time(key->expires_ms));
    return object;
}

static int key_create(const struct options *options, struct key_request *request,
                      struct api_keys *keys, const char *name)
{
    char text[API_KEY_TEXT_BYTES + 1];
    struct failure failure;
    if (!id_is_user(view_of(name)))
        return options_wrong(options, "NAME is 1 to 64 of [A-Za-z0-9._@-]");
    if (request->key.scopes == 0)
        return options_wrong(options, "--scope is missing: what may the key do? See --help");
    snprintf(request->key.name, sizeof(request->key.name), "%s", name);
    request->key.created_ms = when_now_ms();
    if (request->ttl_ms > 0)
        request->key.expires_ms = request->key.created_ms + request->ttl_ms;
    if (api_keys_add(keys, &request->key, text, &failure) != STATUS_OK)
        return key_fail(&failure);
    if (options->is_json) {
        json_t *object = key_as_json(&keys->keys[keys->count - 1]);
        json_object_set_new(object, "key", json_string(text));
        output_object(stdout, object);
    } else {
        printf("%s\n", text);
        fputs("Keep it now: it is not shown again.\n", stderr);
    }
    return COMMAND_OK;
}

static void key_print(const struct api_key *key, uint64_t now_ms)
{
    char expires[OUTPUT_TIME_BYTES] = "never";
    bool is_over = key->expires_ms != 0 && key->expires_ms <= now_ms;
    if (key->expires_ms != 0)
        output_rfc3339(key->expires_ms, expires);
    printf("%s  %s  as %s  %s: %s\n", key->id, key->name, key->user,
           is_over ? "expired" : "expires", expires);
    for (unsigned i = 0; i < SCOPES; i++) {
        if ((key->scopes & SCOPE_BIT(i)) != 0)
            printf("          %s\n", scope_name((enum scope)i));
    }
}

static int key_list(const struct options *options, const struct api_keys *keys)
{
    json_t *list = json_array();
    for (unsigned i = 0; i < keys->count; i++) {
        if (options->is_json)
            json_array_append_new(list, key_as_json(&keys->keys[i]));
        else
            key_print(&keys->keys[i], when_now_ms());
    }
    if (options->is_json)
        output_object(stdout, json_pack("{s:O}", "keys", list));
    else if (keys->count == 0)
        puts("There are no keys; make one with: unsay key create");
    json_decref(list);
    return COMMAND_OK;
}

static int key_revoke(const struct options *options, struct api_keys *keys, const char *name)
{
    struct failure failure;
    if (api_keys_revoke(keys, name, &failure) != STATUS_OK)
        return key_fail(&failure);
    if (options->is_json)
        output_object(stdout, json_pack("{s:s}", "revoked", name));
    else
        printf("%s is revoked.\n", name);
    return COMMAND_OK;
}

static int key_run(const struct options *options, struct key_request *request,
                   struct api_keys *keys, const char *verb, const char *name)
{
    bool wants_name = strcmp(verb, "create") == 0 || strcmp(verb, "revoke") == 0;
    struct failure failure;
    if (!wants_name && strcmp(verb, "list") != 0)
        return options_wrong(options, "\"%s\" is none of create, list and revoke", verb);
    if (wants_name && name == NULL)
        return options_wrong(options, "%s takes the key's NAME", verb);
    if (!wants_name && name != NULL)
        return options_wrong(options, "\"%s\" is one argument too many", name);
    if (request->data == NULL || *request->data == 0)
        return options_wrong(options, "--data is missing");
    if (api_keys_open(keys, request->data, &failure) != STATUS_OK)
        return key_fail(&failure);
    if (!wants_name)
        return key_list(options, keys);
    return strcmp(verb, "create") == 0 ? key_create(options, request, keys, name)
                                       : key_revoke(options, keys, name);
}

int command_key(int argc, char **argv)
{
    struct options options;
    struct key_request request = {.key = {.user = "system"}};
    options_init(&options, "key", &help, 0);
    if (!key_read_options(&options, &request, argc, argv))
        return options.exit_status;
    if (optind == argc)
        return options_wrong(&options, "say create, list or revoke");
    if (optind + 2 < argc)
        return options_wrong(&options, "\"%s\" is one argument too many", argv[optind + 2]);
    struct api_keys *keys = memory_new(sizeof(*keys));
    int exit_status = key_run(&options, &request, keys, argv[optind], argv[optind + 1]);
    free(keys);
    return exit_status;
}
