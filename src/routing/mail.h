/* What workers send each other. */
#ifndef UNSAY_ROUTING_MAIL_H
#define UNSAY_ROUTING_MAIL_H

#include "base/limits.h"
#include "base/view.h"

struct group;

enum mail_kind {
    MAIL_REQUEST, /* a client's request, for the owner of its conversation */
    MAIL_GROUP,   /* a group was committed, or failed: publish */
    MAIL_ANSWERS, /* every worker has published: give the answers */
    MAIL_CLAIM    /* a device signed in at another worker: close older sessions of the same name */
};

struct mail_request {
    unsigned worker; /* where the session is */
    uint64_t session;
    bool may_create;
    char user[LIMIT_USER_ID_BYTES_MAX + 1];
    char device[LIMIT_DEVICE_ID_BYTES_MAX + 1];
    size_t payload_bytes;
    uint8_t payload[]; /* an encoded ClientFrame */
};

struct mail_claim {
    uint64_t opened_ns; /* steady clock; sessions opened later stay */
    unsigned worker;    /* decides between equals: the higher one stays */
    char user[LIMIT_USER_ID_BYTES_MAX + 1];
    char device[LIMIT_DEVICE_ID_BYTES_MAX + 1];
};

struct mail {
    enum mail_kind kind;
    union {
        struct group *group;          /* shared until the last worker is done */
        struct mail_request *request; /* heap; owned by the mail */
        struct mail_claim *claim;     /* heap; owned by the mail */
    };
};

/* Frees what an undelivered mail owns. */
void mail_discard(struct mail *mail);

#endif
