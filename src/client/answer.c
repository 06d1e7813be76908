#include "client/answer.h"

#include "client/convert.h"
#include "core/refusal.h"
#include "unsay/conversation.h"
#include "unsay/levels.h"

/* An array with room for one more than `count`, so that it is never empty. */
#define ARRAY(arena, count, type) ((type *)arena_zero(arena, ((count) + 1) * sizeof(type)))

static void bytes_copy(uint8_t *to, size_t size, ProtobufCBinaryData bytes)
{
    if (bytes.len == size)
        memcpy(to, bytes.data, size);
}

static enum unsay_outcome outcome_from_wire(Unsay__V1__RecallOutcome outcome)
{
    if (outcome == WIRE(RECALL_OUTCOME, RECALLED))
        return UNSAY_OUTCOME_RECALLED;
    if (outcome == WIRE(RECALL_OUTCOME, ALREADY_RECALLED))
        return UNSAY_OUTCOME_ALREADY_RECALLED;
    return outcome == WIRE(RECALL_OUTCOME, PENDING) ? UNSAY_OUTCOME_PENDING : UNSAY_OUTCOME_REFUSED;
}

static const struct unsay_target_outcome *outcomes_from_wire(const wire_recall_result *wire,
                                                             struct arena *arena)
{
    struct unsay_target_outcome *outcomes =
        ARRAY(arena, wire->n_outcomes, struct unsay_target_outcome);
    for (size_t i = 0; i < wire->n_outcomes; i++) {
        const wire_target_outcome *from = wire->outcomes[i];
        struct unsay_target_outcome *outcome = &outcomes[i];
        outcome->outcome = outcome_from_wire(from->outcome);
        bool is_refused = outcome->outcome == UNSAY_OUTCOME_REFUSED;
        outcome->refusal = is_refused ? refusal_name(from->refusal) : "";
        outcome->refusal_text = is_refused ? refusal_text(from->refusal) : "";
        outcome->time_ms = time_to_ms(from->time);
        outcome->recall_seq = from->recall_seq;
        if (from->target != NULL) {
            outcome->target.origin = from->target->origin;
            outcome->target.seq = from->target->seq;
            bytes_copy(outcome->target.message_id, UUID_BYTES, from->target->message_id);
        }
    }
    return outcomes;
}

static const struct unsay_reach *reach_from_wire(const wire_reach *wire, struct arena *arena)
{
    if (wire == NULL)
        return NULL;
    struct unsay_reach *reach = arena_zero(arena, sizeof(*reach));
    struct unsay_device_name *missing = ARRAY(arena, wire->n_missing, struct unsay_device_name);
    for (size_t i = 0; i < wire->n_missing; i++)
        missing[i] = (struct unsay_device_name){wire->missing[i]->user, wire->missing[i]->device};
    *reach = (struct unsay_reach){wire->devices, wire->applied, missing, wire->n_missing};
    return reach;
}

const struct unsay_recall_answer *answer_recall(const wire_recall_result *wire, struct arena *arena)
{
    struct unsay_recall_answer *answer = arena_zero(arena, sizeof(*answer));
    answer->outcomes = outcomes_from_wire(wire, arena);
    answer->count = wire->n_outcomes;
    answer->reach = reach_from_wire(wire->reach, arena);
    return answer;
}

const struct unsay_appended *answer_appended(const wire_appended *wire, struct arena *arena)
{
    struct unsay_appended *appended = arena_zero(arena, sizeof(*appended));
    *appended = (struct unsay_appended){wire->conversation, wire->origin, wire->seq,
                                        time_to_ms(wire->time)};
    return appended;
}

const struct unsay_member_page *answer_members(const wire_member_page *wire, struct arena *arena)
{
    struct unsay_member_page *page = arena_zero(arena, sizeof(*page));
    page->members = members_from_wire(wire->members, wire->n_members, arena);
    page->count = wire->n_members;
    page->more = wire->more != 0;
    return page;
}

const struct unsay_pins *answer_pins(const wire_pin_list *wire, struct arena *arena)
{
    struct unsay_pins *pins = arena_zero(arena, sizeof(*pins));
    struct unsay_target *targets = ARRAY(arena, wire->n_pins, struct unsay_target);
    for (size_t i = 0; i < wire->n_pins; i++) {
        targets[i].origin = origin_or_default(wire->pins[i]->origin);
        targets[i].seq = wire->pins[i]->seq;
    }
    *pins = (struct unsay_pins){targets, wire->n_pins};
    return pins;
}

