#include "routing/requests.h"

#include "base/memory.h"
#include "core/creation.h"
#include "core/frame.h"
#include "core/ids.h"
#include "core/listing.h"
#include "core/membership.h"
#include "core/pin.h"
#include "core/range.h"
#include "core/send.h"
#include "core/settings.h"
#include "routing/attempts.h"
#include "routing/exposure.h"
#include "routing/policies.h"
#include "routing/progress.h"
#include "routing/reader.h"
#include "routing/receipts.h"
#include "routing/worker.h"

static void requests_forward(struct worker *worker, struct session *session, unsigned owner,
                             const wire_client_frame *frame, struct view payload)
{
    bool may_create = session->subscription_count < LIMIT_CONVERSATIONS_PER_USER_MAX;
    if (owner == worker->index) {
        struct request request = {
            .worker = worker->index,
            .session = session->id,
            .author = {session->user, session->device, session->authority, session->address},
            .may_create = may_create,
            .frame = frame};
        owner_request(worker, &request);
        return;
    }
    struct mail_request *mail = memory_new(sizeof(*mail) + payload.size);
    mail->worker = worker->index;
    mail->session = session->id;
    mail->may_create = may_create;
    snprintf(mail->user, sizeof(mail->user), "%s", session->user);
    snprintf(mail->device, sizeof(mail->device), "%s", session->device);
    mail->authority = session->authority;
    snprintf(mail->address, sizeof(mail->address), "%s", session->address);
    mail->payload_bytes = payload.size;
    memcpy(mail->payload, payload.data, payload.size);
    struct mail posted = {.kind = MAIL_REQUEST, .request = mail};
    if (!shell_post(worker->shell, owner, posted)) {
        mail_discard(&posted);
        session_refuse(worker, session, frame->request, REFUSAL_CODE(OVERLOADED), "", false);
    }
}

static void requests_take_notices(struct worker *worker, struct session *session,
                                  const wire_ack *ack)
{
    for (size_t i = 0; i < ack->n_notices; i++) {
        const wire_notice_ack *notice = ack->notices[i];
        session_acknowledged_notice(worker, session, view_of(notice->conversation),
                                    notice->origin == 0 ? ORIGIN_DEFAULT : notice->origin,
                                    notice->seq);
    }
}

/* The cursors of an Ack, to the owner of each conversation. */
static void requests_take_ack(struct worker *worker, struct session *session, uint64_t request,
                              const wire_ack *ack)
{
    if (ack->n_cursors > LIMIT_ACK_ENTRIES_MAX || ack->n_notices > LIMIT_ACK_ENTRIES_MAX) {
        session_refuse(worker, session, request, REFUSAL_CODE(FIELD_INVALID),
                       "ack: at most 256 cursors and 256 notices", false);
        return;
    }
    requests_take_notices(worker, session, ack);
    for (size_t i = 0; i < ack->n_cursors; i++) {
        const wire_cursor *cursor = ack->cursors[i];
        if (!id_is_conversation(view_of(cursor->conversation))) {
            session_refuse(worker, session, request, REFUSAL_CODE(INVALID_ID),
                           "ack: conversation: 1 to 64 of [A-Za-z0-9._:@-]", false);
            return;
        }
        session_acknowledged(worker, session, view_of(cursor->conversation), cursor->stored);
    }
    for (unsigned owner = 0; owner < worker->count; owner++) {
        wire_cursor *cursors[LIMIT_ACK_ENTRIES_MAX];
        wire_ack part = UNSAY__V1__ACK__INIT;
        part.cursors = cursors;
        for (size_t i = 0; i < ack->n_cursors; i++) {
            if (worker_of(worker, view_of(ack->cursors[i]->conversation)) == owner)
                cursors[part.n_cursors++] = ack->cursors[i];
        }
        if (part.n_cursors == 0)
            continue;
        wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
        frame.request = request;
        frame.body_case = CLIENT_FRAME(ACK);
        frame.ack = &part;
        struct blob *encoded = frame_from_client(&frame);
        requests_forward(worker, session, owner, &frame, frame_payload(blob_view(encoded)));
        blob_release(encoded);
    }
}

