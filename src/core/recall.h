/* Recall: a message is taken back. The commit that appends the recall to the log also puts the
 * tombstone in the message's place, so no reader sees one without the other, and the attempt on
 * record, granted or refused.
 *
 * A decision has two steps. recall_judge says what is to be done with a target; where the policy
 * wants the body kept, the shell then brings the whole message; recall_carry_out does it. */
#ifndef UNSAY_CORE_RECALL_H
#define UNSAY_CORE_RECALL_H

#include "core/conversation.h"
#include "core/reach.h"

/* What is wrong with the request itself: REFUSAL_NONE, INVALID_ID or FIELD_INVALID. */
refusal_code recall_check(const wire_recall_request *request, const char **detail);

/* What every decision goes by. */
struct rulebook {
    const struct policy *policy;
    const char *region; /* "" where the server has no name for it */
    bool clock_is_unsure;
};

/* The target of one recall as the store has it. By seq: `event` is the entry, NULL when there is
 * none. By message id: `row` is the row of (operator, id), NULL when there is none, and `event` the
 * message when row->seq is not 0. Where the message was taken back already, `earlier` is the recall
 * that did it: if it carries this request's id, this is a repetition, and the outcome is the first
 * one. */
struct recall_facts {
    const struct author *author;
    const struct member *member; /* the operator's place; may be no member */
    const wire_event *event;     /* without its body, perhaps, until the recall is carried out */
    const struct message_id_row *row;
    const wire_event *earlier;
    Unsay__V1__Role target_role; /* of the message's author, now */
    const struct reach_audience *audience;
    uint64_t now_ms;
};

enum recall_step {
    RECALL_NOTHING, /* it was taken back already, or another recall waits */
    RECALL_REFUSE,
    RECALL_WAIT,
    RECALL_APPLY
};

struct recall_ruling {
    enum recall_step step;
    bool is_repetition; /* of a request that was answered: no new attempt */
    refusal_code refusal;
    struct policy_verdict verdict; /* zeroed where the policy was not asked */
    policy_set capacities;         /* of the operator; likewise */
    struct reach reach;            /* likewise */
};

/* What is to be done with one target. */
struct recall_ruling recall_judge(const struct conversation *conversation,
                                  const wire_recall_request *request, const wire_target *target,
                                  const struct recall_facts *facts, const struct rulebook *rules);

/* Judges the recall of a message that is here and not taken back, by the policy alone. */
struct recall_ruling recall_judge_message(const struct conversation *conversation,
                                          Unsay__V1__RecallCondition condition,
                                          const struct recall_facts *facts,
                                          const struct rulebook *rules);

/* Does what was ruled: changes, publications and the entry for the audit log go to the effects, the
 * outcome is filled in (its target is lent by the request or the event). `member` is the
 * operator's.
 */
void recall_carry_out(struct conversation *conversation, struct member *member,
                      const wire_recall_request *request, const wire_target *target,
                      const struct recall_facts *facts, const struct recall_ruling *ruling,
                      const struct rulebook *rules, struct effects *effects,
                      wire_target_outcome *outcome);

/* Appends the recall of facts->event, a message of this conversation in state normal, and puts the
 * tombstone in its place. Returns the recall's publication. */
struct publication *recall_apply(struct conversation *conversation,
                                 const wire_recall_request *request,
                                 const struct recall_facts *facts,
                                 const struct recall_ruling *ruling, const struct rulebook *rules,
                                 struct effects *effects);

/* Puts the attempt on record. `target` may be NULL where facts->event is there; `recall` is NULL
 * unless the recall was carried out. */
void recall_audit(const struct conversation *conversation, Unsay__V1__AuditKind kind,
                  const wire_recall_request *request, const wire_target *target,
                  const struct recall_facts *facts, const struct recall_ruling *ruling,
                  const struct rulebook *rules, const struct publication *recall,
                  struct effects *effects);

#endif
