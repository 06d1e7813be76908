/* Forwards between two conversations, and so between two owners. Nothing is handed out before it is
 * on record at the source:
 *
 *   session --> owner of the source: judges, leaves a row
 *                     | committed
 *                     v
 *               owner of the destination: appends, or repeats its first answer --> session
 *
 * A refusal goes the same way, so that the repetition of a forward gets its first answer whatever
 * became of the source since. What one owner sends another arrives in the order of its commits; so
 * the recall of a source, which follows its commit, finds every forward that was handed out before,
 * and none arrives later. */
#ifndef UNSAY_ROUTING_OWNER_FORWARD_H
#define UNSAY_ROUTING_OWNER_FORWARD_H

#include "core/refusal.h"
#include "routing/session.h"

struct request;
struct worker;

/* A forward that the source has decided on. */
struct mail_forward {
    unsigned worker; /* where the session is */
    uint64_t session;
    uint64_t request;
    char user[LIMIT_USER_ID_BYTES_MAX + 1];
    char device[LIMIT_DEVICE_ID_BYTES_MAX + 1];
    Unsay__V1__Actor authority;
    char address[ADDRESS_BYTES_MAX + 1];
    refusal_code refusal; /* of the source; NONE: handed out */
    const char *detail;   /* static */
    size_t payload_bytes;
    uint8_t payload[]; /* an encoded ClientFrame: the Send, with the body unless refused */
};

/* Owner of the source: decides on a Send with `forward`. */
void owner_forward(struct worker *worker, const struct request *request);

/* Owner of the destination: mail of the source's, lent. */
void owner_take_forward(struct worker *worker, const struct mail_forward *mail);

/* Owner of the source: the forward came to nothing; its session hears of it. */
void owner_refuse_forward(struct worker *worker, const struct mail_forward *mail,
                          refusal_code refusal);

#endif