const struct unsay_listing *answer_listing(const wire_listing *wire, struct arena *arena)
{
    struct unsay_listing *listing = arena_zero(arena, sizeof(*listing));
    *listing = (struct unsay_listing){wire->conversation, wire->muted_until_ms, wire->pinned_ms,
                                      (enum unsay_hiding)wire->hiding};
    return listing;
}

const struct unsay_range_progress *answer_range(const wire_range_progress *wire,
                                                struct arena *arena)
{
    struct unsay_range_progress *progress = arena_zero(arena, sizeof(*progress));
    *progress = (struct unsay_range_progress){
        .conversation = wire->conversation,
        .request_id = arena_text(arena, bytes_view(wire->request_id)),
        .is_done = wire->is_done != 0,
        .examined = wire->examined,
        .recalled = wire->recalled,
        .refused = wire->refused,
        .refusal = refusal_name(wire->refusal),
        .refusal_text = refusal_text(wire->refusal),
    };
    return progress;
}

static enum unsay_device_reach device_reach_from_wire(Unsay__V1__DeviceReach reach)
{
    if (reach == WIRE(DEVICE_REACH, PUSHED))
        return UNSAY_REACH_PUSHED;
    if (reach == WIRE(DEVICE_REACH, STORED))
        return UNSAY_REACH_STORED;
    return reach == WIRE(DEVICE_REACH, DISPLAYED) ? UNSAY_REACH_DISPLAYED : UNSAY_REACH_NONE;
}

static enum unsay_receipt_state receipt_from_wire(Unsay__V1__ReceiptState receipt)
{
    if (receipt == WIRE(RECEIPT_STATE, UNSIGNED))
        return UNSAY_RECEIPT_UNSIGNED;
    if (receipt == WIRE(RECEIPT_STATE, SIGNED))
        return UNSAY_RECEIPT_SIGNED;
    return receipt == WIRE(RECEIPT_STATE, MISSING) ? UNSAY_RECEIPT_MISSING : UNSAY_RECEIPT_INVALID;
}

static const struct unsay_device_exposure *devices_from_wire(const wire_exposure *wire,
                                                             struct arena *arena)
{
    struct unsay_device_exposure *devices =
        ARRAY(arena, wire->n_devices, struct unsay_device_exposure);
    for (size_t i = 0; i < wire->n_devices; i++) {
        const wire_device_exposure *from = wire->devices[i];
        devices[i] = (struct unsay_device_exposure){
            .user = from->user,
            .device = from->device,
            .reach = device_reach_from_wire(from->reach),
            .since_ms = from->since_ms,
            .is_applied = from->applied != 0,
            .applied_ms = from->applied_ms,
            .receipt = receipt_from_wire(from->receipt),
        };
    }
    return devices;
}

static const struct unsay_exposure_totals *totals_from_wire(const wire_exposure_totals *wire,
                                                            struct arena *arena)
{
    if (wire == NULL)
        return NULL;
    struct unsay_exposure_totals *totals = arena_zero(arena, sizeof(*totals));
    *totals = (struct unsay_exposure_totals){
        .devices = wire->devices,
        .pushed = wire->pushed,
        .stored = wire->stored,
        .displayed = wire->displayed,
        .applied = wire->applied,
        .outstanding = wire->outstanding,
        .receipts_signed = wire->receipts_signed,
        .receipts_unsigned = wire->receipts_unsigned,
    };
    return totals;
}

const struct unsay_exposure *answer_exposure(const wire_exposure *wire, struct arena *arena)
{
    struct unsay_exposure *exposure = arena_zero(arena, sizeof(*exposure));
    *exposure = (struct unsay_exposure){
        .conversation = wire->conversation,
        .origin = wire->origin,
        .recall_seq = wire->recall_seq,
        .target_seq = wire->target_seq,
        .recall_time_ms = time_to_ms(wire->time),
        .totals = totals_from_wire(wire->totals, arena),
        .devices = devices_from_wire(wire, arena),
        .count = wire->n_devices,
        .more = wire->more != 0,
    };
    return exposure;
}

