/* The bytes of a server's frame. */
#include "fuzz.h"

static const ProtobufCMessage *decode(struct view bytes, struct arena *arena)
{
    return (const ProtobufCMessage *)frame_decode_server(bytes, arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_round_trip(view_make(data, size), decode);
    return 0;
}
