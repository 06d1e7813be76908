#include "cli/attempts.h"
#include "cli/command.h"
#include "cli/names.h"
#include "cli/output.h"
#include "cli/when.h"
#include "core/ids.h"

#include <stdio.h>
#include <string.h>

enum {
    OPTION_SINCE = 1,
    OPTION_UNTIL,
    OPTION_OPERATOR,
    OPTION_CONVERSATION,
    OPTION_OUTCOME,
    OPTION_REFUSAL,
    OPTION_REASON,
    OPTION_LIMIT,
    LIMIT_DEFAULT = 50
};

static const struct help help = {
    .usage = "recalls list [OPTION...]\n",
    .about = "Lists attempts to take something back, granted and refused, latest first, as the\n"
             "audit log has them, each with its index there. With the system or compliance role,\n"
             "everybody's; else yours.\n",
    .options = "  --since TIME       from then on: 2026-01-31, 2026-01-31T23:59:59Z, or 24h ago\n"
               "  --until TIME       before then\n"
               "  --operator USER    by this user\n"
               "  --conversation CONV  in this conversation\n"
               "  --outcome NAME     recalled, already_recalled, pending or refused\n"
               "  --refusal NAME     refused for this, such as window_closed\n"
               "  --reason TEXT      with this reason\n"
               "  --limit N          at most N of them (default 50)\n",
    .example = "  unsay recalls list --since 24h --outcome refused\n"
               "  unsay recalls list --operator alice --json | jq -r .rule\n",
    .is_client = true,
};

struct choice {
    struct unsay_recalls_query query;
    uint64_t limit;
};

static bool choice_take(struct choice *choice, int option, const char *value)
{
    struct unsay_recalls_query *query = &choice->query;
    switch (option) {
    case OPTION_SINCE:
        return when_parse(value, &query->from_ms);
    case OPTION_UNTIL:
        return when_parse(value, &query->until_ms);
    case OPTION_OPERATOR:
        query->operator_user = value;
        return id_is_user(view_of(value));
    case OPTION_CONVERSATION:
        query->conversation = value;
        return id_is_conversation(view_of(value));
    case OPTION_OUTCOME:
        return outcome_of_name(value, &query->outcome);
    case OPTION_REFUSAL:
        query->refusal = value;
        return *value != 0;
    case OPTION_REASON:
        query->reason = value;
        return strlen(value) <= LIMIT_REASON_BYTES_MAX;
    default:
        return options_number(value, 1, INT64_MAX, &choice->limit);
    }
}

static bool recalls_read_options(struct options *options, struct choice *choice, int argc,
                                 char **argv)
{
    static const struct option choices[] = {
        {"since", required_argument, NULL, OPTION_SINCE},
        {"until", required_argument, NULL, OPTION_UNTIL},
        {"operator", required_argument, NULL, OPTION_OPERATOR},
        {"conversation", required_argument, NULL, OPTION_CONVERSATION},
        {"outcome", required_argument, NULL, OPTION_OUTCOME},
        {"refusal", required_argument, NULL, OPTION_REFUSAL},
        {"reason", required_argument, NULL, OPTION_REASON},
        {"limit", required_argument, NULL, OPTION_LIMIT},
        {"help", no_argument, NULL, 'h'},
        OPTIONS_CLIENT,
        {0},
    };
    int option;
    while ((option = options_next(options, argc, argv, choices)) != OPTION_END) {
        if (option == OPTION_STOP)
            return false;
        if (!choice_take(choice, option, optarg)) {
            options->exit_status = options_wrong(options, "\"%s\" is not what --%s takes", optarg,
                                                 choices[option - OPTION_SINCE].name);
            return false;
        }
    }
    return true;
}

static int recalls_run(struct attempts *attempts, uint64_t limit, bool is_json)
{
    int exit_status = COMMAND_OK;
    for (; exit_status == COMMAND_OK && limit > 0 && ferror(stdout) == 0; limit--) {
        const struct unsay_recall_entry *entry;
        exit_status = attempts_next(attempts, &entry);
        if (entry == NULL)
            break;
        if (is_json)
            output_object(stdout, attempt_to_json(entry));
        else
            attempt_print(stdout, entry);
    }
    return exit_status;
}

int command_recalls(int argc, char **argv)
{
    struct options options;
    struct session session;
    struct attempts attempts;
    struct choice choice = {.limit = LIMIT_DEFAULT};
    options_init(&options, "recalls", &help, 10000);
    if (!recalls_read_options(&options, &choice, argc, argv))
        return options.exit_status;
    if (argc - optind != 1 || strcmp(argv[optind], "list") != 0)
        return options_wrong(&options, "say list");
    if (!options_finish(&options))
        return options.exit_status;
    int exit_status = session_open(&session, &options, NULL);
    if (exit_status != COMMAND_OK)
        return exit_status;
    choice.query.limit =
        choice.limit < LIMIT_PAGE_EVENTS_MAX ? (uint32_t)choice.limit : LIMIT_PAGE_EVENTS_MAX;
    attempts_init(&attempts, &session, &choice.query);
    exit_status = session_connect(&session);
    if (exit_status == COMMAND_OK)
        exit_status = recalls_run(&attempts, choice.limit, options.is_json);
    session_close(&session);
    attempts_fini(&attempts);
    return exit_status;
}
