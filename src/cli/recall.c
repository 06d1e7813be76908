#include "cli/recall.h"

#include "cli/command.h"
#include "cli/names.h"
#include "cli/output.h"
#include "cli/when.h"
#include "core/ids.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    OPTION_REASON = 1,
    OPTION_REQUEST_ID,
    OPTION_EXTENSION,
    OPTION_IF_UNDELIVERED,
    OPTION_IF_UNREAD,
    OPTION_WAIT,
    OPTION_WAIT_MS,
    OPTION_FROM,
    OPTION_SINCE,
    OPTION_UNTIL
};

static const struct help help = {
    .usage = "recall [OPTION...] CONV TARGET...\n"
             "recall [OPTION...] CONV --from USER [--since TIME] [--until TIME]\n",
    .about =
        "Takes messages back, on every device. A TARGET is the number of a message as history\n"
        "shows it (2), the same with its origin (1:2), or a message id. Each gets an outcome\n"
        "of its own: recalled, already_recalled, pending (the message has not arrived; it is\n"
        "judged when it does) or refused, with the reason. With --from, all messages of USER\n"
        "that the server received in a range of time, as a job that goes on without you.\n",
    .options =
        "  --reason TEXT      why, for the record and the other members; at most 256 bytes\n"
        "  --request-id ID    names this request: repeated, it gets the first answer\n"
        "  --extension TEXT   for the applications of the others; at most 1024 bytes\n"
        "  --if-undelivered   only if no device of another member has stored it\n"
        "  --if-unread        only if no other member was shown it\n"
        "  --wait WHOM        answer when it is applied on the devices that are online, or all\n"
        "  --wait-ms N        ... or after so long, at most 60000 (default 10000)\n"
        "  --from USER        all messages of this user\n"
        "  --since TIME       ... from then on: 2026-01-31, 2026-01-31T23:59:59Z, or 24h ago\n"
        "  --until TIME       ... before then (default now)\n",
    .example = "  unsay recall \"$C\" 2 3 --reason 'wrong window'\n"
               "  unsay recall \"$C\" 2 --if-unread --wait online\n"
               "  unsay recall \"$C\" --from mallory --since 1h --reason spam\n",
    .is_client = true,
};

struct recall {
    struct question question;
    struct recall_choice choice;
    struct unsay_target targets[LIMIT_RECALL_TARGETS_MAX];
    size_t count;
    struct unsay_target_outcome outcomes[LIMIT_RECALL_TARGETS_MAX];
    char refusals[LIMIT_RECALL_TARGETS_MAX][64];
    char refusal_texts[LIMIT_RECALL_TARGETS_MAX][128];
    size_t outcome_count;
    bool has_reach;
    struct unsay_reach reach;
    struct unsay_device_name missing[LIMIT_REACH_MISSING_MAX];
    char users[LIMIT_REACH_MISSING_MAX][LIMIT_USER_ID_BYTES_MAX + 1];
    char devices[LIMIT_REACH_MISSING_MAX][LIMIT_DEVICE_ID_BYTES_MAX + 1];
};

static bool target_parse(const char *text, struct unsay_target *target)
{
    struct uuid uuid;
    char origin_text[16];
    uint64_t origin = 0;
    *target = (struct unsay_target){.origin = 0};
    if (uuid_parse(view_of(text), &uuid)) {
        memcpy(target->message_id, uuid.bytes, UUID_BYTES);
        return !uuid_is_zero(&uuid);
    }
    size_t length = strcspn(text, ":");
    if (text[length] == ':') {
        if (length >= sizeof(origin_text))
            return false;
        snprintf(origin_text, sizeof(origin_text), "%.*s", (int)length, text);
        if (!options_number(origin_text, 1, UINT32_MAX, &origin))
            return false;
        text += length + 1;
    }
    target->origin = (uint32_t)origin;
    return options_number(text, 1, INT64_MAX, &target->seq);
}

