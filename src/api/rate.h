/* How many requests each key may still make. */
#ifndef UNSAY_API_RATE_H
#define UNSAY_API_RATE_H

#include "access/api_key.h"
#include "base/bucket.h"

struct rates {
    struct rate {
        char key[API_KEY_ID_BYTES + 1];
        uint64_t used_ms;
        struct bucket bucket;
    } rates[LIMIT_API_KEYS_MAX];
};

/* Takes one request; *left is how many could follow at once. False: none is left. */
bool rates_take(struct rates *rates, const char *key, uint64_t now_ms, uint32_t *left);

#endif
