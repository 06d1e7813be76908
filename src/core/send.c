#include "core/send.h"

#include "base/limits.h"
#include "core/frame.h"
#include "core/ids.h"
#include "core/recall.h"
#include "core/settings.h"
#include "core/take_back.h"
#include "core/visibility.h"

#include <assert.h>

static bool send_is_user_or_everyone(const char *mention)
{
    return strcmp(mention, "*") == 0 || id_is_user(view_of(mention));
}

/* The parts that point at something else: quote, source, mentions. */
static refusal_code send_check_references(const wire_send *send, const char **detail)
{
    if (send->quote != NULL && send->quote->seq == 0) {
        *detail = "quote: seq: 1 or more";
        return REFUSAL_CODE(FIELD_INVALID);
    }
    if (send->forward != NULL) {
        if (!id_is_conversation(view_of(send->forward->conversation))) {
            *detail = "forward: conversation: 1 to 64 of [A-Za-z0-9._:@-]";
            return REFUSAL_CODE(INVALID_ID);
        }
        if (send->forward->seq == 0) {
            *detail = "forward: seq: 1 or more";
            return REFUSAL_CODE(FIELD_INVALID);
        }
        if (send->body.len != 0) {
            *detail = "body: empty, since the server copies the forwarded one";
            return REFUSAL_CODE(FIELD_INVALID);
        }
    }
    if (send->n_mentions > LIMIT_MENTIONS_MAX) {
        *detail = "mentions: at most 64";
        return REFUSAL_CODE(FIELD_INVALID);
    }
    for (size_t i = 0; i < send->n_mentions; i++) {
        if (!send_is_user_or_everyone(send->mentions[i])) {
            *detail = "mentions: each a user, 1 to 64 of [A-Za-z0-9._@-], or *";
            return REFUSAL_CODE(INVALID_ID);
        }
    }
    return REFUSAL_NONE;
}

refusal_code send_check(const wire_send *send, const char **detail)
{
    if (!id_is_conversation(view_of(send->conversation))) {
        *detail = "conversation: 1 to 64 of [A-Za-z0-9._:@-]";
        return REFUSAL_CODE(INVALID_ID);
    }
    if (send->message_id.len != UUID_BYTES) {
        *detail = "message_id: 16 bytes";
        return REFUSAL_CODE(INVALID_ID);
    }
    if (send->after.len != 0 && send->after.len != UUID_BYTES) {
        *detail = "after: empty or 16 bytes";
        return REFUSAL_CODE(INVALID_ID);
    }
    struct uuid id;
    memcpy(id.bytes, send->message_id.data, UUID_BYTES);
    if (uuid_is_zero(&id)) {
        *detail = "message_id: must not be zero";
        return REFUSAL_CODE(INVALID_ID);
    }
    if (send->forward == NULL && (send->content_type < WIRE(CONTENT_TYPE, TEXT) ||
                                  send->content_type > WIRE(CONTENT_TYPE, CUSTOM))) {
        *detail = "content_type: 1 to 7";
        return REFUSAL_CODE(FIELD_INVALID);
    }
    if (send->body.len > LIMIT_BODY_BYTES_MAX) {
        *detail = "body: at most 65536 bytes";
        return REFUSAL_CODE(BODY_TOO_LARGE);
    }
    *detail = "";
    return send_check_references(send, detail);
}

bool send_id_is_fresh(const struct member *member, const struct uuid *id)
{
    return uuid_compare(id, &member->last_message_id) > 0;
}

bool send_follows_last(const struct member *member, const wire_send *send)
{
    return send->after.len == 0 ||
           (member->last_is_in_log &&
            memcmp(send->after.data, member->last_message_id.bytes, UUID_BYTES) == 0);
}

