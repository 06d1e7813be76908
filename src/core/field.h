/* The fields of an encoded message, one after the other: for those who need a few of them often,
 * and would otherwise decode the whole. */
#ifndef UNSAY_CORE_FIELD_H
#define UNSAY_CORE_FIELD_H

#include "base/view.h"

enum field_kind { FIELD_VARINT = 0, FIELD_FIXED64 = 1, FIELD_BYTES = 2, FIELD_FIXED32 = 5 };

struct field {
    uint32_t number;
    enum field_kind kind;
    uint64_t value;    /* not of BYTES */
    struct view bytes; /* of BYTES: a string, bytes, or a message; lent by the message */
};

/* Takes the next field from the front of *rest. False at the end, where *rest is empty, and before
 * what is damaged, where it is not. */
bool field_next(struct view *rest, struct field *field);

#endif
