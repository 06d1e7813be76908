#include "fuzz.h"

#include <assert.h>

static void fuzz_forget_unknown(ProtobufCMessage *message);

static void fuzz_forget_in_field(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    uint8_t *base = (uint8_t *)message;
    void *member = base + field->offset;
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        const size_t *count = (const void *)(base + field->quantifier_offset);
        for (size_t i = 0; i < *count; i++)
            fuzz_forget_unknown((*(ProtobufCMessage ***)member)[i]);
        return;
    }
    if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0) {
        const uint32_t *chosen = (const void *)(base + field->quantifier_offset);
        if (*chosen != field->id)
            return;
    }
    if (*(ProtobufCMessage **)member != NULL)
        fuzz_forget_unknown(*(ProtobufCMessage **)member);
}

/* protobuf-c accepts an unknown field with the number 0 when its tag is encoded too long, and then
 * encodes it as a tag that it refuses. */
static void fuzz_forget_unknown(ProtobufCMessage *message)
{
    message->n_unknown_fields = 0;
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        if (message->descriptor->fields[i].type == PROTOBUF_C_TYPE_MESSAGE)
            fuzz_forget_in_field(message, &message->descriptor->fields[i]);
    }
}

static struct view fuzz_pack(const ProtobufCMessage *message, struct arena *arena)
{
    size_t size = protobuf_c_message_get_packed_size(message);
    uint8_t *bytes = arena_alloc(arena, size);
    size_t packed = protobuf_c_message_pack(message, bytes);
    assert(packed == size);
    return view_make(bytes, size);
}

void fuzz_round_trip(struct view bytes, fuzz_decode_fn *decode)
{
    struct arena arena;
    arena_init(&arena);
    const ProtobufCMessage *first = decode(bytes, &arena);
    if (first != NULL) {
        fuzz_forget_unknown((ProtobufCMessage *)(uintptr_t)first);
        struct view packed = fuzz_pack(first, &arena);
        const ProtobufCMessage *second = decode(packed, &arena);
        assert(second != NULL);
        assert(view_equal(fuzz_pack(second, &arena), packed));
    }
    arena_fini(&arena);
}
