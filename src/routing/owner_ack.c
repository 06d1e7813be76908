#include "core/frame.h"
#include "routing/worker.h"

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
    const struct change *latest = owner_find(&worker->owner, &probe);
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
