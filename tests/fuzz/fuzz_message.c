#include "fuzz.h"

#include <assert.h>

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
        assert(first->n_unknown_fields == 0);
        struct view packed = fuzz_pack(first, &arena);
        const ProtobufCMessage *second = decode(packed, &arena);
        assert(second != NULL);
        assert(view_equal(fuzz_pack(second, &arena), packed));
    }
    arena_fini(&arena);
}
