#include "shown.h"

#include "core/message_state.h"
#include "core/refusal.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static uint64_t shown_number(ProtobufCBinaryData id)
{
    uint64_t number = 0;
    for (size_t i = 8; i < id.len; i++)
        number = number << 8 | id.data[i];
    return number;
}

static void shown_id(FILE *out, ProtobufCBinaryData id)
{
    if (id.len == 16)
        fprintf(out, "m%" PRIu64, shown_number(id));
    else
        fputs("-", out);
}

void shown_parse_id(const char *name, uint8_t id[16])
{
    uint64_t number = strtoull(name + 1, NULL, 10);
    memset(id, 0, 16);
    id[0] = 1;
    for (int i = 15; number > 0; i--, number >>= 8)
        id[i] = (uint8_t)number;
}

void shown_parse_conversation(const char *name, char id[65])
{
    if (strncmp(name, "g:c", 3) == 0)
        snprintf(id, 65, "g:0100000000000000%016" PRIx64, (uint64_t)strtoull(name + 3, NULL, 10));
    else
        snprintf(id, 65, "%s", name);
}

void shown_conversation(FILE *out, const char *id)
{
    if (strncmp(id, "g:", 2) == 0 && strlen(id) == 34)
        fprintf(out, " g:c%llu", strtoull(id + 18, NULL, 16));
    else
        fprintf(out, " %s", id);
}

static void shown_bytes(FILE *out, ProtobufCBinaryData bytes)
{
    if (bytes.len > SHOWN_BODY_BYTES_MAX)
        fprintf(out, " <%zu bytes>", bytes.len);
    else
        fprintf(out, " \"%.*s\"", VIEW_PRINT(bytes_view(bytes)));
}

/* The last word of a constant's name, in lower case: ROLE_OWNER is "owner". */
static void shown_constant(FILE *out, const ProtobufCEnumDescriptor *list, int value)
{
    const ProtobufCEnumValue *found = protobuf_c_enum_descriptor_get_value(list, value);
    assert(found != NULL);
    const char *name = strrchr(found->name, '_') + 1;
    for (; *name != 0; name++)
        fputc(*name >= 'A' && *name <= 'Z' ? *name + ('a' - 'A') : *name, out);
}

static void shown_message(FILE *out, const wire_message *message)
{
    fputs(" message ", out);
    shown_id(out, message->message_id);
    fprintf(out, " %s %s", message->sender, message_state_name(message->state));
    if (message->tombstone != NULL)
        fprintf(out, " by %s at %" PRIu64, message->tombstone->operator_,
                message->tombstone->recall_seq);
    if (message->tombstone == NULL || message->body.len > 0)
        shown_bytes(out, message->body);
    if (message->quote != NULL)
        fprintf(out, " quote @%" PRIu64, message->quote->seq);
    if (message->forwarded_from != NULL) {
        fputs(" from", out);
        shown_conversation(out, message->forwarded_from->conversation);
        fprintf(out, "@%" PRIu64, message->forwarded_from->seq);
    }
    for (size_t i = 0; i < message->n_mentions; i++)
        fprintf(out, "%s%s", i == 0 ? " mentions " : " ", message->mentions[i]);
}

static void shown_recall(FILE *out, const wire_recall *recall)
{
    fputs(" recall ", out);
    shown_id(out, recall->target_message_id);
    fprintf(out, "@%" PRIu64 " by %s", recall->target_seq, recall->operator_);
    if (recall->reason[0] != 0)
        fprintf(out, " \"%s\"", recall->reason);
}

static void shown_creation(FILE *out, const wire_creation *creation)
{
    fputs(" creation ", out);
    shown_constant(out, &unsay__v1__conversation_type__descriptor, (int)creation->type);
    for (size_t i = 0; i < creation->n_members; i++) {
        fprintf(out, " %s=", creation->members[i]->user);
        shown_constant(out, &unsay__v1__role__descriptor, (int)creation->members[i]->role);
    }
}

