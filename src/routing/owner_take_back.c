#include "routing/owner_take_back.h"

#include "base/memory.h"
#include "core/frame.h"
#include "routing/worker.h"

static struct mail_take_back *owner_new_take_back(const struct forward_row *forward,
                                                  const wire_recall_request *request,
                                                  const struct author *author,
                                                  const struct recall_ruling *ruling,
                                                  const struct rulebook *rules)
{
    wire_recall_request copy = *request;
    copy.n_targets = 0;
    copy.targets = NULL;
    const struct policy_rule *rule = ruling->verdict.rule;
    size_t rule_bytes = strlen(rule->name) + 1;
    size_t request_bytes = unsay__v1__recall_request__get_packed_size(&copy);
    struct mail_take_back *mail = memory_new(sizeof(*mail) + rule_bytes + request_bytes);
    snprintf(mail->conversation, sizeof(mail->conversation), "%.*s",
             VIEW_PRINT(forward->conversation));
    snprintf(mail->user, sizeof(mail->user), "%.*s", VIEW_PRINT(forward->user));
    mail->message_id = forward->message_id;
    snprintf(mail->operator_user, sizeof(mail->operator_user), "%s", author->user);
    snprintf(mail->device, sizeof(mail->device), "%s", author->device);
    snprintf(mail->address, sizeof(mail->address), "%s", author->address);
    mail->authority = author->authority;
    mail->actor = ruling->verdict.actor;
    mail->rule = *rule;
    mail->rule.regions = NULL;
    mail->rule.region_count = 0;
    memcpy(mail->policy_version, rules->policy->version, sizeof(mail->policy_version));
    mail->clock_is_unsure = rules->clock_is_unsure;
    mail->rule_bytes = rule_bytes;
    mail->request_bytes = request_bytes;
    memcpy(mail->payload, rule->name, rule_bytes);
    unsay__v1__recall_request__pack(&copy, mail->payload + rule_bytes);
    return mail;
}

/* The rows of the source in the store, all of them. More than FORWARDS_MAX there are only where
 * many were decided at once, before the rows were there. */
static enum status owner_list_forwards(struct worker *worker, struct event_key source,
                                       struct forward_row **rows, size_t *count)
{
    static const size_t limits[] = {LIMIT_FORWARDS_MAX,
                                    LIMIT_FORWARDS_MAX + 2 * LIMIT_GROUP_REQUESTS_MAX};
    enum status status = STATUS_OK;
    for (size_t i = 0; i < 2; i++) {
        *rows = arena_alloc(&worker->scratch, limits[i] * sizeof(**rows));
        status =
            store_list_forwards(worker->store, source, limits[i], &worker->scratch, *rows, count);
        if (status != STATUS_OK || *count < limits[i])
            break;
    }
    return status;
}

/* What goes to the owners of the forwards. */
struct take_back {
    const wire_recall_request *request;
    const struct author *author;
    const struct recall_ruling *ruling;
    const struct rulebook *rules;
};

static void owner_send_take_back(struct worker *worker, const struct forward_row *forward,
                                 const struct take_back *what)
{
    struct mail_take_back *mail =
        owner_new_take_back(forward, what->request, what->author, what->ruling, what->rules);
    size_t bytes = sizeof(*mail) + mail->rule_bytes + mail->request_bytes;
    owner_send_out(worker, forward->conversation,
                   (struct mail){.kind = MAIL_TAKE_BACK, .take_back = mail});
    owner_group(worker)->effects.changes.bytes += bytes; /* it waits along with the group */
}

static enum status owner_recall_forwards(struct worker *worker,
                                         const struct owned_conversation *owned, uint64_t seq,
                                         const struct take_back *what)
{
    struct event_key source = {view_of(owned->id), owned->conversation.origin, seq};
    struct forward_row *rows;
    size_t count = 0;
    if (what->ruling->verdict.rule->forwards != POLICY_FORWARDS_RECALLED)
        return STATUS_OK;
    enum status status = owner_list_forwards(worker, source, &rows, &count);
    if (status != STATUS_OK)
        return status;
    for (size_t i = 0; i < count; i++)
        owner_send_take_back(worker, &rows[i], what);
    const struct group *const groups[] = {worker->owner.in_flight, worker->owner.open};
    for (size_t g = 0; g < 2; g++) {
        const struct change *change = groups[g] == NULL ? NULL : groups[g]->effects.changes.first;
        for (; change != NULL; change = change->next) {
            if (change->kind == CHANGE_FORWARD && change->seq == seq &&
                view_equal(change->conversation, source.conversation))
                owner_send_take_back(worker, &change->forward, what);
        }
    }
    return STATUS_OK;
}

enum status owner_let_go(struct worker *worker, struct owned_conversation *owned, uint64_t seq,
                         const wire_recall_request *request, const struct author *author,
                         const struct recall_ruling *ruling, const struct rulebook *rules)
{
    struct take_back what = {request, author, ruling, rules};
    enum status status = owner_load_pins(worker, owned);
    if (status == STATUS_OK)
        status = owner_recall_forwards(worker, owned, seq, &what);
    if (status != STATUS_OK)
        return status;
    owner_drop_pin(worker, owned, seq);
    recent_forget(&worker->owner.recent, owned->hash, seq);
    return STATUS_OK;
}

/* The rule that a message was taken back by; NULL: it is not known, or of another policy than the
 * one in force, which says nothing about it. */
