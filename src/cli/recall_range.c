#include "cli/recall.h"

#include "base/uuid.h"
#include "cli/command.h"
#include "cli/output.h"
#include "unsay/operator.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <unistd.h>

enum { POLL_MS = 500 };

struct range {
    struct question question;
    struct unsay_range_progress progress;
    char refusal[64];
    char refusal_text[256];
};

static void range_answer(void *context, const struct unsay_error *error,
                         const struct unsay_range_progress *progress)
{
    struct range *range = context;
    if (progress != NULL) {
        range->progress = *progress;
        snprintf(range->refusal, sizeof(range->refusal), "%s", progress->refusal);
        snprintf(range->refusal_text, sizeof(range->refusal_text), "%s", progress->refusal_text);
    }
    question_answer(&range->question, error);
}

static void range_print(const struct recall_choice *choice, const struct range *range,
                        const struct session *session, const char *request_id)
{
    const struct unsay_range_progress *progress = &range->progress;
    if (session->options->is_json) {
        json_t *object = json_object();
        json_object_set_new(object, "conversation", json_string(choice->conversation));
        json_object_set_new(object, "request_id", json_string(request_id));
        json_object_set_new(object, "done", json_boolean(progress->is_done));
        json_object_set_new(object, "examined", json_integer((json_int_t)progress->examined));
        json_object_set_new(object, "recalled", json_integer((json_int_t)progress->recalled));
        json_object_set_new(object, "refused", json_integer((json_int_t)progress->refused));
        json_object_set_new(object, "refusal",
                            *range->refusal == 0 ? json_null() : json_string(range->refusal));
        output_object(stdout, object);
        return;
    }
    printf("%" PRIu64 " messages of %s: %" PRIu64 " taken back, %" PRIu64 " refused\n",
           progress->examined, choice->from, progress->recalled, progress->refused);
    if (progress->refused > 0)
        printf("the first one was refused (%s): %s\n", range->refusal, range->refusal_text);
}

/* The job goes on without us; asking again under its id tells how far it is. */
static int range_ask(struct range *range, const struct unsay_recall_range *request,
                     struct session *session)
{
    bool has_progress = isatty(2) == 1;
    for (;;) {
        question_init(&range->question, session);
        int exit_status = question_await(
            &range->question, unsay_recall_range(session->client, request, range_answer, range));
        if (exit_status != COMMAND_OK || range->progress.is_done)
            return exit_status;
        if (has_progress)
            fprintf(stderr, "\r%" PRIu64 " examined, %" PRIu64 " taken back ",
                    range->progress.examined, range->progress.recalled);
        int64_t until_ms = session_now_ms() + POLL_MS;
        enum session_turn turn;
        do
            turn = session_wait(session, SESSION_NO_INPUT, until_ms);
        while (turn == SESSION_WOKEN);
        if (turn == SESSION_INTERRUPTED) {
            fprintf(stderr,
                    "unsay recall: interrupted; the server goes on, and --request-id %s tells how "
                    "far it is\n",
                    request->request_id);
            return COMMAND_UNREACHABLE;
        }
        if (turn == SESSION_REJECTED)
            return session_explain(session);
    }
}

int recall_range_run(const struct recall_choice *choice, struct session *session)
{
    struct range range = {.progress = {.is_done = false}};
    struct uuid id;
    char fresh[UUID_TEXT_BYTES + 1];
    randombytes_buf(id.bytes, sizeof(id.bytes));
    uuid_format(&id, fresh);
    struct unsay_recall_range request = {
        .conversation = choice->conversation,
        .user = choice->from,
        .from_ms = choice->since_ms,
        .until_ms = choice->until_ms,
        .request_id = choice->request_id == NULL ? fresh : choice->request_id,
        .reason = choice->reason,
    };
    int exit_status = range_ask(&range, &request, session);
    if (isatty(2) == 1)
        fputs("\r\033[K", stderr);
    if (exit_status != COMMAND_OK)
        return exit_status;
    range_print(choice, &range, session, request.request_id);
    return range.progress.refused > 0 ? COMMAND_REFUSED : COMMAND_OK;
}
