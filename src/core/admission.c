#include "core/admission.h"

enum {
    ADMISSION_BURST_PART = 8, /* of a second's worth may come at once */
    ADMISSION_BURST_MIN = 16,
    ADMISSION_RATE_DEFAULT = 1000 /* of places, where there is no limit */
};

void admission_init(struct admission *admission, uint32_t rate, uint64_t now_ms)
{
    uint32_t burst = rate / ADMISSION_BURST_PART;
    *admission = (struct admission){.last_us = 0};
    bucket_init(&admission->bucket, rate, burst < ADMISSION_BURST_MIN ? ADMISSION_BURST_MIN : burst,
                now_ms);
}

uint32_t admission_postpone(struct admission *admission, uint64_t now_ms)
{
    uint32_t rate = admission->bucket.rate == 0 ? ADMISSION_RATE_DEFAULT : admission->bucket.rate;
    uint64_t first_us = (now_ms + ADMISSION_PAUSE_MIN_MS) * 1000;
    uint64_t longest_us = (now_ms + ADMISSION_PAUSE_MAX_MS) * 1000;
    admission->last_us += UINT64_C(1250000) / rate;
    if (admission->last_us < first_us)
        admission->last_us = first_us;
    else if (admission->last_us > longest_us) /* the later places are given away once more */
        admission->last_us = (now_ms + ADMISSION_PAUSE_MAX_MS / 2) * 1000;
    return (uint32_t)(admission->last_us / 1000 - now_ms);
}

uint32_t admission_ask(struct admission *admission, uint64_t now_ms)
{
    return bucket_take(&admission->bucket, now_ms) ? 0 : admission_postpone(admission, now_ms);
}
