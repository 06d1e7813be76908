#include "api/rate.h"

#include <stdio.h>
#include <string.h>

/* The key's own, or else that of the key that asked for nothing the longest: it is full again. */
static struct rate *rates_find(struct rates *rates, const char *key, uint64_t now_ms)
{
    struct rate *oldest = &rates->rates[0];
    for (unsigned i = 0; i < LIMIT_API_KEYS_MAX; i++) {
        struct rate *rate = &rates->rates[i];
        if (strcmp(rate->key, key) == 0)
            return rate;
        if (rate->used_ms < oldest->used_ms)
            oldest = rate;
    }
    snprintf(oldest->key, sizeof(oldest->key), "%s", key);
    bucket_init(&oldest->bucket, LIMIT_API_REQUESTS_PER_SECOND, 2 * LIMIT_API_REQUESTS_PER_SECOND,
                now_ms);
    return oldest;
}

bool rates_take(struct rates *rates, const char *key, uint64_t now_ms, uint32_t *left)
{
    struct rate *rate = rates_find(rates, key, now_ms);
    bool is_taken = bucket_take(&rate->bucket, now_ms);
    rate->used_ms = now_ms;
    *left = (uint32_t)(rate->bucket.milli / 1000);
    return is_taken;
}
