/* What workers send each other. */
#ifndef UNSAY_ROUTING_MAIL_H
#define UNSAY_ROUTING_MAIL_H

#include "base/limits.h"
#include "routing/session.h"

struct group;
struct mail_call;
struct mail_forward;
struct mail_take_back;
struct mail_taken_back;

enum mail_kind {
    MAIL_REQUEST,  /* a client's request, for the owner of its conversation */
    MAIL_GROUP,    /* a group was committed, or failed: publish */
    MAIL_ANSWERS,  /* every worker has published: give the answers */
    MAIL_CLAIM,    /* a device signed in at another worker: close older sessions of the same name */
    MAIL_REPLACED, /* ... and one was closed; for the worker of the device that signed in */
    MAIL_FORWARD,  /* owner_forward.h: a forward, for the owner of its destination */
    MAIL_TAKE_BACK,  /* take_backs.h: the recall of a forward, likewise */
    MAIL_TAKEN_BACK, /* take_backs.h: the answer, for the owner of its source */
    MAIL_ONLINE,     /* a recall was published: who is connected; for the owner */
    MAIL_PUSHED, /* a recall was published: to whom the message had been handed; for the owner */
    MAIL_HANDED, /* a session has ended: what its device may hold; for the owner */
    MAIL_RELOAD, /* read the policy file again; for worker 0 */
    MAIL_CALL    /* calls.h: a request of the product's backend */
};

struct mail_request {
    unsigned worker; /* where the session is */
    uint64_t session;
    bool may_create;
    char user[LIMIT_USER_ID_BYTES_MAX + 1];
    char device[LIMIT_DEVICE_ID_BYTES_MAX + 1];
    Unsay__V1__Actor authority;
    char address[ADDRESS_BYTES_MAX + 1];
    size_t payload_bytes;
    uint8_t payload[]; /* an encoded ClientFrame */
};

struct mail_claim {
    uint64_t opened_ns; /* steady clock; sessions opened later stay */
    uint64_t login;     /* of the session that claims */
    unsigned worker;    /* decides between equals: the higher one stays */
    char user[LIMIT_USER_ID_BYTES_MAX + 1];
    char device[LIMIT_DEVICE_ID_BYTES_MAX + 1];
};

/* One sign-in by token took the name from another one's living session. */
struct mail_replaced {
    uint64_t login;    /* of the session that has the name now */
    uint64_t replaced; /* of the one that was closed */
    char user[LIMIT_USER_ID_BYTES_MAX + 1];
    char device[LIMIT_DEVICE_ID_BYTES_MAX + 1];
};

struct mail_device {
    char user[LIMIT_USER_ID_BYTES_MAX + 1];
    char device[LIMIT_DEVICE_ID_BYTES_MAX + 1];
};

/* The devices at one worker that followed the conversation when it published the recall. Every
 * worker sends one such mail for a recall that asks for it (struct publication.tells_who). */
struct mail_online {
    char conversation[LIMIT_CONVERSATION_ID_BYTES_MAX + 1];
    uint32_t origin;
    uint64_t seq;     /* of the recall */
    unsigned worker;  /* who sends this */
    bool is_complete; /* else there were more than LIMIT_ONLINE_DEVICES_MAX */
    uint32_t count;
    struct mail_device devices[];
};

/* Devices to which the message had been handed when its recall was published: it may have reached
 * them. Their cursors did not say so at this worker; those in the store may say more. */
struct mail_pushed {
    char conversation[LIMIT_CONVERSATION_ID_BYTES_MAX + 1];
    uint32_t origin;
    uint64_t seq; /* of the recall */
    uint64_t target_seq;
    uint32_t count; /* 1 to LIMIT_ONLINE_DEVICES_MAX; where there are more, several mails come */
    struct mail_device devices[];
};

/* What was handed to a device's connection, which ended before the device said that it stored it.
 */
struct mail_handed {
    char conversation[LIMIT_CONVERSATION_ID_BYTES_MAX + 1];
    uint32_t origin;
    uint64_t first;
    uint64_t last;
    uint64_t published; /* number of the owner's last group that the session's worker published */
    struct mail_device device;
};

struct mail {
    enum mail_kind kind;
    union {
        struct group *group;                /* shared until the last worker is done */
        struct mail_request *request;       /* heap; owned by the mail */
        struct mail_claim *claim;           /* heap; owned by the mail */
        struct mail_replaced *replaced;     /* heap; owned by the mail */
        struct mail_forward *forward;       /* heap; owned by the mail */
        struct mail_take_back *take_back;   /* heap; owned by the mail */
        struct mail_taken_back *taken_back; /* heap; owned by the mail */
        struct mail_online *online;         /* heap; owned by the mail */
        struct mail_pushed *pushed;         /* heap; owned by the mail */
        struct mail_handed *handed;         /* heap; owned by the mail */
        struct mail_call *call;             /* heap; owned by the mail */
    };
};

/* Frees what an undelivered mail owns. */
void mail_discard(struct mail *mail);

#endif
