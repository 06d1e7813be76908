#include "cli/command.h"
#include "cli/levels.h"
#include "cli/session.h"
#include "cli/text.h"
#include "core/ids.h"
#include "unsay/levels.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static const struct help help = {
    .usage = "receipts [OPTION...] CONV SEQ\n",
    .about =
        "Tells how many of its receivers have stored a message, and have seen it, and in a\n"
        "small conversation who. For whoever wrote it, owners and admins of the conversation,\n"
        "and the system and compliance roles.\n",
    .options = "",
    .example = "  unsay receipts \"$C\" 2\n",
    .is_client = true,
};

/* The pages so far; the text is written on the SDK's thread. */
struct receipts {
    struct question question;
    bool is_json;
    char *text; /* owned; of the page that came last */
    size_t text_bytes;
    uint64_t seq;
    uint32_t receivers;
    uint32_t stored;
    uint32_t displayed;
    char next[LIMIT_USER_ID_BYTES_MAX + 1];
};

static void member_print(FILE *file, const struct unsay_place *place, uint64_t seq)
{
    static const enum text texts[] = {
        [UNSAY_LEVEL_NONE] = TEXT_LEVEL_NONE,
        [UNSAY_LEVEL_ACCEPTED] = TEXT_LEVEL_NONE,
        [UNSAY_LEVEL_STORED] = TEXT_LEVEL_STORED,
        [UNSAY_LEVEL_DISPLAYED] = TEXT_LEVEL_SEEN,
    };
    fprintf(file, "%-16s %s\n", place->user, text_of(texts[level_of_place(place, seq)]));
}

static void member_print_json(FILE *file, const struct unsay_place *place, uint64_t seq)
{
    json_t *object = json_object();
    json_object_set_new(object, "kind", json_string("receiver"));
    json_object_set_new(object, "user", json_string(place->user));
    json_object_set_new(object, "level", json_string(name_of_level(level_of_place(place, seq))));
    output_object(file, object);
}

static void receipts_answer(void *context, const struct unsay_error *error,
                            const struct unsay_receipts *page)
{
    struct receipts *receipts = context;
    receipts->next[0] = 0;
    if (page != NULL) {
        FILE *file = open_memstream(&receipts->text, &receipts->text_bytes);
        for (size_t i = 0; file != NULL && i < page->member_count; i++)
            (receipts->is_json ? member_print_json : member_print)(file, &page->members[i],
                                                                   page->seq);
        if (file != NULL)
            fclose(file);
        receipts->receivers += page->receivers;
        receipts->stored += page->stored;
        receipts->displayed += page->displayed;
        snprintf(receipts->next, sizeof(receipts->next), "%s", page->next);
    }
    question_answer(&receipts->question, error);
}

static void totals_print(const struct receipts *receipts, const char *conversation)
{
    char numbers[4][24];
    snprintf(numbers[0], sizeof(numbers[0]), "%" PRIu64, receipts->seq);
    snprintf(numbers[1], sizeof(numbers[1]), "%u", receipts->stored);
    snprintf(numbers[2], sizeof(numbers[2]), "%u", receipts->displayed);
    snprintf(numbers[3], sizeof(numbers[3]), "%u", receipts->receivers);
    if (!receipts->is_json) {
        text_write(stdout, TEXT_RECEIPTS_TOTAL, numbers[0], numbers[1]);
        text_write(stdout, TEXT_RECEIPTS_SEEN, numbers[2], numbers[3]);
        fputc('\n', stdout);
        return;
    }
    json_t *object = json_object();
    json_object_set_new(object, "kind", json_string("totals"));
    json_object_set_new(object, "conversation", json_string(conversation));
    json_object_set_new(object, "origin", json_integer(1));
    json_object_set_new(object, "seq", json_integer((json_int_t)receipts->seq));
    json_object_set_new(object, "receivers", json_integer(receipts->receivers));
    json_object_set_new(object, "stored", json_integer(receipts->stored));
    json_object_set_new(object, "displayed", json_integer(receipts->displayed));
    output_object(stdout, object);
}

static int receipts_run(struct receipts *receipts, struct session *session,
                        const char *conversation)
{
    struct unsay_receipts_query query = {.conversation = conversation, .seq = receipts->seq};
    char after[LIMIT_USER_ID_BYTES_MAX + 1];
    int exit_status = session_connect(session);
    do {
        if (exit_status != COMMAND_OK)
            return exit_status;
        question_init(&receipts->question, session);
        exit_status =
            question_await(&receipts->question,
                           unsay_receipts(session->client, &query, receipts_answer, receipts));
        if (receipts->text != NULL)
            fwrite(receipts->text, 1, receipts->text_bytes, stdout);
        free(receipts->text);
        receipts->text = NULL;
        memcpy(after, receipts->next, sizeof(after));
        query.after = after;
    } while (after[0] != 0);
    if (exit_status == COMMAND_OK)
        totals_print(receipts, conversation);
    return exit_status;
}

int command_receipts(int argc, char **argv)
{
    static const struct option choices[] = {{"help", no_argument, NULL, 'h'}, OPTIONS_CLIENT, {0}};
    struct options options;
    struct session session;
    struct receipts receipts = {.text = NULL};
    options_init(&options, "receipts", &help, 10000);
    if (options_next(&options, argc, argv, choices) == OPTION_STOP)
        return options.exit_status;
    if (argc - optind != 2 || !id_is_conversation(view_of(argv[optind])) ||
        !options_number(argv[optind + 1], 1, INT64_MAX, &receipts.seq))
        return options_wrong(&options, "give a conversation and the number of a message");
    if (!options_finish(&options))
        return options.exit_status;
    int exit_status = session_open(&session, &options, NULL);
    if (exit_status != COMMAND_OK)
        return exit_status;
    receipts.is_json = options.is_json;
    exit_status = receipts_run(&receipts, &session, argv[optind]);
    session_close(&session);
    free(receipts.text);
    return exit_status;
}
