#include "cli/attempts.h"

#include "base/limits.h"
#include "cli/command.h"
#include "cli/names.h"
#include "cli/output.h"
#include "core/hlc.h"
#include "core/refusal.h"

#include <inttypes.h>
#include <string.h>

void attempts_init(struct attempts *attempts, struct session *session,
                   const struct unsay_recalls_query *query)
{
    *attempts = (struct attempts){.query = *query};
    attempts->question.session = session;
    arena_init(&attempts->arena);
}

void attempts_fini(struct attempts *attempts)
{
    arena_fini(&attempts->arena);
}

static const char *attempts_text(struct attempts *attempts, const char *text)
{
    return arena_text(&attempts->arena, view_of(text));
}

static void attempts_keep(struct attempts *attempts, struct unsay_recall_entry *entry)
{
    entry->conversation = attempts_text(attempts, entry->conversation);
    entry->target_sender = attempts_text(attempts, entry->target_sender);
    entry->operator_user = attempts_text(attempts, entry->operator_user);
    entry->device = attempts_text(attempts, entry->device);
    entry->address = attempts_text(attempts, entry->address);
    entry->request_id =
        arena_copy(&attempts->arena, view_make(entry->request_id, entry->request_id_bytes)).data;
    entry->rule = attempts_text(attempts, entry->rule);
    entry->refusal = attempts_text(attempts, entry->refusal);
    entry->region = attempts_text(attempts, entry->region);
}

static void attempts_answer(void *context, const struct unsay_error *error,
                            const struct unsay_recall_page *page)
{
    struct attempts *attempts = context;
    if (page != NULL) {
        attempts->count = page->count;
        attempts->entries = arena_alloc(&attempts->arena, page->count * sizeof(*attempts->entries));
        for (size_t i = 0; i < page->count; i++) {
            attempts->entries[i] = page->entries[i];
            attempts_keep(attempts, &attempts->entries[i]);
        }
        attempts->query.before = page->next;
        attempts->is_last = page->next == 0;
    }
    question_answer(&attempts->question, error);
}

int attempts_next(struct attempts *attempts, const struct unsay_recall_entry **entry)
{
    *entry = NULL;
    while (attempts->at == attempts->count && !attempts->is_last) {
        struct session *session = attempts->question.session;
        arena_reset(&attempts->arena);
        attempts->at = attempts->count = 0;
        question_init(&attempts->question, session);
        int exit_status = question_await(
            &attempts->question,
            unsay_list_recalls(session->client, &attempts->query, attempts_answer, attempts));
        if (exit_status != COMMAND_OK)
            return exit_status;
    }
    if (attempts->at < attempts->count)
        *entry = &attempts->entries[attempts->at++];
    return COMMAND_OK;
}

static Unsay__V1__RecallOutcome outcome_to_audit(enum unsay_outcome outcome)
{
    static const Unsay__V1__RecallOutcome outcomes[] = {
        [UNSAY_OUTCOME_RECALLED] = WIRE(RECALL_OUTCOME, RECALLED),
        [UNSAY_OUTCOME_ALREADY_RECALLED] = WIRE(RECALL_OUTCOME, ALREADY_RECALLED),
        [UNSAY_OUTCOME_PENDING] = WIRE(RECALL_OUTCOME, PENDING),
        [UNSAY_OUTCOME_REFUSED] = WIRE(RECALL_OUTCOME, REFUSED),
    };
    return (size_t)outcome < sizeof(outcomes) / sizeof(outcomes[0])
               ? outcomes[outcome]
               : WIRE(RECALL_OUTCOME, UNSPECIFIED);
}

