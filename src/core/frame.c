#include "core/frame.h"

#include "core/encode.h"

#include <assert.h>

uint32_t frame_payload_bytes(const uint8_t header[FRAME_HEADER_BYTES])
{
    return (uint32_t)header[0] << 24 | (uint32_t)header[1] << 16 | (uint32_t)header[2] << 8 |
           (uint32_t)header[3];
}

static void frame_put_header(uint8_t header[FRAME_HEADER_BYTES], size_t payload_bytes)
{
    header[0] = (uint8_t)(payload_bytes >> 24);
    header[1] = (uint8_t)(payload_bytes >> 16);
    header[2] = (uint8_t)(payload_bytes >> 8);
    header[3] = (uint8_t)payload_bytes;
}

static struct blob *frame_pack(const ProtobufCMessage *message)
{
    uint8_t room[ENCODE_SMALL_BYTES_MAX];
    struct view small;
    bool is_small = encode_small(message, room, &small);
    size_t size = is_small ? small.size : protobuf_c_message_get_packed_size(message);
    struct blob *blob = blob_new(FRAME_HEADER_BYTES + size);
    frame_put_header(blob->bytes, size);
    if (!is_small)
        protobuf_c_message_pack(message, blob->bytes + FRAME_HEADER_BYTES);
    else if (size > 0)
        memcpy(blob->bytes + FRAME_HEADER_BYTES, small.data, size);
    return blob;
}

struct blob *frame_from_client(const wire_client_frame *frame)
{
    return frame_pack(&frame->base);
}

struct blob *frame_from_server(const wire_server_frame *frame)
{
    return frame_pack(&frame->base);
}

static void *arena_allocator_alloc(void *arena, size_t size)
{
    return arena_alloc(arena, size);
}

static void arena_allocator_free(void *arena, void *memory)
{
    (void)arena;
    (void)memory;
}

void arena_allocator(struct arena *arena, ProtobufCAllocator *allocator)
{
    *allocator = (ProtobufCAllocator){arena_allocator_alloc, arena_allocator_free, arena};
}

static void frame_forget_unknown(ProtobufCMessage *message);

static void frame_forget_in_field(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    uint8_t *base = (uint8_t *)message;
    void *member = base + field->offset;
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        const size_t *count = (const void *)(base + field->quantifier_offset);
        for (size_t i = 0; i < *count; i++)
            frame_forget_unknown((*(ProtobufCMessage ***)member)[i]);
        return;
    }
    if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0) {
        const uint32_t *chosen = (const void *)(base + field->quantifier_offset);
        if (*chosen != field->id)
            return;
    }
    if (*(ProtobufCMessage **)member != NULL)
        frame_forget_unknown(*(ProtobufCMessage **)member);
}

/* What the contract does not know must not travel on or be stored when a part of the message is
 * encoded again. protobuf-c also accepts an unknown field with the number 0 when its tag is encoded
 * too long, and then encodes it as a tag that it refuses: such a row could not be read back. */
static void frame_forget_unknown(ProtobufCMessage *message)
{
    message->n_unknown_fields = 0;
    message->unknown_fields = NULL;
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        if (message->descriptor->fields[i].type == PROTOBUF_C_TYPE_MESSAGE)
            frame_forget_in_field(message, &message->descriptor->fields[i]);
    }
}

static ProtobufCMessage *frame_unpack(const ProtobufCMessageDescriptor *descriptor,
                                      struct view bytes, struct arena *arena)
{
    ProtobufCAllocator allocator;
    arena_allocator(arena, &allocator);
    ProtobufCMessage *message =
        protobuf_c_message_unpack(descriptor, &allocator, bytes.size, bytes.data);
    if (message != NULL)
        frame_forget_unknown(message);
    return message;
}

wire_client_frame *frame_decode_client(struct view payload, struct arena *arena)
{
    return (wire_client_frame *)frame_unpack(&unsay__v1__client_frame__descriptor, payload, arena);
}

wire_server_frame *frame_decode_server(struct view payload, struct arena *arena)
{
    return (wire_server_frame *)frame_unpack(&unsay__v1__server_frame__descriptor, payload, arena);
}

struct view event_encode(const wire_event *event, struct arena *arena)
{
    return encode(&event->base, arena);
}

wire_event *event_decode(struct view bytes, struct arena *arena)
{
    return (wire_event *)frame_unpack(&unsay__v1__event__descriptor, bytes, arena);
}

static size_t frame_put_varint(uint8_t *out, uint64_t value)
{
    size_t size = 0;
    for (; value >= 0x80; value >>= 7)
        out[size++] = (uint8_t)(value | 0x80);
    out[size++] = (uint8_t)value;
    return size;
}