static void entry_from_wire(const wire_recall_entry *wire, struct unsay_recall_entry *entry)
{
    const wire_audit_entry *audit = wire->entry;
    entry->index = wire->index;
    entry->time_ms = audit->time;
    entry->conversation = audit->conversation;
    entry->origin = audit->origin;
    entry->target_seq = audit->target_seq;
    bytes_copy(entry->target_message_id, UUID_BYTES, audit->target_message_id);
    entry->target_sender = audit->target_sender;
    entry->content_type = (enum unsay_content_type)audit->content_type;
    entry->target_time_ms = time_to_ms(audit->target_time);
    entry->operator_user = audit->operator_;
    entry->actor = (enum unsay_actor)audit->actor;
    entry->target_role = (enum unsay_role)audit->target_role;
    entry->device = audit->device;
    entry->address = audit->address;
    entry->request_id = audit->request_id.data;
    entry->request_id_bytes = audit->request_id.len;
    entry->rule = audit->rule;
    bytes_copy(entry->policy_version, sizeof(entry->policy_version), audit->policy);
    if (audit->outcome != WIRE(RECALL_OUTCOME, UNSPECIFIED))
        entry->outcome = outcome_from_wire(audit->outcome);
    entry->refusal = refusal_name((refusal_code)audit->refusal);
    entry->recall_seq = audit->recall_seq;
    entry->is_clock_unsure = audit->clock_unsure != 0;
    entry->is_on_arrival = audit->kind == WIRE(AUDIT_KIND, RECALL_ON_ARRIVAL);
    entry->conversation_type = (enum unsay_conversation_type)audit->conversation_type;
    entry->capacities = audit->capacities;
    entry->region = audit->region;
    entry->delivery = (enum unsay_delivery)audit->delivery;
    entry->delivered_ms = audit->delivered_ms;
    entry->delivered_all_ms = audit->delivered_all_ms;
}

const struct unsay_recall_page *answer_recalls(const wire_recall_page *wire, struct arena *arena)
{
    struct unsay_recall_page *page = arena_zero(arena, sizeof(*page));
    struct unsay_recall_entry *entries = ARRAY(arena, wire->n_entries, struct unsay_recall_entry);
    for (size_t i = 0; i < wire->n_entries; i++) {
        if (wire->entries[i]->entry != NULL)
            entry_from_wire(wire->entries[i], &entries[page->count++]);
    }
    page->entries = entries;
    page->next = wire->next;
    return page;
}

const struct unsay_evidence *answer_evidence(const wire_evidence *wire, struct arena *arena)
{
    struct unsay_evidence *evidence = arena_zero(arena, sizeof(*evidence));
    *evidence = (struct unsay_evidence){
        .conversation = wire->conversation,
        .origin = wire->origin,
        .target_seq = wire->target_seq,
        .approvals_needed = wire->approvals_needed,
        .content_type = (enum unsay_content_type)wire->content_type,
        .body = wire->body.data,
        .body_bytes = wire->body.len,
        .kept_until_ms = wire->kept_until_ms,
    };
    return evidence;
}

static struct unsay_policy_version version_from_wire(const wire_policy_info *wire)
{
    struct unsay_policy_version version = {.since_ms = wire->since_ms};
    bytes_copy(version.version, sizeof(version.version), wire->version);
    return version;
}

const struct unsay_policy *answer_policy(const wire_policy_info *wire, struct arena *arena)
{
    struct unsay_policy *policy = arena_zero(arena, sizeof(*policy));
    struct unsay_policy_version *versions =
        ARRAY(arena, wire->n_versions, struct unsay_policy_version);
    for (size_t i = 0; i < wire->n_versions; i++)
        versions[i] = version_from_wire(wire->versions[i]);
    policy->current = version_from_wire(wire);
    policy->content = arena_text(arena, bytes_view(wire->content));
    policy->content_bytes = wire->content.len;
    policy->versions = versions;
    policy->count = wire->n_versions;
    return policy;
}

const struct unsay_receipts *answer_receipts(const wire_receipts *wire, struct arena *arena)
{
    struct unsay_receipts *receipts = arena_zero(arena, sizeof(*receipts));
    struct unsay_place *members = ARRAY(arena, wire->n_members, struct unsay_place);
    for (size_t i = 0; i < wire->n_members; i++)
        members[i] = (struct unsay_place){wire->members[i]->user, wire->members[i]->stored,
                                          wire->members[i]->displayed, wire->members[i]->joined};
    *receipts = (struct unsay_receipts){
        .conversation = wire->conversation,
        .origin = wire->origin,
        .seq = wire->seq,
        .receivers = wire->receivers,
        .stored = wire->stored,
        .displayed = wire->displayed,
        .members = members,
        .member_count = wire->n_members,
        .next = wire->next,
    };
    return receipts;
}

const struct unsay_privacy *answer_privacy(const wire_privacy *wire, struct arena *arena)
{
    struct unsay_privacy *privacy = arena_zero(arena, sizeof(*privacy));
    privacy->hides_displayed = wire->hides_displayed != 0;
    privacy->server_hides_displayed = wire->server_hides_displayed != 0;
    return privacy;
}
