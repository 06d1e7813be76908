#include "cli/policy.h"

#include "cli/command.h"

#include <string.h>

static const struct help help = {
    .usage = "policy check FILE\n"
             "policy test FILE --as LIST [OPTION...]\n"
             "policy show [VERSION]\n"
             "policy versions|reload\n"
             "policy explain INDEX | CONV SEQ\n"
             "policy diff A B --against RANGE\n",
    .about = "Who may take a message back, until when, and what is kept of it.\n"
             "  check  says whether a policy file is valid, and shows its rules\n"
             "  test   says how a policy file decides a case\n"
             "  show, versions, reload   the policies of a running server\n"
             "  explain   why an attempt to take something back was decided as it was\n"
             "  diff   what two policies make of the attempts of a range of time\n",
    .options = "  --json             JSON\n",
    .example = "  unsay policy check policy.yaml\n"
               "  unsay policy test policy.yaml --as self,member --age 90s\n"
               "  unsay policy diff current new.yaml --against LAST_7_DAYS\n"
               "  unsay policy test --help\n",
};

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} subcommands[] = {
    {"check", policy_run_check},   {"test", policy_run_test},
    {"show", policy_run_show},     {"versions", policy_run_versions},
    {"reload", policy_run_reload}, {"explain", policy_run_explain},
    {"diff", policy_run_diff},
};

int command_policy(int argc, char **argv)
{
    static const struct option choices[] = {{"help", no_argument, NULL, 'h'}, {0}};
    struct options options;
    for (size_t i = 0; argc > 1 && i < sizeof(subcommands) / sizeof(subcommands[0]); i++)
        if (strcmp(argv[1], subcommands[i].name) == 0)
            return subcommands[i].run(argc - 1, argv + 1);
    options_init(&options, "policy", &help, 0);
    if (options_next(&options, argc, argv, choices) == OPTION_STOP)
        return options.exit_status;
    return options_wrong(&options, "say check, test, show, versions, reload, explain or diff");
}
