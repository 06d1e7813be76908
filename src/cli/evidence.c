#include "base/memory.h"
#include "cli/command.h"
#include "cli/names.h"
#include "cli/output.h"
#include "cli/session.h"
#include "core/ids.h"
#include "unsay/operator.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static const struct help help = {
    .usage = "evidence [OPTION...] CONV SEQ\n",
    .about = "Reads a body that the policy kept when the message was taken back, and writes it to\n"
             "standard output. Each look is on record. Where the body is sealed, two different\n"
             "people with the compliance role must ask within a day: the first one is told so,\n"
             "with exit status 1.\n",
    .options = "",
    .example = "  unsay evidence \"$C\" 2 > body\n",
    .is_client = true,
};

struct look {
    struct question question;
    struct unsay_evidence evidence; /* without its pointers */
    uint8_t *body;                  /* owned; NULL: none came */
};

static void look_answer(void *context, const struct unsay_error *error,
                        const struct unsay_evidence *evidence)
{
    struct look *look = context;
    if (evidence != NULL) {
        look->evidence = *evidence;
        look->evidence.conversation = NULL;
        look->evidence.body = NULL;
        if (evidence->approvals_needed == 0)
            look->body = memory_copy(evidence->body, evidence->body_bytes);
    }
    question_answer(&look->question, error);
}

static void look_print_json(const struct look *look, const char *conversation)
{
    const struct unsay_evidence *evidence = &look->evidence;
    json_t *object = json_object();
    json_object_set_new(object, "conversation", json_string(conversation));
    json_object_set_new(object, "origin", json_integer(evidence->origin));
    json_object_set_new(object, "target_seq", json_integer((json_int_t)evidence->target_seq));
    json_object_set_new(object, "approvals_needed", json_integer(evidence->approvals_needed));
    json_object_set_new(object, "content_type",
                        json_string(name_of_content_type(evidence->content_type)));
    output_json_body(object, evidence->content_type, look->body, evidence->body_bytes);
    json_object_set_new(object, "kept_until", output_json_time(evidence->kept_until_ms));
    output_object(stdout, object);
}

static int look_run(struct look *look, struct session *session, const char *conversation,
                    uint64_t seq)
{
    int exit_status = session_connect(session);
    if (exit_status != COMMAND_OK)
        return exit_status;
    question_init(&look->question, session);
    exit_status = question_await(&look->question, unsay_open_evidence(session->client, conversation,
                                                                      0, seq, look_answer, look));
    if (exit_status != COMMAND_OK)
        return exit_status;
    if (session->options->is_json)
        look_print_json(look, conversation);
    else if (look->body != NULL)
        fwrite(look->body, 1, look->evidence.body_bytes, stdout);
    if (look->body != NULL)
        return COMMAND_OK;
    fprintf(stderr, "unsay evidence: sealed; %u more must ask for it within a day\n",
            look->evidence.approvals_needed);
    return COMMAND_REFUSED;
}

int command_evidence(int argc, char **argv)
{
    static const struct option choices[] = {{"help", no_argument, NULL, 'h'}, OPTIONS_CLIENT, {0}};
    struct options options;
    struct session session;
    struct look look = {.body = NULL};
    uint64_t seq = 0;
    options_init(&options, "evidence", &help, 10000);
    if (options_next(&options, argc, argv, choices) == OPTION_STOP)
        return options.exit_status;
    if (argc - optind != 2 || !id_is_conversation(view_of(argv[optind])) ||
        !options_number(argv[optind + 1], 1, INT64_MAX, &seq))
        return options_wrong(&options, "give a conversation and the number of a message");
    if (!options_finish(&options))
        return options.exit_status;
    int exit_status = session_open(&session, &options, NULL);
    if (exit_status != COMMAND_OK)
        return exit_status;
    exit_status = look_run(&look, &session, argv[optind], seq);
    session_close(&session);
    free(look.body);
    return exit_status;
}
