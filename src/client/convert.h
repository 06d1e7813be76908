/* Between the contract's words and the application's. */
#ifndef UNSAY_CLIENT_CONVERT_H
#define UNSAY_CLIENT_CONVERT_H

#include "base/arena.h"
#include "core/client.h"
#include "unsay/unsay.h"

/* Lends the strings and the body of `wire`, and arrays in the arena. Kind 0 when it is of a kind
 * that this version does not know. A message that is not normal has neither a body nor a quote,
 * source or mentions, whatever `wire` holds. */
void event_from_wire(const wire_event *wire, struct arena *arena, struct unsay_event *event);

/* An encoded Event with nothing but what the database has no column for: see database.h. {NULL, 0}
 * where there is nothing. */
struct view detail_from_wire(const wire_event *wire, struct arena *arena);

/* Adds that to an event that was read from its columns. */
void detail_add(const wire_event *wire, struct arena *arena, struct unsay_event *event);

/* The error of an effect: REFUSED when it names a refusal, UNREACHABLE when it only has a text,
 * else OK. */
struct unsay_error error_from_effect(const struct client_effect *effect);

/* Event.time: 48 bits of milliseconds, 16 bits of counter. */
static inline uint64_t time_to_ms(uint64_t time)
{
    return time >> 16;
}

static inline uint32_t origin_or_default(uint32_t origin)
{
    return origin == 0 ? ORIGIN_DEFAULT : origin;
}

/* An array in the arena, which lends the names. */
/* NULL for NULL; lends from `wire`. */
const struct unsay_settings *settings_from_wire(const wire_settings *wire, struct arena *arena);

const struct unsay_member *members_from_wire(wire_member *const *wires, size_t count,
                                             struct arena *arena);

struct unsay_error error_make(enum unsay_result result, const char *text);

enum unsay_connection connection_from_link(enum client_link link);

#endif
