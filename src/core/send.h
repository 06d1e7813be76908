/* Sending: a message joins the log, once per sender's id, after the message that it names. */
#ifndef UNSAY_CORE_SEND_H
#define UNSAY_CORE_SEND_H

#include "core/recall.h"

/* What is wrong with the request itself: REFUSAL_NONE, INVALID_ID, FIELD_INVALID or BODY_TOO_LARGE.
 * *detail: what and where. */
refusal_code send_check(const wire_send *send, const char **detail);

/* True when the id was certainly never used by this sender here, without a look into the store: it
 * is larger than every one that was. No clock is trusted for that. */
bool send_id_is_fresh(const struct member *member, const struct uuid *id);

/* True when the message named in `after` is certainly in the log, without a look into the store:
 * none is named, or the sender's last one. */
bool send_follows_last(const struct member *member, const wire_send *send);

/* The facts of a case. `known` is the row of this message id, NULL when there is none;
 * `after_is_known` tells whether the message named in `after` is in the log (true when none is
 * named). */
struct send_facts {
    const struct author *author;
    const struct message_id_row *known;
    bool after_is_known;
    uint64_t now_ms;
};

/* Decides on a Send that is not a repetition (known is NULL or a waiting recall). On REFUSAL_NONE
 * the message, and the recall that waited for it, are in the effects and `answer` is filled in (its
 * strings are lent by send and conversation); a waiting recall that the policy refuses is put on
 * record, and its operator is told. Else NOT_A_MEMBER, READ_ONLY, MUTED, DISSOLVED, OUT_OF_ORDER or
 * UNKNOWN_MESSAGE (the quote), and nothing changed. A forward comes here with the body that was
 * copied for it (see forward.h).
 */
refusal_code send_decide(struct conversation *conversation, struct member *member,
                         const wire_send *send, const struct send_facts *facts,
                         const struct rulebook *rules, struct effects *effects,
                         wire_accepted *answer);

/* The answer to a repeated Send: the first one, from the message as it is stored now. */
void send_repeat(const wire_event *event, wire_accepted *answer);

#endif
