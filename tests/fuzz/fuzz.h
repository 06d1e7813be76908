/* What the fuzz targets share. Each target is a libFuzzer function in a file of its own; with
 * replay_main.c it becomes a test that runs the committed corpus and mutations of it. */
#ifndef UNSAY_TESTS_FUZZ_FUZZ_H
#define UNSAY_TESTS_FUZZ_FUZZ_H

#include "access/transport.h"
#include "core/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a transport made of some input. */
struct fuzz_outcome {
    struct buffer frames;
    struct buffer out;
    enum status status;
};

/* Gives `input` to the transport in pieces of `piece_bytes` (0: whole) and checks every frame. The
 * caller frees the outcome. */
struct fuzz_outcome fuzz_receive(struct transport *transport, struct view input,
                                 size_t piece_bytes);
void fuzz_outcome_fini(struct fuzz_outcome *outcome);

typedef const ProtobufCMessage *fuzz_decode_fn(struct view bytes, struct arena *arena);

/* What decodes must encode, and then stay the same bytes however often that is repeated. */
void fuzz_round_trip(struct view bytes, fuzz_decode_fn *decode);

#endif
