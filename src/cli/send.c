#include "cli/send.h"

#include "base/memory.h"
#include "cli/command.h"
#include "core/contract.h"
#include "core/ids.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OPTION_FROM = 1, OPTION_PROGRESS, OPTION_QUOTE, OPTION_MENTION, OPTION_FORWARD };

static const struct help help = {
    .usage = "send [OPTION...] CONV TEXT\n"
             "send [OPTION...] CONV -\n"
             "send [OPTION...] CONV --forward CONV:SEQ\n",
    .about =
        "Sends TEXT to the conversation and waits until the server has it safely. With - each\n"
        "line of standard input is a message, without its line break; empty lines too. A\n"
        "connection that is lost is made again, and nothing is sent twice; after about five\n"
        "minutes without an answer a message counts as failed.\n\n"
        "What is read is kept in the state directory until it is accepted. When the command\n"
        "is interrupted it says how many messages wait there: the next command with the same\n"
        "state directory sends them.\n",
    .options = "  --quote SEQ        the message that this one answers\n"
               "  --mention USER     ... is meant for; * is everyone; repeat it for each one\n"
               "  --forward CONV:SEQ  instead of TEXT: the server copies this message\n"
               "  --from LINE        with -: begin at this line, counted from 1\n"
               "  --progress         with -: tell the progress even without a terminal\n",
    .example = "  unsay send \"$C\" 'hello, bob'\n"
               "  fortune | unsay send \"$C\" -\n",
    .is_client = true,
};

static void send_on_state(void *context, const struct unsay_send_status *status)
{
    struct send *send = context;
    if (status->state == UNSAY_SEND_SENDING)
        return;
    struct send_note *note = memory_new(sizeof(*note));
    memcpy(note->message_id, status->message_id, sizeof(note->message_id));
    note->state = status->state;
    note->origin = status->origin;
    note->seq = status->seq;
    note->time_ms = status->time_ms;
    note->is_recalled = status->is_recalled;
    if (status->state == UNSAY_SEND_FAILED) {
        note->result = status->error.result;
        snprintf(note->refusal, sizeof(note->refusal), "%s", status->error.refusal);
        snprintf(note->text, sizeof(note->text), "%s", status->error.text);
    }
    list_push_back(&send->notes, &note->node);
}

struct send_note *send_take(struct send *send)
{
    pthread_mutex_lock(&send->session->lock);
    struct list *node = list_pop_front(&send->notes);
    pthread_mutex_unlock(&send->session->lock);
    return node == NULL ? NULL : LIST_ITEM(node, struct send_note, node);
}

void send_print_accepted(const struct send *send, const struct send_note *note, struct view body)
{
    struct output output;
    const struct identity *self = &send->session->options->self;
    bool is_forward = send->source.seq != 0;
    output_init(&output, stdout, self->user, true);
    struct unsay_event event = {
        .kind = UNSAY_EVENT_MESSAGE,
        .conversation = send->conversation,
        .origin = note->origin,
        .seq = note->seq,
        .time_ms = note->time_ms,
        .sender = self->user,
        .device = self->device,
        .content_type = is_forward ? 0 : UNSAY_CONTENT_TEXT, /* the server copies it */
        .state = note->is_recalled ? UNSAY_MESSAGE_RECALLED : UNSAY_MESSAGE_NORMAL,
    };
    memcpy(event.message_id, note->message_id, sizeof(event.message_id));
    if (!note->is_recalled) {
        event.quote_origin = ORIGIN_DEFAULT;
        event.quote_seq = send->quote_seq;
        event.mentions = send->mentions;
        event.mention_count = send->mention_count;
        event.forwarded_from = send->source;
        event.forwarded_from.origin = ORIGIN_DEFAULT;
    }
    if (!note->is_recalled && !is_forward) {
        event.body = body.size == 0 ? (const uint8_t *)"" : body.data;
        event.body_bytes = body.size;
    }
    output_event(&output, &event);
}

static int send_finish_one(const struct send *send, const struct send_note *note, const char *text)
{
    if (note->state == UNSAY_SEND_FAILED)
        return session_report(send->session, note->result, note->refusal, note->text);
    if (send->session->options->is_json) {
        send_print_accepted(send, note, view_of(text));
        return COMMAND_OK;
    }
    struct output output;
    output_init(&output, stdout, send->session->options->self.user, false);
    output_time(&output, note->time_ms);
    printf("  #%" PRIu64 "  accepted\n", note->seq);
    return COMMAND_OK;
}

static int send_one(struct send *send, const char *text)
{
    struct session *session = send->session;
    struct unsay_outgoing outgoing = {
        .content_type = text == NULL ? 0 : UNSAY_CONTENT_TEXT,
        .body = text,
        .body_bytes = view_of(text).size,
        .quote_seq = send->quote_seq,
        .forward = text == NULL ? &send->source : NULL,
        .mentions = send->mentions,
        .mention_count = send->mention_count,
    };
    const uint8_t *message_id = outgoing.message_id;
    enum unsay_result result = unsay_send_many(session->client, send->conversation, &outgoing, 1);
    if (result != UNSAY_OK)
        return session_report(session, result, "",
                              result == UNSAY_FULL
                                  ? "the outbox is full; wait until the server has accepted some"
                                  : "the message could not be stored in the state directory");
    for (;;) {
        struct send_note *note;
        while ((note = send_take(send)) != NULL) {
            bool is_it = memcmp(note->message_id, message_id, sizeof(note->message_id)) == 0;
            int exit_status = is_it ? send_finish_one(send, note, text) : COMMAND_OK;
            free(note);
            if (is_it)
                return exit_status;
        }
        enum session_turn turn = session_wait(session, SESSION_NO_INPUT, SESSION_FOREVER);
        if (turn == SESSION_REJECTED)
            return session_explain(session);
        if (turn == SESSION_INTERRUPTED) {
            fputs("unsay send: interrupted; the message waits in the state directory and is sent "
                  "by the next command that uses it\n",
                  stderr);
            return COMMAND_UNREACHABLE;
        }
    }
}

