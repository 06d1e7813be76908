/* What those ask who answer for recalls: ranges, exposure, evidence, attempts, policies. */
#include "scenario.h"
#include "shown.h"

#include <inttypes.h>

enum { START_MS_HIGH = 1700000000 };

/* Unix milliseconds of a time that counts from the start of the scenario; 0 where it is not given.
 */
static uint64_t time_option(const struct words *words, const char *option)
{
    const char *word = option_of(words, option);
    return word == NULL ? 0 : (uint64_t)START_MS_HIGH * 1000 + duration_of(word);
}

static const char *text_option(const struct words *words, const char *option)
{
    const char *word = option_of(words, option);
    return word == NULL ? "" : word;
}

static void operator_range(struct device *device, const struct words *words)
{
    wire_recall_range range = UNSAY__V1__RECALL_RANGE__INIT;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    char conversation[65];
    shown_parse_conversation(word_at(words, 0), conversation);
    range.conversation = conversation;
    char request_id[100];
    snprintf(request_id, sizeof(request_id), "%s", word_at(words, 1));
    if (strcmp(request_id, "r+") == 0)
        snprintf(request_id, sizeof(request_id), "r+%" PRIu64, the.fresh_id++);
    range.request_id = bytes_of(view_of(request_id));
    range.user = string_of(word_at(words, 2));
    range.from_ms = time_option(words, "from");
    range.until_ms = time_option(words, "until");
    range.reason = string_of(text_option(words, "reason"));
    frame.body_case = CLIENT_FRAME(RECALL_RANGE);
    frame.recall_range = &range;
    request(device, &frame);
}

static void operator_exposure(struct device *device, const struct words *words)
{
    wire_read_exposure read = UNSAY__V1__READ_EXPOSURE__INIT;
    wire_device_name after = UNSAY__V1__DEVICE_NAME__INIT;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    char conversation[65];
    shown_parse_conversation(word_at(words, 0), conversation);
    read.conversation = conversation;
    read.recall_seq = number_of(word_at(words, 1));
    read.limit = (uint32_t)number_option(words, "limit");
    if (option_of(words, "after") != NULL) {
        after.user = string_of(option_of(words, "after"));
        after.device = string_of(option_of(words, after.user));
        read.after = &after;
    }
    frame.body_case = CLIENT_FRAME(READ_EXPOSURE);
    frame.read_exposure = &read;
    request(device, &frame);
}

static void operator_evidence(struct device *device, const struct words *words)
{
    wire_open_evidence open = UNSAY__V1__OPEN_EVIDENCE__INIT;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    char conversation[65];
    shown_parse_conversation(word_at(words, 0), conversation);
    open.conversation = conversation;
    open.target_seq = number_of(word_at(words, 1));
    open.origin = (uint32_t)number_option(words, "origin");
    frame.body_case = CLIENT_FRAME(OPEN_EVIDENCE);
    frame.open_evidence = &open;
    request(device, &frame);
}

static Unsay__V1__RecallOutcome outcome_of(const char *name)
{
    static const char *const names[] = {"", "recalled", "already_recalled", "pending", "refused"};
    for (int i = 0; i <= (int)WIRE(RECALL_OUTCOME, REFUSED); i++) {
        if (strcmp(names[i], name) == 0)
            return (Unsay__V1__RecallOutcome)i;
    }
    fail("no outcome", name);
}

static void operator_list_recalls(struct device *device, const struct words *words)
{
    wire_list_recalls list = UNSAY__V1__LIST_RECALLS__INIT;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    char conversation[65] = "";
    if (option_of(words, "conversation") != NULL)
        shown_parse_conversation(option_of(words, "conversation"), conversation);
    list.conversation = conversation;
    list.operator_ = string_of(text_option(words, "operator"));
    list.outcome = outcome_of(text_option(words, "outcome"));
    list.before = number_option(words, "before");
    list.limit = (uint32_t)number_option(words, "limit");
    frame.body_case = CLIENT_FRAME(LIST_RECALLS);
    frame.list_recalls = &list;
    request(device, &frame);
}

static void operator_policy(struct device *device, const struct words *words)
{
    wire_policy_request policy = UNSAY__V1__POLICY_REQUEST__INIT;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    const char *action = word_at(words, 0);
    if (strcmp(action, "reload") == 0)
        policy.action = WIRE(POLICY_ACTION, RELOAD);
    else if (strcmp(action, "list") == 0)
        policy.action = WIRE(POLICY_ACTION, LIST);
    else if (strcmp(action, "get") != 0)
        fail("policy get, list or reload", action);
    frame.body_case = CLIENT_FRAME(POLICY);
    frame.policy = &policy;
    request(device, &frame);
}

static const struct operator_step {
    const char *verb;
    void (*run)(struct device *device, const struct words *words);
} operator_steps[] = {
    {"recall-range", operator_range}, {"exposure", operator_exposure},
    {"evidence", operator_evidence},  {"list-recalls", operator_list_recalls},
    {"policy", operator_policy},
};

bool run_operator_step(const char *verb, struct words words, const char *device)
{
    for (size_t i = 0; i < sizeof(operator_steps) / sizeof(operator_steps[0]); i++) {
        if (strcmp(operator_steps[i].verb, verb) == 0) {
            operator_steps[i].run(find_device(device), &words);
            return true;
        }
    }
    return false;
}
