/* A change: one row that a commit writes. The rules answer with changes; the store applies all
 * changes of a commit or none. A later change to the same key wins.
 *
 *   kind          key                                  value
 *   CONVERSATION  conversation                         struct conversation_row
 *   MEMBER        conversation, user                   struct member_row (also listed by user)
 *   EVENT         conversation, origin, seq            the encoded Event; where a message was taken
 *                                                      back: also its dossier, which no listing of
 *                                                      events shows, and the body that is kept
 *   MESSAGE_ID    conversation, user, id               struct message_id_row
 *   REQUEST       conversation, user, request id       the encoded RecallResult that was answered
 *   CURSOR        conversation, origin, user, device   struct cursor_row
 *   DEVICE        user, device                         struct device_row
 *   USER          user                                 struct user_row
 *   PIN           conversation, origin, seq            struct pin_row, or removed
 *   FORWARD       conversation, origin, seq, and the   (conversation, user, message id)
 *                 forward's place
 *   JOB           conversation, user, request id       bytes, or removed
 *   APPROVAL      conversation, origin, seq, user      bytes: someone asked to open the evidence
 *   PUSHED        conversation, origin, seq of a       nothing: the message that it took back had
 *                 recall, user, device                 been handed to this device's connection
 *   POLICY        version                              the file
 *   LAST_MESSAGE  conversation, origin                 struct last_message_row, once other events
 *                                                      have followed it
 *   AUDIT         in the order of commits              one encoded AuditEntry, for the audit log
 *   OUTBOX        in the order of commits              one encoded OutboxEntry, for the backend
 */
#ifndef UNSAY_CORE_CHANGE_H
#define UNSAY_CORE_CHANGE_H

#include "core/rows.h"

enum change_kind {
    CHANGE_CONVERSATION,
    CHANGE_MEMBER,
    CHANGE_EVENT,
    CHANGE_MESSAGE_ID,
    CHANGE_REQUEST,
    CHANGE_CURSOR,
    CHANGE_DEVICE,
    CHANGE_USER,
    CHANGE_PIN,
    CHANGE_FORWARD,
    CHANGE_JOB,
    CHANGE_APPROVAL,
    CHANGE_PUSHED,
    CHANGE_POLICY,
    CHANGE_LAST_MESSAGE,
    CHANGE_AUDIT,
    CHANGE_OUTBOX
};

/* What becomes of the body of a message that was taken back. */
struct evidence {
    struct view body;  /* empty: erased. Else the store keeps it encrypted, out of reach of reads */
    uint64_t until_ms; /* Unix milliseconds: the key is destroyed within a day after that */
};

struct change {
    enum change_kind kind;
    bool is_removal; /* PIN, JOB: the row goes */
    struct view conversation;
    struct view user;         /* MEMBER, MESSAGE_ID and FORWARD (the sender), REQUEST and JOB (the
                                 operator; or TAKE_BACK_USER), CURSOR, DEVICE, USER, APPROVAL,
                                 PUSHED */
    struct view device;       /* CURSOR, DEVICE, PUSHED */
    uint32_t origin;          /* EVENT, CURSOR, PIN, FORWARD, APPROVAL, LAST_MESSAGE */
    uint64_t seq;             /* EVENT, PIN, FORWARD, APPROVAL */
    struct uuid id;           /* MESSAGE_ID */
    struct view request_id;   /* REQUEST, JOB; POLICY: the version */
    struct view bytes;        /* EVENT, REQUEST, JOB, APPROVAL, POLICY, AUDIT, OUTBOX: the value */
    struct view dossier;      /* EVENT: private; empty unless the message was taken back */
    struct evidence evidence; /* EVENT */
    union {
        struct conversation_row conversation_row;
        struct member_row member;
        struct message_id_row message_id;
        const struct cursor_row *cursor;
        const struct device_row *device_row;
        struct user_row user_row;
        struct pin_row pin;
        struct forward_row forward;
        struct last_message_row last_message;
    };
    struct change *next; /* in the commit's order */
};

/* The changes of one commit, in order. The changes live in the arena of whoever builds the list. */
struct change_list {
    struct change *first;
    struct change *last;
    size_t count;
    size_t bytes; /* estimate of keys and values, for limits */
};

static inline void change_list_add(struct change_list *list, struct change *change)
{
    change->next = NULL;
    if (list->last == NULL)
        list->first = change;
    else
        list->last->next = change;
    list->last = change;
    list->count++;
    list->bytes += 64 + change->conversation.size + change->user.size + change->bytes.size;
}

#endif
