/* A recall's notice in the forms that connections may ask for: the recall itself, only that the
 * conversation has changed, or the recall with what takes the message's place. Each form is made
 * when the first session wants it, and shared by the others of this worker. */
#ifndef UNSAY_ROUTING_NOTICE_H
#define UNSAY_ROUTING_NOTICE_H

#include "core/conversation.h"

struct notice_forms {
    const struct publication *publication; /* of a recall; lent */
    struct blob *refresh;                  /* held; NULL: not wanted so far */
    struct blob *replace;
};

void notice_forms_init(struct notice_forms *forms, const struct publication *publication);
void notice_forms_fini(struct notice_forms *forms);

/* A whole frame; lent. */
struct blob *notice_form(struct notice_forms *forms, Unsay__V1__Follow follow);

#endif