/* The operator of a recall that waited hears how it was decided. */
static void send_tell_operator(const struct conversation *conversation,
                               const wire_recall_request *request, const wire_event *message,
                               refusal_code refusal, struct effects *effects)
{
    wire_target target = UNSAY__V1__TARGET__INIT;
    wire_target_outcome outcome = UNSAY__V1__TARGET_OUTCOME__INIT;
    wire_target_outcome *outcomes[] = {&outcome};
    wire_recall_result result = UNSAY__V1__RECALL_RESULT__INIT;
    wire_server_frame frame = UNSAY__V1__SERVER_FRAME__INIT;
    target.origin = message->origin;
    target.seq = message->seq;
    target.message_id = message->message->message_id;
    outcome.target = &target;
    outcome.outcome = WIRE(RECALL_OUTCOME, REFUSED);
    outcome.refusal = refusal;
    result.conversation = string_of(conversation->id);
    result.request_id = request->request_id;
    result.outcomes = outcomes;
    result.n_outcomes = 1;
    frame.body_case = SERVER_FRAME(RECALL);
    frame.recall = &result;
    effects_tell(effects, message->message->sender, frame_from_server(&frame));
}

/* It was taken back before, and a restored backup did not have it: what was granted holds. */
static bool send_meets_granted(struct conversation *conversation, const struct send_facts *facts,
                               const struct member *member, const wire_event *message,
                               struct change *stored, const struct rulebook *rules,
                               struct effects *effects)
{
    struct publication *published = effects->last;
    static const struct reach_audience nobody;
    struct take_back what;
    if (!take_back_decode(arena_copy(effects->arena, facts->known->pending), rules, effects->arena,
                          &what))
        return false;
    struct recall_facts recall_facts = {
        .author = what.author,
        .member = member,
        .event = message,
        .target_role = member->row.role,
        .audience = &nobody,
        .now_ms = facts->now_ms,
    };
    const struct publication *recall =
        recall_apply(conversation, what.request, &recall_facts, what.ruling, what.rules, effects);
    stored->bytes = recall->tombstone;
    blob_release(published->frame);
    published->frame = frame_around_event(FRAME_EVENT, 0, recall->tombstone);
    recall_audit(conversation, WIRE(AUDIT_KIND, RECALL_ON_ARRIVAL), what.request, NULL,
                 &recall_facts, what.ruling, what.rules, recall, effects);
    return true;
}

/* The recall that waited for this message, judged now that the message is here: `stored` is its
 * row. */
static bool send_meets_recall(struct conversation *conversation, const struct send_facts *facts,
                              const struct member *member, const wire_event *message,
                              struct change *stored, const struct rulebook *rules,
                              struct effects *effects)
{
    struct publication *published = effects->last;
    static const struct reach_audience nobody;
    ProtobufCAllocator allocator;
    arena_allocator(effects->arena, &allocator);
    const wire_recall_request *request = unsay__v1__recall_request__unpack(
        &allocator, facts->known->pending.size, facts->known->pending.data);
    if (request == NULL)
        return false;
    struct author author = {
        .user = facts->author->user,
        .device = (const char *)arena_copy(effects->arena, facts->known->pending_device).data,
        .authority = facts->known->pending_authority,
        .address = "",
    };
    struct recall_facts recall_facts = {
        .author = &author,
        .member = member,
        .event = message,
        .target_role = member->row.role,
        .audience = &nobody,
        .now_ms = facts->now_ms,
    };
    struct recall_ruling ruling =
        recall_judge_message(conversation, request->condition, &recall_facts, rules);
    const struct publication *recall = NULL;
    if (ruling.step == RECALL_APPLY) {
        recall = recall_apply(conversation, request, &recall_facts, &ruling, rules, effects);
        /* Neither the store nor any connection ever gets the body. */
        stored->bytes = recall->tombstone;
        blob_release(published->frame);
        published->frame = frame_around_event(FRAME_EVENT, 0, recall->tombstone);
    } else {
        send_tell_operator(conversation, request, message, ruling.refusal, effects);
    }
    recall_audit(conversation, WIRE(AUDIT_KIND, RECALL_ON_ARRIVAL), request, NULL, &recall_facts,
                 &ruling, rules, recall, effects);
    return recall != NULL;
}

/* Only a reference: what it points at is looked at when it is read, as it is then. */
static bool send_quotes_this_log(const struct conversation *conversation,
                                 const struct member *member, const wire_reference *quote)
{
    return (quote->origin == 0 || quote->origin == conversation->origin) &&
           quote->seq <= conversation->head &&
           (!member->is_member || visibility_allows(&member->row, quote->seq));
}

