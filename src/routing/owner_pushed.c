/* Messages that were on their way to a device when they were taken back: they may be shown there,
 * and no cursor tells. */
#include "routing/worker.h"

/* This device may hold what the recall took back. */
static void owner_note_pushed(struct worker *worker, struct owned_conversation *owned,
                              uint64_t recall_seq, const struct mail_device *device)
{
    struct group *group = owner_group(worker);
    struct change *change = effects_change(&group->effects, CHANGE_PUSHED, &owned->conversation);
    change->origin = owned->conversation.origin;
    change->seq = recall_seq;
    change->user = arena_copy(&group->arena, view_of(device->user));
    change->device = arena_copy(&group->arena, view_of(device->device));
    owned->touched = group->number;
    group->requests++;
}

void owner_pushed(struct worker *worker, const struct mail_pushed *mail)
{
    refusal_code refusal;
    struct owned_conversation *owned = owner_load(worker, view_of(mail->conversation), &refusal);
    if (owned == NULL)
        return;
    for (uint32_t i = 0; i < mail->count; i++)
        owner_note_pushed(worker, owned, mail->seq, &mail->devices[i]);
}

/* What was handed out and is taken back by now: its recall was decided without knowing of this
 * device, and published when the connection had gone. A page may have shown that connection the
 * recall, and even the tombstone, before it was published: they count all the same, since the body
 * may have come first. */
static void owner_note_recalled(struct worker *worker, struct owned_conversation *owned,
                                const struct mail_handed *mail)
{
    if (owned->recalled_in <= mail->published)
        return;
    uint64_t first = mail->last > LIMIT_SESSION_PUSHES_MAX &&
                             mail->first <= mail->last - LIMIT_SESSION_PUSHES_MAX
                         ? mail->last - LIMIT_SESSION_PUSHES_MAX + 1
                         : mail->first;
    for (uint64_t seq = first; seq <= mail->last; seq++) {
        wire_event *event;
        if (owner_get_event(worker, owned, seq, &event) != STATUS_OK ||
            event->kind_case != EVENT_KIND(MESSAGE) || event->message->tombstone == NULL)
            continue;
        owner_note_pushed(worker, owned, event->message->tombstone->recall_seq, &mail->device);
    }
}

void owner_handed(struct worker *worker, const struct mail_handed *mail)
{
    refusal_code refusal;
    struct cursor_row row;
    struct owned_member scratch;
    struct owned_member *member;
    struct owned_conversation *owned = owner_load(worker, view_of(mail->conversation), &refusal);
    if (owned == NULL)
        return;
    owner_note_recalled(worker, owned, mail);
    if (owner_load_member(worker, owned, mail->device.user, &scratch, &member) != STATUS_OK ||
        owner_get_cursor(worker, owned, mail->device.user, mail->device.device, &row) !=
            STATUS_OK ||
        trail_seq(&row.stored) >= mail->last)
        return;
    bool is_none = row.handed_last <= trail_seq(&row.stored);
    if (is_none || mail->first < row.handed_first)
        row.handed_first = mail->first;
    if (is_none || mail->last > row.handed_last)
        row.handed_last = mail->last;
    row.handed_ms = worker->now.wall_ms;
    owner_put_cursor(worker, owned, mail->device.user, mail->device.device,
                     member->member.is_member, &row);
    owner_group(worker)->requests++;
}