static bool choice_take(struct recall_choice *choice, int option, const char *value)
{
    uint64_t number = 0;
    bool is_valid = true;
    switch (option) {
    case OPTION_REASON:
        choice->reason = value;
        return strlen(value) <= LIMIT_REASON_BYTES_MAX;
    case OPTION_REQUEST_ID:
        choice->request_id = value;
        return *value != 0 && strlen(value) <= LIMIT_REQUEST_ID_BYTES_MAX;
    case OPTION_EXTENSION:
        choice->extension = value;
        return strlen(value) <= LIMIT_EXTENSION_BYTES_MAX;
    case OPTION_IF_UNDELIVERED:
        choice->condition = UNSAY_IF_UNDELIVERED;
        return true;
    case OPTION_IF_UNREAD:
        choice->condition = UNSAY_IF_UNREAD;
        return true;
    case OPTION_WAIT:
        choice->wait = strcmp(value, "all") == 0 ? UNSAY_WAIT_ALL : UNSAY_WAIT_ONLINE;
        return choice->wait == UNSAY_WAIT_ALL || strcmp(value, "online") == 0;
    case OPTION_WAIT_MS:
        is_valid = options_number(value, 1, LIMIT_RECALL_WAIT_MS_MAX, &number);
        choice->wait_ms = (uint32_t)number;
        return is_valid;
    case OPTION_FROM:
        choice->from = value;
        return id_is_user(view_of(value));
    case OPTION_SINCE:
        return when_parse(value, &choice->since_ms);
    default:
        return when_parse(value, &choice->until_ms);
    }
}

static bool recall_read_options(struct options *options, struct recall *recall, int argc,
                                char **argv)
{
    static const struct option choices[] = {
        {"reason", required_argument, NULL, OPTION_REASON},
        {"request-id", required_argument, NULL, OPTION_REQUEST_ID},
        {"extension", required_argument, NULL, OPTION_EXTENSION},
        {"if-undelivered", no_argument, NULL, OPTION_IF_UNDELIVERED},
        {"if-unread", no_argument, NULL, OPTION_IF_UNREAD},
        {"wait", required_argument, NULL, OPTION_WAIT},
        {"wait-ms", required_argument, NULL, OPTION_WAIT_MS},
        {"from", required_argument, NULL, OPTION_FROM},
        {"since", required_argument, NULL, OPTION_SINCE},
        {"until", required_argument, NULL, OPTION_UNTIL},
        {"help", no_argument, NULL, 'h'},
        OPTIONS_CLIENT,
        {0},
    };
    static const char *const rules[] = {
        [OPTION_REASON] = "a reason has at most 256 bytes",
        [OPTION_REQUEST_ID] = "a request id has 1-64 bytes",
        [OPTION_EXTENSION] = "an extension has at most 1024 bytes",
        [OPTION_WAIT] = "--wait takes online or all",
        [OPTION_WAIT_MS] = "--wait-ms takes 1-60000",
        [OPTION_FROM] = "--from takes a user",
        [OPTION_SINCE] = "--since takes a date, a time or how long ago (24h)",
        [OPTION_UNTIL] = "--until takes a date, a time or how long ago (24h)",
    };
    int option;
    while ((option = options_next(options, argc, argv, choices)) != OPTION_END) {
        if (option == OPTION_STOP)
            return false;
        if (!choice_take(&recall->choice, option, optarg)) {
            options->exit_status = options_wrong(options, "%s", rules[option]);
            return false;
        }
    }
    return true;
}

static int recall_check(const struct options *options, struct recall *recall, int operands,
                        char **operand)
{
    const struct recall_choice *choice = &recall->choice;
    bool is_range = choice->from != NULL;
    if (operands < 1 || (operands == 1 && !is_range))
        return options_wrong(options, "give a conversation and what to take back");
    if (operands > 1 && is_range)
        return options_wrong(options, "--from takes back all messages of a user; name none");
    if (!is_range && (choice->since_ms != 0 || choice->until_ms != 0))
        return options_wrong(options, "--since and --until go with --from");
    if (is_range && choice->until_ms != 0 && choice->until_ms <= choice->since_ms)
        return options_wrong(options, "--until lies before --since");
    if (is_range && (choice->condition != UNSAY_IF_ANY || choice->wait != UNSAY_WAIT_COMMITTED ||
                     choice->extension != NULL))
        return options_wrong(options, "--from takes no condition, extension or --wait");
    if (operands - 1 > LIMIT_RECALL_TARGETS_MAX)
        return options_wrong(options, "at most %d messages at once", LIMIT_RECALL_TARGETS_MAX);
    if (!id_is_conversation(view_of(operand[0])))
        return options_wrong(options, "\"%s\" is not the id of a conversation", operand[0]);
    recall->choice.conversation = operand[0];
    for (int i = 1; i < operands; i++) {
        if (!target_parse(operand[i], &recall->targets[recall->count++]))
            return options_wrong(options,
                                 "\"%s\" is neither a message's number, nor ORIGIN:NUMBER, nor a "
                                 "message id",
                                 operand[i]);
    }
    return COMMAND_OK;
}

