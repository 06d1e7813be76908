/* What goes along when a message is taken back: its pin, and, where the policy says so, everything
 * that was made of it by forwarding, at whichever owner. That is told to the others once the recall
 * is committed. If the server dies just then, the same recall, asked for again, makes up for it. */
#ifndef UNSAY_ROUTING_OWNER_TAKE_BACK_H
#define UNSAY_ROUTING_OWNER_TAKE_BACK_H

#include "base/status.h"
#include "core/recall.h"
#include "routing/session.h"

struct owned_conversation;
struct worker;

/* The source of a forward was taken back, and the policy takes the forward along: decided at the
 * source, applied here without a new judgement. */
struct mail_take_back {
    char conversation[LIMIT_CONVERSATION_ID_BYTES_MAX + 1];
    char user[LIMIT_USER_ID_BYTES_MAX + 1]; /* who forwarded */
    struct uuid message_id;
    char operator_user[LIMIT_USER_ID_BYTES_MAX + 1];
    char device[LIMIT_DEVICE_ID_BYTES_MAX + 1];
    char address[ADDRESS_BYTES_MAX + 1];
    Unsay__V1__Actor authority;
    Unsay__V1__Actor actor;
    struct policy_rule rule; /* its settings; the name is in the payload */
    uint8_t policy_version[POLICY_VERSION_BYTES];
    bool clock_is_unsure;
    size_t rule_bytes; /* with its NUL */
    size_t request_bytes;
    uint8_t payload[]; /* the rule's name, an encoded RecallRequest */
};

/* The message at `seq` is about to be taken back in the open group: its pin goes, memory forgets
 * it, and where the rule says so its forwards are taken back too, once that is committed. When it
 * fails, because the store does, nothing was done. */
MUST_CHECK enum status owner_let_go(struct worker *worker, struct owned_conversation *owned,
                                    uint64_t seq, const wire_recall_request *request,
                                    const struct author *author, const struct recall_ruling *ruling,
                                    const struct rulebook *rules);

/* The message at `seq` was taken back before, by the recall `earlier`, and someone asks for it
 * again: where its forwards were to come along, they are told again, in case the server died in
 * between. */
MUST_CHECK enum status owner_let_go_again(struct worker *worker,
                                          const struct owned_conversation *owned, uint64_t seq,
                                          const wire_event *earlier);

/* Owner of a forward: mail of its source's, lent. */
void owner_take_back(struct worker *worker, const struct mail_take_back *mail);

#endif
