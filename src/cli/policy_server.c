/* The policy of a running server: shown, listed, read again. */
#include "base/memory.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/policy.h"
#include "cli/session.h"
#include "unsay/operator.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct inquiry {
    struct question question;
    enum unsay_policy_action action;
    struct unsay_policy policy; /* without its pointers */
    char *content;              /* owned */
    struct unsay_policy_version *versions;
};

static void inquiry_answer(void *context, const struct unsay_error *error,
                           const struct unsay_policy *policy)
{
    struct inquiry *inquiry = context;
    if (policy != NULL) {
        inquiry->policy = *policy;
        inquiry->content = memory_copy(policy->content, policy->content_bytes);
        inquiry->versions =
            memory_copy(policy->versions, policy->count * sizeof(*policy->versions));
    }
    question_answer(&inquiry->question, error);
}

static json_t *inquiry_version_json(const struct unsay_policy_version *version)
{
    char text[2 * POLICY_VERSION_BYTES + 1];
    json_t *object = json_object();
    policy_version_write(version->version, text);
    json_object_set_new(object, "version", json_string(text));
    if (version->since_ms != 0)
        json_object_set_new(object, "since", output_json_time(version->since_ms));
    return object;
}

static void inquiry_print_json(const struct inquiry *inquiry)
{
    if (inquiry->action == UNSAY_POLICY_LIST) {
        for (size_t i = 0; i < inquiry->policy.count; i++)
            output_object(stdout, inquiry_version_json(&inquiry->versions[i]));
        return;
    }
    json_t *object = inquiry_version_json(&inquiry->policy.current);
    if (inquiry->action == UNSAY_POLICY_GET)
        json_object_set_new(object, "content",
                            json_stringn(inquiry->content, inquiry->policy.content_bytes));
    output_object(stdout, object);
}

static void inquiry_print(const struct inquiry *inquiry)
{
    char text[2 * POLICY_VERSION_BYTES + 1];
    policy_version_write(inquiry->policy.current.version, text);
    if (inquiry->action == UNSAY_POLICY_GET) {
        fwrite(inquiry->content, 1, inquiry->policy.content_bytes, stdout);
        return;
    }
    if (inquiry->action == UNSAY_POLICY_RELOAD) {
        printf("in force now: %s\n", text);
        return;
    }
    for (size_t i = 0; i < inquiry->policy.count; i++) {
        char since[OUTPUT_TIME_BYTES];
        policy_version_write(inquiry->versions[i].version, text);
        output_rfc3339(inquiry->versions[i].since_ms, since);
        printf("%s  %s\n", text, since);
    }
}

static int inquiry_run(struct inquiry *inquiry, struct session *session, const uint8_t *version)
{
    int exit_status = session_connect(session);
    if (exit_status != COMMAND_OK)
        return exit_status;
    question_init(&inquiry->question, session);
    exit_status =
        question_await(&inquiry->question, unsay_policy(session->client, inquiry->action, version,
                                                        inquiry_answer, inquiry));
    if (exit_status == COMMAND_OK && session->options->is_json)
        inquiry_print_json(inquiry);
    else if (exit_status == COMMAND_OK)
        inquiry_print(inquiry);
    return exit_status;
}

static int inquiry_command(int argc, char **argv, const struct help *help,
                           enum unsay_policy_action action)
{
    static const struct option choices[] = {{"help", no_argument, NULL, 'h'}, OPTIONS_CLIENT, {0}};
    struct options options;
    struct session session;
    struct inquiry inquiry = {.action = action};
    uint8_t version[POLICY_VERSION_BYTES];
    size_t size = 0;
    int words = action == UNSAY_POLICY_GET ? 1 : 0;
    options_init(&options, "policy", help, 10000);
    if (options_next(&options, argc, argv, choices) == OPTION_STOP)
        return options.exit_status;
    if (argc - optind > words)
        return options_wrong(&options, "\"%s\" is one argument too many", argv[optind + words]);
    bool is_named = argc > optind;
    if (is_named && (sodium_hex2bin(version, sizeof(version), argv[optind], strlen(argv[optind]),
                                    NULL, &size, NULL) != 0 ||
                     size != sizeof(version)))
        return options_wrong(&options, "a version is 64 hexadecimal digits; \"unsay policy "
                                       "versions\" lists them");
    if (!options_finish(&options))
        return options.exit_status;
    int exit_status = session_open(&session, &options, NULL);
    if (exit_status != COMMAND_OK)
        return exit_status;
    exit_status = inquiry_run(&inquiry, &session, is_named ? version : NULL);
    session_close(&session);
    free(inquiry.content);
    free(inquiry.versions);
    return exit_status;
}

int policy_run_show(int argc, char **argv)
{
    static const struct help help = {
        .usage = "policy show [OPTION...] [VERSION]\n",
        .about = "Prints the policy that is in force, or one that was, as its file was written.\n"
                 "For the system and compliance roles.\n",
        .options = "",
        .example = "  unsay policy show > in-force.yaml\n",
        .is_client = true,
    };
    return inquiry_command(argc, argv, &help, UNSAY_POLICY_GET);
}

int policy_run_versions(int argc, char **argv)
{
    static const struct help help = {
        .usage = "policy versions [OPTION...]\n",
        .about =
            "Lists the policies that were in force, latest first, with the time when each last\n"
            "came. For the system and compliance roles.\n",
        .options = "",
        .example = "  unsay policy versions --json\n",
        .is_client = true,
    };
    return inquiry_command(argc, argv, &help, UNSAY_POLICY_LIST);
}

int policy_run_reload(int argc, char **argv)
{
    static const struct help help = {
        .usage = "policy reload [OPTION...]\n",
        .about =
            "Makes the server read its policy file again. A file that is not valid is refused,\n"
            "with its line and what would be valid; the policy in force then stays. For the\n"
            "system and compliance roles.\n",
        .options = "",
        .example = "  unsay policy check policy.yaml && unsay policy reload\n",
        .is_client = true,
    };
    return inquiry_command(argc, argv, &help, UNSAY_POLICY_RELOAD);
}