static void recall_keep_reach(struct recall *recall, const struct unsay_reach *reach)
{
    recall->has_reach = true;
    recall->reach = *reach;
    recall->reach.missing = recall->missing;
    if (recall->reach.missing_count > LIMIT_REACH_MISSING_MAX)
        recall->reach.missing_count = LIMIT_REACH_MISSING_MAX;
    for (size_t i = 0; i < recall->reach.missing_count; i++) {
        snprintf(recall->users[i], sizeof(recall->users[i]), "%s", reach->missing[i].user);
        snprintf(recall->devices[i], sizeof(recall->devices[i]), "%s", reach->missing[i].device);
        recall->missing[i] = (struct unsay_device_name){recall->users[i], recall->devices[i]};
    }
}

static void recall_answer(void *context, const struct unsay_error *error,
                          const struct unsay_recall_answer *answer)
{
    struct recall *recall = context;
    for (size_t i = 0; answer != NULL && i < answer->count && i < recall->count; i++) {
        recall->outcomes[i] = answer->outcomes[i];
        snprintf(recall->refusals[i], sizeof(recall->refusals[i]), "%s",
                 answer->outcomes[i].refusal);
        snprintf(recall->refusal_texts[i], sizeof(recall->refusal_texts[i]), "%s",
                 answer->outcomes[i].refusal_text);
        recall->outcomes[i].refusal = recall->refusals[i];
        recall->outcomes[i].refusal_text = recall->refusal_texts[i];
        recall->outcome_count = i + 1;
    }
    if (answer != NULL && answer->reach != NULL)
        recall_keep_reach(recall, answer->reach);
    question_answer(&recall->question, error);
}

static json_t *reach_json(const struct unsay_reach *reach)
{
    json_t *missing = json_array();
    for (size_t i = 0; i < reach->missing_count; i++) {
        json_t *name = json_object();
        json_object_set_new(name, "user", json_string(reach->missing[i].user));
        json_object_set_new(name, "device", output_json_text(reach->missing[i].device));
        json_array_append_new(missing, name);
    }
    json_t *object = json_object();
    json_object_set_new(object, "devices", json_integer(reach->devices));
    json_object_set_new(object, "applied", json_integer(reach->applied));
    json_object_set_new(object, "missing", missing);
    return object;
}

/* "applied on 3 of 4 devices; not yet: bob's phone, carol" */
static void reach_print(const struct unsay_reach *reach)
{
    printf("applied on %u of %u devices", reach->applied, reach->devices);
    for (size_t i = 0; i < reach->missing_count; i++) {
        const struct unsay_device_name *name = &reach->missing[i];
        fputs(i == 0 ? "; not yet: " : ", ", stdout);
        if (*name->device == 0)
            printf("%s (no known device)", name->user);
        else
            printf("%s's %s", name->user, name->device);
    }
    puts("");
}

