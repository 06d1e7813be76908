#include "core/frame.h"
#include "core/send.h"
#include "core/settings.h"
#include "routing/worker.h"

/* Whether the message that this one must follow is in the log. */
static enum status owner_knows_predecessor(struct worker *worker, const struct request *request,
                                           const struct owned_conversation *owned,
                                           const struct member *member, const wire_send *send,
                                           bool *is_known)
{
    struct uuid after;
    struct message_id_row row;
    *is_known = true;
    if (send_follows_last(member, send))
        return STATUS_OK;
    memcpy(after.bytes, send->after.data, UUID_BYTES);
    enum status status =
        owner_get_message_id(worker, owned->id, request->author.user, &after, &row);
    *is_known = status == STATUS_OK && row.seq != 0;
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static void owner_answer_send(struct worker *worker, const struct request *request,
                              wire_accepted *accepted)
{
    wire_server_frame answer = UNSAY__V1__SERVER_FRAME__INIT;
    answer.body_case = SERVER_FRAME(ACCEPTED);
    answer.accepted = accepted;
    if (accepted->state != WIRE(MESSAGE_STATE, NORMAL))
        owner_group(worker)->tells_recall = true;
    owner_answer(worker, request, &answer);
}

/* If this message is taken back, it will probably be soon. */
static void owner_remember(struct worker *worker, const struct request *request,
                           const struct owned_conversation *owned, const wire_accepted *accepted)
{
    wire_event event = UNSAY__V1__EVENT__INIT;
    wire_message message = UNSAY__V1__MESSAGE__INIT;
    event.conversation = accepted->conversation;
    event.origin = accepted->origin;
    event.seq = accepted->seq;
    event.time = accepted->time;
    event.kind_case = EVENT_KIND(MESSAGE);
    event.message = &message;
    message.message_id = accepted->message_id;
    message.sender = string_of(request->author.user);
    message.device = string_of(request->author.device);
    message.content_type = request->frame->send->content_type;
    recent_put(&worker->owner.recent, owned->hash, &event);
}

/* The row of the message id, when it was used before. Someone who has left hears of what was sent
 * until then. */
static enum status owner_find_sent(struct worker *worker, const struct request *request,
                                   const struct owned_conversation *owned,
                                   const struct member *member, struct message_id_row *row,
                                   bool *is_known)
{
    const wire_send *send = request->frame->send;
    struct uuid id;
    memcpy(id.bytes, send->message_id.data, UUID_BYTES);
    bool is_stranger = !member->is_member && member->row.left_seq == 0;
    bool is_system = request->author.authority == WIRE(ACTOR, SYSTEM);
    *is_known = false;
    /* Of one who is no member nothing is remembered from one message to the next. */
    if (is_stranger ? !is_system : send_id_is_fresh(member, &id))
        return STATUS_OK;
    enum status status = owner_get_message_id(worker, owned->id, request->author.user, &id, row);
    *is_known = status == STATUS_OK;
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

/* The first answer, again. */
static enum status owner_repeat_send(struct worker *worker, const struct request *request,
                                     const struct owned_conversation *owned, uint64_t seq)
{
    wire_accepted accepted = UNSAY__V1__ACCEPTED__INIT;
    wire_event *first;
    enum status status = owner_get_event(worker, owned, seq, &first);
    if (status != STATUS_OK)
        return status;
    send_repeat(first, &accepted);
    stats_add(&worker->stats, STAT_messages_repeated, 1);
    owner_answer_send(worker, request, &accepted);
    return STATUS_OK;
}

/* Says until when, by the server's clock. */
static void owner_refuse_muted(struct worker *worker, const struct request *request,
                               uint64_t until_ms)
{
    char detail[MUTED_DETAIL_BYTES];
    uint64_t left_ms = until_ms - worker->now.wall_ms;
    settings_tell_muted(until_ms, detail);
    owner_refuse_until(worker, request, REFUSAL_CODE(MUTED), detail,
                       left_ms > UINT32_MAX ? UINT32_MAX : (uint32_t)left_ms);
}

static void owner_append_message(struct worker *worker, const struct request *request,
                                 struct owned_conversation *owned, struct member *member,
                                 const struct send_facts *facts)
{
    struct group *group = owner_group(worker);
    wire_accepted accepted = UNSAY__V1__ACCEPTED__INIT;
    refusal_code refusal = send_decide(&owned->conversation, member, request->frame->send, facts,
                                       &worker->settings.rules, &group->effects, &accepted);
    if (refusal == REFUSAL_CODE(MUTED)) {
        owner_refuse_muted(worker, request, member->row.muted_until_ms);
        return;
    }
    if (refusal != REFUSAL_NONE) {
        owner_refuse(worker, request, refusal, "");
        return;
    }
    owned->touched = group->number;
    if (accepted.state == WIRE(MESSAGE_STATE, NORMAL))
        owner_remember(worker, request, owned, &accepted);
    stats_add(&worker->stats, STAT_messages_accepted, 1);
    owner_answer_send(worker, request, &accepted);
}

void owner_send(struct worker *worker, const struct request *request)
{
    const wire_send *send = request->frame->send;
    struct owned_conversation *owned;
    struct owned_member scratch;
    struct owned_member *member;
    if (send->forward != NULL && request->forward == NULL) {
        owner_forward(worker, request);
        return;
    }
    if (!owner_find_author(worker, request, send->conversation, &owned, &scratch, &member))
        return;

    struct message_id_row row = {0};
    struct send_facts facts = {.author = &request->author, .now_ms = worker->now.wall_ms};
    bool is_known;
    enum status status = owner_find_sent(worker, request, owned, &member->member, &row, &is_known);
    facts.known = is_known ? &row : NULL;
    if (status == STATUS_OK && row.seq != 0) {
        status = owner_repeat_send(worker, request, owned, row.seq);
        if (status == STATUS_OK)
            return;
    }
    if (status == STATUS_OK && request->forward != NULL &&
        request->forward->refusal != REFUSAL_NONE) {
        owner_refuse(worker, request, request->forward->refusal, request->forward->detail);
        return;
    }
    if (status == STATUS_OK)
        status = owner_knows_predecessor(worker, request, owned, &member->member, send,
                                         &facts.after_is_known);
    if (status == STATUS_OK)
        owner_append_message(worker, request, owned, &member->member, &facts);
    else
        owner_refuse(worker, request, REFUSAL_CODE(STORAGE_UNAVAILABLE), "");
}