/* Each user once, in the order of the request; lent by it. */
static void send_copy_mentions(const wire_send *send, wire_message *message, struct arena *arena)
{
    message->mentions = arena_alloc(arena, send->n_mentions * sizeof(*message->mentions));
    for (size_t i = 0; i < send->n_mentions; i++) {
        bool is_new = true;
        for (size_t at = 0; at < message->n_mentions && is_new; at++)
            is_new = strcmp(message->mentions[at], send->mentions[i]) != 0;
        if (is_new)
            message->mentions[message->n_mentions++] = send->mentions[i];
    }
}

refusal_code send_decide(struct conversation *conversation, struct member *member,
                         const wire_send *send, const struct send_facts *facts,
                         const struct rulebook *rules, struct effects *effects,
                         wire_accepted *answer)
{
    bool is_system = facts->author->authority == WIRE(ACTOR, SYSTEM);
    if (!member->is_member && !is_system)
        return REFUSAL_CODE(NOT_A_MEMBER);
    refusal_code refusal =
        settings_judge_writer(conversation, facts->author, member, facts->now_ms);
    if (refusal != REFUSAL_NONE)
        return refusal;
    if (!facts->after_is_known)
        return REFUSAL_CODE(OUT_OF_ORDER);
    if (send->quote != NULL && !send_quotes_this_log(conversation, member, send->quote))
        return REFUSAL_CODE(UNKNOWN_MESSAGE);
    assert(facts->known == NULL || facts->known->seq == 0);

    wire_event event = UNSAY__V1__EVENT__INIT;
    wire_message message = UNSAY__V1__MESSAGE__INIT;
    message.message_id = send->message_id;
    message.sender = string_of(facts->author->user);
    message.device = string_of(facts->author->device);
    message.content_type = send->content_type;
    message.body = send->body;
    message.state = WIRE(MESSAGE_STATE, NORMAL);
    wire_reference quote = UNSAY__V1__REFERENCE__INIT;
    if (send->quote != NULL) {
        quote.origin = conversation->origin;
        quote.seq = send->quote->seq;
        message.quote = &quote;
    }
    message.forwarded_from = send->forward;
    send_copy_mentions(send, &message, effects->arena);
    event.kind_case = EVENT_KIND(MESSAGE);
    event.message = &message;
    conversation_append(conversation, &event, facts->now_ms, effects);
    struct change *stored = effects->changes.last;
    wire_outbox_entry told = UNSAY__V1__OUTBOX_ENTRY__INIT;
    told.kind = WIRE(OUTBOX_KIND, MESSAGE);
    effects_outbox(effects, &event, &told);

    bool is_granted = facts->known != NULL && facts->known->pending_is_granted;
    bool is_recalled =
        is_granted ? send_meets_granted(conversation, facts, member, &event, stored, rules, effects)
                   : facts->known != NULL && send_meets_recall(conversation, facts, member, &event,
                                                               stored, rules, effects);

    struct change *id_change = effects_change(effects, CHANGE_MESSAGE_ID, conversation);
    id_change->user = arena_copy(effects->arena, view_of(facts->author->user));
    memcpy(id_change->id.bytes, send->message_id.data, UUID_BYTES);
    id_change->message_id.origin = event.origin;
    id_change->message_id.seq = event.seq;
    if (send_id_is_fresh(member, &id_change->id)) {
        member->last_message_id = id_change->id;
        member->last_is_in_log = true;
    }

    if (facts->known != NULL && !is_granted) {
        if (member->row.pending_recalls > 0)
            member->row.pending_recalls--;
        struct change *change = effects_change(effects, CHANGE_MEMBER, conversation);
        change->user = id_change->user;
        change->member = member->row;
    }

    answer->conversation = string_of(conversation->id);
    answer->origin = event.origin;
    answer->seq = event.seq;
    answer->time = event.time;
    answer->message_id = send->message_id;
    answer->state = is_recalled ? WIRE(MESSAGE_STATE, RECALLED) : WIRE(MESSAGE_STATE, NORMAL);
    return REFUSAL_NONE;
}

void send_repeat(const wire_event *event, wire_accepted *answer)
{
    answer->conversation = event->conversation;
    answer->origin = event->origin;
    answer->seq = event->seq;
    answer->time = event->time;
    answer->message_id = event->message->message_id;
    answer->state = event->message->state;
}
