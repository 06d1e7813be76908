/* Sends, recalls and acknowledgements: facts looked up, rules asked, answers gathered. */
#include "core/frame.h"
#include "core/recall.h"
#include "core/send.h"
#include "routing/worker.h"

/* The conversation and the author's place in it; false when the request was refused. */
static bool owner_find_author(struct worker *worker, const struct request *request,
                              const char *conversation, struct owned_conversation **owned,
                              struct owned_member *scratch, struct owned_member **member)
{
    refusal_code refusal = REFUSAL_NONE;
    *owned = owner_load(worker, view_of(conversation), &refusal);
    if (*owned == NULL) {
        owner_refuse(worker, request, refusal, "");
        return false;
    }
    if (owner_load_member(worker, *owned, request->author.user, scratch, member) != STATUS_OK) {
        owner_refuse(worker, request, REFUSAL_CODE(STORAGE_UNAVAILABLE), "");
        return false;
    }
    return true;
}

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

void owner_send(struct worker *worker, const struct request *request)
{
    const wire_send *send = request->frame->send;
    struct owned_conversation *owned;
    struct owned_member scratch;
    struct owned_member *member;
    if (!owner_find_author(worker, request, send->conversation, &owned, &scratch, &member))
        return;

    struct uuid id;
    struct message_id_row row;
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
        status = owner_get_event(worker, &owned->conversation, row.seq, &first);
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
    stats_add(&worker->stats, STAT_messages_accepted, 1);
    owner_answer_send(worker, request, &accepted);
}

/* The first answer to this request, when there was one. */
static enum status owner_find_answer(struct worker *worker, const struct request *request,
                                     const struct owned_conversation *owned, struct view *bytes)
{
    const wire_recall_request *recall = request->frame->recall;
    struct change probe = {.kind = CHANGE_REQUEST,
                           .conversation = view_of(owned->id),
                           .user = view_of(request->author.user),
                           .request_id = bytes_view(recall->request_id)};
    const struct owner *owner = &worker->owner;
    const struct change *change = owner->open == NULL ? NULL : group_find(owner->open, &probe);
    if (change == NULL && owner->in_flight != NULL)
        change = group_find(owner->in_flight, &probe);
    if (change != NULL) {
        *bytes = change->bytes;
        return STATUS_OK;
    }
    return store_get_request(worker->store, probe.conversation, probe.user, probe.request_id,
                             &worker->scratch, bytes);
}

static void owner_answer_recall(struct worker *worker, const struct request *request,
                                wire_recall_result *result)
{
    wire_server_frame answer = UNSAY__V1__SERVER_FRAME__INIT;
    answer.body_case = SERVER_FRAME(RECALL);
    answer.recall = result;
    owner_group(worker)->tells_recall = true;
    owner_answer(worker, request, &answer);
}

