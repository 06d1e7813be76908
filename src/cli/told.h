/* What an entry of the audit log and the recall in the store both say, to be compared. */
#ifndef UNSAY_CLI_TOLD_H
#define UNSAY_CLI_TOLD_H

#include "core/contract.h"

enum { TOLD_KEY_BYTES = 16 };

/* Lends from its entry or event. */
struct told {
    const char *conversation;
    uint32_t origin;
    uint64_t recall_seq;
    uint64_t target_seq;
    ProtobufCBinaryData target_message_id;
    const char *target_sender;
    uint32_t content_type;
    const char *operator_user;
    const char *device;
    uint32_t actor;
    ProtobufCBinaryData request_id;
};

/* BLAKE2b. */
struct told_hash {
    uint8_t key[TOLD_KEY_BYTES]; /* which recall */
    uint64_t facts;              /* everything else */
};

struct told told_by_entry(const wire_audit_entry *entry);

/* The event is a recall. */
struct told told_by_event(const wire_event *event);

struct told_hash told_hash(const struct told *told);

/* In what the two differ, for a sentence. */
const char *told_difference(const struct told *entry, const struct told *event);

#endif
