/* libunsay for those who answer for what was taken back: moderators, the product's backend, people
 * with a legal mandate. Applications for users need unsay.h alone.
 *
 * What a client may ask is decided by the server: by the role in its token (system, compliance), by
 * its role in the conversation, and by having taken the message back itself. As in unsay.h, the
 * answer comes once, through the callback, on the client's thread; what it points at is lent for
 * the call, and NULL when `error->result` is not UNSAY_OK. */
#ifndef UNSAY_OPERATOR_H
#define UNSAY_OPERATOR_H

#include "unsay/unsay.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Taking back a range ---- */

struct unsay_recall_range {
    const char *conversation;
    const char *user;       /* whose messages */
    uint64_t from_ms;       /* by the time at which the server got them, inclusive */
    uint64_t until_ms;      /* exclusive; 0: now */
    const char *request_id; /* 1-64 bytes */
    const char *reason;     /* at most 256 bytes; may be NULL */
};

struct unsay_range_progress {
    const char *conversation;
    const char *request_id;
    bool is_done;
    uint64_t examined; /* messages of the user */
    uint64_t recalled;
    uint64_t refused;         /* by the policy */
    const char *refusal;      /* of the first one that was refused: stable name, or "" */
    const char *refusal_text; /* for people, English; "" otherwise */
};

typedef void unsay_range_fn(void *context, const struct unsay_error *error,
                            const struct unsay_range_progress *progress);

/* Starts a job of the server, which goes on without the client and through restarts. Asked again
 * with the same request id, it tells how far the job is. */
UNSAY_API enum unsay_result unsay_recall_range(struct unsay *client,
                                               const struct unsay_recall_range *range,
                                               unsay_range_fn *callback, void *context);

/* ---- Exposure: who had a message that was taken back, and who has applied the recall ---- */

enum unsay_device_reach {
    UNSAY_REACH_NONE,   /* not reached */
    UNSAY_REACH_PUSHED, /* sent to its connection, not confirmed */
    UNSAY_REACH_STORED,
    UNSAY_REACH_DISPLAYED /* shown to the user */
};

enum unsay_receipt_state {
    UNSAY_RECEIPT_MISSING,  /* the device has not confirmed the recall */
    UNSAY_RECEIPT_UNSIGNED, /* confirmed, without a signature */
    UNSAY_RECEIPT_SIGNED,   /* confirmed, with a signature of the device's key */
    UNSAY_RECEIPT_INVALID   /* confirmed, with a signature that is not the device's */
};

struct unsay_device_exposure {
    const char *user;
    const char *device;            /* "": no device of this user is known */
    enum unsay_device_reach reach; /* at the recall's commit */
    uint64_t since_ms;             /* when the server learnt it; 0: not known */
    bool is_applied;
    uint64_t applied_ms; /* when the server learnt it, at the latest */
    enum unsay_receipt_state receipt;
};

struct unsay_exposure_totals {
    uint32_t devices; /* known devices of members; a member without one counts once */
    uint32_t pushed;
    uint32_t stored; /* displayed ones not included */
    uint32_t displayed;
    uint32_t applied;
    uint32_t outstanding; /* had, or may have had it, and have not applied the recall */
    uint32_t receipts_signed;
    uint32_t receipts_unsigned;
};

struct unsay_exposure {
    const char *conversation;
    uint32_t origin;
    uint64_t recall_seq;
    uint64_t target_seq;
    uint64_t recall_time_ms;
    const struct unsay_exposure_totals *totals;  /* on the first page, else NULL */
    const struct unsay_device_exposure *devices; /* ascending by user and device */
    size_t count;
    bool more;
};

struct unsay_exposure_query {
    const char *conversation;
    uint32_t origin;                /* 0: 1 */
    uint64_t seq;                   /* of the recall, or of the message */
    struct unsay_device_name after; /* the last device of the page before; user NULL: the first */
    uint32_t limit;                 /* 1-200; 0: 200 */
};

typedef void unsay_exposure_fn(void *context, const struct unsay_error *error,
                               const struct unsay_exposure *exposure);

UNSAY_API enum unsay_result unsay_exposure(struct unsay *client,
                                           const struct unsay_exposure_query *query,
                                           unsay_exposure_fn *callback, void *context);

/* ---- The record of attempts ---- */

struct unsay_recalls_query {
    uint64_t from_ms;          /* inclusive; 0: no bound */
    uint64_t until_ms;         /* exclusive; 0: no bound */
    const char *operator_user; /* NULL: any; as the others */
    const char *conversation;
    enum unsay_outcome outcome; /* 0: any */
    const char *refusal;        /* stable name */
    const char *reason;         /* as the operator gave it */
    uint64_t before;            /* unsay_recall_page.next of the page before; 0: from the latest */
    uint32_t limit;             /* 1-200; 0: 200 */
};

