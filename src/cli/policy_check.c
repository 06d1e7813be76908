#include "cli/command.h"
#include "cli/output.h"
#include "cli/policy.h"
#include "cli/text.h"
#include "server/policy_file.h"

static const struct help help = {
    .usage = "policy check FILE [--json]\n",
    .about =
        "Says whether a policy file is valid, and where not: file, line, field, and what would\n"
        "be valid. Prints its version, which is the SHA-256 of its bytes, and its rules.\n",
    .options = "  --json             one JSON object\n",
    .example = "  unsay policy check policy.yaml\n",
};

static void check_print_json(const char *file, const struct policy *policy,
                             const struct failure *failure)
{
    json_t *object = policy == NULL ? json_object() : policy_to_json(policy);
    json_t *name = json_string(file);
    json_object_set_new(object, "file", name == NULL ? json_null() : name);
    json_object_set_new(object, "valid", json_boolean(policy != NULL));
    if (policy == NULL) {
        json_t *text = json_string(failure->text);
        json_object_set_new(object, "error", text == NULL ? json_null() : text);
    }
    output_object(stdout, object);
}

static bool check_read_options(struct options *options, int argc, char **argv)
{
    static const struct option choices[] = {
        {"json", no_argument, NULL, OPTION_JSON},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    if (options_next(options, argc, argv, choices) == OPTION_STOP)
        return false;
    if (argc - optind == 1)
        return true;
    options->exit_status = options_wrong(options, "give one policy file");
    return false;
}

int policy_run_check(int argc, char **argv)
{
    struct options options;
    const struct policy *policy;
    struct failure failure;
    options_init(&options, "policy", &help, 0);
    if (!check_read_options(&options, argc, argv))
        return options.exit_status;
    const char *file = argv[optind];
    enum status status = policy_file_load(file, &policy, &failure);
    if (options.is_json) {
        check_print_json(file, policy, &failure);
    } else if (status == STATUS_OK) {
        text_write(stdout, TEXT_POLICY_VALID, file, NULL);
        fputc('\n', stdout);
        policy_print(stdout, policy);
    } else {
        text_write_foreign(stderr, view_of(failure.text));
        fputc('\n', stderr);
    }
    policy_free(policy);
    return status == STATUS_OK ? COMMAND_OK : COMMAND_REFUSED;
}
