#include "core/encode.h"

enum {
    ENCODE_VARINT = 0,
    ENCODE_FIXED64 = 1,
    ENCODE_SIZED = 2,
    ENCODE_TAG_SHIFT = 3,
    ENCODE_VARINT_BYTES_MAX = 10
};

/* Writes towards the beginning of the room. */
struct encoder {
    const uint8_t *room;
    uint8_t *at;       /* what is written begins here */
    bool is_supported; /* and had room, so far */
};

static void encode_put(struct encoder *encoder, const void *data, size_t size)
{
    if ((size_t)(encoder->at - encoder->room) < size) {
        encoder->is_supported = false;
        return;
    }
    encoder->at -= size;
    if (size > 0)
        memcpy(encoder->at, data, size);
}

static void encode_varint(struct encoder *encoder, uint64_t value)
{
    uint8_t bytes[ENCODE_VARINT_BYTES_MAX];
    size_t size = 0;
    for (; value >= 0x80; value >>= 7)
        bytes[size++] = (uint8_t)(value | 0x80);
    bytes[size++] = (uint8_t)value;
    encode_put(encoder, bytes, size);
}

static void encode_fixed64(struct encoder *encoder, uint64_t value)
{
    uint8_t bytes[8];
    for (unsigned i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(value >> (8 * i));
    encode_put(encoder, bytes, sizeof(bytes));
}

static void encode_sized(struct encoder *encoder, const void *data, size_t size)
{
    encode_put(encoder, data, size);
    encode_varint(encoder, size);
}

static void encode_message(struct encoder *encoder, const ProtobufCMessage *message);

static void encode_nested(struct encoder *encoder, const ProtobufCMessage *message)
{
    const uint8_t *end = encoder->at;
    if (message != NULL)
        encode_message(encoder, message);
    encode_varint(encoder, (uint64_t)(end - encoder->at));
}

/* A value, and before it its tag. */
static void encode_value(struct encoder *encoder, const ProtobufCFieldDescriptor *field,
                         const void *value)
{
    const char *text;
    const ProtobufCBinaryData *bytes = value;
    unsigned kind = ENCODE_VARINT;
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_ENUM: /* negative ones have ten bytes */
        encode_varint(encoder, (uint64_t)(int64_t) * (const int32_t *)value);
        break;
    case PROTOBUF_C_TYPE_UINT32:
        encode_varint(encoder, *(const uint32_t *)value);
        break;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_UINT64:
        encode_varint(encoder, *(const uint64_t *)value);
        break;
    case PROTOBUF_C_TYPE_BOOL:
        encode_varint(encoder, *(const protobuf_c_boolean *)value != 0);
        break;
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_FIXED64:
        encode_fixed64(encoder, *(const uint64_t *)value);
        kind = ENCODE_FIXED64;
        break;
    case PROTOBUF_C_TYPE_STRING:
        text = *(char *const *)value;
        encode_sized(encoder, text, text == NULL ? 0 : strlen(text));
        kind = ENCODE_SIZED;
        break;
    case PROTOBUF_C_TYPE_BYTES:
        encode_sized(encoder, bytes->data, bytes->len);
        kind = ENCODE_SIZED;
        break;
    case PROTOBUF_C_TYPE_MESSAGE:
        encode_nested(encoder, *(const ProtobufCMessage *const *)value);
        kind = ENCODE_SIZED;
        break;
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_DOUBLE:
        encoder->is_supported = false;
        return;
    }
    encode_varint(encoder, (uint64_t)field->id << ENCODE_TAG_SHIFT | kind);
}

/* What is not written at all: what has the value that its absence means. */
static bool encode_is_absent(const ProtobufCFieldDescriptor *field, const void *value)
{
    const char *text;
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
        text = *(char *const *)value;
        return text == NULL || *text == 0;
    case PROTOBUF_C_TYPE_BYTES:
        return ((const ProtobufCBinaryData *)value)->len == 0;
    case PROTOBUF_C_TYPE_MESSAGE:
        return *(const ProtobufCMessage *const *)value == NULL;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_SFIXED64:
        return *(const uint64_t *)value == 0;
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_BOOL:
    case PROTOBUF_C_TYPE_ENUM:
        return *(const uint32_t *)value == 0;
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_DOUBLE:
        break;
    }
    return false;
}

/* One of several that exclude each other: which, says its number. */
static bool encode_is_chosen(const ProtobufCFieldDescriptor *field, const uint8_t *message)
{
    if (*(const uint32_t *)(const void *)(message + field->quantifier_offset) != field->id)
        return false;
    if (field->type != PROTOBUF_C_TYPE_MESSAGE && field->type != PROTOBUF_C_TYPE_STRING)
        return true;
    const void *value = *(const void *const *)(const void *)(message + field->offset);
    return value != NULL && value != field->default_value;
}

static void encode_repeated(struct encoder *encoder, const ProtobufCFieldDescriptor *field,
                            const uint8_t *message)
{
    size_t count = *(const size_t *)(const void *)(message + field->quantifier_offset);
    const uint8_t *values = *(const uint8_t *const *)(const void *)(message + field->offset);
    size_t size = 0;
    if (field->type == PROTOBUF_C_TYPE_MESSAGE || field->type == PROTOBUF_C_TYPE_STRING)
        size = sizeof(void *);
    else if (field->type == PROTOBUF_C_TYPE_BYTES)
        size = sizeof(ProtobufCBinaryData);
    else if (count > 0)
        encoder->is_supported = false;
    for (; count > 0 && encoder->is_supported; count--)
        encode_value(encoder, field, values + (count - 1) * size);
}

static void encode_message(struct encoder *encoder, const ProtobufCMessage *message)
{
    const uint8_t *base = (const uint8_t *)message;
    if (message->n_unknown_fields > 0)
        encoder->is_supported = false;
    for (unsigned i = message->descriptor->n_fields; i > 0 && encoder->is_supported; i--) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i - 1];
        const void *value = base + field->offset;
        if (field->label == PROTOBUF_C_LABEL_REPEATED)
            encode_repeated(encoder, field, base);
        else if (field->label != PROTOBUF_C_LABEL_NONE)
            encoder->is_supported = false;
        else if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0
                     ? encode_is_chosen(field, base)
                     : !encode_is_absent(field, value))
            encode_value(encoder, field, value);
    }
}

bool encode_small(const ProtobufCMessage *message, uint8_t room[ENCODE_SMALL_BYTES_MAX],
                  struct view *bytes)
{
    struct encoder encoder = {room, room + ENCODE_SMALL_BYTES_MAX, true};
    encode_message(&encoder, message);
    *bytes = view_make(encoder.at, (size_t)(room + ENCODE_SMALL_BYTES_MAX - encoder.at));
    return encoder.is_supported;
}

struct view encode(const ProtobufCMessage *message, struct arena *arena)
{
    uint8_t room[ENCODE_SMALL_BYTES_MAX];
    struct view bytes;
    if (encode_small(message, room, &bytes)) {
        uint8_t *copy = arena_alloc(arena, bytes.size);
        if (bytes.size > 0)
            memcpy(copy, bytes.data, bytes.size);
        return view_make(copy, bytes.size);
    }
    size_t size = protobuf_c_message_get_packed_size(message);
    uint8_t *packed = arena_alloc(arena, size);
    protobuf_c_message_pack(message, packed);
    return view_make(packed, size);
}