static void requests_take_heartbeat(struct worker *worker, struct session *session,
                                    const wire_client_frame *request)
{
    wire_heartbeat_reply reply = UNSAY__V1__HEARTBEAT_REPLY__INIT;
    wire_server_frame frame = UNSAY__V1__SERVER_FRAME__INIT;
    reply.server_time_ms = worker->now.wall_ms;
    frame.request = request->request;
    frame.body_case = SERVER_FRAME(HEARTBEAT);
    frame.heartbeat = &reply;
    session_answer(worker, session, frame_from_server(&frame));
    if (request->heartbeat->ack != NULL)
        requests_take_ack(worker, session, 0, request->heartbeat->ack);
}

static refusal_code requests_check_privacy(const wire_change_privacy *change, const char **detail)
{
    if (change->displayed >= WIRE(PRIVACY_CHOICE, KEEP) &&
        change->displayed <= WIRE(PRIVACY_CHOICE, HIDE))
        return REFUSAL_NONE;
    *detail = "privacy: displayed: keep, tell or hide";
    return REFUSAL_CODE(FIELD_INVALID);
}

/* The conversation that a request is about; empty when the request is none for an owner, or wrong,
 * and then it was answered. */
static struct view requests_conversation(struct worker *worker, struct session *session,
                                         const wire_client_frame *frame, struct arena *arena)
{
    refusal_code refusal = REFUSAL_NONE;
    const char *detail = "";
    struct view conversation = {NULL, 0};
    switch (frame->body_case) {
    case CLIENT_FRAME(SEND):
        refusal = send_check(frame->send, &detail);
        /* A forward is decided at its source first. */
        conversation = view_of(frame->send->forward == NULL ? frame->send->conversation
                                                            : frame->send->forward->conversation);
        break;
    case CLIENT_FRAME(CHANGE_MEMBERS):
        refusal = membership_check(frame->change_members, &detail);
        conversation = view_of(frame->change_members->conversation);
        break;
    case CLIENT_FRAME(JOIN_CONVERSATION):
        refusal = membership_check_join(frame->join_conversation, &detail);
        conversation = view_of(frame->join_conversation->conversation);
        break;
    case CLIENT_FRAME(CHANGE_SETTINGS):
        refusal = settings_check(frame->change_settings, &detail);
        conversation = view_of(frame->change_settings->conversation);
        break;
    case CLIENT_FRAME(CHANGE_PIN):
        refusal = pin_check(frame->change_pin, &detail);
        conversation = view_of(frame->change_pin->conversation);
        break;
    case CLIENT_FRAME(CHANGE_LISTING):
        refusal = listing_check(frame->change_listing, &detail);
        conversation = view_of(frame->change_listing->conversation);
        break;
    case CLIENT_FRAME(RECALL):
        refusal = recall_check(frame->recall, &detail);
        conversation = view_of(frame->recall->conversation);
        break;
    case CLIENT_FRAME(RECALL_RANGE):
        refusal = range_check(frame->recall_range, &detail);
        conversation = view_of(frame->recall_range->conversation);
        break;
    case CLIENT_FRAME(OPEN_EVIDENCE):
        conversation = view_of(frame->open_evidence->conversation);
        if (!id_is_conversation(conversation)) {
            detail = "conversation: 1 to 64 of [A-Za-z0-9._:@-]";
            refusal = REFUSAL_CODE(INVALID_ID);
        }
        break;
    case CLIENT_FRAME(OPEN_CONVERSATION):
        refusal = creation_check_direct(frame->open_conversation, &detail);
        if (refusal == REFUSAL_NONE) {
            conversation = id_direct_conversation(arena, view_of(session->user),
                                                  view_of(frame->open_conversation->user));
        }
        break;
    case CLIENT_FRAME(CREATE_CONVERSATION):
        refusal = creation_check(frame->create_conversation, &detail);
        if (refusal == REFUSAL_NONE) {
            struct uuid id;
            memcpy(id.bytes, frame->create_conversation->creation_id.data, UUID_BYTES);
            conversation = id_created_conversation(arena, &id);
        }
        break;
    case CLIENT_FRAME(CHANGE_PRIVACY):
        refusal = requests_check_privacy(frame->change_privacy, &detail);
        conversation = view_of(session->user); /* a user's row has one writer */
        break;
    case CLIENT_FRAME(HELLO):
        session_refuse(worker, session, frame->request, REFUSAL_CODE(HELLO_EXPECTED),
                       "hello: this connection is signed in already", false);
        return conversation;
    case CLIENT_FRAME(HEARTBEAT):
    case CLIENT_FRAME(ACK):
    case CLIENT_FRAME(READ):
    case CLIENT_FRAME(LIST_CONVERSATIONS):
    case CLIENT_FRAME(LIST_MEMBERS):
    case CLIENT_FRAME(LIST_PINS):
    case CLIENT_FRAME(READ_CONVERSATION):
    case CLIENT_FRAME(READ_EXPOSURE):
    case CLIENT_FRAME(LIST_RECALLS):
    case CLIENT_FRAME(POLICY):
    case CLIENT_FRAME(LIST_PROGRESS):
    case CLIENT_FRAME(READ_RECEIPTS):
    case CLIENT_FRAME(GOODBYE):
        return conversation;
    case CLIENT_FRAME(_NOT_SET):
    case _UNSAY__V1__CLIENT_FRAME__BODY__CASE_IS_INT_SIZE:
    default:
        session_refuse(worker, session, frame->request, REFUSAL_CODE(MALFORMED),
                       "frame: its body is missing or of a kind that this server does not know",
                       false);
        return conversation;
    }
    if (refusal != REFUSAL_NONE) {
        session_refuse(worker, session, frame->request, refusal, detail, false);
        return view_make(NULL, 0);
    }
    return conversation;
}

