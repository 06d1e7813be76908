/* Why an attempt to take something back was decided as it was. */
#include "base/limits.h"
#include "cli/attempts.h"
#include "cli/command.h"
#include "cli/names.h"
#include "cli/output.h"
#include "cli/policy.h"
#include "cli/policy_source.h"
#include "cli/text.h"
#include "core/hlc.h"
#include "core/ids.h"
#include "core/policy_record.h"
#include "core/policy_words.h"

#include <inttypes.h>
#include <string.h>

enum { OPTION_CONVERSATION = 1, OPTION_REQUEST_ID, LINE_BYTES = 512 };

static const struct help help = {
    .usage = "policy explain [OPTION...] INDEX\n"
             "policy explain [OPTION...] CONV SEQ\n"
             "policy explain [OPTION...] --conversation CONV --request-id ID\n",
    .about =
        "Tells why an attempt to take something back was decided as it was: who, in which\n"
        "capacities, what, when, the policy that judged it, each rule that did not match and\n"
        "why, and the one that decided. The policy is asked again, by the facts on record, and\n"
        "must give the same answer; the exit status is 1 when it does not.\n"
        "INDEX is the number of its entry in the audit log, as \"unsay recalls list\" shows it.\n"
        "CONV SEQ are all attempts on a message, or the one that became this recall; a request\n"
        "id all that it asked for; latest first. For the system and compliance roles.\n",
    .options = "  --conversation CONV  with --request-id: where\n"
               "  --request-id ID    what was asked with this id\n",
    .example = "  unsay policy explain 1042\n"
               "  unsay policy explain \"$C\" 5 --json | jq .judged.why\n",
    .is_client = true,
};

/* Which attempts are meant. */
struct wanted {
    const char *conversation; /* NULL: by index */
    uint64_t index;
    uint64_t seq;
    const char *request_id; /* NULL: by seq */
};

/* What is known of one of them. */
struct explained {
    const struct unsay_recall_entry *entry;
    enum policy_record_state state;
    enum policy_lack lack;
    bool is_reproduced;
    struct policy_record record;
    const struct policy *policy; /* NULL: not asked again */
    struct policy_verdict verdict;
};

/* ---- For people ---- */

static void line(enum text text, const char *first, const char *second)
{
    text_write(stdout, text, first, second);
    putchar('\n');
}

/* A point in time, and how long before the decision that was. */
static void line_time(enum text text, uint64_t time_ms, uint64_t now_ms)
{
    char time[OUTPUT_TIME_BYTES];
    char elapsed[POLICY_ELAPSED_TEXT_BYTES];
    output_rfc3339(time_ms, time);
    policy_elapsed_write(now_ms > time_ms ? now_ms - time_ms : 0, elapsed);
    line(text, time, elapsed);
}

static void print_who(const struct unsay_recall_entry *entry)
{
    char capacities[POLICY_LIST_TEXT_BYTES];
    char id[LIMIT_REQUEST_ID_BYTES_MAX + 1];
    policy_words_list(POLICY_WORDS_ACTOR, entry->capacities, capacities);
    if (entry->capacities == 0)
        line(TEXT_EXPLAIN_OPERATOR_ONLY, entry->operator_user, NULL);
    else
        line(TEXT_EXPLAIN_OPERATOR, entry->operator_user, capacities);
    line(TEXT_EXPLAIN_FROM, entry->device, entry->address);
    snprintf(id, sizeof(id), "%.*s", (int)entry->request_id_bytes, entry->request_id);
    line(TEXT_EXPLAIN_REQUEST, id, NULL);
}

static void print_what(const struct unsay_recall_entry *entry)
{
    char place[LINE_BYTES];
    char kind[64];
    snprintf(place, sizeof(place), "%s #%" PRIu64, entry->conversation, entry->target_seq);
    snprintf(kind, sizeof(kind), "%s, %s", name_of_conversation(entry->conversation_type),
             name_of_content_type(entry->content_type));
    line(TEXT_EXPLAIN_MESSAGE, place, kind);
    if (*entry->target_sender == 0)
        return;
    line(TEXT_EXPLAIN_AUTHOR, entry->target_sender,
         entry->target_role == UNSAY_ROLE_NONE ? "former" : name_of_role(entry->target_role));
    line_time(TEXT_EXPLAIN_SENT, entry->target_time_ms, entry->time_ms);
    if (entry->delivery == UNSAY_DELIVERY_UNKNOWN)
        return;
    line(TEXT_EXPLAIN_DELIVERY, name_of_delivery(entry->delivery), NULL);
    if (entry->delivered_ms != 0)
        line_time(TEXT_EXPLAIN_DELIVERED, entry->delivered_ms, entry->time_ms);
    if (entry->delivered_all_ms != 0)
        line_time(TEXT_EXPLAIN_DELIVERED_ALL, entry->delivered_all_ms, entry->time_ms);
}

