#include "routing/owner_forward.h"

#include "base/memory.h"
#include "core/forward.h"
#include "core/frame.h"
#include "routing/worker.h"

/* ---- The source ---- */

/* Whether the author may send to the destination, as far as this worker knows: asked before the
 * source says anything, and again there. */
static refusal_code owner_judge_destination(struct worker *worker, const struct request *request)
{
    struct view id = view_of(request->frame->send->conversation);
    struct member_row row = {.pending_recalls = 0};
    enum status status;
    if (worker_of(worker, id) == worker->index) {
        refusal_code refusal = REFUSAL_NONE;
        struct owned_member scratch;
        struct owned_member *member;
        struct owned_conversation *owned = owner_load(worker, id, &refusal);
        if (owned == NULL)
            return refusal;
        status = owner_load_member(worker, owned, request->author.user, &scratch, &member);
        row = member->member.row;
    } else {
        status = store_get_member(worker->store, id, view_of(request->author.user), &row);
        struct conversation_row conversation;
        if (status == STATUS_NOT_FOUND &&
            store_get_conversation(worker->store, id, &worker->scratch, &conversation) ==
                STATUS_NOT_FOUND)
            return REFUSAL_CODE(UNKNOWN_CONVERSATION);
    }
    if (status != STATUS_OK && status != STATUS_NOT_FOUND)
        return REFUSAL_CODE(STORAGE_UNAVAILABLE);
    return row_is_member(&row) ? REFUSAL_NONE : REFUSAL_CODE(NOT_A_MEMBER);
}

/* How many forwards the message comes from, as far as their sources still say so. */
static size_t owner_forward_depth(struct worker *worker, const wire_event *event)
{
    size_t depth = 0;
    const wire_source *source = event->message->forwarded_from;
    while (source != NULL && depth < LIMIT_FORWARD_DEPTH_MAX) {
        struct event_key key = {view_of(source->conversation), source->origin, source->seq};
        struct view bytes;
        depth++;
        source = NULL;
        if (store_get_event(worker->store, key, &worker->scratch, &bytes) == STATUS_OK &&
            (event = event_decode(bytes, &worker->scratch)) != NULL &&
            event->kind_case == EVENT_KIND(MESSAGE))
            source = event->message->forwarded_from;
    }
    return depth;
}

static enum status owner_find_source(struct worker *worker, const struct owned_conversation *owned,
                                     const wire_source *source, struct forward_facts *facts)
{
    wire_event *event;
    if (source->origin != 0 && source->origin != owned->conversation.origin)
        return STATUS_OK;
    enum status status = owner_read_event(worker, owned, source->seq, &event);
    if (status != STATUS_OK)
        return status == STATUS_NOT_FOUND ? STATUS_OK : status;
    facts->event = event;
    if (event->kind_case != EVENT_KIND(MESSAGE))
        return STATUS_OK;
    facts->depth = owner_forward_depth(worker, event);
    struct event_key key = {view_of(owned->id), owned->conversation.origin, source->seq};
    struct forward_row *rows = arena_alloc(&worker->scratch, LIMIT_FORWARDS_MAX * sizeof(*rows));
    return store_list_forwards(worker->store, key, LIMIT_FORWARDS_MAX, &worker->scratch, rows,
                               &facts->forward_count);
}

/* To the owner of the destination, once this group is committed. */
static void owner_hand_out(struct worker *worker, const struct request *request,
                           const wire_send *send, refusal_code refusal, const char *detail)
{
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    wire_send copy = *send;
    frame.request = request->frame->request;
    frame.body_case = CLIENT_FRAME(SEND);
    frame.send = &copy;
    size_t size = unsay__v1__client_frame__get_packed_size(&frame);
    struct mail_forward *mail = memory_new(sizeof(*mail) + size);
    mail->worker = request->worker;
    mail->session = request->session;
    mail->request = frame.request;
    snprintf(mail->user, sizeof(mail->user), "%s", request->author.user);
    snprintf(mail->device, sizeof(mail->device), "%s", request->author.device);
    mail->authority = request->author.authority;
    snprintf(mail->address, sizeof(mail->address), "%s", request->author.address);
    mail->refusal = refusal;
    mail->detail = detail;
    mail->payload_bytes = unsay__v1__client_frame__pack(&frame, mail->payload);
    owner_send_out(worker, view_of(send->conversation),
                   (struct mail){.kind = MAIL_FORWARD, .forward = mail});
    owner_group(worker)->effects.changes.bytes += size; /* it waits along with the group */
}

void owner_forward(struct worker *worker, const struct request *request)
{
    const wire_send *send = request->frame->send;
    struct owned_conversation *owned;
    struct owned_member scratch;
    struct owned_member *member;
    const char *detail = "";
    refusal_code refusal = owner_judge_destination(worker, request);
    if (refusal == REFUSAL_CODE(UNKNOWN_CONVERSATION) ||
        refusal == REFUSAL_CODE(STORAGE_UNAVAILABLE)) {
        owner_refuse(worker, request, refusal, "");
        return;
    }
    if (!owner_find_author(worker, request, send->forward->conversation, &owned, &scratch, &member))
        return;
    struct forward_facts facts = {.author = &request->author, .member = &member->member};
    if (owner_find_source(worker, owned, send->forward, &facts) != STATUS_OK) {
        owner_refuse(worker, request, REFUSAL_CODE(STORAGE_UNAVAILABLE), "");
        return;
    }
    if (refusal == REFUSAL_NONE)
        refusal = forward_judge(&facts, &detail);
    if (refusal != REFUSAL_NONE) {
        owner_hand_out(worker, request, send, refusal, detail);
        return;
    }
    wire_source source;
    wire_send filled = forward_fill(send, facts.event, &source);
    struct group *group = owner_group(worker);
    forward_note(&owned->conversation, &request->author, send, &group->effects);
    owned->touched = group->number;
    owner_hand_out(worker, request, &filled, REFUSAL_NONE, "");
}

/* ---- The destination ---- */

void owner_take_forward(struct worker *worker, const struct mail_forward *mail)
{
    const wire_client_frame *frame =
        frame_decode_client(view_make(mail->payload, mail->payload_bytes), &worker->scratch);
    if (frame == NULL) /* it was made by us */
        return;
    struct request request = {
        .worker = mail->worker,
        .session = mail->session,
        .author = {mail->user, mail->device, mail->authority, mail->address},
        .frame = frame,
        .forward = mail,
    };
    owner_request(worker, &request);
}

void owner_refuse_forward(struct worker *worker, const struct mail_forward *mail,
                          refusal_code refusal)
{
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    frame.request = mail->request;
    struct request request = {.worker = mail->worker, .session = mail->session, .frame = &frame};
    owner_refuse(worker, &request, refusal, "");
}