/* A varint at the beginning of *rest, which moves behind it; false when there is none. */
static bool frame_take_varint(struct view *rest, uint64_t *number)
{
    *number = 0;
    for (unsigned shift = 0; shift < 64 && rest->size > 0; shift += 7) {
        uint8_t byte = rest->data[0];
        *rest = view_make(rest->data + 1, rest->size - 1);
        *number |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return true;
    }
    return false;
}

/* Passes over a field's value; false when the bytes end before it, or it is of no known type. */
static bool frame_pass_field(struct view *rest, unsigned type)
{
    uint64_t size = 0;
    if (type == 0)
        return frame_take_varint(rest, &size);
    if (type == 2 && !frame_take_varint(rest, &size))
        return false;
    if (type == 1)
        size = 8;
    else if (type == 5)
        size = 4;
    else if (type != 2)
        return false;
    if (size > rest->size)
        return false;
    *rest = view_make(rest->data + size, rest->size - size);
    return true;
}

struct event_peek event_peek(struct view bytes)
{
    enum { EVENT_TIME = 4 }; /* field number; the kinds come after it */
    struct event_peek peek = {0, 0};
    uint64_t tag;
    while (bytes.size > 0 && peek.kind == 0 && frame_take_varint(&bytes, &tag)) {
        if (tag >> 3 == EVENT_TIME && (tag & 7) == 1 && bytes.size >= sizeof(peek.time)) {
            for (unsigned i = 0; i < sizeof(peek.time); i++)
                peek.time |= (uint64_t)bytes.data[i] << 8 * i;
        } else if (tag >> 3 >= EVENT_KIND(MESSAGE) && (tag & 7) == 2) {
            peek.kind = (unsigned)(tag >> 3);
        }
        if (!frame_pass_field(&bytes, tag & 7))
            break;
    }
    return peek;
}

bool frame_is_event(struct view payload)
{
    uint64_t tag;
    while (payload.size > 0 && frame_take_varint(&payload, &tag)) {
        if (tag >> 3 == SERVER_FRAME(EVENT))
            return true;
        if (!frame_pass_field(&payload, tag & 7))
            break;
    }
    return false;
}

enum {
    FRAME_WRAP_BYTES_MAX = 32,
    PROTOBUF_LENGTH_DELIMITED = 2,
    SERVER_FRAME_REQUEST = 1, /* field number */
};

/* What stands before the event's bytes in ServerFrame; returns its size. */
static size_t frame_put_wrap(uint8_t *out, enum frame_event_kind kind, uint64_t request,
                             size_t event_bytes)
{
    unsigned field = kind == FRAME_EVENT ? SERVER_FRAME(EVENT) : SERVER_FRAME(NOTICE);
    size_t size = 0;
    if (request != 0) {
        out[size++] = SERVER_FRAME_REQUEST << 3;
        size += frame_put_varint(out + size, request);
    }
    out[size++] = (uint8_t)(field << 3 | PROTOBUF_LENGTH_DELIMITED);
    return size + frame_put_varint(out + size, event_bytes);
}

/* A frame with room for the event's bytes at its end. */
static struct blob *frame_wrap_new(enum frame_event_kind kind, uint64_t request, size_t event_bytes)
{
    uint8_t wrap[FRAME_WRAP_BYTES_MAX];
    size_t wrap_bytes = frame_put_wrap(wrap, kind, request, event_bytes);
    struct blob *blob = blob_new(FRAME_HEADER_BYTES + wrap_bytes + event_bytes);
    frame_put_header(blob->bytes, wrap_bytes + event_bytes);
    memcpy(blob->bytes + FRAME_HEADER_BYTES, wrap, wrap_bytes);
    return blob;
}

struct blob *frame_around_event(enum frame_event_kind kind, uint64_t request, struct view event)
{
    struct blob *blob = frame_wrap_new(kind, request, event.size);
    memcpy(blob->bytes + blob->size - event.size, event.data, event.size);
    return blob;
}

struct blob *frame_from_event(enum frame_event_kind kind, const wire_event *event,
                              struct view *bytes)
{
    uint8_t room[ENCODE_SMALL_BYTES_MAX];
    struct view small;
    bool is_small = encode_small(&event->base, room, &small);
    size_t size = is_small ? small.size : unsay__v1__event__get_packed_size(event);
    struct blob *blob = frame_wrap_new(kind, 0, size);
    uint8_t *at = blob->bytes + blob->size - size;
    if (is_small)
        memcpy(at, small.data, size);
    else
        unsay__v1__event__pack(event, at);
    *bytes = view_make(at, size);
    return blob;
}
