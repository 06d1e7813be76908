/* A message of the contract as JSON, by its protobuf descriptor, so that the two cannot drift
 * apart: fields keep their names, words of a list are in lower case without the list's prefix,
 * times are RFC 3339 in UTC, and bytes are what their field is for: an id, text, hexadecimal or
 * base64. */
#ifndef UNSAY_API_JSON_WRITE_H
#define UNSAY_API_JSON_WRITE_H

#include "core/contract.h"

#include <jansson.h>

/* New reference; NULL when there is no memory. */
json_t *json_from_message(const ProtobufCMessage *message);

#endif
