/* How much the outbox has under way. A link of unknown speed gets CLIENT_FLIGHT_START bytes at
 * first; each answer lets as much more go as it was for, so what is under way doubles with each
 * round trip, and the number of messages is the bound (LIMIT_OUTBOX_WINDOW); each repetition halves
 * it. One message always may go. */
#ifndef UNSAY_CORE_CLIENT_FLIGHT_H
#define UNSAY_CORE_CLIENT_FLIGHT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CLIENT_FLIGHT_START = 131072, /* bytes */
    CLIENT_FLIGHT_MIN = 8192,
    CLIENT_FLIGHT_MAX = 64 << 20,
    CLIENT_FLIGHT_FRAME = 256 /* what a message costs beside its body, with its answer and event */
};

struct client_flight {
    size_t bytes; /* under way */
    size_t limit;
};

static inline void client_flight_init(struct client_flight *flight)
{
    *flight = (struct client_flight){0, CLIENT_FLIGHT_START};
}

static inline bool client_flight_has_room(const struct client_flight *flight, size_t bytes)
{
    return flight->bytes == 0 || flight->bytes + bytes <= flight->limit;
}

static inline void client_flight_answered(struct client_flight *flight, size_t bytes)
{
    flight->limit += bytes;
    if (flight->limit > CLIENT_FLIGHT_MAX)
        flight->limit = CLIENT_FLIGHT_MAX;
}

static inline void client_flight_repeated(struct client_flight *flight)
{
    flight->limit /= 2;
    if (flight->limit < CLIENT_FLIGHT_MIN)
        flight->limit = CLIENT_FLIGHT_MIN;
}

#endif
