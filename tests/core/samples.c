#include "samples_parts.h"

#define CLIENT_SAMPLE(name) {"client-" #name, &client_##name.base},
#define SERVER_SAMPLE(name) {"server-" #name, &server_##name.base},
#define EVENT_SAMPLE(name) {"event-" #name, &event_##name.base},
const struct sample samples[] = {
#include "samples.def"
};
const size_t sample_count = COUNT(samples);