static void shown_members(FILE *out, wire_member *const *members, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        fprintf(out, " %s=", members[i]->user);
        if (members[i]->role == WIRE(ROLE, UNSPECIFIED))
            fputs("gone", out);
        else
            shown_constant(out, &unsay__v1__role__descriptor, (int)members[i]->role);
        if (members[i]->muted_until_ms == UINT64_MAX)
            fputs(",muted", out);
        else if (members[i]->muted_until_ms != 0)
            fprintf(out, ",muted until %" PRIu64 "s",
                    (members[i]->muted_until_ms - SHOWN_START_MS) / 1000);
    }
}

static void shown_settings(FILE *out, const wire_settings *settings)
{
    static const char *const joins[] = {"closed", "members", "open"};
    static const char *const histories[] = {"everything", "joining", "last"};
    fprintf(out, " \"%s\" \"%s\"%s %s %s", settings->name, settings->description,
            settings->read_only ? " read-only" : "", joins[settings->join],
            histories[settings->history]);
    if (settings->history_last != 0)
        fprintf(out, " %u", settings->history_last);
    fputs(settings->dissolved ? " dissolved" : "", out);
}

static void shown_event(FILE *out, const char *kind, const wire_event *event)
{
    fputs(kind, out);
    shown_conversation(out, event->conversation);
    fprintf(out, " %" PRIu64, event->seq);
    if (event->kind_case == EVENT_KIND(MESSAGE))
        shown_message(out, event->message);
    else if (event->kind_case == EVENT_KIND(RECALL))
        shown_recall(out, event->recall);
    else if (event->kind_case == EVENT_KIND(CREATION))
        shown_creation(out, event->creation);
    else if (event->kind_case == EVENT_KIND(MEMBERSHIP)) {
        fprintf(out, " membership %s:", event->membership->actor);
        shown_members(out, event->membership->members, event->membership->n_members);
    } else if (event->kind_case == EVENT_KIND(PIN)) {
        fprintf(out, " %s @%" PRIu64 " by %s", event->pin->is_pinned ? "pin" : "unpin",
                event->pin->target->seq, event->pin->actor);
    } else if (event->kind_case == EVENT_KIND(SETTINGS)) {
        fprintf(out, " settings %s:", event->settings->actor);
        shown_settings(out, event->settings->settings);
    } else if (event->kind_case == EVENT_KIND(HIDDEN)) {
        fprintf(out, " hidden from %" PRIu64, event->hidden->first);
    }
}

static void shown_result(FILE *out, const wire_recall_result *result)
{
    fputs("result", out);
    shown_conversation(out, result->conversation);
    fprintf(out, " %.*s", VIEW_PRINT(bytes_view(result->request_id)));
    for (size_t i = 0; i < result->n_outcomes; i++) {
        const wire_target_outcome *outcome = result->outcomes[i];
        static const char *const names[] = {"?", "recalled", "already_recalled", "pending",
                                            "refused"};
        fputc(' ', out);
        shown_id(out, outcome->target->message_id);
        fprintf(out, "@%" PRIu64 "=%s", outcome->target->seq, names[outcome->outcome]);
        if (outcome->refusal != REFUSAL_NONE)
            fprintf(out, ":%s", refusal_name(outcome->refusal));
    }
    if (result->reach == NULL)
        return;
    fprintf(out, " reach %u/%u", result->reach->applied, result->reach->devices);
    for (size_t i = 0; i < result->reach->n_missing; i++)
        fprintf(out, "%s %s/%s", i == 0 ? " missing" : "", result->reach->missing[i]->user,
                result->reach->missing[i]->device);
}

static void shown_range(FILE *out, const wire_range_progress *range)
{
    fputs("range", out);
    shown_conversation(out, range->conversation);
    fprintf(out, " %.*s examined %" PRIu64 " recalled %" PRIu64 " refused %" PRIu64,
            VIEW_PRINT(bytes_view(range->request_id)), range->examined, range->recalled,
            range->refused);
    if (range->refusal != REFUSAL_NONE)
        fprintf(out, ":%s", refusal_name(range->refusal));
    fputs(range->is_done ? " done" : " running", out);
}

