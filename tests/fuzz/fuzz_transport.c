#include "fuzz.h"

#include "base/limits.h"
#include "core/frame.h"

#include <assert.h>

static bool fuzz_on_frame(void *context, struct view frame)
{
    struct fuzz_outcome *outcome = context;
    assert(frame.size >= FRAME_HEADER_BYTES);
    assert(frame_payload_bytes(frame.data) == frame.size - FRAME_HEADER_BYTES);
    assert(frame.size - FRAME_HEADER_BYTES <= LIMIT_FRAME_BYTES_MAX);
    buffer_append(&outcome->frames, frame.data, frame.size);
    return true;
}

struct fuzz_outcome fuzz_receive(struct transport *transport, struct view input, size_t piece_bytes)
{
    struct fuzz_outcome outcome = {.status = STATUS_OK};
    buffer_init(&outcome.frames);
    buffer_init(&outcome.out);
    while (input.size > 0 && outcome.status == STATUS_OK) {
        size_t size = piece_bytes == 0 || piece_bytes > input.size ? input.size : piece_bytes;
        outcome.status = transport_receive(transport, view_make(input.data, size), fuzz_on_frame,
                                           &outcome, &outcome.out, NULL);
        input = view_make(input.data + size, input.size - size);
    }
    return outcome;
}

void fuzz_outcome_fini(struct fuzz_outcome *outcome)
{
    buffer_fini(&outcome->frames);
    buffer_fini(&outcome->out);
}
