#include "api/json_read.h"

#include "api/json_form.h"
#include "api/json_value.h"
#include "base/limits.h"
#include "base/uuid.h"
#include "core/hlc.h"

#include <errno.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct json_place {
    const struct json_place *parent; /* NULL: the whole */
    const char *name;                /* NULL: an item of a list */
    size_t index;
};

struct json_reader {
    struct arena *arena;
    struct json_wrong *wrong;
};

static void json_print_place(const struct json_place *place, char *text, size_t size)
{
    if (place->parent == NULL) {
        text[0] = 0;
        return;
    }
    json_print_place(place->parent, text, size);
    size_t used = strlen(text);
    if (place->name != NULL)
        snprintf(text + used, size - used, "/%s", place->name);
    else
        snprintf(text + used, size - used, "/%zu", place->index);
}

__attribute__((format(printf, 3, 4))) static bool
json_fail(struct json_reader *reader, const struct json_place *place, const char *format, ...)
{
    va_list arguments;
    json_print_place(place, reader->wrong->pointer, sizeof(reader->wrong->pointer));
    va_start(arguments, format);
    vsnprintf(reader->wrong->text, sizeof(reader->wrong->text), format, arguments);
    va_end(arguments);
    return false;
}

ProtobufCMessage *json_empty_message(const ProtobufCMessageDescriptor *kind, struct arena *arena)
{
    ProtobufCMessage *message = arena_zero(arena, kind->sizeof_message);
    kind->message_init(message);
    return message;
}

/* "2026-01-31T08:00:00Z", with a fraction or not. */
static bool json_parse_moment(const char *text, uint64_t *ms)
{
    struct tm utc = {0};
    unsigned fraction = 0;
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &utc);
    if (strcmp(text, JSON_FOREVER) == 0) {
        *ms = UINT64_MAX;
        return true;
    }
    if (rest == NULL)
        return false;
    if (*rest == '.') {
        unsigned scale = 100;
        for (rest++; *rest >= '0' && *rest <= '9'; rest++, scale /= 10)
            fraction += scale * (unsigned)(*rest - '0');
    }
    time_t seconds = timegm(&utc);
    if (strcmp(rest, "Z") != 0 || seconds < 0)
        return false;
    *ms = (uint64_t)seconds * 1000 + fraction;
    return true;
}

static bool json_read_number(struct json_reader *reader, const struct json_place *place,
                             const ProtobufCFieldDescriptor *field, const json_t *value, void *at)
{
    bool is_wide = field->type == PROTOBUF_C_TYPE_UINT64 || field->type == PROTOBUF_C_TYPE_FIXED64;
    uint64_t number = 0;
    if (json_form_of(field) != JSON_FORM_PLAIN) {
        bool is_clock = json_form_of(field) == JSON_FORM_CLOCK;
        if (!json_is_string(value) || !json_parse_moment(json_string_value(value), &number) ||
            (is_clock && hlc_ms(hlc_of(number)) != number))
            return json_fail(reader, place, "must be a time such as 2026-01-31T08:00:00Z%s",
                             is_clock ? "" : ", or forever");
        number = is_clock ? hlc_of(number) : number;
    } else {
        json_int_t given = json_is_integer(value) ? json_integer_value(value) : -1;
        if (given < 0 || (!is_wide && (uint64_t)given > UINT32_MAX))
            return json_fail(reader, place, "must be a whole number from 0 to %llu",
                             is_wide ? (unsigned long long)INT64_MAX
                                     : (unsigned long long)UINT32_MAX);
        number = (uint64_t)given;
    }
    if (is_wide)
        *(uint64_t *)at = number;
    else
        *(uint32_t *)at = (uint32_t)number;
    return true;
}

static bool json_read_word(struct json_reader *reader, const struct json_place *place,
                           const ProtobufCFieldDescriptor *field, const json_t *value, void *at)
{
    const ProtobufCEnumDescriptor *list = field->descriptor;
    char choices[192] = "";
    for (unsigned i = 0; i < list->n_values; i++) {
        char word[64];
        if (!json_word(list, list->values[i].value, word))
            continue;
        if (json_is_string(value) && strcmp(word, json_string_value(value)) == 0) {
            *(int *)at = list->values[i].value;
            return true;
        }
        size_t used = strlen(choices);
        snprintf(choices + used, sizeof(choices) - used, "%s%s", used == 0 ? "" : ", ", word);
    }
    return json_fail(reader, place, "must be one of: %s", choices);
}

