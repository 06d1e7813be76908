/* operator.h: for those who answer for what was taken back. */
#include "client/ask.h"
#include "client/convert.h"
#include "core/ids.h"
#include "core/refusal.h"

static const char *text_or_empty(const char *text)
{
    return text == NULL ? "" : text;
}

enum unsay_result unsay_recall_range(struct unsay *client, const struct unsay_recall_range *range,
                                     unsay_range_fn *callback, void *context)
{
    if (range == NULL || !id_is_conversation(view_of(range->conversation)) ||
        !id_is_user(view_of(range->user)) || !ask_is_request_id(range->request_id) ||
        !ask_is_reason(range->reason) ||
        (range->until_ms != 0 && range->until_ms <= range->from_ms))
        return UNSAY_INVALID;
    wire_recall_range wire = UNSAY__V1__RECALL_RANGE__INIT;
    wire.conversation = string_of(range->conversation);
    wire.user = string_of(range->user);
    wire.from_ms = range->from_ms;
    wire.until_ms = range->until_ms;
    wire.request_id = bytes_of(view_of(range->request_id));
    wire.reason = string_of(text_or_empty(range->reason));
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    frame.body_case = CLIENT_FRAME(RECALL_RANGE);
    frame.recall_range = &wire;
    struct request *request = ask_new(REQUEST_RANGE, &frame, ASK_TIMEOUT_MS, context);
    request->callback.range = callback;
    return ask(client, request, false);
}

enum unsay_result unsay_exposure(struct unsay *client, const struct unsay_exposure_query *query,
                                 unsay_exposure_fn *callback, void *context)
{
    if (query == NULL || !id_is_conversation(view_of(query->conversation)) || query->seq == 0 ||
        query->limit > LIMIT_PAGE_EVENTS_MAX ||
        (query->after.user != NULL && !id_is_user(view_of(query->after.user))))
        return UNSAY_INVALID;
    wire_device_name after = UNSAY__V1__DEVICE_NAME__INIT;
    after.user = string_of(text_or_empty(query->after.user));
    after.device = string_of(text_or_empty(query->after.device));
    wire_read_exposure wire = UNSAY__V1__READ_EXPOSURE__INIT;
    wire.conversation = string_of(query->conversation);
    wire.origin = origin_or_default(query->origin);
    wire.recall_seq = query->seq;
    wire.after = query->after.user == NULL ? NULL : &after;
    wire.limit = query->limit;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    frame.body_case = CLIENT_FRAME(READ_EXPOSURE);
    frame.read_exposure = &wire;
    struct request *request = ask_new(REQUEST_EXPOSURE, &frame, ASK_TIMEOUT_MS, context);
    request->callback.exposure = callback;
    return ask(client, request, false);
}

static Unsay__V1__RecallOutcome outcome_to_wire(enum unsay_outcome outcome)
{
    static const Unsay__V1__RecallOutcome table[] = {
        WIRE(RECALL_OUTCOME, UNSPECIFIED),
        [UNSAY_OUTCOME_RECALLED] = WIRE(RECALL_OUTCOME, RECALLED),
        [UNSAY_OUTCOME_ALREADY_RECALLED] = WIRE(RECALL_OUTCOME, ALREADY_RECALLED),
        [UNSAY_OUTCOME_PENDING] = WIRE(RECALL_OUTCOME, PENDING),
        [UNSAY_OUTCOME_REFUSED] = WIRE(RECALL_OUTCOME, REFUSED),
    };
    return table[outcome];
}

enum unsay_result unsay_list_recalls(struct unsay *client, const struct unsay_recalls_query *query,
                                     unsay_recalls_fn *callback, void *context)
{
    refusal_code refusal = REFUSAL_NONE;
    if (query == NULL || query->limit > LIMIT_PAGE_EVENTS_MAX ||
        query->outcome > UNSAY_OUTCOME_REFUSED ||
        (query->refusal != NULL && !refusal_parse(query->refusal, &refusal)) ||
        !ask_is_reason(query->reason) ||
        (query->operator_user != NULL && !id_is_user(view_of(query->operator_user))) ||
        (query->conversation != NULL && !id_is_conversation(view_of(query->conversation))))
        return UNSAY_INVALID;
    wire_list_recalls wire = UNSAY__V1__LIST_RECALLS__INIT;
    wire.from_ms = query->from_ms;
    wire.until_ms = query->until_ms;
    wire.operator_ = string_of(text_or_empty(query->operator_user));
    wire.conversation = string_of(text_or_empty(query->conversation));
    wire.outcome = outcome_to_wire(query->outcome);
    wire.refusal = refusal;
    wire.reason = string_of(text_or_empty(query->reason));
    wire.before = query->before;
    wire.limit = query->limit;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    frame.body_case = CLIENT_FRAME(LIST_RECALLS);
    frame.list_recalls = &wire;
    struct request *request = ask_new(REQUEST_RECALLS, &frame, ASK_TIMEOUT_MS, context);
    request->callback.recalls = callback;
    return ask(client, request, false);
}

enum unsay_result unsay_open_evidence(struct unsay *client, const char *conversation,
                                      uint32_t origin, uint64_t target_seq,
                                      unsay_evidence_fn *callback, void *context)
{
    if (!id_is_conversation(view_of(conversation)) || target_seq == 0)
        return UNSAY_INVALID;
    wire_open_evidence wire = UNSAY__V1__OPEN_EVIDENCE__INIT;
    wire.conversation = string_of(conversation);
    wire.origin = origin_or_default(origin);
    wire.target_seq = target_seq;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    frame.body_case = CLIENT_FRAME(OPEN_EVIDENCE);
    frame.open_evidence = &wire;
    struct request *request = ask_new(REQUEST_EVIDENCE, &frame, ASK_TIMEOUT_MS, context);
    request->callback.evidence = callback;
    return ask(client, request, false);
}

enum unsay_result unsay_policy(struct unsay *client, enum unsay_policy_action action,
                               const uint8_t version[32], unsay_policy_fn *callback, void *context)
{
    enum { VERSION_BYTES = sizeof(((struct unsay_policy_version *)NULL)->version) };
    if (action > UNSAY_POLICY_RELOAD)
        return UNSAY_INVALID;
    wire_policy_request wire = UNSAY__V1__POLICY_REQUEST__INIT;
    wire.action = (Unsay__V1__PolicyAction)action;
    if (version != NULL)
        wire.version = bytes_of(view_make(version, VERSION_BYTES));
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    frame.body_case = CLIENT_FRAME(POLICY);
    frame.policy = &wire;
    struct request *request = ask_new(REQUEST_POLICY, &frame, ASK_TIMEOUT_MS, context);
    request->callback.policy = callback;
    return ask(client, request, false);
}
