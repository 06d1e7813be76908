/* Pins: messages that a conversation keeps in view. A pin is a reference; it goes with the message
 * when that is taken back. In a direct conversation both users may pin, elsewhere owners, admins
 * and moderators. */
#ifndef UNSAY_CORE_PIN_H
#define UNSAY_CORE_PIN_H

#include "core/conversation.h"

/* What is wrong with the request itself: REFUSAL_NONE, INVALID_ID or FIELD_INVALID. */
refusal_code pin_check(const wire_change_pin *request, const char **detail);

struct pin_facts {
    const struct author *author;
    const struct member *member; /* the author's place; may be no member */
    const wire_event *event;     /* what the target names, without its body, perhaps; NULL: nothing.
                                    Not asked for where the pin is as it should be already */
    bool is_pinned;
    size_t pin_count; /* of the conversation */
    uint64_t now_ms;
};

/* Pins or unpins: the event and the row are in the effects, and `answer` names the event; its seq
 * is 0 where nothing had to change. Else NOT_A_MEMBER, NOT_PERMITTED, UNKNOWN_MESSAGE,
 * NOT_A_MESSAGE, RECALLED or TOO_MANY_PINS, and nothing changed. */
refusal_code pin_change(struct conversation *conversation, const wire_change_pin *request,
                        const struct pin_facts *facts, struct effects *effects,
                        wire_appended *answer, const char **detail);

/* A pinned message is taken back: its pin goes in the same commit, without an event of its own. */
void pin_drop(const struct conversation *conversation, uint64_t seq, struct effects *effects);

#endif
