#include "cli/command.h"
#include "cli/names.h"
#include "cli/output.h"
#include "cli/session.h"
#include "cli/when.h"
#include "core/ids.h"
#include "unsay/operator.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
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
             "audit log has them. With the system or compliance role, everybody's; else yours.\n",
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

/* A page: its entries as the text that will be printed, written on the SDK's thread. */
struct page {
    struct question question;
    bool is_json;
    char *text; /* owned; NULL when not asked for */
    size_t text_bytes;
    uint64_t count;
    uint64_t next;
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

static void entry_print(FILE *file, const struct unsay_recall_entry *entry)
{
    char time[OUTPUT_TIME_BYTES];
    output_rfc3339(entry->time_ms, time);
    fprintf(file, "%s  %s #%" PRIu64 " of %s: %s by %s (%s)", time, entry->conversation,
            entry->target_seq, *entry->target_sender == 0 ? "?" : entry->target_sender,
            name_of_outcome(entry->outcome), entry->operator_user, name_of_actor(entry->actor));
    if (*entry->refusal != 0)
        fprintf(file, ", %s", entry->refusal);
    if (*entry->rule != 0)
        fprintf(file, ", rule %s", entry->rule);
    fputc('\n', file);
}

static json_t *bytes_hex(const uint8_t *bytes, size_t size)
{
    char text[2 * LIMIT_REQUEST_ID_BYTES_MAX + 1] = "";
    for (size_t i = 0; i < size && 2 * i + 2 < sizeof(text); i++)
        snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    return json_string(text);
}

/* A request id is bytes; most are text. */
static json_t *entry_request_id(const struct unsay_recall_entry *entry)
{
    json_t *text = json_stringn((const char *)entry->request_id, entry->request_id_bytes);
    return text != NULL ? text : bytes_hex(entry->request_id, entry->request_id_bytes);
}

static json_t *number_or_null(uint64_t number)
{
    return number == 0 ? json_null() : json_integer((json_int_t)number);
}

static void entry_print_json(FILE *file, const struct unsay_recall_entry *entry)
{
    json_t *object = json_object();
    json_object_set_new(object, "index", json_integer((json_int_t)entry->index));
    json_object_set_new(object, "time", output_json_time(entry->time_ms));
    json_object_set_new(object, "conversation", json_string(entry->conversation));
    json_object_set_new(object, "origin", json_integer(entry->origin));
    json_object_set_new(object, "target_seq", number_or_null(entry->target_seq));
    json_object_set_new(object, "target_message_id", output_id(entry->target_message_id));
    json_object_set_new(object, "target_sender", output_json_text(entry->target_sender));
    json_object_set_new(object, "content_type",
                        entry->content_type == 0
                            ? json_null()
                            : json_string(name_of_content_type(entry->content_type)));
    json_object_set_new(object, "target_time", output_json_time(entry->target_time_ms));
    json_object_set_new(object, "operator", json_string(entry->operator_user));
    json_object_set_new(object, "actor",
                        entry->actor == 0 ? json_null() : json_string(name_of_actor(entry->actor)));
    json_object_set_new(object, "target_role", json_string(name_of_role(entry->target_role)));
    json_object_set_new(object, "device", output_json_text(entry->device));
    json_object_set_new(object, "address", output_json_text(entry->address));
    json_object_set_new(object, "request_id", entry_request_id(entry));
    json_object_set_new(object, "rule", output_json_text(entry->rule));
    json_object_set_new(object, "policy",
                        bytes_hex(entry->policy_version, sizeof(entry->policy_version)));
    json_object_set_new(object, "outcome",
                        entry->outcome == 0 ? json_null()
                                            : json_string(name_of_outcome(entry->outcome)));
    json_object_set_new(object, "refusal", output_json_text(entry->refusal));
    json_object_set_new(object, "recall_seq", number_or_null(entry->recall_seq));
    json_object_set_new(object, "clock_unsure", json_boolean(entry->is_clock_unsure));
    json_object_set_new(object, "on_arrival", json_boolean(entry->is_on_arrival));
    output_object(file, object);
}

static void page_answer(void *context, const struct unsay_error *error,
                        const struct unsay_recall_page *answer)
{
    struct page *page = context;
    FILE *file = answer == NULL ? NULL : open_memstream(&page->text, &page->text_bytes);
    if (file != NULL) {
        for (size_t i = 0; i < answer->count; i++)
            (page->is_json ? entry_print_json : entry_print)(file, &answer->entries[i]);
        fclose(file);
    }
    page->count = answer == NULL ? 0 : answer->count;
    page->next = answer == NULL ? 0 : answer->next;
    question_answer(&page->question, error);
}

static int recalls_run(struct page *page, struct session *session, struct choice *choice)
{
    int exit_status = session_connect(session);
    while (exit_status == COMMAND_OK && choice->limit > 0) {
        choice->query.limit =
            choice->limit < LIMIT_PAGE_EVENTS_MAX ? (uint32_t)choice->limit : LIMIT_PAGE_EVENTS_MAX;
        question_init(&page->question, session);
        exit_status =
            question_await(&page->question,
                           unsay_list_recalls(session->client, &choice->query, page_answer, page));
        if (page->text != NULL)
            fwrite(page->text, 1, page->text_bytes, stdout);
        free(page->text);
        page->text = NULL;
        choice->limit -= page->count < choice->limit ? page->count : choice->limit;
        choice->query.before = page->next;
        if (page->next == 0 || fflush(stdout) != 0)
            break;
    }
    return exit_status;
}

int command_recalls(int argc, char **argv)
{
    struct options options;
    struct session session;
    struct page page = {.text = NULL};
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
    page.is_json = options.is_json;
    exit_status = recalls_run(&page, &session, &choice);
    session_close(&session);
    return exit_status;
}
