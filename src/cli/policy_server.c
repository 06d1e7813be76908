/* The policy of a running server: shown, listed, read again. */
#include "cli/command.h"
#include "cli/output.h"
#include "cli/policy.h"
#include "cli/policy_source.h"
#include "cli/text.h"

#include <stdio.h>
#include <string.h>

/* One of the commands: what it needs to know, asked, and told. */
struct task {
    const struct help *help;
    int words_max;
    /* `word` is the operand, or NULL. Returns the exit status. */
    int (*run)(struct policy_source *source, const char *word, bool is_json);
};

static json_t *version_to_json(const struct unsay_policy_version *version)
{
    char text[2 * POLICY_VERSION_BYTES + 1];
    json_t *object = json_object();
    policy_version_write(version->version, text);
    json_object_set_new(object, "version", json_string(text));
    return object;
}

static int show_run(struct policy_source *source, const char *word, bool is_json)
{
    uint8_t version[POLICY_VERSION_BYTES];
    int exit_status = policy_source_find(source, word == NULL ? "current" : word, version);
    if (exit_status == COMMAND_OK)
        exit_status = policy_source_ask(source, UNSAY_POLICY_GET, version);
    if (exit_status != COMMAND_OK)
        return exit_status;
    const struct unsay_policy *policy = &source->answer;
    if (is_json) {
        json_t *object = version_to_json(&policy->current);
        json_object_set_new(object, "content",
                            json_stringn(policy->content, policy->content_bytes));
        output_object(stdout, object);
    } else {
        fwrite(policy->content, 1, policy->content_bytes, stdout);
    }
    return COMMAND_OK;
}

static void versions_print(const struct unsay_policy *list, bool is_json)
{
    if (!is_json)
        printf("%-*s  %s\n", 2 * POLICY_VERSION_BYTES, text_of(TEXT_POLICY_VERSION_HEAD),
               text_of(TEXT_POLICY_SINCE_HEAD));
    for (size_t i = 0; i < list->count; i++) {
        const struct unsay_policy_version *version = &list->versions[i];
        bool is_current =
            memcmp(version->version, list->current.version, POLICY_VERSION_BYTES) == 0;
        char text[2 * POLICY_VERSION_BYTES + 1];
        char since[OUTPUT_TIME_BYTES];
        if (is_json) {
            json_t *object = version_to_json(version);
            json_object_set_new(object, "since", output_json_time(version->since_ms));
            json_object_set_new(object, "in_force", json_boolean(is_current));
            output_object(stdout, object);
            continue;
        }
        policy_version_write(version->version, text);
        output_rfc3339(version->since_ms, since);
        printf("%s  %s%s%s\n", text, since, is_current ? "  " : "",
               is_current ? text_of(TEXT_POLICY_IN_FORCE) : "");
    }
}

static int versions_run(struct policy_source *source, const char *word, bool is_json)
{
    (void)word;
    int exit_status = policy_source_ask(source, UNSAY_POLICY_LIST, NULL);
    if (exit_status == COMMAND_OK)
        versions_print(&source->answer, is_json);
    return exit_status;
}

static int reload_run(struct policy_source *source, const char *word, bool is_json)
{
    char before[2 * POLICY_VERSION_BYTES + 1];
    char now[2 * POLICY_VERSION_BYTES + 1];
    (void)word;
    int exit_status = policy_source_ask(source, UNSAY_POLICY_GET, NULL);
    if (exit_status != COMMAND_OK)
        return exit_status;
    policy_version_write(source->answer.current.version, before);
    exit_status = policy_source_ask(source, UNSAY_POLICY_RELOAD, NULL);
    if (exit_status != COMMAND_OK)
        return exit_status;
    if (is_json) {
        json_t *object = version_to_json(&source->answer.current);
        json_object_set_new(object, "before", json_string(before));
        json_object_set_new(object, "since", output_json_time(source->answer.current.since_ms));
        output_object(stdout, object);
        return COMMAND_OK;
    }
    policy_version_write(source->answer.current.version, now);
    text_write(stdout, strcmp(before, now) == 0 ? TEXT_POLICY_UNCHANGED : TEXT_POLICY_RELOADED,
               before, now);
    putchar('\n');
    return COMMAND_OK;
}

static int task_command(const struct task *task, int argc, char **argv)
{
    static const struct option choices[] = {{"help", no_argument, NULL, 'h'}, OPTIONS_CLIENT, {0}};
    struct options options;
    struct session session;
    struct policy_source source;
    options_init(&options, "policy", task->help, 10000);
    if (options_next(&options, argc, argv, choices) == OPTION_STOP)
        return options.exit_status;
    if (argc - optind > task->words_max)
        return options_wrong(&options, "\"%s\" is one argument too many",
                             argv[optind + task->words_max]);
    const char *word = argc > optind ? argv[optind] : NULL;
    if (word != NULL && !policy_source_is_version(word))
        return options_wrong(&options,
                             "\"%s\" is neither a version, which has up to 64 "
                             "hexadecimal digits, nor \"current\"",
                             word);
    if (!options_finish(&options))
        return options.exit_status;
    int exit_status = session_open(&session, &options, NULL);
    if (exit_status != COMMAND_OK)
        return exit_status;
    policy_source_init(&source, &session);
    exit_status = session_connect(&session);
    if (exit_status == COMMAND_OK)
        exit_status = task->run(&source, word, options.is_json);
    session_close(&session);
    policy_source_fini(&source);
    return exit_status;
}

int policy_run_show(int argc, char **argv)
{
    static const struct help help = {
        .usage = "policy show [OPTION...] [VERSION]\n",
        .about = "Prints the policy that is in force, or one that was, as its file was written.\n"
                 "Of a version the first digits do. For the system and compliance roles.\n",
        .options = "",
        .example = "  unsay policy show > in-force.yaml\n"
                   "  unsay policy show 3fa9\n",
        .is_client = true,
    };
    return task_command(&(struct task){&help, 1, show_run}, argc, argv);
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
    return task_command(&(struct task){&help, 0, versions_run}, argc, argv);
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
    return task_command(&(struct task){&help, 0, reload_run}, argc, argv);
}
