/* A message of the contract from JSON, in the form that json_write.h writes. Whatever does not fit
 * is named with its place, so that a caller can mend it. */
#ifndef UNSAY_API_JSON_READ_H
#define UNSAY_API_JSON_READ_H

#include "base/arena.h"
#include "core/contract.h"

#include <jansson.h>

enum { JSON_PATH_BYTES = 128, JSON_WRONG_BYTES = 256 };

struct json_wrong {
    char pointer[JSON_PATH_BYTES]; /* RFC 6901 */
    char text[JSON_WRONG_BYTES];   /* what would be right */
};

/* A message of this kind with nothing in it, in the arena. */
ProtobufCMessage *json_empty_message(const ProtobufCMessageDescriptor *kind, struct arena *arena);

/* Fills the message, and in *fields, which may be NULL, 1 << number of each field that was there.
 * What it points to lives in the arena. */
bool json_to_message(const json_t *object, ProtobufCMessage *message, uint32_t *fields,
                     struct arena *arena, struct json_wrong *wrong);

/* One field from a text, as in a path or query. False without a change of `wrong` when there is no
 * field of the name: see json_has_field. */
bool json_text_to_field(const char *name, const char *text, ProtobufCMessage *message,
                        struct arena *arena, struct json_wrong *wrong);
bool json_has_field(const ProtobufCMessageDescriptor *kind, const char *name);

#endif