/* How far a message had got when its recall was decided. */
enum unsay_delivery {
    UNSAY_DELIVERY_UNKNOWN, /* neither the policy nor the operator asked */
    UNSAY_DELIVERY_NONE,    /* no device of another member had stored it */
    UNSAY_DELIVERY_STORED,
    UNSAY_DELIVERY_DISPLAYED
};

struct unsay_recall_entry {
    uint64_t index; /* in the audit log */
    uint64_t time_ms;
    const char *conversation;
    uint32_t origin;
    uint64_t target_seq; /* 0: not known */
    uint8_t target_message_id[16];
    const char *target_sender;
    enum unsay_content_type content_type; /* 0: not known */
    uint64_t target_time_ms;              /* 0: not known */
    const char *operator_user;
    enum unsay_actor actor;
    enum unsay_role target_role; /* of the message's author */
    const char *device;
    const char *address; /* of the client */
    const uint8_t *request_id;
    size_t request_id_bytes;
    const char *rule; /* name of the policy's rule that decided; "": none matched */
    uint8_t policy_version[32];
    enum unsay_outcome outcome; /* 0: nothing was decided */
    const char *refusal;        /* stable name when refused, else "" */
    uint64_t recall_seq;        /* 0: not granted */
    bool is_clock_unsure;
    bool is_on_arrival; /* decided when the message came */

    /* What else the decision went by. */
    enum unsay_conversation_type conversation_type; /* 0: not known */
    uint32_t capacities; /* of the operator: UINT32_C(1) << enum unsay_actor each; 0: the policy was
                            not asked about this very message */
    const char *region;  /* of the server; "": it has no name */
    enum unsay_delivery delivery;
    uint64_t delivered_ms;     /* when the first other member had it; 0: not known, or nobody had */
    uint64_t delivered_all_ms; /* when the last one had; 0: not known, or not all had */
};

struct unsay_recall_page {
    const struct unsay_recall_entry *entries; /* latest first */
    size_t count;
    uint64_t next; /* 0: there are no more */
};

typedef void unsay_recalls_fn(void *context, const struct unsay_error *error,
                              const struct unsay_recall_page *page);

/* Attempts to take something back, granted or refused. Others than system and compliance see their
 * own. */
UNSAY_API enum unsay_result unsay_list_recalls(struct unsay *client,
                                               const struct unsay_recalls_query *query,
                                               unsay_recalls_fn *callback, void *context);

/* ---- Evidence: bodies that the policy kept ---- */

struct unsay_evidence {
    const char *conversation;
    uint32_t origin;
    uint64_t target_seq;
    uint32_t approvals_needed; /* not 0: somebody else must ask too, within a day; no body yet */
    enum unsay_content_type content_type;
    const uint8_t *body;
    size_t body_bytes;
    uint64_t kept_until_ms;
};

typedef void unsay_evidence_fn(void *context, const struct unsay_error *error,
                               const struct unsay_evidence *evidence);

/* Each look is on record. */
UNSAY_API enum unsay_result unsay_open_evidence(struct unsay *client, const char *conversation,
                                                uint32_t origin, uint64_t target_seq,
                                                unsay_evidence_fn *callback, void *context);

/* ---- Policy ---- */

enum unsay_policy_action {
    UNSAY_POLICY_GET,   /* a version */
    UNSAY_POLICY_LIST,  /* the versions that were in force */
    UNSAY_POLICY_RELOAD /* the server reads its policy file again */
};

struct unsay_policy_version {
    uint8_t version[32]; /* SHA-256 of the content */
    uint64_t since_ms;   /* in force from then on */
};

struct unsay_policy {
    struct unsay_policy_version current; /* that was asked for; LIST: the one in force */
    const char *content;                 /* the file; "" in a list */
    size_t content_bytes;
    const struct unsay_policy_version *versions; /* LIST: latest first */
    size_t count;
};

typedef void unsay_policy_fn(void *context, const struct unsay_error *error,
                             const struct unsay_policy *policy);

/* `version`: for GET, 32 bytes, or NULL for the one in force. */
UNSAY_API enum unsay_result unsay_policy(struct unsay *client, enum unsay_policy_action action,
                                         const uint8_t version[32], unsay_policy_fn *callback,
                                         void *context);

#ifdef __cplusplus
}
#endif

#endif
