/* What two policies make of the attempts that were really made. */
#include "cli/policy_diff.h"
#include "cli/attempts.h"
#include "cli/command.h"
#include "cli/policy.h"
#include "cli/text.h"
#include "cli/when.h"
#include "core/ids.h"
#include "server/policy_file.h"

#include <inttypes.h>

enum { OPTION_AGAINST = 1, OPTION_OPERATOR, OPTION_CONVERSATION, OPTION_EXIT_CODE };

static const struct help help = {
    .usage = "policy diff [OPTION...] A B --against RANGE\n",
    .about =
        "Lets two policies judge the attempts of a range of time again, by the facts that are\n"
        "on record, and lists those that they decide otherwise, latest first. A and B are\n"
        "files, or versions of the server: \"current\", or the first digits of one (a file of\n"
        "such a name: ./current). What cannot be judged is listed too, never guessed. RANGE is\n"
        "LAST_7_DAYS, LAST_24_HOURS or the like, FROM..UNTIL (either may be missing), or FROM.\n"
        "For the system and compliance roles; others see what becomes of their own attempts,\n"
        "and give files.\n",
    .options =
        "  --against RANGE    which attempts\n"
        "  --operator USER    by this user only\n"
        "  --conversation CONV  in this conversation only\n"
        "  --exit-code        exit with 1 when an attempt is decided otherwise, or cannot be\n"
        "                     judged\n",
    .example = "  unsay policy diff current new.yaml --against LAST_7_DAYS\n"
               "  unsay policy diff 3fa9 current --against 2026-01-01..2026-02-01 --json\n",
    .is_client = true,
};

/* ---- An attempt, judged ---- */

/* The policy that decided, where it tells something that is not known otherwise. NULL too when the
 * server will not say: then every possibility is tried. */
static int find_decider(struct diff *diff, const struct unsay_recall_entry *entry,
                        const struct policy **policy)
{
    *policy = NULL;
    if (!diff->asks_history)
        return COMMAND_OK;
    int exit_status = policy_source_get(&diff->source, entry->policy_version, policy);
    if (exit_status != COMMAND_REFUSED)
        return exit_status;
    diff->asks_history = false;
    *policy = NULL;
    return COMMAND_OK;
}

/* A policy that decided this very attempt must say again what it said. */
static void check_record(struct diff *diff, const struct policy_record *record,
                         const struct unsay_recall_entry *entry,
                         const struct policy_verdict verdicts[SIDES])
{
    for (size_t i = 0; i < SIDES; i++) {
        struct view version = view_make(diff->policies[i]->version, POLICY_VERSION_BYTES);
        if (!view_equal(version, record->policy) || policy_record_agrees(record, &verdicts[i]))
            continue;
        diff->contradicted++;
        diff_tell_contradicted(diff, i, entry, verdicts);
        return;
    }
}

static void diff_leave(struct diff *diff, enum finding finding,
                       const struct unsay_recall_entry *entry)
{
    diff->unjudged[finding]++;
    diff_tell_unjudged(diff, finding, entry);
}

static int diff_judge(struct diff *diff, const struct unsay_recall_entry *entry)
{
    struct policy_record record;
    struct policy_verdict verdicts[SIDES];
    const struct policy *decided_by;
    wire_audit_entry audit;
    attempt_to_audit(entry, &audit);
    diff->attempts++;
    diff_tell_progress(diff);
    enum policy_record_state state = policy_record_read(&audit, &record);
    if (state == POLICY_RECORD_NOT_ASKED)
        diff->not_asked++;
    if (state == POLICY_RECORD_INCOMPLETE)
        diff_leave(diff, FINDING_NOT_RECORDED, entry);
    if (state != POLICY_RECORD_ASKED)
        return COMMAND_OK;
    int exit_status = find_decider(diff, entry, &decided_by);
    for (size_t i = 0; i < SIDES && exit_status == COMMAND_OK; i++) {
        enum policy_lack lack =
            policy_record_judge(&record, diff->policies[i], decided_by, &verdicts[i]);
        if (lack == POLICY_LACKS_NOTHING)
            continue;
        diff_leave(diff, lack == POLICY_LACKS_DELIVERY ? FINDING_DELIVERY : FINDING_CLOCK, entry);
        return COMMAND_OK;
    }
    if (exit_status != COMMAND_OK)
        return exit_status;
    check_record(diff, &record, entry, verdicts);
    enum policy_change change = policy_verdict_change(&verdicts[0], &verdicts[1]);
    diff->changed[change]++;
    if (change != POLICY_SAME)
        diff_tell_changed(diff, change, entry, verdicts);
    return COMMAND_OK;
}

/* ---- All of them ---- */