static void shown_exposure(FILE *out, const wire_exposure *exposure)
{
    const wire_exposure_totals *totals = exposure->totals;
    fputs("exposure", out);
    shown_conversation(out, exposure->conversation);
    fprintf(out, " @%" PRIu64 " by %" PRIu64 ":", exposure->target_seq, exposure->recall_seq);
    for (size_t i = 0; i < exposure->n_devices; i++) {
        const wire_device_exposure *device = exposure->devices[i];
        fprintf(out, " %s/%s=", device->user, device->device);
        shown_constant(out, &unsay__v1__device_reach__descriptor, (int)device->reach);
        fputs(device->applied ? ",applied" : "", out);
    }
    fprintf(out,
            " totals %u pushed %u stored %u displayed %u applied %u outstanding %u signed %u "
            "unsigned %u%s",
            totals->devices, totals->pushed, totals->stored, totals->displayed, totals->applied,
            totals->outstanding, totals->receipts_signed, totals->receipts_unsigned,
            exposure->more ? " more" : " end");
}

static void shown_evidence(FILE *out, const wire_evidence *evidence)
{
    fputs("evidence", out);
    shown_conversation(out, evidence->conversation);
    fprintf(out, " @%" PRIu64, evidence->target_seq);
    if (evidence->approvals_needed > 0) {
        fprintf(out, " needs %u", evidence->approvals_needed);
        return;
    }
    fputs(" open", out);
    shown_bytes(out, evidence->body);
}

static void shown_entry(FILE *out, const wire_audit_entry *entry)
{
    static const char *const kinds[] = {"?", "recall", "arrival", "policy", "evidence", "start"};
    static const char *const outcomes[] = {"", " recalled", " already_recalled", " pending",
                                           " refused"};
    fputs(kinds[entry->kind], out);
    if (entry->conversation[0] != 0) {
        shown_conversation(out, entry->conversation);
        fputc(' ', out);
        shown_id(out, entry->target_message_id);
        fprintf(out, "@%" PRIu64, entry->target_seq);
    }
    fprintf(out, " by %s/%s", entry->operator_, entry->device);
    if (entry->actor != WIRE(ACTOR, UNSPECIFIED)) {
        fputs(" as ", out);
        shown_constant(out, &unsay__v1__actor__descriptor, (int)entry->actor);
    }
    fputs(outcomes[entry->outcome], out);
    if (entry->refusal != REFUSAL_NONE)
        fprintf(out, ":%s", refusal_name((refusal_code)entry->refusal));
    if (entry->recall_seq != 0)
        fprintf(out, " at %" PRIu64, entry->recall_seq);
    if (entry->rule[0] != 0)
        fprintf(out, " rule %s", entry->rule);
}

static void shown_recalls(FILE *out, const wire_recall_page *page)
{
    fputs("recalls", out);
    for (size_t i = 0; i < page->n_entries; i++) {
        fprintf(out, " (%" PRIu64 " ", page->entries[i]->index);
        shown_entry(out, page->entries[i]->entry);
        fputc(')', out);
    }
    if (page->next == 0)
        fputs(" end", out);
    else
        fprintf(out, " next %" PRIu64, page->next);
}

/* A scenario's policies have their name for a version. */
static void shown_policy(FILE *out, const wire_policy_info *info)
{
    fprintf(out, " %.*s", (int)strnlen((const char *)info->version.data, info->version.len),
            (const char *)info->version.data);
    for (size_t i = 0; i < info->n_versions; i++) {
        fputs(i == 0 ? " of" : "", out);
        shown_policy(out, info->versions[i]);
    }
}

static void shown_overview(FILE *out, const wire_conversation_entry *entry)
{
    if (entry->unread > 0)
        fprintf(out, " unread %u", entry->unread);
    if (entry->mentions > 0)
        fprintf(out, " mentions %u", entry->mentions);
    if (entry->preview != NULL) {
        fputs(" last ", out);
        shown_id(out, entry->preview->message->message_id);
        fprintf(out, "@%" PRIu64 ":%s", entry->preview->seq,
                message_state_name(entry->preview->message->state));
        if (entry->preview->message->tombstone == NULL)
            shown_bytes(out, entry->preview->message->body);
    }
    fputc(')', out);
}