/* "CONV:SEQ"; a conversation's id may have colons of its own. */
static bool send_take_source(struct send *send, const char *text)
{
    const char *colon = strrchr(text, ':');
    if (colon == NULL || colon - text >= (ptrdiff_t)sizeof(send->source_conversation))
        return false;
    snprintf(send->source_conversation, sizeof(send->source_conversation), "%.*s",
             (int)(colon - text), text);
    send->source.conversation = send->source_conversation;
    return id_is_conversation(view_of(send->source_conversation)) &&
           options_number(colon + 1, 1, INT64_MAX, &send->source.seq);
}

static bool send_take_mention(struct send *send, const char *user)
{
    if (send->mention_count == LIMIT_MENTIONS_MAX ||
        (strcmp(user, "*") != 0 && !id_is_user(view_of(user))))
        return false;
    send->mentions[send->mention_count++] = user;
    return true;
}

static bool send_take_option(struct send *send, int option, const char *value)
{
    switch (option) {
    case OPTION_PROGRESS:
        send->has_progress = true;
        return true;
    case OPTION_FROM:
        return options_number(value, 1, UINT64_MAX, &send->first_line);
    case OPTION_QUOTE:
        return options_number(value, 1, INT64_MAX, &send->quote_seq);
    case OPTION_MENTION:
        return send_take_mention(send, value);
    default:
        return send_take_source(send, value);
    }
}

static bool send_read_options(struct options *options, struct send *send, int argc, char **argv)
{
    static const struct option choices[] = {
        {"from", required_argument, NULL, OPTION_FROM},
        {"progress", no_argument, NULL, OPTION_PROGRESS},
        {"quote", required_argument, NULL, OPTION_QUOTE},
        {"mention", required_argument, NULL, OPTION_MENTION},
        {"forward", required_argument, NULL, OPTION_FORWARD},
        {"help", no_argument, NULL, 'h'},
        OPTIONS_CLIENT,
        {0},
    };
    static const char *const rules[] = {
        [OPTION_FROM] = "--from takes the number of a line, from 1",
        [OPTION_QUOTE] = "--quote takes the number of a message",
        [OPTION_MENTION] = "--mention takes a user or *, 64 of them at most",
        [OPTION_FORWARD] = "--forward takes a conversation and the number of a message: CONV:SEQ",
    };
    int option;
    while ((option = options_next(options, argc, argv, choices)) != OPTION_END) {
        if (option == OPTION_STOP)
            return false;
        if (!send_take_option(send, option, optarg)) {
            options->exit_status = options_wrong(options, "%s", rules[option]);
            return false;
        }
    }
    return true;
}

static int send_check(const struct options *options, const struct send *send, int operands,
                      char **operand)
{
    bool is_forward = send->source.seq != 0;
    if (operands != (is_forward ? 1 : 2))
        return options_wrong(options, "give a conversation and one text (in quotes if it has "
                                      "spaces), or -, or --forward");
    if (!is_forward && strcmp(operand[1], "-") == 0 &&
        (send->quote_seq != 0 || send->mention_count != 0))
        return options_wrong(options, "--quote and --mention go with one message");
    if (!id_is_conversation(view_of(operand[0])))
        return options_wrong(options, "\"%s\" is not the id of a conversation", operand[0]);
    if (!is_forward && strlen(operand[1]) > LIMIT_BODY_BYTES_MAX)
        return options_wrong(options, "a message has at most %d bytes", LIMIT_BODY_BYTES_MAX);
    return COMMAND_OK;
}

int command_send(int argc, char **argv)
{
    struct options options;
    struct session session;
    struct send send = {.session = &session, .first_line = 1, .has_progress = isatty(2) == 1};
    struct session_hooks hooks = {.on_send_state = send_on_state, .context = &send};
    list_init(&send.notes);
    options_init(&options, "send", &help, 10000);
    if (!send_read_options(&options, &send, argc, argv))
        return options.exit_status;
    if (send_check(&options, &send, argc - optind, argv + optind) != COMMAND_OK)
        return COMMAND_USAGE;
    send.conversation = argv[optind];
    const char *text = send.source.seq == 0 ? argv[optind + 1] : NULL;
    if (!options_finish(&options))
        return options.exit_status;
    int exit_status = session_open(&session, &options, &hooks);
    if (exit_status != COMMAND_OK)
        return exit_status;
    exit_status = session_connect(&session);
    if (exit_status == COMMAND_OK)
        exit_status =
            text != NULL && strcmp(text, "-") == 0 ? send_stream(&send) : send_one(&send, text);
    unsay_free(session.client);
    session.client = NULL;
    struct send_note *note;
    while ((note = send_take(&send)) != NULL)
        free(note);
    session_close(&session);
    return exit_status;
}
