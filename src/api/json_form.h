/* What JSON makes of a field of the contract. */
#ifndef UNSAY_API_JSON_FORM_H
#define UNSAY_API_JSON_FORM_H

#include "core/contract.h"

enum json_form {
    JSON_FORM_PLAIN,  /* a number, a string, a truth; bytes: base64 */
    JSON_FORM_UUID,   /* 16 bytes */
    JSON_FORM_TEXT,   /* bytes that are UTF-8, or else base64 under NAME_base64 */
    JSON_FORM_HEX,    /* bytes */
    JSON_FORM_CLOCK,  /* a hybrid time, told to the millisecond */
    JSON_FORM_MOMENT, /* Unix milliseconds, by a name that ends in _ms and a width of 64 bits */
};

enum json_form json_form_of(const ProtobufCFieldDescriptor *field);

/* In the place of a moment: for ever. */
#define JSON_FOREVER "forever"

/* Name of a field of this kind of message without what its form says already: "from_ms" is "from",
 * or "from_at" where there is a "from" besides. */
void json_name_of(const ProtobufCMessageDescriptor *kind, const ProtobufCFieldDescriptor *field,
                  char name[64]);

#endif
