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
    .usage = "exposure [OPTION...] CONV SEQ\n",
    .about = "Tells what became of a message that was taken back: which devices had it, and which\n"
             "have applied the recall, with or without a signed receipt. SEQ is the number of the\n"
             "recall or of the message. For whoever took it back, owners and admins of the\n"
             "conversation, and the system and compliance roles.\n",
    .options = "",
    .example = "  unsay exposure \"$C\" 2\n",
    .is_client = true,
};

/* A page: its devices as the text that will be printed, written on the SDK's thread. */
struct page {
    struct question question;
    bool is_json;
    char *text; /* owned; NULL when not asked for */
    size_t text_bytes;
    char user[LIMIT_USER_ID_BYTES_MAX + 1]; /* of the last device */
    char device[LIMIT_DEVICE_ID_BYTES_MAX + 1];
    bool has_more;
};

static void totals_print(FILE *file, const struct unsay_exposure *exposure)
{
    const struct unsay_exposure_totals *totals = exposure->totals;
    fprintf(file,
            "#%" PRIu64 ", taken back by #%" PRIu64 ": of %u devices %u had shown it, %u stored "
            "it, %u may have got it; %u have applied the recall (%u receipts signed, %u not), %u "
            "are outstanding\n",
            exposure->target_seq, exposure->recall_seq, totals->devices, totals->displayed,
            totals->stored, totals->pushed, totals->applied, totals->receipts_signed,
            totals->receipts_unsigned, totals->outstanding);
}

static void totals_print_json(FILE *file, const struct unsay_exposure *exposure)
{
    const struct unsay_exposure_totals *totals = exposure->totals;
    json_t *object = json_object();
    json_object_set_new(object, "kind", json_string("totals"));
    json_object_set_new(object, "conversation", json_string(exposure->conversation));
    json_object_set_new(object, "origin", json_integer(exposure->origin));
    json_object_set_new(object, "recall_seq", json_integer((json_int_t)exposure->recall_seq));
    json_object_set_new(object, "target_seq", json_integer((json_int_t)exposure->target_seq));
    json_object_set_new(object, "time", output_json_time(exposure->recall_time_ms));
    json_object_set_new(object, "devices", json_integer(totals->devices));
    json_object_set_new(object, "pushed", json_integer(totals->pushed));
    json_object_set_new(object, "stored", json_integer(totals->stored));
    json_object_set_new(object, "displayed", json_integer(totals->displayed));
    json_object_set_new(object, "applied", json_integer(totals->applied));
    json_object_set_new(object, "outstanding", json_integer(totals->outstanding));
    json_object_set_new(object, "receipts_signed", json_integer(totals->receipts_signed));
    json_object_set_new(object, "receipts_unsigned", json_integer(totals->receipts_unsigned));
    output_object(file, object);
}

static void device_print(FILE *file, const struct unsay_device_exposure *device)
{
    char time[OUTPUT_TIME_BYTES] = "";
    if (device->applied_ms != 0)
        output_rfc3339(device->applied_ms, time);
    fprintf(file, "%-16s %-16s %-10s %-12s %-9s %s\n", device->user,
            *device->device == 0 ? "-" : device->device, name_of_reach(device->reach),
            device->is_applied ? "applied" : "not applied", name_of_receipt(device->receipt), time);
}

static void device_print_json(FILE *file, const struct unsay_device_exposure *device)
{
    json_t *object = json_object();
    json_object_set_new(object, "kind", json_string("device"));
    json_object_set_new(object, "user", json_string(device->user));
    json_object_set_new(object, "device", output_json_text(device->device));
    json_object_set_new(object, "reach", json_string(name_of_reach(device->reach)));
    json_object_set_new(object, "since", output_json_time(device->since_ms));
    json_object_set_new(object, "applied", json_boolean(device->is_applied));
    json_object_set_new(object, "applied_time", output_json_time(device->applied_ms));
    json_object_set_new(object, "receipt", json_string(name_of_receipt(device->receipt)));
    output_object(file, object);
}

static void page_answer(void *context, const struct unsay_error *error,
                        const struct unsay_exposure *exposure)
{
    struct page *page = context;
    FILE *file = exposure == NULL ? NULL : open_memstream(&page->text, &page->text_bytes);
    if (file != NULL) {
        if (exposure->totals != NULL)
            (page->is_json ? totals_print_json : totals_print)(file, exposure);
        for (size_t i = 0; i < exposure->count; i++)
            (page->is_json ? device_print_json : device_print)(file, &exposure->devices[i]);
        fclose(file);
    }
    if (exposure != NULL) {
        page->has_more = exposure->more && exposure->count > 0;
        const struct unsay_device_exposure *last =
            page->has_more ? &exposure->devices[exposure->count - 1] : NULL;
        snprintf(page->user, sizeof(page->user), "%s", last == NULL ? "" : last->user);
        snprintf(page->device, sizeof(page->device), "%s", last == NULL ? "" : last->device);
    }
    question_answer(&page->question, error);
}

static int exposure_run(struct page *page, struct session *session, const char *conversation,
                        uint64_t seq)
{
    int exit_status = session_connect(session);
    struct unsay_exposure_query query = {.conversation = conversation, .seq = seq};
    do {
        if (exit_status != COMMAND_OK)
            return exit_status;
        question_init(&page->question, session);
        exit_status = question_await(&page->question,
                                     unsay_exposure(session->client, &query, page_answer, page));
        if (page->text != NULL)
            fwrite(page->text, 1, page->text_bytes, stdout);
        free(page->text);
        page->text = NULL;
        query.after = (struct unsay_device_name){page->user, page->device};
    } while (page->has_more && fflush(stdout) == 0);
    return exit_status;
}

int command_exposure(int argc, char **argv)
{
    static const struct option choices[] = {{"help", no_argument, NULL, 'h'}, OPTIONS_CLIENT, {0}};
    struct options options;
    struct session session;
    struct page page = {.text = NULL};
    uint64_t seq = 0;
    options_init(&options, "exposure", &help, 10000);
    if (options_next(&options, argc, argv, choices) == OPTION_STOP)
        return options.exit_status;
    if (argc - optind != 2 || !id_is_conversation(view_of(argv[optind])) ||
        !options_number(argv[optind + 1], 1, INT64_MAX, &seq))
        return options_wrong(&options, "give a conversation and the number of a recall");
    if (!options_finish(&options))
        return options.exit_status;
    int exit_status = session_open(&session, &options, NULL);
    if (exit_status != COMMAND_OK)
        return exit_status;
    page.is_json = options.is_json;
    exit_status = exposure_run(&page, &session, argv[optind], seq);
    session_close(&session);
    return exit_status;
}