static int diff_finish(const struct diff *diff)
{
    bool is_same = diff->changed[POLICY_SAME] + diff->not_asked == diff->attempts;
    diff_tell_totals(diff);
    if (diff->contradicted > 0)
        fprintf(stderr,
                "unsay policy: %" PRIu64 " attempts are decided otherwise now by the very "
                "policy that decided them\n",
                diff->contradicted);
    return diff->contradicted > 0 || (diff->tells_exit_code && !is_same) ? COMMAND_REFUSED
                                                                         : COMMAND_OK;
}

static bool is_unsure_refused(const struct policy *policy)
{
    return policy->on_clock_unsure == POLICY_UNSURE_REFUSE;
}

static int diff_run(struct diff *diff, struct attempts *attempts)
{
    int exit_status = COMMAND_OK;
    for (size_t i = 0; i < SIDES && exit_status == COMMAND_OK; i++) {
        uint8_t version[POLICY_VERSION_BYTES];
        if (diff->policies[i] != NULL)
            continue;
        exit_status = policy_source_find(&diff->source, diff->words[i], version);
        if (exit_status == COMMAND_OK)
            exit_status = policy_source_get(&diff->source, version, &diff->policies[i]);
    }
    if (exit_status != COMMAND_OK)
        return exit_status;
    diff->asks_history =
        is_unsure_refused(diff->policies[0]) || is_unsure_refused(diff->policies[1]);
    while (exit_status == COMMAND_OK && ferror(stdout) == 0) {
        const struct unsay_recall_entry *entry;
        exit_status = attempts_next(attempts, &entry);
        if (exit_status != COMMAND_OK || entry == NULL)
            break;
        exit_status = diff_judge(diff, entry);
    }
    diff_end_progress(diff);
    return exit_status == COMMAND_OK ? diff_finish(diff) : exit_status;
}

/* ---- The command line ---- */

static bool diff_take_option(struct diff *diff, int option)
{
    switch (option) {
    case OPTION_AGAINST:
        return when_parse_range(optarg, &diff->query.from_ms, &diff->query.until_ms);
    case OPTION_OPERATOR:
        diff->query.operator_user = optarg;
        return id_is_user(view_of(optarg));
    case OPTION_CONVERSATION:
        diff->query.conversation = optarg;
        return id_is_conversation(view_of(optarg));
    default:
        diff->tells_exit_code = true;
        return true;
    }
}

static bool diff_read_options(struct options *options, struct diff *diff, int argc, char **argv)
{
    static const struct option choices[] = {
        {"against", required_argument, NULL, OPTION_AGAINST},
        {"operator", required_argument, NULL, OPTION_OPERATOR},
        {"conversation", required_argument, NULL, OPTION_CONVERSATION},
        {"exit-code", no_argument, NULL, OPTION_EXIT_CODE},
        {"help", no_argument, NULL, 'h'},
        OPTIONS_CLIENT,
        {0},
    };
    bool is_against = false;
    int option;
    while ((option = options_next(options, argc, argv, choices)) != OPTION_END) {
        if (option == OPTION_STOP)
            return false;
        is_against |= option == OPTION_AGAINST;
        if (!diff_take_option(diff, option)) {
            options->exit_status = options_wrong(options, "\"%s\" is not what --%s takes", optarg,
                                                 choices[option - OPTION_AGAINST].name);
            return false;
        }
    }
    if (argc - optind != SIDES || !is_against) {
        options->exit_status = options_wrong(options, "give two policies and --against RANGE");
        return false;
    }
    diff->is_json = options->is_json;
    return options_finish(options);
}

/* What is no version is a file. */
static bool diff_read_files(struct diff *diff, char *const *words)
{
    struct failure failure;
    for (size_t i = 0; i < SIDES; i++) {
        diff->words[i] = words[i];
        if (policy_source_is_version(words[i]))
            continue;
        if (policy_file_load(words[i], &diff->read[i], &failure) != STATUS_OK) {
            text_write_foreign(stderr, view_of(failure.text));
            fputc('\n', stderr);
            return false;
        }
        diff->policies[i] = diff->read[i];
    }
    return true;
}

static int diff_connect(struct diff *diff, const struct options *options)
{
    struct session session;
    struct attempts attempts;
    int exit_status = session_open(&session, options, NULL);
    if (exit_status != COMMAND_OK)
        return exit_status;
    policy_source_init(&diff->source, &session);
    attempts_init(&attempts, &session, &diff->query);
    exit_status = session_connect(&session);
    if (exit_status == COMMAND_OK)
        exit_status = diff_run(diff, &attempts);
    session_close(&session);
    attempts_fini(&attempts);
    policy_source_fini(&diff->source);
    return exit_status;
}

int policy_run_diff(int argc, char **argv)
{
    struct options options;
    struct diff diff = {.is_json = false};
    options_init(&options, "policy", &help, 10000);
    if (!diff_read_options(&options, &diff, argc, argv))
        return options.exit_status;
    int exit_status =
        diff_read_files(&diff, argv + optind) ? diff_connect(&diff, &options) : COMMAND_USAGE;
    for (size_t i = 0; i < SIDES; i++)
        policy_free(diff.read[i]);
    return exit_status;
}