void attempt_to_audit(const struct unsay_recall_entry *entry, wire_audit_entry *audit)
{
    refusal_code refusal;
    bool is_refused = refusal_parse(entry->refusal, &refusal);
    unsay__v1__audit_entry__init(audit);
    audit->kind =
        entry->is_on_arrival ? WIRE(AUDIT_KIND, RECALL_ON_ARRIVAL) : WIRE(AUDIT_KIND, RECALL);
    audit->time = entry->time_ms;
    audit->conversation = string_of(entry->conversation);
    audit->origin = entry->origin;
    audit->target_seq = entry->target_seq;
    audit->target_sender = string_of(entry->target_sender);
    audit->content_type = (Unsay__V1__ContentType)entry->content_type;
    audit->target_time = hlc_of(entry->target_time_ms);
    audit->operator_ = string_of(entry->operator_user);
    audit->actor = (Unsay__V1__Actor)entry->actor;
    audit->target_role = (Unsay__V1__Role)entry->target_role;
    audit->rule = string_of(entry->rule);
    audit->policy = bytes_of(view_make(entry->policy_version, sizeof(entry->policy_version)));
    audit->outcome = outcome_to_audit(entry->outcome);
    audit->refusal = is_refused ? (uint32_t)refusal : 0;
    audit->recall_seq = entry->recall_seq;
    audit->clock_unsure = entry->is_clock_unsure;
    audit->conversation_type = (Unsay__V1__ConversationType)entry->conversation_type;
    audit->capacities = entry->capacities;
    audit->region = string_of(entry->region);
    audit->delivery = (Unsay__V1__DeliveryState)entry->delivery;
    audit->delivered_ms = entry->delivered_ms;
    audit->delivered_all_ms = entry->delivered_all_ms;
}

void attempt_print(FILE *file, const struct unsay_recall_entry *entry)
{
    char time[OUTPUT_TIME_BYTES];
    output_rfc3339(entry->time_ms, time);
    fprintf(file, "%" PRIu64 "  %s  %s #%" PRIu64 " of %s: %s by %s (%s)", entry->index, time,
            entry->conversation, entry->target_seq,
            *entry->target_sender == 0 ? "?" : entry->target_sender,
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
static json_t *attempt_request_id(const struct unsay_recall_entry *entry)
{
    json_t *text = json_stringn((const char *)entry->request_id, entry->request_id_bytes);
    return text != NULL ? text : bytes_hex(entry->request_id, entry->request_id_bytes);
}

static json_t *number_or_null(uint64_t number)
{
    return number == 0 ? json_null() : json_integer((json_int_t)number);
}

static json_t *name_or_null(unsigned value, const char *name)
{
    return value == 0 ? json_null() : json_string(name);
}

static json_t *attempt_capacities(const struct unsay_recall_entry *entry)
{
    json_t *list = json_array();
    for (unsigned actor = 1; actor < 32; actor++)
        if ((entry->capacities & UINT32_C(1) << actor) != 0)
            json_array_append_new(list, json_string(name_of_actor((enum unsay_actor)actor)));
    return list;
}

#define SET(name, value) json_object_set_new(object, name, value)

static void attempt_add_facts(const struct unsay_recall_entry *entry, json_t *object)
{
    SET("conversation_type",
        name_or_null(entry->conversation_type, name_of_conversation(entry->conversation_type)));
    SET("capacities", attempt_capacities(entry));
    SET("region", output_json_text(entry->region));
    SET("delivery", name_or_null(entry->delivery, name_of_delivery(entry->delivery)));
    SET("delivered", output_json_time(entry->delivered_ms));
    SET("delivered_to_all", output_json_time(entry->delivered_all_ms));
    SET("clock_unsure", json_boolean(entry->is_clock_unsure));
}

json_t *attempt_to_json(const struct unsay_recall_entry *entry)
{
    json_t *object = json_object();
    SET("index", json_integer((json_int_t)entry->index));
    SET("time", output_json_time(entry->time_ms));
    SET("conversation", json_string(entry->conversation));
    SET("origin", json_integer(entry->origin));
    SET("target_seq", number_or_null(entry->target_seq));
    SET("target_message_id", output_id(entry->target_message_id));
    SET("target_sender", output_json_text(entry->target_sender));
    SET("content_type",
        name_or_null(entry->content_type, name_of_content_type(entry->content_type)));
    SET("target_time", output_json_time(entry->target_time_ms));
    SET("operator", json_string(entry->operator_user));
    SET("actor", name_or_null(entry->actor, name_of_actor(entry->actor)));
    SET("target_role", json_string(name_of_role(entry->target_role)));
    SET("device", output_json_text(entry->device));
    SET("address", output_json_text(entry->address));
    SET("request_id", attempt_request_id(entry));
    SET("rule", output_json_text(entry->rule));
    SET("policy", bytes_hex(entry->policy_version, sizeof(entry->policy_version)));
    SET("outcome", name_or_null(entry->outcome, name_of_outcome(entry->outcome)));
    SET("refusal", output_json_text(entry->refusal));
    SET("recall_seq", number_or_null(entry->recall_seq));
    SET("on_arrival", json_boolean(entry->is_on_arrival));
    attempt_add_facts(entry, object);
    return object;
}