/* Looks up what one target names. */
static enum status owner_find_target(struct worker *worker, const struct request *request,
                                     const struct owned_conversation *owned,
                                     const wire_target *target, struct message_id_row *row,
                                     wire_event **event, bool *has_row)
{
    uint64_t seq = target->seq;
    *event = NULL;
    *has_row = false;
    if (seq == 0) {
        struct uuid id;
        memcpy(id.bytes, target->message_id.data, UUID_BYTES);
        enum status status =
            owner_get_message_id(worker, owned->id, request->author.user, &id, row);
        if (status != STATUS_OK)
            return status == STATUS_NOT_FOUND ? STATUS_OK : status;
        *has_row = true;
        if (row->seq == 0)
            return STATUS_OK;
        seq = row->seq;
    } else if (target->origin != 0 && target->origin != owned->conversation.origin) {
        return STATUS_OK; /* no such origin here: an unknown message */
    }
    enum status status = owner_get_event(worker, &owned->conversation, seq, event);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static void owner_count_outcome(struct worker *worker, const wire_target_outcome *outcome)
{
    if (outcome->outcome == WIRE(RECALL_OUTCOME, RECALLED))
        stats_add(&worker->stats, STAT_recalls_committed, 1);
    else if (outcome->outcome == WIRE(RECALL_OUTCOME, PENDING))
        stats_add(&worker->stats, STAT_recalls_pending, 1);
    else if (outcome->outcome == WIRE(RECALL_OUTCOME, REFUSED))
        stats_add(&worker->stats, STAT_recalls_refused, 1);
}

/* Remembers the answer for the same request id. */
static void owner_keep_answer(struct group *group, const struct request *request,
                              const struct owned_conversation *owned,
                              const wire_recall_result *result)
{
    size_t size = unsay__v1__recall_result__get_packed_size(result);
    uint8_t *bytes = arena_alloc(&group->arena, size);
    unsay__v1__recall_result__pack(result, bytes);
    struct change *change = effects_change(&group->effects, CHANGE_REQUEST, &owned->conversation);
    change->user = arena_copy(&group->arena, view_of(request->author.user));
    change->request_id = arena_copy(&group->arena, bytes_view(result->request_id));
    change->bytes = view_make(bytes, size);
}

void owner_recall(struct worker *worker, const struct request *request)
{
    const wire_recall_request *recall = request->frame->recall;
    struct owned_conversation *owned;
    struct owned_member scratch;
    struct owned_member *member;
    if (!owner_find_author(worker, request, recall->conversation, &owned, &scratch, &member))
        return;
    if (!member->member.is_member) {
        owner_refuse(worker, request, REFUSAL_CODE(NOT_A_MEMBER), "");
        return;
    }

    struct view first;
    enum status status = owner_find_answer(worker, request, owned, &first);
    if (status == STATUS_OK) {
        ProtobufCAllocator allocator;
        arena_allocator(&worker->scratch, &allocator);
        wire_recall_result *result =
            unsay__v1__recall_result__unpack(&allocator, first.size, first.data);
        if (result != NULL) {
            owner_answer_recall(worker, request, result);
            return;
        }
        status = STATUS_CORRUPT;
    }
    struct group *group = owner_group(worker);
    wire_recall_result result = UNSAY__V1__RECALL_RESULT__INIT;
    wire_target_outcome *outcomes[LIMIT_RECALL_TARGETS_MAX];
    result.conversation = owned->id;
    result.request_id = recall->request_id;
    result.outcomes = outcomes;
    for (size_t i = 0; i < recall->n_targets; i++) {
        struct message_id_row row;
        wire_event *event = NULL;
        bool has_row = false;
        wire_target_outcome *outcome = arena_alloc(&worker->scratch, sizeof(*outcome));
        unsay__v1__target_outcome__init(outcome);
        outcome->target = arena_alloc(&worker->scratch, sizeof(*outcome->target));
        outcomes[result.n_outcomes++] = outcome;
        if (status == STATUS_OK || status == STATUS_NOT_FOUND)
            status = owner_find_target(worker, request, owned, recall->targets[i], &row, &event,
                                       &has_row);
        if (status != STATUS_OK)
            break;
        struct recall_facts facts = {.author = &request->author,
                                     .event = event,
                                     .row = has_row ? &row : NULL,
                                     .now_ms = worker->now.wall_ms};
        recall_decide(&owned->conversation, &member->member, recall, recall->targets[i], &facts,
                      &worker->settings.policy, &group->effects, outcome);
        owner_count_outcome(worker, outcome);
    }
    owned->touched = group->number;
    if (status != STATUS_OK) {
        /* Targets decided so far stay decided; the same request id may be sent again. */
        owner_refuse(worker, request, REFUSAL_CODE(STORAGE_UNAVAILABLE), "");
        return;
    }
    owner_keep_answer(group, request, owned, &result);
    owner_answer_recall(worker, request, &result);
}

/* A cursor that is valid and moves nothing back is stored; *confirmed is what is then durable. */
static refusal_code owner_move_cursor(struct worker *worker, const struct request *request,
                                      const wire_cursor *cursor, wire_cursor *confirmed)
{
    struct owned_conversation *owned;
    struct owned_member scratch;
    struct owned_member *member;
    refusal_code refusal = REFUSAL_NONE;
    struct cursor_row row = {0, 0};
    owned = owner_load(worker, view_of(cursor->conversation), &refusal);
    if (owned == NULL)
        return refusal;
    if (owner_load_member(worker, owned, request->author.user, &scratch, &member) != STATUS_OK)
        return REFUSAL_CODE(STORAGE_UNAVAILABLE);
    if (!member->member.is_member)
        return REFUSAL_CODE(NOT_A_MEMBER);
    if (cursor->origin != 0 && cursor->origin != owned->conversation.origin)
        return REFUSAL_CODE(CURSOR_INVALID);
    if (cursor->stored > owned->conversation.head || cursor->displayed > cursor->stored)
        return REFUSAL_CODE(CURSOR_INVALID);

    struct group *group = owner_group(worker);
    struct change probe = {.kind = CHANGE_CURSOR,
                           .conversation = view_of(owned->id),
                           .user = view_of(request->author.user),
                           .device = view_of(request->author.device),
                           .origin = owned->conversation.origin};
    const struct change *latest = group_find(group, &probe);
    if (latest == NULL && worker->owner.in_flight != NULL)
        latest = group_find(worker->owner.in_flight, &probe);
    if (latest != NULL) {
        row = latest->cursor;
    } else {
        enum status status = store_get_cursor(worker->store, probe.user, probe.device,
                                              probe.conversation, probe.origin, &row);
        if (status != STATUS_OK && status != STATUS_NOT_FOUND)
            return REFUSAL_CODE(STORAGE_UNAVAILABLE);
    }
    if (cursor->stored > row.stored || cursor->displayed > row.displayed) {
        struct change *change =
            effects_change(&group->effects, CHANGE_CURSOR, &owned->conversation);
        change->user = arena_copy(&group->arena, probe.user);
        change->device = arena_copy(&group->arena, probe.device);
        change->origin = probe.origin;
        if (cursor->stored > row.stored)
            row.stored = cursor->stored;
        if (cursor->displayed > row.displayed)
            row.displayed = cursor->displayed;
        change->cursor = row;
        owned->touched = group->number;
        stats_add(&worker->stats, STAT_cursors_stored, 1);
    }
    confirmed->conversation = cursor->conversation;
    confirmed->origin = probe.origin;
    confirmed->stored = row.stored;
    confirmed->displayed = row.displayed;
    return REFUSAL_NONE;
}

void owner_ack(struct worker *worker, const struct request *request, const wire_ack *ack)
{
    wire_cursor *list = arena_alloc(&worker->scratch, ack->n_cursors * sizeof(*list));
    wire_cursor **confirmed = arena_alloc(&worker->scratch, ack->n_cursors * sizeof(wire_cursor *));
    wire_ack_confirmed answer = UNSAY__V1__ACK_CONFIRMED__INIT;
    refusal_code refusal = REFUSAL_NONE;
    answer.cursors = confirmed;
    for (size_t i = 0; i < ack->n_cursors; i++) {
        unsay__v1__cursor__init(&list[i]);
        refusal_code answer_code = owner_move_cursor(worker, request, ack->cursors[i], &list[i]);
        if (answer_code == REFUSAL_NONE)
            confirmed[answer.n_cursors++] = &list[i];
        else
            refusal = answer_code;
    }
    if (refusal != REFUSAL_NONE)
        owner_refuse(worker, request, refusal, "");
    if (answer.n_cursors == 0)
        return;
    wire_server_frame frame = UNSAY__V1__SERVER_FRAME__INIT;
    frame.body_case = SERVER_FRAME(ACK);
    frame.ack = &answer;
    owner_answer(worker, request, &frame);
}
