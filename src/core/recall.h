/* Recall: a message is taken back. The commit that appends the recall to the log also puts the
 * tombstone in the message's place, so no reader sees one without the other. */
#ifndef UNSAY_CORE_RECALL_H
#define UNSAY_CORE_RECALL_H

#include "core/conversation.h"

/* What is wrong with the request itself: REFUSAL_NONE, INVALID_ID or FIELD_INVALID. */
refusal_code recall_check(const wire_recall_request *request, const char **detail);

/* The target of one recall as the store has it. By seq: `event` is the entry, NULL when there is
 * none. By message id: `row` is the row of (operator, id), NULL when there is none, and `event` the
 * message when row->seq is not 0. Where the message was taken back already, `earlier` is the recall
 * that did it: if it carries this request's id, this is a repetition, and the outcome is the first
 * one. */
struct recall_facts {
    const struct author *author;
    const wire_event *event;
    const struct message_id_row *row;
    uint64_t now_ms;
    const wire_event *earlier;
};

/* Decides on one target of the request; the outcome's target is lent by the request or the event.
 * When the outcome is RECALLED or PENDING the effects hold its changes. `member` is the operator's
 * and may be no member: everything is then refused. */
void recall_decide(struct conversation *conversation, struct member *member,
                   const wire_recall_request *request, const wire_target *target,
                   const struct recall_facts *facts, const struct policy *policy,
                   struct effects *effects, wire_target_outcome *outcome);

/* Appends the recall of `message`, an event of this conversation in state normal, and puts the
 * tombstone in its place. Authority was judged before. Returns the recall's hybrid time. */
uint64_t recall_apply(struct conversation *conversation, const wire_recall_request *request,
                      const struct author *author, const wire_event *message, uint64_t now_ms,
                      struct effects *effects);

#endif
