/* A change: one row that a commit writes. The rules answer with changes; the store applies all
 * changes of a commit or none. A later change to the same key wins. Rows are never deleted here.
 *
 *   kind          key                                  value
 *   CONVERSATION  conversation                         struct conversation_row
 *   MEMBER        conversation, user                   struct member_row (also listed by user)
 *   EVENT         conversation, origin, seq            the encoded Event; a recalled message
 * replaces its row, and the store keeps no older value readable MESSAGE_ID    conversation, user,
 * id               struct message_id_row REQUEST       conversation, user, request id       the
 * encoded RecallResult that was answered CURSOR        user, device, conversation, origin   struct
 * cursor_row
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
    CHANGE_CURSOR
};

struct change {
    enum change_kind kind;
    struct view conversation;
    struct view user;       /* MEMBER, MESSAGE_ID (the sender), REQUEST (the operator), CURSOR */
    struct view device;     /* CURSOR */
    uint32_t origin;        /* EVENT, CURSOR */
    uint64_t seq;           /* EVENT */
    struct uuid id;         /* MESSAGE_ID */
    struct view request_id; /* REQUEST */
    struct view bytes;      /* EVENT, REQUEST: the value */
    struct conversation_row conversation_row;
    struct member_row member;
    struct message_id_row message_id;
    struct cursor_row cursor;
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
    list->bytes += 64 + change->conversation.size + change->user.size + change->bytes.size +
                   change->message_id.pending.size;
}

#endif