static void print_outcome(const struct unsay_recall_entry *entry)
{
    char version[2 * POLICY_VERSION_BYTES + 1];
    policy_version_write(entry->policy_version, version);
    if (*entry->region != 0)
        line(TEXT_EXPLAIN_REGION, entry->region, NULL);
    if (entry->is_clock_unsure)
        line(TEXT_EXPLAIN_CLOCK_UNSURE, NULL, NULL);
    line(TEXT_EXPLAIN_POLICY, version, NULL);
    line(*entry->refusal == 0 ? TEXT_EXPLAIN_OUTCOME : TEXT_EXPLAIN_OUTCOME_WHY,
         name_of_outcome(entry->outcome), entry->refusal);
}

static void print_verdict(const struct explained *explained)
{
    const struct policy_record *record = &explained->record;
    char told[LINE_BYTES];
    putchar('\n');
    if (explained->state == POLICY_RECORD_NOT_ASKED)
        line(TEXT_EXPLAIN_NOT_ASKED, NULL, NULL);
    if (explained->state == POLICY_RECORD_INCOMPLETE)
        line(TEXT_EXPLAIN_INCOMPLETE, NULL, NULL);
    if (explained->lack != POLICY_LACKS_NOTHING)
        line(TEXT_EXPLAIN_LACKS,
             text_of(explained->lack == POLICY_LACKS_CLOCK ? TEXT_DIFF_LACKS_CLOCK
                                                           : TEXT_DIFF_LACKS_DELIVERY),
             NULL);
    if (explained->policy == NULL)
        return;
    policy_verdict_print(stdout, explained->policy, &record->facts, &explained->verdict);
    if (strcmp(explained->entry->refusal, refusal_name(REFUSAL_CODE(CONDITION_NOT_MET))) == 0)
        line(TEXT_EXPLAIN_CONDITION, NULL, NULL);
    putchar('\n');
    if (explained->is_reproduced) {
        line(TEXT_EXPLAIN_AGREES, NULL, NULL);
        return;
    }
    snprintf(told, sizeof(told), "%s%s%s, %s, %s", name_of_outcome(explained->entry->outcome),
             record->refusal == REFUSAL_NONE ? "" : " ", refusal_name(record->refusal),
             *record->rule == 0 ? "-" : record->rule, name_of_actor(explained->entry->actor));
    line(TEXT_EXPLAIN_CONTRADICTS, told, NULL);
}

static void explained_print(const struct explained *explained)
{
    const struct unsay_recall_entry *entry = explained->entry;
    char index[24];
    char time[OUTPUT_TIME_BYTES];
    snprintf(index, sizeof(index), "%" PRIu64, entry->index);
    output_rfc3339(entry->time_ms, time);
    line(TEXT_EXPLAIN_ATTEMPT, index, time);
    if (entry->is_on_arrival)
        line(TEXT_EXPLAIN_ON_ARRIVAL, NULL, NULL);
    print_who(entry);
    print_what(entry);
    print_outcome(entry);
    print_verdict(explained);
}

/* ---- For scripts ---- */

static const char *why_not_judged(const struct explained *explained)
{
    static const char *const lacks[] = {[POLICY_LACKS_NOTHING] = NULL,
                                        [POLICY_LACKS_DELIVERY] = "delivery_not_recorded",
                                        [POLICY_LACKS_CLOCK] = "clock_not_recorded"};
    return explained->state == POLICY_RECORD_NOT_ASKED    ? "not_asked"
           : explained->state == POLICY_RECORD_INCOMPLETE ? "not_recorded"
                                                          : lacks[explained->lack];
}

static json_t *explained_to_json(const struct explained *explained)
{
    json_t *object = attempt_to_json(explained->entry);
    bool is_judged = explained->policy != NULL;
    json_object_set_new(object, "judged",
                        is_judged
                            ? policy_verdict_to_json(explained->policy, &explained->record.facts,
                                                     &explained->verdict)
                            : json_null());
    json_object_set_new(object, "not_judged", output_json_text(why_not_judged(explained)));
    json_object_set_new(object, "reproduced",
                        is_judged ? json_boolean(explained->is_reproduced) : json_null());
    return object;
}

/* ---- One attempt ---- */

