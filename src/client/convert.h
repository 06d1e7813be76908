/* Between the contract's words and the application's. */
#ifndef UNSAY_CLIENT_CONVERT_H
#define UNSAY_CLIENT_CONVERT_H

#include "base/arena.h"
#include "core/client.h"
#include "unsay/unsay.h"

/* Lends the strings and the body of `wire`. Kind 0 when it is of a kind that this version does not
 * know. A message that is not normal has no body, whatever `wire` holds. */
void event_from_wire(const wire_event *wire, struct unsay_event *event);

/* The error of an effect: REFUSED when it names a refusal, UNREACHABLE when it only has a text,
 * else OK. */
struct unsay_error error_from_effect(const struct client_effect *effect);

struct unsay_error error_make(enum unsay_result result, const char *text);

enum unsay_connection connection_from_link(enum client_link link);

/* One outcome each, in the arena. */
struct unsay_target_outcome *outcomes_from_wire(const Unsay__V1__RecallResult *result,
                                                struct arena *arena);

#endif
