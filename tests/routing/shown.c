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

static void shown_conversation(FILE *out, const char *id)
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

static void shown_event(FILE *out, const char *kind, const wire_event *event)
{
    fputs(kind, out);
    shown_conversation(out, event->conversation);
    fprintf(out, " %" PRIu64, event->seq);
    if (event->kind_case == EVENT_KIND(MESSAGE))
        shown_message(out, event->message);
    else if (event->kind_case == EVENT_KIND(RECALL))
        shown_recall(out, event->recall);
    else
        shown_creation(out, event->creation);
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
}

static void shown_list(FILE *out, const wire_conversation_page *page)
{
    fputs("list", out);
    for (size_t i = 0; i < page->n_conversations; i++) {
        const wire_conversation_entry *entry = page->conversations[i];
        const wire_head *head = entry->heads[0];
        shown_conversation(out, entry->conversation);
        fprintf(out, "=%s%s(", entry->peer, entry->name);
        shown_constant(out, &unsay__v1__role__descriptor, (int)entry->role);
        fprintf(out, " %" PRIu64 " %" PRIu64 "/%" PRIu64 ")", head->seq, head->stored,
                head->displayed);
    }
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
    case SERVER_FRAME(PAGE_END):
        fputs("page", out);
        shown_conversation(out, frame->page_end->conversation);
        fprintf(out, " count %u head %" PRIu64 " %s", frame->page_end->count, frame->page_end->head,
                frame->page_end->more ? "more" : "end");
        return;
    case SERVER_FRAME(CONVERSATIONS):
        shown_list(out, frame->conversations);
        return;
    case SERVER_FRAME(OPENED):
        fputs("opened", out);
        shown_conversation(out, frame->opened->conversation);
        fputs(frame->opened->created ? " created" : " existing", out);
        return;
    case SERVER_FRAME(BEHIND):
        fputs("behind", out);
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
