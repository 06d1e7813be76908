#include "api/json_write.h"

#include "api/json_form.h"
#include "api/json_value.h"
#include "core/hlc.h"

#include <sodium.h>
#include <stdio.h>

static json_t *json_hex(struct view bytes)
{
    char text[2 * 64 + 1];
    if (bytes.size > 64)
        return json_base64(bytes);
    return json_string(sodium_bin2hex(text, sizeof(text), bytes.data, bytes.size));
}

static void json_put_bytes(json_t *object, const char *name, enum json_form form, struct view bytes)
{
    char other[80];
    if (bytes.size == 0)
        return;
    if (form == JSON_FORM_TEXT && json_is_text(bytes)) {
        json_object_set_new(object, name, json_stringn((const char *)bytes.data, bytes.size));
    } else if (form == JSON_FORM_TEXT) {
        snprintf(other, sizeof(other), "%s_base64", name);
        json_object_set_new(object, other, json_base64(bytes));
    } else if (form == JSON_FORM_UUID) {
        json_object_set_new(object, name, json_uuid(bytes));
    } else {
        json_object_set_new(object, name,
                            form == JSON_FORM_HEX ? json_hex(bytes) : json_base64(bytes));
    }
}

/* A word that stands for none is left out: NULL. */
static json_t *json_of_word(const ProtobufCFieldDescriptor *field, int value)
{
    char word[64];
    return json_word(field->descriptor, value, word) ? json_string(word) : NULL;
}

/* One value; NULL where it says nothing. */
static json_t *json_value(const ProtobufCFieldDescriptor *field, const void *at)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        return json_integer(*(const uint32_t *)at);
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64: {
        uint64_t number = *(const uint64_t *)at;
        enum json_form form = json_form_of(field);
        if (form == JSON_FORM_PLAIN)
            return json_integer((json_int_t)number);
        if (number == 0)
            return NULL;
        return json_moment(form == JSON_FORM_CLOCK ? hlc_ms(number) : number);
    }
    case PROTOBUF_C_TYPE_BOOL:
        return json_boolean(*(const protobuf_c_boolean *)at);
    case PROTOBUF_C_TYPE_ENUM:
        return json_of_word(field, *(const int *)at);
    case PROTOBUF_C_TYPE_STRING:
        return json_string(*(char *const *)at);
    case PROTOBUF_C_TYPE_MESSAGE:
        return *(ProtobufCMessage *const *)at == NULL
                   ? NULL
                   : json_from_message(*(ProtobufCMessage *const *)at);
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_DOUBLE:
    case PROTOBUF_C_TYPE_BYTES: /* written with its name */
        break;
    }
    return NULL; /* the contract has none of these */
}

static size_t json_size_of(const ProtobufCFieldDescriptor *field)
{
    if (field->type == PROTOBUF_C_TYPE_STRING || field->type == PROTOBUF_C_TYPE_MESSAGE)
        return sizeof(void *);
    return field->type == PROTOBUF_C_TYPE_UINT64 || field->type == PROTOBUF_C_TYPE_FIXED64
               ? sizeof(uint64_t)
               : sizeof(uint32_t);
}

static json_t *json_array_of(const ProtobufCFieldDescriptor *field, const char *base)
{
    size_t count = *(const size_t *)(const void *)(base + field->quantifier_offset);
    const char *items = *(char *const *)(const void *)(base + field->offset);
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(array, json_value(field, items + i * json_size_of(field)));
    return array;
}

/* The field that a oneof holds: its case is a field of its own in the structure. */
static bool json_is_chosen(const ProtobufCFieldDescriptor *field, const char *base)
{
    if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) == 0)
        return true;
    return *(const uint32_t *)(const void *)(base + field->quantifier_offset) == field->id;
}

json_t *json_from_message(const ProtobufCMessage *message)
{
    const char *base = (const char *)message;
    json_t *object = json_object();
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        char name[64];
        if (!json_is_chosen(field, base))
            continue;
        json_name_of(message->descriptor, field, name);
        if (field->label == PROTOBUF_C_LABEL_REPEATED) {
            json_object_set_new(object, name, json_array_of(field, base));
        } else if (field->type == PROTOBUF_C_TYPE_BYTES) {
            const ProtobufCBinaryData *bytes = (const void *)(base + field->offset);
            json_put_bytes(object, name, json_form_of(field), bytes_view(*bytes));
        } else {
            json_t *value = json_value(field, base + field->offset);
            if (value != NULL)
                json_object_set_new(object, name, value);
        }
    }
    return object;
}