static void shown_listing(FILE *out, const wire_listing *listing)
{
    if (listing->muted_until_ms != 0)
        fprintf(out, " muted-until %" PRIu64, listing->muted_until_ms);
    if (listing->pinned_ms != 0)
        fputs(" on-top", out);
    if (listing->hiding == WIRE(HIDING, UNTIL_MESSAGE))
        fprintf(out, " hidden@%" PRIu64, listing->hidden_seq);
    if (listing->hiding == WIRE(HIDING, ALWAYS))
        fputs(" hidden", out);
}

static void shown_conversations(FILE *out, wire_conversation_entry *const *entries, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const wire_conversation_entry *entry = entries[i];
        shown_conversation(out, entry->conversation);
        fprintf(out, "=%s%s(", entry->peer, entry->name);
        shown_constant(out, &unsay__v1__role__descriptor, (int)entry->role);
        if (entry->n_heads > 0)
            fprintf(out, " %" PRIu64 " %" PRIu64 "/%" PRIu64, entry->heads[0]->seq,
                    entry->heads[0]->stored, entry->heads[0]->displayed);
        if (entry->muted_until_ms != 0)
            fputs(" muted", out);
        if (entry->settings != NULL && entry->settings->dissolved)
            fputs(" dissolved", out);
        if (entry->listing != NULL)
            shown_listing(out, entry->listing);
        if (entry->n_heads > 0 && entry->heads[0]->begin != 0)
            fprintf(out, " begins %" PRIu64, entry->heads[0]->begin);
        shown_overview(out, entry);
    }
}

static void shown_list(FILE *out, const wire_conversation_page *page)
{
    fputs("list", out);
    shown_conversations(out, page->conversations, page->n_conversations);
    fputs(page->more ? " more" : " end", out);
}

static void shown_ack(FILE *out, const wire_ack_confirmed *ack)
{
    fputs("ack", out);
    for (size_t i = 0; i < ack->n_cursors; i++) {
        shown_conversation(out, ack->cursors[i]->conversation);
        fprintf(out, " %" PRIu64 "/%" PRIu64, ack->cursors[i]->stored, ack->cursors[i]->displayed);
    }
}

static void shown_accepted(FILE *out, const wire_accepted *accepted)
{
    fputs("accepted", out);
    shown_conversation(out, accepted->conversation);
    fprintf(out, " %" PRIu64 " ", accepted->seq);
    shown_id(out, accepted->message_id);
    fprintf(out, " %s", message_state_name(accepted->state));
}

