#include "api/json_value.h"

#include "api/json_form.h"
#include "base/utf8.h"
#include "base/uuid.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

bool json_word(const ProtobufCEnumDescriptor *list, int value, char word[64])
{
    const ProtobufCEnumValue *found = protobuf_c_enum_descriptor_get_value(list, value);
    size_t prefix = 1; /* of the value's name: the list's, "RecallWait" as RECALL_WAIT_ */
    if (found == NULL)
        return false;
    for (const char *letter = list->short_name; *letter != 0; letter++)
        prefix += letter != list->short_name && *letter >= 'A' && *letter <= 'Z' ? 2 : 1;
    size_t at = 0;
    for (; at < 63 && found->name[prefix + at] != 0; at++) {
        char letter = found->name[prefix + at];
        word[at] = (char)(letter >= 'A' && letter <= 'Z' ? letter - 'A' + 'a' : letter);
    }
    word[at] = 0;
    return strcmp(word, "unspecified") != 0;
}

json_t *json_word_or_null(const ProtobufCEnumDescriptor *list, int value)
{
    char word[64];
    return json_word(list, value, word) ? json_string(word) : json_null();
}

json_t *json_moment(uint64_t ms)
{
    char date[32] = "";
    char text[48];
    time_t seconds = (time_t)(ms / 1000);
    struct tm utc;
    if (ms == UINT64_MAX)
        return json_string(JSON_FOREVER);
    if (gmtime_r(&seconds, &utc) == NULL ||
        strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &utc) == 0)
        return json_null();
    snprintf(text, sizeof(text), "%s.%03uZ", date, (unsigned)(ms % 1000));
    return json_string(text);
}

json_t *json_base64(struct view bytes)
{
    size_t size = sodium_base64_ENCODED_LEN(bytes.size, sodium_base64_VARIANT_ORIGINAL);
    char *text = malloc(size);
    json_t *made = text == NULL ? NULL
                                : json_string(sodium_bin2base64(text, size, bytes.data, bytes.size,
                                                                sodium_base64_VARIANT_ORIGINAL));
    free(text);
    return made;
}

json_t *json_uuid(struct view bytes)
{
    struct uuid id;
    char text[UUID_TEXT_BYTES + 1];
    if (bytes.size != UUID_BYTES)
        return json_null();
    memcpy(id.bytes, bytes.data, UUID_BYTES);
    uuid_format(&id, text);
    return json_string(text);
}

bool json_is_text(struct view bytes)
{
    return utf8_is_valid(bytes) && (bytes.size == 0 || memchr(bytes.data, 0, bytes.size) == NULL);
}