static void recall_print_json(const struct recall *recall,
                              const struct unsay_target_outcome *outcome)
{
    bool is_refused = outcome->outcome == UNSAY_OUTCOME_REFUSED;
    bool has_key = outcome->target.seq != 0;
    json_t *object = json_object();
    json_object_set_new(object, "conversation", json_string(recall->choice.conversation));
    json_object_set_new(object, "origin",
                        has_key ? json_integer((json_int_t)outcome->target.origin) : json_null());
    json_object_set_new(object, "seq",
                        has_key ? json_integer((json_int_t)outcome->target.seq) : json_null());
    json_object_set_new(object, "message_id", output_id(outcome->target.message_id));
    json_object_set_new(object, "outcome", json_string(name_of_outcome(outcome->outcome)));
    json_object_set_new(object, "refusal",
                        is_refused ? json_string(outcome->refusal) : json_null());
    json_object_set_new(object, "refusal_text",
                        is_refused ? json_string(outcome->refusal_text) : json_null());
    json_object_set_new(object, "time", output_json_time(outcome->time_ms));
    json_object_set_new(object, "recall_seq",
                        outcome->recall_seq == 0 ? json_null()
                                                 : json_integer((json_int_t)outcome->recall_seq));
    json_object_set_new(object, "reach",
                        recall->has_reach ? reach_json(&recall->reach) : json_null());
    output_object(stdout, object);
}

static void recall_print_text(const struct output *output,
                              const struct unsay_target_outcome *outcome, const char *target)
{
    if (outcome->time_ms != 0) {
        output_time(output, outcome->time_ms);
        fputs("  ", output->file);
    }
    if (outcome->target.seq != 0)
        fprintf(output->file, "#%" PRIu64 "  ", outcome->target.seq);
    else
        fprintf(output->file, "%s  ", target);
    switch (outcome->outcome) {
    case UNSAY_OUTCOME_RECALLED:
        fputs("taken back\n", output->file);
        break;
    case UNSAY_OUTCOME_ALREADY_RECALLED:
        fputs("was taken back already\n", output->file);
        break;
    case UNSAY_OUTCOME_PENDING:
        fputs("has not arrived; it is judged when it does\n", output->file);
        break;
    case UNSAY_OUTCOME_REFUSED:
        fprintf(output->file, "refused (%s): %s\n", outcome->refusal, outcome->refusal_text);
        break;
    }
}

static int recall_run(struct recall *recall, struct session *session, char **targets)
{
    const struct recall_choice *choice = &recall->choice;
    int exit_status = session_connect(session);
    if (exit_status != COMMAND_OK)
        return exit_status;
    if (choice->from != NULL)
        return recall_range_run(choice, session);
    struct unsay_recall request = {
        .conversation = choice->conversation,
        .targets = recall->targets,
        .count = recall->count,
        .request_id = choice->request_id,
        .reason = choice->reason,
        .extension = choice->extension,
        .extension_bytes = view_of(choice->extension).size,
        .condition = choice->condition,
        .wait = choice->wait,
        .wait_ms = choice->wait_ms,
    };
    question_init(&recall->question, session);
    exit_status = question_await(&recall->question,
                                 unsay_recall(session->client, &request, recall_answer, recall));
    if (exit_status != COMMAND_OK)
        return exit_status;
    struct output output;
    output_init(&output, stdout, session->options->self.user, session->options->is_json);
    for (size_t i = 0; i < recall->outcome_count; i++) {
        const struct unsay_target_outcome *outcome = &recall->outcomes[i];
        if (output.is_json)
            recall_print_json(recall, outcome);
        else
            recall_print_text(&output, outcome, targets[i]);
        if (outcome->outcome == UNSAY_OUTCOME_REFUSED)
            exit_status = COMMAND_REFUSED;
    }
    if (recall->has_reach && !output.is_json)
        reach_print(&recall->reach);
    return exit_status;
}

int command_recall(int argc, char **argv)
{
    struct options options;
    struct session session;
    static struct recall recall;
    options_init(&options, "recall", &help, 10000);
    if (!recall_read_options(&options, &recall, argc, argv))
        return options.exit_status;
    if (recall_check(&options, &recall, argc - optind, argv + optind) != COMMAND_OK)
        return COMMAND_USAGE;
    char **targets = argv + optind + 1;
    if (!options_finish(&options))
        return options.exit_status;
    int exit_status = session_open(&session, &options, NULL);
    if (exit_status != COMMAND_OK)
        return exit_status;
    exit_status = recall_run(&recall, &session, targets);
    session_close(&session);
    return exit_status;
}
