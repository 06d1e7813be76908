/* A conversation to decide in, and a look at what was decided. */
#ifndef UNSAY_TESTS_CORE_DECIDED_H
#define UNSAY_TESTS_CORE_DECIDED_H

#include "core/conversation.h"

enum { NOW_MS = 1700000000 };

struct decided {
    struct arena arena;
    struct conversation conversation; /* "c", origin 1, head 4 */
    struct member member;             /* a member without messages */
    struct author author;             /* ann's phone, from 192.0.2.1:7 */
    struct effects effects;
};

void decided_init(struct decided *decided);
void decided_fini(struct decided *decided);

/* The id whose last byte is `number`. */
struct uuid decided_id(uint8_t number);

/* The image at seq 2, under id 1, that ann's phone sent at NOW_MS: its body is "secret", it quotes,
 * mentions "zoe" and comes from "elsewhere". */
wire_event *decided_message(struct decided *decided);

size_t decided_publications(const struct decided *decided);

/* True when neither a change nor a publication contains the text; what the policy keeps of a body
 * is not looked at. */
bool decided_lacks(const struct decided *decided, const char *text);

/* The last change of the kind, NULL when there is none. */
const struct change *decided_change(const struct decided *decided, enum change_kind kind);

/* Changes of the kind. */
size_t decided_count(const struct decided *decided, enum change_kind kind);

/* The only entry for the audit log; fails where there is none, or another. */
const wire_audit_entry *decided_audit(struct decided *decided);

#endif
