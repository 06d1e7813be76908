#include "cli/command.h"
#include "cli/output.h"
#include "cli/session.h"
#include "core/ids.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { OPTION_REASON = 1, OPTION_REQUEST_ID };

static const struct help help = {
    .usage = "recall [OPTION...] CONV TARGET...\n",
    .about =
        "Takes messages back, on every device. A TARGET is the number of a message as history\n"
        "shows it (2), the same with its origin (1:2), or a message id. Each gets an outcome\n"
        "of its own: recalled, already_recalled, pending (the message has not arrived; it is\n"
        "judged when it does) or refused, with the reason.\n",
    .options = "  --reason TEXT      why, for the record and the other members; at most 256 bytes\n"
               "  --request-id ID    names this request: repeated, it gets the first answer\n",
    .example = "  unsay recall \"$C\" 2 3 --reason 'wrong window'\n",
    .is_client = true,
};

struct recall {
    struct question question;
    const char *conversation;
    const char *reason;
    const char *request_id;
    struct unsay_target targets[LIMIT_RECALL_TARGETS_MAX];
    size_t count;
    struct unsay_target_outcome outcomes[LIMIT_RECALL_TARGETS_MAX];
    char refusals[LIMIT_RECALL_TARGETS_MAX][64];
    char refusal_texts[LIMIT_RECALL_TARGETS_MAX][128];
    size_t outcome_count;
};

static const char *const outcome_names[] = {
    [UNSAY_OUTCOME_RECALLED] = "recalled",
    [UNSAY_OUTCOME_ALREADY_RECALLED] = "already_recalled",
    [UNSAY_OUTCOME_PENDING] = "pending",
    [UNSAY_OUTCOME_REFUSED] = "refused",
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

static bool recall_read_options(struct options *options, struct recall *recall, int argc,
                                char **argv)
{
    static const struct option choices[] = {
        {"reason", required_argument, NULL, OPTION_REASON},
        {"request-id", required_argument, NULL, OPTION_REQUEST_ID},
        {"help", no_argument, NULL, 'h'},
        OPTIONS_CLIENT,
        {0},
    };
    int option;
    while ((option = options_next(options, argc, argv, choices)) != OPTION_END) {
        if (option == OPTION_STOP)
            return false;
        if (option == OPTION_REASON)
            recall->reason = optarg;
        else
            recall->request_id = optarg;
    }
    return true;
}

static int recall_check(const struct options *options, struct recall *recall, int operands,
                        char **operand)
{
    if (operands < 2)
        return options_wrong(options, "give a conversation and what to take back");
    if (operands - 1 > LIMIT_RECALL_TARGETS_MAX)
        return options_wrong(options, "at most %d messages at once", LIMIT_RECALL_TARGETS_MAX);
    if (!id_is_conversation(view_of(operand[0])))
        return options_wrong(options, "\"%s\" is not the id of a conversation", operand[0]);
    if (recall->reason != NULL && strlen(recall->reason) > LIMIT_REASON_BYTES_MAX)
        return options_wrong(options, "a reason has at most %d bytes", LIMIT_REASON_BYTES_MAX);
    if (recall->request_id != NULL &&
        (*recall->request_id == 0 || strlen(recall->request_id) > LIMIT_REQUEST_ID_BYTES_MAX))
        return options_wrong(options, "a request id has 1-%d bytes", LIMIT_REQUEST_ID_BYTES_MAX);
    recall->conversation = operand[0];
    for (int i = 1; i < operands; i++) {
        if (!target_parse(operand[i], &recall->targets[recall->count++]))
            return options_wrong(options,
                                 "\"%s\" is neither a message's number, nor ORIGIN:NUMBER, nor a "
                                 "message id",
                                 operand[i]);
    }
    return COMMAND_OK;
}

static void recall_answer(void *context, const struct unsay_error *error,
                          const struct unsay_target_outcome *outcomes, size_t count)
{
    struct recall *recall = context;
    for (size_t i = 0; error->result == UNSAY_OK && i < count && i < recall->count; i++) {
        recall->outcomes[i] = outcomes[i];
        snprintf(recall->refusals[i], sizeof(recall->refusals[i]), "%s", outcomes[i].refusal);
        snprintf(recall->refusal_texts[i], sizeof(recall->refusal_texts[i]), "%s",
                 outcomes[i].refusal_text);
        recall->outcomes[i].refusal = recall->refusals[i];
        recall->outcomes[i].refusal_text = recall->refusal_texts[i];
        recall->outcome_count = i + 1;
    }
    question_answer(&recall->question, error);
}

static void recall_print_json(const struct recall *recall,
                              const struct unsay_target_outcome *outcome)
{
    bool is_refused = outcome->outcome == UNSAY_OUTCOME_REFUSED;
    bool has_key = outcome->target.seq != 0;
    json_t *object = json_object();
    json_object_set_new(object, "conversation", json_string(recall->conversation));
    json_object_set_new(object, "origin",
                        has_key ? json_integer((json_int_t)outcome->target.origin) : json_null());
    json_object_set_new(object, "seq",
                        has_key ? json_integer((json_int_t)outcome->target.seq) : json_null());
    json_object_set_new(object, "message_id", output_id(outcome->target.message_id));
    json_object_set_new(object, "outcome", json_string(outcome_names[outcome->outcome]));
    json_object_set_new(object, "refusal",
                        is_refused ? json_string(outcome->refusal) : json_null());
    json_object_set_new(object, "refusal_text",
                        is_refused ? json_string(outcome->refusal_text) : json_null());
    json_object_set_new(object, "time", output_json_time(outcome->time_ms));
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
    int exit_status = session_connect(session);
    if (exit_status != COMMAND_OK)
        return exit_status;
    struct unsay_recall request = {
        .conversation = recall->conversation,
        .targets = recall->targets,
        .count = recall->count,
        .request_id = recall->request_id,
        .reason = recall->reason,
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
    return exit_status;
}

int command_recall(int argc, char **argv)
{
    struct options options;
    struct session session;
    struct recall recall = {.count = 0};
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
