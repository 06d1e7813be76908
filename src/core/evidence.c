#include "core/evidence.h"

bool evidence_is_current(struct view approval, uint64_t now_ms)
{
    uint64_t time_ms = 0;
    if (approval.size != sizeof(time_ms))
        return false;
    memcpy(&time_ms, approval.data, sizeof(time_ms));
    return time_ms <= now_ms && now_ms - time_ms <= EVIDENCE_APPROVAL_MS;
}

static void evidence_audit(const struct conversation *conversation, uint64_t seq,
                           refusal_code refusal, bool is_open, const struct evidence_facts *facts,
                           const struct rulebook *rules, struct effects *effects)
{
    wire_audit_entry entry = UNSAY__V1__AUDIT_ENTRY__INIT;
    entry.kind = WIRE(AUDIT_KIND, EVIDENCE);
    entry.time = facts->now_ms;
    entry.conversation = string_of(conversation->id);
    entry.conversation_type = conversation->type;
    entry.origin = conversation->origin;
    entry.target_seq = seq;
    if (facts->event != NULL) {
        entry.target_message_id = facts->event->message->message_id;
        entry.target_sender = facts->event->message->sender;
        entry.target_time = facts->event->time;
        entry.content_type = facts->event->message->content_type;
    }
    entry.operator_ = string_of(facts->author->user);
    entry.device = string_of(facts->author->device);
    entry.address = string_of(facts->author->address);
    entry.actor = facts->author->authority;
    entry.policy = bytes_of(view_make(rules->policy->version, POLICY_VERSION_BYTES));
    entry.refusal = refusal;
    if (refusal != REFUSAL_NONE)
        entry.outcome = WIRE(RECALL_OUTCOME, REFUSED);
    else if (!is_open)
        entry.outcome = WIRE(RECALL_OUTCOME, PENDING);
    effects_audit(effects, &entry);
}

void evidence_decide(const struct conversation *conversation, uint64_t seq, refusal_code refusal,
                     const struct evidence_facts *facts, const struct rulebook *rules,
                     struct effects *effects, wire_evidence *answer)
{
    bool is_open = refusal == REFUSAL_NONE &&
                   (facts->dossier->keeping != WIRE(KEEPING, SEALED) || facts->is_approved);
    evidence_audit(conversation, seq, refusal, is_open, facts, rules, effects);
    if (refusal != REFUSAL_NONE)
        return;
    if (facts->dossier->keeping == WIRE(KEEPING, SEALED)) {
        struct change *change = effects_change(effects, CHANGE_APPROVAL, conversation);
        change->origin = conversation->origin;
        change->seq = seq;
        change->user = arena_copy(effects->arena, view_of(facts->author->user));
        change->bytes =
            arena_copy(effects->arena, view_make(&facts->now_ms, sizeof(facts->now_ms)));
    }
    answer->conversation = string_of(conversation->id);
    answer->origin = conversation->origin;
    answer->target_seq = seq;
    answer->content_type = facts->event->message->content_type;
    answer->kept_until_ms = facts->until_ms;
    answer->approvals_needed = is_open ? 0 : 1;
    if (is_open)
        answer->body = bytes_of(facts->body);
}
