/* Calls: single requests of the product's backend. A call is a session that is no device: it
 * follows nothing, nothing is pushed to it, no row remembers it, and it ends with its answer. What
 * decides is what decides for devices; a call only comes in, and its answer goes out, by another
 * way. */
#ifndef UNSAY_ROUTING_CALLS_H
#define UNSAY_ROUTING_CALLS_H

#include "core/contract.h"
#include "routing/session.h"

struct worker;

struct mail_call {
    void *link; /* the shell's */
    char user[LIMIT_USER_ID_BYTES_MAX + 1];
    char device[LIMIT_DEVICE_ID_BYTES_MAX + 1]; /* what the log and the audit name as such */
    Unsay__V1__Actor authority;                 /* as struct author */
    char address[ADDRESS_BYTES_MAX + 1];
    size_t payload_bytes;
    uint8_t payload[]; /* an encoded ClientFrame, with a request number */
};

/* Begins a call; its answer is given by shell_answer_call, once its commit is durable. */
void calls_take(struct worker *worker, const struct mail_call *call);

/* Hands out what there is to the caller, and ends the call behind its answer. Called in the place
 * of shell_flush. */
void calls_flush(struct worker *worker, struct session *session);

/* Answers a call that waits for longer than LIMIT_CALL_MS. Called by the worker's tick. */
void calls_tick(struct worker *worker, struct session *session);

#endif
