#include "api/json_form.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    enum json_form form;
} json_fields[] = {
#define JSON_FIELD(name, form) {#name, JSON_FORM_##form},
#include "api/json_field.def"
#undef JSON_FIELD
};

static bool json_ends_in_ms(const char *name)
{
    size_t size = strlen(name);
    return size > 3 && strcmp(name + size - 3, "_ms") == 0;
}

static bool json_has_64_bits(const ProtobufCFieldDescriptor *field)
{
    return field->type == PROTOBUF_C_TYPE_UINT64 || field->type == PROTOBUF_C_TYPE_FIXED64;
}

enum json_form json_form_of(const ProtobufCFieldDescriptor *field)
{
    if (json_has_64_bits(field) && json_ends_in_ms(field->name))
        return JSON_FORM_MOMENT;
    for (size_t i = 0; i < sizeof(json_fields) / sizeof(json_fields[0]); i++) {
        enum json_form form = json_fields[i].form;
        bool fits = form == JSON_FORM_CLOCK ? field->type == PROTOBUF_C_TYPE_FIXED64
                                            : field->type == PROTOBUF_C_TYPE_BYTES;
        if (fits && strcmp(json_fields[i].name, field->name) == 0)
            return form;
    }
    return JSON_FORM_PLAIN;
}

void json_name_of(const ProtobufCMessageDescriptor *kind, const ProtobufCFieldDescriptor *field,
                  char name[64])
{
    size_t size = strlen(field->name);
    snprintf(name, 64, "%s", field->name);
    if (json_form_of(field) != JSON_FORM_MOMENT)
        return;
    name[size - 3] = 0;
    if (protobuf_c_message_descriptor_get_field_by_name(kind, name) != NULL)
        snprintf(name + size - 3, 64 - (size - 3), "_at");
}
