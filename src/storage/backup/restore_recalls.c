#include "storage/backup/restore_recalls.h"

#include "core/frame.h"
#include "core/pin.h"
#include "core/recall.h"
#include "core/take_back.h"
#include "storage/audit/entry.h"

/* One entry, and what decided it, as it is in the log. */
struct again {
    struct store *store;
    struct arena *arena;
    const wire_audit_entry *entry;
    wire_recall_request request;
    struct author author;
    struct policy_rule rule;
    struct policy policy;
    struct rulebook rules;
    struct recall_ruling ruling;
    uint64_t now_ms;
};

static void again_init(struct again *again, struct store *store, struct arena *arena,
                       const wire_audit_entry *entry, uint64_t now_ms)
{
    *again = (struct again){.store = store, .arena = arena, .entry = entry, .now_ms = now_ms};
    unsay__v1__recall_request__init(&again->request);
    again->request.conversation = entry->conversation;
    again->request.request_id = entry->request_id;
    again->author =
        (struct author){.user = entry->operator_, .device = entry->device, .address = ""};
    again->rule = (struct policy_rule){.name = entry->rule, .allows = true, .keep = POLICY_ERASE};
    again->policy.rules = &again->rule;
    again->policy.rule_count = 1;
    if (entry->policy.len == POLICY_VERSION_BYTES)
        memcpy(again->policy.version, entry->policy.data, POLICY_VERSION_BYTES);
    again->rules = (struct rulebook){&again->policy, "", entry->clock_unsure};
    again->ruling.step = RECALL_APPLY;
    again->ruling.verdict.rule = &again->rule;
    again->ruling.verdict.actor = entry->actor;
}

static enum status again_commit(const struct again *again, const struct effects *effects,
                                struct failure *failure)
{
    const struct change_list *lists[] = {&effects->changes};
    return store_commit(again->store, lists, 1, failure);
}

static bool entry_names_message(const wire_audit_entry *entry)
{
    return entry->target_message_id.len == UUID_BYTES && entry->target_sender[0] != 0;
}

static bool event_is_target(const wire_event *event, const wire_audit_entry *entry)
{
    return event != NULL && event->kind_case == EVENT_KIND(MESSAGE) &&
           strcmp(event->message->sender, entry->target_sender) == 0 &&
           view_equal(bytes_view(event->message->message_id), bytes_view(entry->target_message_id));
}

/* The message, by its id, since a seq may be another message's in the restored log; *found is NULL
 * where it is not in the store. `row` is what stands under its id. */
static enum status target_find(const struct again *again, struct message_id_row *row,
                               const wire_event **found)
{
    const wire_audit_entry *entry = again->entry;
    struct view conversation = view_of(entry->conversation);
    struct uuid id;
    struct view bytes;
    *found = NULL;
    *row = (struct message_id_row){.seq = 0};
    memcpy(id.bytes, entry->target_message_id.data, UUID_BYTES);
    enum status status = store_get_message_id(
        again->store, conversation, view_of(entry->target_sender), &id, again->arena, row);
    if (status != STATUS_OK || row->seq == 0)
        return status == STATUS_NOT_FOUND ? STATUS_OK : status;
    status = store_get_event(again->store, (struct event_key){conversation, row->origin, row->seq},
                             again->arena, &bytes);
    if (status != STATUS_OK)
        return status == STATUS_NOT_FOUND ? STATUS_CORRUPT : status;
    *found = event_decode(bytes, again->arena);
    return event_is_target(*found, entry) ? STATUS_OK : STATUS_CORRUPT;
}

static enum status conversation_load(const struct again *again, uint32_t origin,
                                     struct conversation *conversation)
{
    struct conversation_row row;
    struct view bytes;
    struct view id = view_of(again->entry->conversation);
    enum status status = store_get_conversation(again->store, id, again->arena, &row);
    *conversation = (struct conversation){.id = again->entry->conversation, .origin = origin};
    if (status == STATUS_OK)
        status = store_get_last_event(again->store, id, origin, again->arena, &conversation->head,
                                      &bytes);
    if (status != STATUS_OK)
        return status == STATUS_NOT_FOUND ? STATUS_CORRUPT : status;
    const wire_event *last = event_decode(bytes, again->arena);
    if (last == NULL)
        return STATUS_CORRUPT;
    conversation->last_time = last->time;
    conversation->ends_in_message = last->kind_case == EVENT_KIND(MESSAGE);
    conversation->type = row.type;
    conversation->member_count = row.member_count;
    conversation->settings = row.settings;
    return STATUS_OK;
}

static enum status again_apply(const struct again *again, const wire_event *event,
                               struct failure *failure)
{
    /* Whom it had reached is told from the cursors, which are older than the recall was. */
    static const struct reach_audience not_known = {.is_large = true};
    struct conversation conversation;
    struct effects effects;
    struct recall_facts facts = {
        .author = &again->author,
        .event = event,
        .target_role = again->entry->target_role,
        .audience = &not_known,
        .now_ms = again->now_ms,
    };
    enum status status = conversation_load(again, event->origin, &conversation);
    if (status != STATUS_OK)
        return status;
    effects_init(&effects, again->arena);
    const struct publication *recall = recall_apply(&conversation, &again->request, &facts,
                                                    &again->ruling, &again->rules, &effects);
    pin_drop(&conversation, event->seq, &effects);
    recall_audit(&conversation, WIRE(AUDIT_KIND, RECALL), &again->request, NULL, &facts,
                 &again->ruling, &again->rules, recall, &effects);
    status = again_commit(again, &effects, failure);
    effects_fini(&effects);
    return status;
}