static bool json_read_bytes(struct json_reader *reader, const struct json_place *place,
                            enum json_form form, const json_t *value, ProtobufCBinaryData *bytes)
{
    const char *text = json_string_value(value);
    size_t size = json_string_length(value);
    size_t used = 0;
    struct uuid id;
    if (!json_is_string(value))
        return json_fail(reader, place, "must be a string");
    uint8_t *copy = arena_alloc(reader->arena, size + 1);
    bytes->data = copy;
    if (form == JSON_FORM_TEXT) {
        memcpy(copy, text, size);
        bytes->len = size;
        return true;
    }
    if (form == JSON_FORM_UUID) {
        if (!uuid_parse(view_make(text, size), &id))
            return json_fail(reader, place, "must be a UUID");
        memcpy(copy, id.bytes, UUID_BYTES);
        bytes->len = UUID_BYTES;
        return true;
    }
    int failed = form == JSON_FORM_HEX
                     ? sodium_hex2bin(copy, size + 1, text, size, NULL, &used, NULL)
                     : sodium_base642bin(copy, size + 1, text, size, NULL, &used, NULL,
                                         sodium_base64_VARIANT_ORIGINAL);
    /* Both stop at what is no digit, and leave the rest. */
    if (failed != 0)
        return json_fail(reader, place, "must be %s",
                         form == JSON_FORM_HEX ? "hexadecimal" : "base64");
    bytes->len = used;
    return true;
}

static bool json_read_object(struct json_reader *reader, const struct json_place *place,
                             const json_t *object, ProtobufCMessage *message, uint32_t *fields);

static bool json_read_value(struct json_reader *reader, const struct json_place *place,
                            const ProtobufCFieldDescriptor *field, const json_t *value, void *at)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        return json_read_number(reader, place, field, value, at);
    case PROTOBUF_C_TYPE_BOOL:
        *(protobuf_c_boolean *)at = json_is_true(value);
        return json_is_boolean(value) || json_fail(reader, place, "must be true or false");
    case PROTOBUF_C_TYPE_ENUM:
        return json_read_word(reader, place, field, value, at);
    case PROTOBUF_C_TYPE_STRING:
        if (!json_is_string(value) || strlen(json_string_value(value)) != json_string_length(value))
            return json_fail(reader, place, "must be a string");
        *(char **)at = arena_text(reader->arena, view_of(json_string_value(value)));
        return true;
    case PROTOBUF_C_TYPE_BYTES:
        return json_read_bytes(reader, place, json_form_of(field), value, at);
    case PROTOBUF_C_TYPE_MESSAGE: {
        ProtobufCMessage *part = json_empty_message(field->descriptor, reader->arena);
        *(ProtobufCMessage **)at = part;
        return json_read_object(reader, place, value, part, NULL);
    }
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_DOUBLE:
        break;
    }
    return json_fail(reader, place, "cannot be given"); /* the contract has none of these */
}

static bool json_read_list(struct json_reader *reader, const struct json_place *place,
                           const ProtobufCFieldDescriptor *field, const json_t *list, char *base)
{
    size_t count = json_array_size(list);
    bool is_pointer =
        field->type == PROTOBUF_C_TYPE_STRING || field->type == PROTOBUF_C_TYPE_MESSAGE;
    if (!json_is_array(list) || count > LIMIT_API_LIST_ITEMS_MAX || !is_pointer)
        return json_fail(reader, place, "must be a list of at most %d", LIMIT_API_LIST_ITEMS_MAX);
    void **items = arena_zero(reader->arena, (count + 1) * sizeof(*items));
    for (size_t i = 0; i < count; i++) {
        struct json_place item = {place, NULL, i};
        if (!json_read_value(reader, &item, field, json_array_get(list, i), &items[i]))
            return false;
    }
    *(size_t *)(void *)(base + field->quantifier_offset) = count;
    *(void ***)(void *)(base + field->offset) = items;
    return true;
}

