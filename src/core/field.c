#include "core/field.h"

enum { FIELD_VARINT_BITS = 64, FIELD_NUMBER_SHIFT = 3, FIELD_KIND_MASK = 7 };

static bool field_take_varint(struct view *rest, uint64_t *value)
{
    *value = 0;
    for (unsigned shift = 0; shift < FIELD_VARINT_BITS && rest->size > 0; shift += 7) {
        uint8_t byte = *rest->data;
        *rest = view_make(rest->data + 1, rest->size - 1);
        *value |= (uint64_t)(byte & 0x7f) << shift;
        if ((byte & 0x80) == 0)
            return true;
    }
    return false;
}

static bool field_take_bytes(struct view *rest, uint64_t size, struct view *bytes)
{
    if (size > rest->size)
        return false;
    *bytes = view_make(rest->data, (size_t)size);
    *rest = view_make(rest->data + size, rest->size - (size_t)size);
    return true;
}

static bool field_take_fixed(struct view *rest, unsigned size, uint64_t *value)
{
    struct view bytes;
    *value = 0;
    if (!field_take_bytes(rest, size, &bytes))
        return false;
    for (unsigned i = size; i > 0; i--)
        *value = *value << 8 | bytes.data[i - 1];
    return true;
}

static bool field_take_value(struct view *rest, struct field *field)
{
    uint64_t size;
    switch (field->kind) {
    case FIELD_VARINT:
        return field_take_varint(rest, &field->value);
    case FIELD_FIXED64:
        return field_take_fixed(rest, 8, &field->value);
    case FIELD_FIXED32:
        return field_take_fixed(rest, 4, &field->value);
    case FIELD_BYTES:
        return field_take_varint(rest, &size) && field_take_bytes(rest, size, &field->bytes);
    }
    return false;
}

bool field_next(struct view *rest, struct field *field)
{
    struct view left = *rest;
    uint64_t tag;
    if (!field_take_varint(&left, &tag) || tag >> FIELD_NUMBER_SHIFT > UINT32_MAX)
        return false;
    *field = (struct field){.number = (uint32_t)(tag >> FIELD_NUMBER_SHIFT),
                            .kind = (enum field_kind)(tag & FIELD_KIND_MASK)};
    if (!field_take_value(&left, field))
        return false;
    *rest = left;
    return true;
}
