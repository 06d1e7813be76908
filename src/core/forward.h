/* Forwarding: a member of one conversation sends a message of it on to another. The server copies
 * the body; the client never does. Two decisions: at the source whether this message may be handed
 * out, which leaves a row there that says where it went, and at the destination whether it may be
 * sent (send.h). A message that was taken back is never handed out, and the recall of one finds, by
 * its rows, what was made of it. */
#ifndef UNSAY_CORE_FORWARD_H
#define UNSAY_CORE_FORWARD_H

#include "core/conversation.h"

struct forward_facts {
    const struct author *author;
    const struct member *member; /* the author's place at the source; may be no member */
    const wire_event *event; /* what is to be forwarded, with its body; NULL: nothing is there */
    size_t forward_count;    /* how often it was forwarded so far */
    size_t depth;            /* how many forwards it comes from: 0 for an original */
};

/* REFUSAL_NONE, NOT_A_MEMBER, UNKNOWN_MESSAGE, NOT_A_MESSAGE, RECALLED or NOT_PERMITTED. */
refusal_code forward_judge(const struct forward_facts *facts, const char **detail);

/* Leaves the row at the source `conversation`. Again for the same message id it changes nothing. */
void forward_note(const struct conversation *conversation, const struct author *author,
                  const wire_send *send, struct effects *effects);

/* The Send that goes on to the destination: the author's, with body and content type of the event.
 * Everything in it is lent; `source` is for its key. */
wire_send forward_fill(const wire_send *send, const wire_event *event, wire_source *source);

#endif