static void shown_body(FILE *out, const wire_server_frame *frame)
{
    switch (frame->body_case) {
    case SERVER_FRAME(WELCOME):
        fprintf(out, "welcome %s/%s", frame->welcome->user, frame->welcome->device);
        if (frame->welcome->resumed)
            fputs(" resumed", out);
        shown_conversations(out, frame->welcome->news, frame->welcome->n_news);
        return;
    case SERVER_FRAME(HEARTBEAT):
        fputs("heartbeat", out);
        return;
    case SERVER_FRAME(ACCEPTED):
        shown_accepted(out, frame->accepted);
        return;
    case SERVER_FRAME(RECALL):
        shown_result(out, frame->recall);
        return;
    case SERVER_FRAME(ACK):
        shown_ack(out, frame->ack);
        return;
    case SERVER_FRAME(EVENT):
        shown_event(out, frame->request == 0 ? "event" : "entry", frame->event);
        return;
    case SERVER_FRAME(NOTICE):
        shown_event(out, "notice", frame->notice);
        return;
    case SERVER_FRAME(REFRESH):
        fputs("refresh", out);
        shown_conversation(out, frame->refresh->conversation);
        fprintf(out, " %" PRIu64, frame->refresh->seq);
        return;
    case SERVER_FRAME(REPLACE):
        shown_event(out, "replace", frame->replace->recall);
        shown_event(out, " with", frame->replace->tombstone);
        return;
    case SERVER_FRAME(PAGE_END):
        fputs("page", out);
        shown_conversation(out, frame->page_end->conversation);
        fprintf(out, " count %u head %" PRIu64 " %s", frame->page_end->count, frame->page_end->head,
                frame->page_end->more ? "more" : "end");
        if (frame->page_end->next != 0)
            fprintf(out, " next %" PRIu64, frame->page_end->next);
        if (frame->page_end->begin != 0)
            fprintf(out, " begins %" PRIu64, frame->page_end->begin);
        return;
    case SERVER_FRAME(CONVERSATIONS):
        shown_list(out, frame->conversations);
        return;
    case SERVER_FRAME(OPENED):
        fputs("opened", out);
        shown_conversation(out, frame->opened->conversation);
        fputs(frame->opened->created ? " created" : " existing", out);
        return;
    case SERVER_FRAME(APPENDED):
        fputs("appended", out);
        shown_conversation(out, frame->appended->conversation);
        fprintf(out, " %" PRIu64, frame->appended->seq);
        return;
    case SERVER_FRAME(MEMBERS):
        fputs("members", out);
        shown_conversation(out, frame->members->conversation);
        shown_members(out, frame->members->members, frame->members->n_members);
        fputs(frame->members->more ? " more" : " end", out);
        return;
    case SERVER_FRAME(LISTING):
        fputs(frame->request == 0 ? "news" : "listing", out);
        shown_conversation(out, frame->listing->conversation);
        fprintf(out, " %" PRIu64, frame->listing->version);
        shown_listing(out, frame->listing);
        return;
    case SERVER_FRAME(PINS):
        fputs("pins", out);
        shown_conversation(out, frame->pins->conversation);
        for (size_t i = 0; i < frame->pins->n_pins; i++)
            fprintf(out, " @%" PRIu64, frame->pins->pins[i]->seq);
        return;
    case SERVER_FRAME(CONVERSATION):
        fputs("conversation", out);
        shown_conversation(out, frame->conversation->conversation);
        return;
    case SERVER_FRAME(RANGE):
        shown_range(out, frame->range);
        return;
    case SERVER_FRAME(EXPOSURE):
        shown_exposure(out, frame->exposure);
        return;
    case SERVER_FRAME(EVIDENCE):
        shown_evidence(out, frame->evidence);
        return;
    case SERVER_FRAME(RECALLS):
        shown_recalls(out, frame->recalls);
        return;
    case SERVER_FRAME(POLICY):
        fputs("policy", out);
        shown_policy(out, frame->policy);
        return;
    case SERVER_FRAME(PROGRESS):
    case SERVER_FRAME(RECEIPTS):
    case SERVER_FRAME(PRIVACY):
        shown_levels(out, frame);
        return;
    case SERVER_FRAME(BEHIND):
        fputs("behind", out);
        return;
    case SERVER_FRAME(INVITATION):
        fputs("invitation", out);
        shown_conversation(out, frame->invitation->conversation);
        fprintf(out, "=%s(", frame->invitation->name);
        shown_constant(out, &unsay__v1__role__descriptor, (int)frame->invitation->role);
        fprintf(out, " by %s)", frame->invitation->peer);
        return;
    case SERVER_FRAME(ERROR):
        fprintf(out, "error %s%s", refusal_name(frame->error->code),
                frame->error->closing ? " closing" : "");
        return;
    case SERVER_FRAME(_NOT_SET):
    case _UNSAY__V1__SERVER_FRAME__BODY__CASE_IS_INT_SIZE:
    default:
        fputs("?", out);
    }
}

char *shown_frame(const wire_server_frame *frame)
{
    char *line = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&line, &size);
    assert(out != NULL);
    shown_body(out, frame);
    fclose(out);
    return line;
}

char *shown_audit(const wire_audit_entry *entry)
{
    char *line = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&line, &size);
    assert(out != NULL);
    shown_entry(out, entry);
    fclose(out);
    return line;
}
