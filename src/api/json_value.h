/* Values of the contract as JSON, the same wherever the backend meets them: in answers of the API,
 * and in webhooks. New references. */
#ifndef UNSAY_API_JSON_VALUE_H
#define UNSAY_API_JSON_VALUE_H

#include "core/contract.h"

#include <jansson.h>

/* "CONTENT_TYPE_IMAGE" is "image". False: no such value, or it stands for none. */
bool json_word(const ProtobufCEnumDescriptor *list, int value, char word[64]);

/* The same; null where it says nothing. */
json_t *json_word_or_null(const ProtobufCEnumDescriptor *list, int value);

/* Unix milliseconds in RFC 3339, UTC; UINT64_MAX is "forever". */
json_t *json_moment(uint64_t ms);

/* Of 16 bytes; else null. */
json_t *json_uuid(struct view bytes);

json_t *json_base64(struct view bytes);

/* UTF-8 without a NUL, so that JSON can hold it as a string. */
bool json_is_text(struct view bytes);

#endif
