/* One value for each kind of frame and event: the golden files are made of them, and so is the
 * corpus of the fuzzers. */
#ifndef UNSAY_TESTS_CORE_SAMPLES_H
#define UNSAY_TESTS_CORE_SAMPLES_H

#include "core/contract.h"

struct sample {
    const char *name; /* "client-send", "server-welcome", "event-recall" */
    const ProtobufCMessage *message;
};

extern const struct sample samples[];
extern const size_t sample_count;

#endif