static const struct policy_rule *owner_find_rule(struct worker *worker, struct event_key message)
{
    const struct policy *policy = worker->settings.rules.policy;
    struct view bytes;
    ProtobufCAllocator allocator;
    arena_allocator(&worker->scratch, &allocator);
    if (store_get_dossier(worker->store, message, &worker->scratch, &bytes) != STATUS_OK)
        return NULL;
    const wire_dossier *dossier = unsay__v1__dossier__unpack(&allocator, bytes.size, bytes.data);
    if (dossier == NULL ||
        !view_equal(bytes_view(dossier->policy), view_make(policy->version, POLICY_VERSION_BYTES)))
        return NULL;
    for (size_t i = 0; i < policy->rule_count; i++) {
        if (strcmp(policy->rules[i].name, dossier->rule) == 0)
            return &policy->rules[i];
    }
    return NULL;
}

enum status owner_let_go_again(struct worker *worker, const struct owned_conversation *owned,
                               uint64_t seq, const wire_event *earlier)
{
    if (earlier == NULL || earlier->kind_case != EVENT_KIND(RECALL))
        return STATUS_OK;
    struct event_key message = {view_of(owned->id), owned->conversation.origin, seq};
    const struct policy_rule *rule = owner_find_rule(worker, message);
    if (rule == NULL)
        return STATUS_OK;
    const wire_recall *recall = earlier->recall;
    struct author author = {.user = recall->operator_, .device = recall->device, .address = ""};
    struct recall_ruling ruling = {.step = RECALL_APPLY,
                                   .verdict = {.rule = rule, .actor = recall->actor}};
    wire_recall_request request = UNSAY__V1__RECALL_REQUEST__INIT;
    request.conversation = string_of(owned->id);
    request.request_id = recall->request_id;
    request.reason = recall->reason;
    request.extension = recall->extension;
    struct take_back what = {&request, &author, &ruling, &worker->settings.rules};
    return owner_recall_forwards(worker, owned, seq, &what);
}

/* The message that was made of the source; NULL when it is not here. */
static enum status owner_find_forward(struct worker *worker, const struct mail_take_back *mail,
                                      struct owned_conversation **owned, wire_event **event)
{
    struct message_id_row row;
    refusal_code refusal = REFUSAL_NONE;
    *event = NULL;
    *owned = owner_load(worker, view_of(mail->conversation), &refusal);
    if (*owned == NULL)
        return refusal == REFUSAL_CODE(UNKNOWN_CONVERSATION) ? STATUS_NOT_FOUND : STATUS_IO;
    enum status status =
        owner_get_message_id(worker, (*owned)->id, mail->user, &mail->message_id, &row);
    if (status != STATUS_OK || row.seq == 0)
        return status;
    return owner_read_event(worker, *owned, row.seq, event);
}

/* Appends the recall of one forward. */
static enum status owner_apply_take_back(struct worker *worker, struct owned_conversation *owned,
                                         const wire_recall_request *request,
                                         const struct author *author, const wire_event *event,
                                         const struct recall_ruling *ruling,
                                         const struct rulebook *rules)
{
    struct group *group = owner_group(worker);
    static const struct member nobody;
    struct owned_member scratch;
    struct owned_member *sender;
    struct recall_facts facts = {.author = author,
                                 .member = &nobody,
                                 .event = event,
                                 .audience = owner_audience(worker, owned),
                                 .now_ms = worker->now.wall_ms};
    enum status status = facts.audience == NULL ? STATUS_IO : STATUS_OK;
    if (status == STATUS_OK)
        status = owner_load_member(worker, owned, event->message->sender, &scratch, &sender);
    if (status == STATUS_OK)
        status = owner_let_go(worker, owned, event->seq, request, author, ruling, rules);
    if (status != STATUS_OK)
        return status;
    facts.target_role = sender->member.row.role;
    const struct publication *recall =
        recall_apply(&owned->conversation, request, &facts, ruling, rules, &group->effects);
    recall_audit(&owned->conversation, WIRE(AUDIT_KIND, RECALL), request, NULL, &facts, ruling,
                 rules, recall, &group->effects);
    owned->touched = group->number;
    group->requests++;
    stats_add(&worker->stats, STAT_recalls_committed, 1);
    return STATUS_OK;
}

void owner_take_back(struct worker *worker, const struct mail_take_back *mail)
{
    struct owned_conversation *owned;
    wire_event *event;
    enum status status = owner_find_forward(worker, mail, &owned, &event);
    ProtobufCAllocator allocator;
    arena_allocator(&worker->scratch, &allocator);
    wire_recall_request *request = unsay__v1__recall_request__unpack(
        &allocator, mail->request_bytes, mail->payload + mail->rule_bytes);
    if (status != STATUS_OK || event == NULL || request == NULL ||
        event->kind_case != EVENT_KIND(MESSAGE))
        return;
    request->conversation = owned->id;
    struct policy_rule rule = mail->rule;
    rule.name = (const char *)mail->payload;
    struct policy policy = {.rules = &rule, .rule_count = 1};
    memcpy(policy.version, mail->policy_version, sizeof(policy.version));
    struct rulebook rules = worker->settings.rules;
    rules.policy = &policy;
    rules.clock_is_unsure = mail->clock_is_unsure;
    struct recall_ruling ruling = {.step = RECALL_APPLY,
                                   .verdict = {.rule = &rule, .actor = mail->actor}};
    struct author author = {mail->operator_user, mail->device, mail->authority, mail->address};
    /* What was taken back on its own may have been forwarded before that. */
    if (event->message->state == WIRE(MESSAGE_STATE, NORMAL))
        status = owner_apply_take_back(worker, owned, request, &author, event, &ruling, &rules);
    else
        status = owner_recall_forwards(worker, owned, event->seq,
                                       &(struct take_back){request, &author, &ruling, &rules});
    if (status != STATUS_OK)
        stats_add(&worker->stats, STAT_recalls_of_forwards_failed, 1);
}