static int explain(struct policy_source *source, const struct unsay_recall_entry *entry,
                   bool is_json)
{
    struct explained explained = {.entry = entry};
    wire_audit_entry audit;
    attempt_to_audit(entry, &audit);
    explained.state = policy_record_read(&audit, &explained.record);
    if (explained.state == POLICY_RECORD_ASKED) {
        const struct policy *policy;
        int exit_status = policy_source_get(source, entry->policy_version, &policy);
        if (exit_status != COMMAND_OK)
            return exit_status;
        explained.lack = policy_record_judge(&explained.record, policy, policy, &explained.verdict);
        explained.is_reproduced = explained.lack == POLICY_LACKS_NOTHING &&
                                  policy_record_agrees(&explained.record, &explained.verdict);
        explained.policy = explained.lack == POLICY_LACKS_NOTHING ? policy : NULL;
    }
    if (is_json)
        output_object(stdout, explained_to_json(&explained));
    else
        explained_print(&explained);
    if (explained.policy == NULL || explained.is_reproduced)
        return COMMAND_OK;
    fprintf(stderr,
            "unsay policy: attempt %" PRIu64 ": the policy that is on record does not give the "
            "answer that is on record\n",
            entry->index);
    return COMMAND_REFUSED;
}

/* ---- Which ---- */

static bool is_wanted(const struct wanted *wanted, const struct unsay_recall_entry *entry)
{
    if (wanted->conversation == NULL)
        return entry->index == wanted->index;
    if (wanted->request_id == NULL)
        return entry->target_seq == wanted->seq || entry->recall_seq == wanted->seq;
    return view_equal(view_of(wanted->request_id),
                      view_make(entry->request_id, entry->request_id_bytes));
}

static int explain_all(struct attempts *attempts, struct policy_source *source,
                       const struct wanted *wanted, bool is_json)
{
    int worst = COMMAND_OK;
    uint64_t count = 0;
    const struct unsay_recall_entry *entry = NULL;
    do {
        int exit_status = attempts_next(attempts, &entry);
        if (exit_status != COMMAND_OK)
            return exit_status;
        if (entry == NULL || !is_wanted(wanted, entry))
            continue;
        if (count++ > 0 && !is_json)
            putchar('\n');
        exit_status = explain(source, entry, is_json);
        if (exit_status == COMMAND_UNREACHABLE)
            return exit_status;
        worst = exit_status == COMMAND_OK ? worst : exit_status;
    } while (entry != NULL && wanted->conversation != NULL && ferror(stdout) == 0);
    if (count > 0)
        return worst;
    fprintf(stderr, "unsay policy: there is no such attempt; what was committed within the last "
                    "half second may not be on record yet\n");
    return COMMAND_REFUSED;
}

static bool wanted_read(struct options *options, struct wanted *wanted, int argc, char **argv)
{
    static const struct option choices[] = {
        {"conversation", required_argument, NULL, OPTION_CONVERSATION},
        {"request-id", required_argument, NULL, OPTION_REQUEST_ID},
        {"help", no_argument, NULL, 'h'},
        OPTIONS_CLIENT,
        {0},
    };
    int option;
    while ((option = options_next(options, argc, argv, choices)) != OPTION_END) {
        if (option == OPTION_STOP)
            return false;
        if (option == OPTION_CONVERSATION)
            wanted->conversation = optarg;
        else
            wanted->request_id = optarg;
    }
    int words = argc - optind;
    bool is_valid;
    if (wanted->request_id != NULL) {
        is_valid = words == 0 && *wanted->request_id != 0;
    } else if (words == 2 && wanted->conversation == NULL) {
        wanted->conversation = argv[optind];
        is_valid = options_number(argv[optind + 1], 1, INT64_MAX, &wanted->seq);
    } else {
        is_valid = words == 1 && wanted->conversation == NULL &&
                   options_number(argv[optind], 0, INT64_MAX - 1, &wanted->index);
        if (is_valid)
            return true;
    }
    if (is_valid && wanted->conversation != NULL &&
        id_is_conversation(view_of(wanted->conversation)))
        return true;
    options->exit_status = options_wrong(
        options, "give the index of an attempt, or a conversation and the number of a message or "
                 "recall, or --conversation and --request-id");
    return false;
}

int policy_run_explain(int argc, char **argv)
{
    struct options options;
    struct session session;
    struct attempts attempts;
    struct policy_source source;
    struct wanted wanted = {.conversation = NULL};
    options_init(&options, "policy", &help, 10000);
    if (!wanted_read(&options, &wanted, argc, argv) || !options_finish(&options))
        return options.exit_status;
    int exit_status = session_open(&session, &options, NULL);
    if (exit_status != COMMAND_OK)
        return exit_status;
    struct unsay_recalls_query query = {.conversation = wanted.conversation};
    if (wanted.conversation == NULL)
        query = (struct unsay_recalls_query){.before = wanted.index + 1, .limit = 1};
    attempts_init(&attempts, &session, &query);
    policy_source_init(&source, &session);
    exit_status = session_connect(&session);
    if (exit_status == COMMAND_OK)
        exit_status = explain_all(&attempts, &source, &wanted, options.is_json);
    session_close(&session);
    policy_source_fini(&source);
    attempts_fini(&attempts);
    return exit_status;
}
