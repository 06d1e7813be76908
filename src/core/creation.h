/* Creation: a conversation comes to be, with its first members, as the first event of its log. */
#ifndef UNSAY_CORE_CREATION_H
#define UNSAY_CORE_CREATION_H

#include "core/conversation.h"

/* What is wrong with the request itself: REFUSAL_NONE, INVALID_ID or FIELD_INVALID. */
refusal_code creation_check(const wire_create_conversation *request, const char **detail);
refusal_code creation_check_direct(const wire_open_conversation *request, const char **detail);

/* Makes the group or channel. `conversation` is new: id and origin set, head 0. A member named
 * twice counts once, with the first role; the creator is the owner whatever the list says. */
void creation_apply(struct conversation *conversation, const struct author *author,
                    const wire_create_conversation *request, uint64_t now_ms,
                    struct effects *effects);

/* Makes the direct conversation of the author and `user`; both are members. */
void creation_apply_direct(struct conversation *conversation, const struct author *author,
                           const char *user, uint64_t now_ms, struct effects *effects);

#endif