static const ProtobufCFieldDescriptor *json_find_field(const ProtobufCMessageDescriptor *kind,
                                                       const char *name, bool *is_base64)
{
    for (unsigned i = 0; i < kind->n_fields; i++) {
        char own[64];
        char other[80];
        json_name_of(kind, &kind->fields[i], own);
        snprintf(other, sizeof(other), "%s_base64", own);
        *is_base64 = json_form_of(&kind->fields[i]) == JSON_FORM_TEXT && strcmp(other, name) == 0;
        if (*is_base64 || strcmp(own, name) == 0)
            return &kind->fields[i];
    }
    return NULL;
}

static bool json_read_field(struct json_reader *reader, const struct json_place *place,
                            const ProtobufCFieldDescriptor *field, const json_t *value,
                            ProtobufCMessage *message, bool is_base64)
{
    char *base = (char *)message;
    if (field->label == PROTOBUF_C_LABEL_REPEATED)
        return json_read_list(reader, place, field, value, base);
    if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0)
        *(uint32_t *)(void *)(base + field->quantifier_offset) = field->id;
    if (is_base64)
        return json_read_bytes(reader, place, JSON_FORM_PLAIN, value,
                               (void *)(base + field->offset));
    return json_read_value(reader, place, field, value, base + field->offset);
}

static bool json_read_object(struct json_reader *reader, const struct json_place *place,
                             const json_t *object, ProtobufCMessage *message, uint32_t *fields)
{
    const char *name;
    json_t *value;
    if (!json_is_object(object))
        return json_fail(reader, place, "must be an object");
    json_object_foreach((json_t *)(uintptr_t)object, name, value)
    {
        bool is_base64 = false;
        struct json_place part = {place, name, 0};
        const ProtobufCFieldDescriptor *field =
            json_find_field(message->descriptor, name, &is_base64);
        if (field == NULL)
            return json_fail(reader, &part, "is not known here");
        if (!json_read_field(reader, &part, field, value, message, is_base64))
            return false;
        if (fields != NULL && field->id < 32)
            *fields |= UINT32_C(1) << field->id;
    }
    return true;
}

bool json_to_message(const json_t *object, ProtobufCMessage *message, uint32_t *fields,
                     struct arena *arena, struct json_wrong *wrong)
{
    struct json_reader reader = {arena, wrong};
    struct json_place whole = {NULL, NULL, 0};
    return json_read_object(&reader, &whole, object, message, fields);
}

bool json_has_field(const ProtobufCMessageDescriptor *kind, const char *name)
{
    bool is_base64;
    return json_find_field(kind, name, &is_base64) != NULL;
}

bool json_text_to_field(const char *name, const char *text, ProtobufCMessage *message,
                        struct arena *arena, struct json_wrong *wrong)
{
    bool is_base64 = false;
    struct json_reader reader = {arena, wrong};
    struct json_place whole = {NULL, NULL, 0};
    struct json_place place = {&whole, name, 0};
    const ProtobufCFieldDescriptor *field = json_find_field(message->descriptor, name, &is_base64);
    char *end = NULL;
    json_t *value = NULL;
    if (field == NULL)
        return false;
    bool is_number = field->type != PROTOBUF_C_TYPE_STRING &&
                     field->type != PROTOBUF_C_TYPE_BYTES && field->type != PROTOBUF_C_TYPE_ENUM &&
                     field->type != PROTOBUF_C_TYPE_BOOL && json_form_of(field) == JSON_FORM_PLAIN;
    if (field->type == PROTOBUF_C_TYPE_BOOL && strcmp(text, "true") == 0) {
        value = json_true();
    } else if (field->type == PROTOBUF_C_TYPE_BOOL && strcmp(text, "false") == 0) {
        value = json_false();
    } else if (is_number && *text >= '0' && *text <= '9') {
        errno = 0;
        long long number = strtoll(text, &end, 10);
        value = errno == 0 && *end == 0 ? json_integer(number) : json_null();
    } else {
        value = json_string(text); /* NULL: not UTF-8 */
    }
    bool is_read = value != NULL
                       ? json_read_field(&reader, &place, field, value, message, is_base64)
                       : json_fail(&reader, &place, "must be UTF-8");
    json_decref(value);
    return is_read;
}
