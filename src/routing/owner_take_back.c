#include "routing/owner_take_back.h"

#include "base/memory.h"
#include "core/frame.h"
#include "routing/worker.h"

/* Whether the message was ever handed out, committed or not. */
static enum status owner_has_forwards(struct worker *worker, struct event_key source, bool *has)
{
    const struct group *const groups[] = {worker->owner.in_flight, worker->owner.open};
    struct forward_row row;
    size_t count = 0;
    enum status status =
        store_list_forwards(worker->store, source, 1, &worker->scratch, &row, &count);
    *has = count > 0;
    for (size_t g = 0; g < 2 && !*has; g++) {
        const struct change *change = groups[g] == NULL ? NULL : groups[g]->effects.changes.first;
        for (; change != NULL && !*has; change = change->next)
            *has = change->kind == CHANGE_FORWARD && change->seq == source.seq &&
                   view_equal(change->conversation, source.conversation);
    }
    return status;
}

/* Leaves the row of the job that takes the message's forwards along, where there are any. */
static enum status owner_take_along(struct worker *worker, struct owned_conversation *owned,
                                    uint64_t seq, const struct take_back *what)
{
    struct event_key source = {view_of(owned->id), owned->conversation.origin, seq};
    bool has_forwards;
    if (what->ruling->verdict.rule->forwards != POLICY_FORWARDS_RECALLED)
        return STATUS_OK;
    enum status status = owner_has_forwards(worker, source, &has_forwards);
    if (status != STATUS_OK || !has_forwards)
        return status;
    struct group *group = owner_group(worker);
    if (take_backs_add(&worker->owner.jobs.take_backs, source.conversation, seq, group->number)) {
        take_back_begin(&owned->conversation, seq, what, &group->effects);
        owned->touched = group->number;
        group->requests++;
    }
    return STATUS_OK;
}

enum status owner_let_go(struct worker *worker, struct owned_conversation *owned, uint64_t seq,
                         const struct take_back *what)
{
    enum status status = owner_load_pins(worker, owned);
    if (status == STATUS_OK)
        status = owner_take_along(worker, owned, seq, what);
    if (status != STATUS_OK)
        return status;
    owner_drop_pin(worker, owned, seq);
    owned->recalled_in = owner_group(worker)->number;
    recent_forget(&worker->owner.recent, owned->hash, &owned->conversation, seq);
    return STATUS_OK;
}

/* The message that was made of the source; NULL when it is not here. */
static enum status owner_find_forward(struct worker *worker, const struct mail_take_back *mail,
                                      struct owned_conversation **owned, wire_event **event)
{
    struct message_id_row row;
    refusal_code refusal = REFUSAL_NONE;
    *event = NULL;
    *owned = owner_load(worker, view_of(mail->conversation), &refusal);
    if (*owned == NULL)
        return refusal == REFUSAL_CODE(UNKNOWN_CONVERSATION) ? STATUS_NOT_FOUND : STATUS_IO;
    enum status status =
        owner_get_message_id(worker, (*owned)->id, mail->user, &mail->message_id, &row);
    if (status != STATUS_OK || row.seq == 0)
        return status;
    return owner_read_event(worker, *owned, row.seq, event);
}

/* Appends the recall of one forward. */
static enum status owner_apply_take_back(struct worker *worker, struct owned_conversation *owned,
                                         const wire_event *event, const struct take_back *what)
{
    static const struct member nobody;
    struct owned_member scratch;
    struct owned_member *sender;
    struct recall_facts facts = {.author = what->author,
                                 .member = &nobody,
                                 .event = event,
                                 .audience = owner_audience(worker, owned),
                                 .now_ms = worker->now.wall_ms};
    enum status status = facts.audience == NULL ? STATUS_IO : STATUS_OK;
    if (status == STATUS_OK)
        status = owner_load_member(worker, owned, event->message->sender, &scratch, &sender);
    if (status == STATUS_OK)
        status = owner_let_go(worker, owned, event->seq, what);
    if (status != STATUS_OK)
        return status;
    struct group *group = owner_group(worker);
    wire_recall_request request = *what->request;
    request.conversation = owned->id;
    facts.target_role =
        sender->member.is_member ? sender->member.row.role : WIRE(ROLE, UNSPECIFIED);
    const struct publication *recall = recall_apply(&owned->conversation, &request, &facts,
                                                    what->ruling, what->rules, &group->effects);
    recall_audit(&owned->conversation, WIRE(AUDIT_KIND, RECALL), &request, NULL, &facts,
                 what->ruling, what->rules, recall, &group->effects);
    owned->touched = group->number;
    group->requests++;
    stats_add(&worker->stats, STAT_recalls_committed, 1);
    return STATUS_OK;
}

static enum status owner_take_forward_back(struct worker *worker, const struct mail_take_back *mail)
{
    struct owned_conversation *owned;
    struct take_back what;
    wire_event *event;
    if (take_backs_are_full(&worker->owner.jobs.take_backs))
        return STATUS_NO_SPACE;
    if (!take_back_decode(view_make(mail->job, mail->job_bytes), &worker->settings.rules,
                          &worker->scratch, &what))
        return STATUS_CORRUPT;
    enum status status = owner_find_forward(worker, mail, &owned, &event);
    if (status != STATUS_OK || event == NULL || event->kind_case != EVENT_KIND(MESSAGE))
        return status == STATUS_NOT_FOUND ? STATUS_OK : status;
    if (event->message->state == WIRE(MESSAGE_STATE, NORMAL))
        return owner_apply_take_back(worker, owned, event, &what);
    /* What was taken back on its own may have been forwarded before that. */
    return owner_take_along(worker, owned, event->seq, &what);
}

void owner_take_back(struct worker *worker, const struct mail_take_back *mail)
{
    struct mail_taken_back *answer = memory_new(sizeof(*answer));
    memcpy(answer->source, mail->source, sizeof(answer->source));
    answer->seq = mail->seq;
    answer->round = mail->round;
    answer->is_done = owner_take_forward_back(worker, mail) == STATUS_OK;
    owner_send_out(worker, view_of(answer->source),
                   (struct mail){.kind = MAIL_TAKEN_BACK, .taken_back = answer});
}