void requests_take(struct worker *worker, struct session *session, const wire_client_frame *frame,
                   struct view payload)
{
    if (frame->body_case == CLIENT_FRAME(HEARTBEAT)) {
        requests_take_heartbeat(worker, session, frame);
    } else if (frame->body_case == CLIENT_FRAME(ACK)) {
        requests_take_ack(worker, session, frame->request, frame->ack);
    } else if (frame->body_case == CLIENT_FRAME(READ)) {
        reader_request(worker, session, frame->request, frame->read);
    } else if (frame->body_case == CLIENT_FRAME(LIST_CONVERSATIONS)) {
        reader_list(worker, session, frame->request, frame->list_conversations);
    } else if (frame->body_case == CLIENT_FRAME(READ_EXPOSURE)) {
        exposure_read(worker, session, frame->request, frame->read_exposure);
    } else if (frame->body_case == CLIENT_FRAME(LIST_PROGRESS)) {
        progress_list(worker, session, frame->request, frame->list_progress);
    } else if (frame->body_case == CLIENT_FRAME(READ_RECEIPTS)) {
        receipts_read(worker, session, frame->request, frame->read_receipts);
    } else if (frame->body_case == CLIENT_FRAME(LIST_RECALLS)) {
        attempts_list(worker, session, frame->request, frame->list_recalls);
    } else if (frame->body_case == CLIENT_FRAME(POLICY)) {
        if (frame->policy->action == WIRE(POLICY_ACTION, RELOAD))
            requests_forward(worker, session, POLICIES_WORKER, frame, payload);
        else
            policies_read(worker, session, frame->request, frame->policy);
    } else if (frame->body_case == CLIENT_FRAME(LIST_MEMBERS)) {
        reader_list_members(worker, session, frame->request, frame->list_members);
    } else if (frame->body_case == CLIENT_FRAME(READ_CONVERSATION)) {
        reader_tell_conversation(worker, session, frame->request, frame->read_conversation);
    } else if (frame->body_case == CLIENT_FRAME(LIST_PINS)) {
        reader_list_pins(worker, session, frame->request, frame->list_pins);
    } else if (frame->body_case == CLIENT_FRAME(GOODBYE)) {
        session->is_closing = true;
        shell_close(session->link);
    } else {
        struct arena arena;
        arena_init(&arena);
        struct view conversation = requests_conversation(worker, session, frame, &arena);
        if (conversation.size > 0) {
            requests_forward(worker, session, worker_of(worker, conversation), frame, payload);
        }
        arena_fini(&arena);
    }
}