static struct change *again_change(const struct again *again, struct effects *effects,
                                   const char *user)
{
    struct conversation conversation = {.id = again->entry->conversation};
    struct change *change = effects_change(effects, CHANGE_MESSAGE_ID, &conversation);
    change->user = view_of(user);
    memcpy(change->id.bytes, again->entry->target_message_id.data, UUID_BYTES);
    change->message_id.pending_device = view_of(again->entry->device);
    return change;
}

/* The message was lost with the store; the device that sent it may have it, and send it again. */
static enum status again_expect(const struct again *again, struct failure *failure)
{
    struct effects effects;
    struct take_back what = {&again->request, &again->author, &again->ruling, &again->rules};
    effects_init(&effects, again->arena);
    struct change *change = again_change(again, &effects, again->entry->target_sender);
    change->message_id.pending = take_back_encode(1, &what, again->arena);
    change->message_id.pending_is_granted = true;
    return again_commit(again, &effects, failure);
}

static enum status again_take(const struct again *again, struct restored *restored,
                              struct failure *failure)
{
    struct message_id_row row;
    const wire_event *event;
    if (!entry_names_message(again->entry))
        return STATUS_CORRUPT;
    enum status status = target_find(again, &row, &event);
    if (status != STATUS_OK)
        return status;
    if (event == NULL) {
        restored->waiting++;
        return again_expect(again, failure);
    }
    if (event->message->state != WIRE(MESSAGE_STATE, NORMAL)) {
        restored->already++;
        return STATUS_OK;
    }
    restored->taken_back++;
    return again_apply(again, event, failure);
}

/* A recall that waited for a message of its operator, and was not decided yet. */
static enum status again_wait(const struct again *again, struct restored *restored,
                              struct failure *failure)
{
    const wire_audit_entry *entry = again->entry;
    struct view conversation = view_of(entry->conversation);
    struct message_id_row row;
    struct member_row member;
    struct effects effects;
    struct uuid id;
    if (entry->target_message_id.len != UUID_BYTES)
        return STATUS_OK;
    memcpy(id.bytes, entry->target_message_id.data, UUID_BYTES);
    enum status status = store_get_message_id(again->store, conversation, view_of(entry->operator_),
                                              &id, again->arena, &row);
    if (status != STATUS_NOT_FOUND)
        return status;
    effects_init(&effects, again->arena);
    struct change *change = again_change(again, &effects, entry->operator_);
    size_t size = unsay__v1__recall_request__get_packed_size(&again->request);
    uint8_t *bytes = arena_alloc(again->arena, size);
    unsay__v1__recall_request__pack(&again->request, bytes);
    change->message_id.pending = view_make(bytes, size);
    status = store_get_member(again->store, conversation, view_of(entry->operator_), &member);
    if (status == STATUS_OK) {
        struct conversation its = {.id = entry->conversation};
        struct change *counted = effects_change(&effects, CHANGE_MEMBER, &its);
        member.pending_recalls++;
        counted->user = view_of(entry->operator_);
        counted->member = member;
    } else if (status != STATUS_NOT_FOUND) {
        return status;
    }
    restored->waiting++;
    return again_commit(again, &effects, failure);
}

static enum status entry_apply(const struct again *again, struct restored *restored,
                               struct failure *failure)
{
    const wire_audit_entry *entry = again->entry;
    if (entry->kind != WIRE(AUDIT_KIND, RECALL) &&
        entry->kind != WIRE(AUDIT_KIND, RECALL_ON_ARRIVAL))
        return STATUS_OK;
    if (entry->outcome == WIRE(RECALL_OUTCOME, RECALLED))
        return again_take(again, restored, failure);
    return entry->outcome == WIRE(RECALL_OUTCOME, PENDING) ? again_wait(again, restored, failure)
                                                           : STATUS_OK;
}

enum status restore_recalls(struct store *store, const struct tree *tree, uint64_t from,
                            uint64_t now_ms, struct restored *restored, struct failure *failure)
{
    struct arena arena;
    enum status status = STATUS_OK;
    arena_init(&arena);
    for (uint64_t at = from; at < tree->size && status == STATUS_OK; at++) {
        struct again again;
        struct view bytes;
        struct failure why = {STATUS_OK, ""};
        status = tree_read_entries(tree, at, 1, &arena, &bytes, &why);
        const wire_audit_entry *entry =
            status == STATUS_OK ? audit_entry_decode(bytes, &arena) : NULL;
        if (status == STATUS_OK && entry == NULL)
            status = STATUS_CORRUPT;
        if (status == STATUS_OK) {
            again_init(&again, store, &arena, entry, now_ms);
            status = entry_apply(&again, restored, &why);
        }
        if (status != STATUS_OK)
            failure_set(
                failure, status,
                "entry %llu of the audit log could not be applied to the restored store: %s",
                (unsigned long long)at, why.text[0] == 0 ? status_text(status) : why.text);
        arena_reset(&arena);
    }
    arena_fini(&arena);
    return status;
}
