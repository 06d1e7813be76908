/* Idempotency keys that were used lately, and for what: so that one which is used for something
 * else is noticed. What makes a repetition harmless is not this, but the ids in the log that are
 * made of the key: they outlive a restart. */
#ifndef UNSAY_API_REPEATS_H
#define UNSAY_API_REPEATS_H

#include "base/limits.h"

#include <stdbool.h>
#include <stdint.h>

enum { REPEAT_HASH_BYTES = 32 };

struct repeats {
    struct repeat {
        uint8_t identity[REPEAT_HASH_BYTES]; /* of key and Idempotency-Key */
        uint8_t request[REPEAT_HASH_BYTES];  /* of method, path and body */
    } repeats[LIMIT_API_REPEATS_MAX];
};

/* False: this identity was used for another request. Else it is remembered, in the place of
 * another. */
bool repeats_agree(struct repeats *repeats, const uint8_t identity[REPEAT_HASH_BYTES],
                   const uint8_t request[REPEAT_HASH_BYTES]);

#endif
