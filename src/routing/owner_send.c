#include "core/frame.h"
#include "core/send.h"
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
    message.state = accepted->state;
    recent_put(&worker->owner.recent, owned->hash, event.seq,
               event_encode(&event, &worker->scratch));
}

void owner_send(struct worker *worker, const struct request *request)
{
    const wire_send *send = request->frame->send;
    struct owned_conversation *owned;
    struct owned_member scratch;
    struct owned_member *member;
    if (!owner_find_author(worker, request, send->conversation, &owned, &scratch, &member))
        return;

    struct uuid id;
    struct message_id_row row = {0};
    struct send_facts facts = {.author = &request->author, .now_ms = worker->now.wall_ms};
    wire_accepted accepted = UNSAY__V1__ACCEPTED__INIT;
    memcpy(id.bytes, send->message_id.data, UUID_BYTES);
    enum status status = STATUS_OK;
    if (member->member.is_member && !send_id_is_fresh(&member->member, &id)) {
        status = owner_get_message_id(worker, owned->id, request->author.user, &id, &row);
        if (status == STATUS_OK)
            facts.known = &row;
        else if (status == STATUS_NOT_FOUND)
            status = STATUS_OK;
    }
    if (status == STATUS_OK && facts.known != NULL && row.seq != 0) {
        wire_event *first;
        status = owner_get_event(worker, owned, row.seq, &first);
        if (status == STATUS_OK) {
            send_repeat(first, &accepted);
            stats_add(&worker->stats, STAT_messages_repeated, 1);
            owner_answer_send(worker, request, &accepted);
            return;
        }
    }
    if (status == STATUS_OK)
        status = owner_knows_predecessor(worker, request, owned, &member->member, send,
                                         &facts.after_is_known);
    if (status != STATUS_OK) {
        owner_refuse(worker, request, REFUSAL_CODE(STORAGE_UNAVAILABLE), "");
        return;
    }

    struct group *group = owner_group(worker);
    refusal_code refusal = send_decide(&owned->conversation, &member->member, send, &facts,
                                       &worker->settings.policy, &group->effects, &accepted);
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
