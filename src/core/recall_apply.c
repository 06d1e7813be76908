/* Carrying a recall out: the event, the tombstone, what is kept beside it, and the record. */
#include "core/encode.h"
#include "core/frame.h"
#include "core/hlc.h"
#include "core/message_state.h"
#include "core/recall.h"

#include <assert.h>

/* What everyone sees in the message's place. Nothing in it was written by the sender. */
static struct view recall_tombstone(const struct recall_facts *facts, const wire_event *recall,
                                    struct arena *arena)
{
    wire_tombstone tombstone = UNSAY__V1__TOMBSTONE__INIT;
    tombstone.operator_ = recall->recall->operator_;
    tombstone.time = recall->time;
    tombstone.recall_origin = recall->origin;
    tombstone.recall_seq = recall->seq;
    tombstone.actor = recall->recall->actor;
    tombstone.vanished = recall->recall->vanished;

    wire_message emptied = UNSAY__V1__MESSAGE__INIT;
    emptied.message_id = facts->event->message->message_id;
    emptied.sender = facts->event->message->sender;
    emptied.device = facts->event->message->device;
    emptied.content_type = facts->event->message->content_type;
    emptied.state = WIRE(MESSAGE_STATE, RECALLED);
    emptied.tombstone = &tombstone;
    wire_event replacement = *facts->event;
    replacement.message = &emptied;
    return event_encode(&replacement, arena);
}

/* What the server keeps for itself: how it was decided, and whom the message had reached. */
static struct view recall_dossier(const struct recall_facts *facts,
                                  const struct recall_ruling *ruling, const struct rulebook *rules,
                                  struct arena *arena)
{
    static const Unsay__V1__Keeping keepings[] = {
        [POLICY_ERASE] = WIRE(KEEPING, ERASED),
        [POLICY_KEEP] = WIRE(KEEPING, KEPT),
        [POLICY_SEAL] = WIRE(KEEPING, SEALED),
    };
    wire_dossier dossier = UNSAY__V1__DOSSIER__INIT;
    dossier.rule = string_of(ruling->verdict.rule->name);
    dossier.policy = bytes_of(view_make(rules->policy->version, POLICY_VERSION_BYTES));
    dossier.keeping = keepings[ruling->verdict.rule->keep];
    reach_list(facts->audience, facts->event->seq, arena, &dossier);
    return encode(&dossier.base, arena);
}

struct publication *recall_apply(struct conversation *conversation,
                                 const wire_recall_request *request,
                                 const struct recall_facts *facts,
                                 const struct recall_ruling *ruling, const struct rulebook *rules,
                                 struct effects *effects)
{
    const wire_message *message = facts->event->message;
    const struct policy_rule *rule = ruling->verdict.rule;
    assert(message_state_may_step(message->state, WIRE(MESSAGE_STATE, RECALLED)));
    assert(rule != NULL && ruling->step == RECALL_APPLY);

    wire_recall recall = UNSAY__V1__RECALL__INIT;
    recall.target_origin = facts->event->origin;
    recall.target_seq = facts->event->seq;
    recall.target_message_id = message->message_id;
    recall.target_sender = message->sender;
    recall.request_id = request->request_id;
    recall.operator_ = string_of(facts->author->user);
    recall.device = string_of(facts->author->device);
    recall.reason = request->reason;
    recall.extension = request->extension;
    recall.content_type = message->content_type;
    recall.actor = ruling->verdict.actor;
    recall.vanished = rule->vanishes;
    wire_event event = UNSAY__V1__EVENT__INIT;
    event.kind_case = EVENT_KIND(RECALL);
    event.recall = &recall;
    struct publication *publication =
        conversation_append(conversation, &event, facts->now_ms, effects);

    wire_outbox_entry told = UNSAY__V1__OUTBOX_ENTRY__INIT;
    told.kind = WIRE(OUTBOX_KIND, RECALL);
    told.target_seq = facts->event->seq;
    told.withdraws_notifications = rule->withdraws_notifications;
    effects_outbox(effects, &event, &told);

    struct change *change = effects_change(effects, CHANGE_EVENT, conversation);
    change->origin = facts->event->origin;
    change->seq = facts->event->seq;
    change->bytes = recall_tombstone(facts, &event, effects->arena);
    change->dossier = recall_dossier(facts, ruling, rules, effects->arena);
    if (rule->keep != POLICY_ERASE && message->body.len > 0) {
        change->evidence.body = arena_copy(effects->arena, bytes_view(message->body));
        change->evidence.until_ms = facts->now_ms + rule->keep_ms;
    }
    effects->changes.bytes +=
        change->bytes.size + change->dossier.size + change->evidence.body.size;
    publication->target_seq = facts->event->seq;
    publication->tombstone = change->bytes;
    return publication;
}

static Unsay__V1__RecallOutcome recall_outcome_of(const struct recall_ruling *ruling)
{
    switch (ruling->step) {
    case RECALL_NOTHING:
        return WIRE(RECALL_OUTCOME, ALREADY_RECALLED);
    case RECALL_REFUSE:
        return WIRE(RECALL_OUTCOME, REFUSED);
    case RECALL_WAIT:
        return WIRE(RECALL_OUTCOME, PENDING);
    case RECALL_APPLY:
        return WIRE(RECALL_OUTCOME, RECALLED);
    }
    return WIRE(RECALL_OUTCOME, UNSPECIFIED);
}

void recall_audit(const struct conversation *conversation, Unsay__V1__AuditKind kind,
                  const wire_recall_request *request, const wire_target *target,
                  const struct recall_facts *facts, const struct recall_ruling *ruling,
                  const struct rulebook *rules, const struct publication *recall,
                  struct effects *effects)
{
    wire_audit_entry entry = UNSAY__V1__AUDIT_ENTRY__INIT;
    entry.kind = kind;
    entry.time = facts->now_ms;
    entry.conversation = string_of(conversation->id);
    entry.conversation_type = conversation->type;
    entry.origin = conversation->origin;
    if (target != NULL) {
        entry.target_seq = target->seq;
        entry.target_message_id = target->message_id;
    }
    if (facts->event != NULL && facts->event->kind_case == EVENT_KIND(MESSAGE)) {
        const wire_message *message = facts->event->message;
        entry.target_seq = facts->event->seq;
        entry.target_message_id = message->message_id;
        entry.target_sender = message->sender;
        entry.target_time = facts->event->time;
        entry.content_type = message->content_type;
        entry.target_role = facts->target_role;
    }
    entry.operator_ = string_of(facts->author->user);
    entry.device = string_of(facts->author->device);
    entry.address = string_of(facts->author->address);
    entry.actor = ruling->verdict.actor;
    entry.request_id = request->request_id;
    entry.rule = string_of(ruling->verdict.rule == NULL ? "" : ruling->verdict.rule->name);
    entry.policy = bytes_of(view_make(rules->policy->version, POLICY_VERSION_BYTES));
    entry.outcome = recall_outcome_of(ruling);
    entry.refusal = ruling->refusal;
    entry.recall_seq = recall == NULL ? 0 : recall->seq;
    entry.clock_unsure = rules->clock_is_unsure;
    entry.delivery = ruling->reach.state;
    entry.delivered_ms = ruling->reach.first_ms;
    entry.delivered_all_ms = ruling->reach.each_ms;
    entry.capacities = ruling->capacities;
    entry.region = string_of(ruling->capacities == 0 ? "" : rules->region);
    effects_audit(effects, &entry);
}
