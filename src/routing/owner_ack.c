#include "core/frame.h"
#include "routing/worker.h"

enum status owner_get_cursor(struct worker *worker, const struct owned_conversation *owned,
                             const char *user, const char *device, struct cursor_row *row)
{
    *row = (struct cursor_row){.receipt_seq = 0};
    if (owned->audience.is_loaded && !owned->audience.reach.is_large) {
        const struct audience_device *known = audience_find(&owned->audience, user, device);
        if (known != NULL)
            *row = known->cursor;
        return STATUS_OK;
    }
    struct change probe = {.kind = CHANGE_CURSOR,
                           .conversation = view_of(owned->id),
                           .user = view_of(user),
                           .device = view_of(device),
                           .origin = owned->conversation.origin};
    const struct change *latest = owner_find(&worker->owner, &probe);
    if (latest != NULL) {
        *row = *latest->cursor;
        return STATUS_OK;
    }
    enum status status = store_get_cursor(worker->store, probe.user, probe.device,
                                          probe.conversation, probe.origin, row);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

void owner_put_cursor(struct worker *worker, struct owned_conversation *owned, const char *user,
                      const char *device, bool is_member, const struct cursor_row *row)
{
    struct group *group = owner_group(worker);
    struct cursor_row *kept = arena_alloc(&group->arena, sizeof(*kept));
    struct change *change = effects_change(&group->effects, CHANGE_CURSOR, &owned->conversation);
    *kept = *row;
    change->user = arena_copy(&group->arena, view_of(user));
    change->device = arena_copy(&group->arena, view_of(device));
    change->origin = owned->conversation.origin;
    change->cursor = kept;
    owned->touched = group->number;
    stats_add(&worker->stats, STAT_cursors_stored, 1);
    if (!owned->audience.is_loaded || owned->audience.reach.is_large)
        return;
    size_t before = owned->audience.reach.device_count;
    struct audience_device *known = audience_add(&owned->audience, user, device, is_member);
    if (known != NULL)
        known->cursor = *row;
    worker->owner.device_count += owned->audience.reach.device_count - before;
    owner_evict_audiences(&worker->owner, owned);
}

/* Whether others may hear of what the user is shown from now on. */
static enum status owner_is_shown(struct worker *worker, const char *user, bool *is_shown)
{
    struct user_row row;
    enum status status = store_get_user(worker->store, view_of(user), &row);
    *is_shown = status == STATUS_NOT_FOUND || (status == STATUS_OK && !row.hides_displayed);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

/* True when the acknowledgement tells something new. */
static bool owner_advance(struct worker *worker, struct cursor_row *row, const wire_cursor *cursor,
                          bool is_shown)
{
    const wire_receipt *receipt = cursor->receipt;
    bool is_new =
        cursor->stored > trail_seq(&row->stored) || cursor->displayed > trail_seq(&row->displayed);
    trail_move(&row->stored, cursor->stored, worker->now.wall_ms);
    progress_acknowledge(&worker->settings.progress, row, cursor->displayed, is_shown,
                         worker->now.wall_ms);
    if (receipt != NULL && receipt->signature.len == RECEIPT_BYTES &&
        receipt->stored > row->receipt_seq && receipt->stored <= cursor->stored) {
        row->receipt_seq = receipt->stored;
        row->receipt_time_ms = receipt->time_ms;
        memcpy(row->receipt, receipt->signature.data, RECEIPT_BYTES);
        is_new = true;
    }
    return is_new;
}

/* A cursor that is valid and moves nothing back is stored; *confirmed is what is then durable. */
static refusal_code owner_move_cursor(struct worker *worker, const struct request *request,
                                      const wire_cursor *cursor, wire_cursor *confirmed)
{
    struct owned_conversation *owned;
    struct owned_member scratch;
    struct owned_member *member;
    refusal_code refusal = REFUSAL_NONE;
    struct cursor_row row;
    owned = owner_load(worker, view_of(cursor->conversation), &refusal);
    if (owned == NULL)
        return refusal;
    if (owner_load_member(worker, owned, request->author.user, &scratch, &member) != STATUS_OK)
        return REFUSAL_CODE(STORAGE_UNAVAILABLE);
    if (!member->member.is_member &&
        (cursor->stored == 0 || cursor->stored > member->member.row.left_seq))
        return REFUSAL_CODE(NOT_A_MEMBER);
    if (cursor->origin != 0 && cursor->origin != owned->conversation.origin)
        return REFUSAL_CODE(CURSOR_INVALID);
    if (cursor->stored > owned->conversation.head || cursor->displayed > cursor->stored)
        return REFUSAL_CODE(CURSOR_INVALID);

    enum status status =
        owner_get_cursor(worker, owned, request->author.user, request->author.device, &row);
    bool is_shown = false;
    if (status == STATUS_OK && cursor->displayed > trail_seq(&row.displayed))
        status = owner_is_shown(worker, request->author.user, &is_shown);
    if (status != STATUS_OK)
        return REFUSAL_CODE(STORAGE_UNAVAILABLE);
    if (owner_advance(worker, &row, cursor, is_shown))
        owner_put_cursor(worker, owned, request->author.user, request->author.device,
                         member->member.is_member, &row);
    if (member->member.is_member)
        owner_note_progress(worker, owned, member, request->author.device, &row);
    waits_stored(worker, owned->id, request->author.user, request->author.device,
                 trail_seq(&row.stored));
    confirmed->conversation = cursor->conversation;
    confirmed->origin = owned->conversation.origin;
    confirmed->stored = trail_seq(&row.stored);
    confirmed->displayed = trail_seq(&row.displayed);
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
    owner_group(worker)->last_answer->is_confirmation = true;
}
