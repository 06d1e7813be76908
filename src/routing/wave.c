#include "routing/wave.h"

#include "base/memory.h"

#include <stdlib.h>

struct wave *wave_new(void)
{
    struct wave *wave = memory_new(sizeof(*wave));
    atomic_init(&wave->holds, 1);
    return wave;
}

struct wave *wave_hold(struct wave *wave, uint64_t committed_ns)
{
    atomic_fetch_add_explicit(&wave->holds, 1, memory_order_relaxed);
    atomic_store_explicit(&wave->committed_ns, committed_ns, memory_order_relaxed);
    return wave;
}

void wave_arrive(struct wave *wave, uint64_t now_ns)
{
    uint64_t latest = stats_load(&wave->arrived_ns);
    while (latest < now_ns &&
           !atomic_compare_exchange_weak_explicit(&wave->arrived_ns, &latest, now_ns,
                                                  memory_order_relaxed, memory_order_relaxed))
        continue;
}

void wave_release(struct wave *wave, struct stats *stats)
{
    if (wave == NULL || atomic_fetch_sub_explicit(&wave->holds, 1, memory_order_acq_rel) != 1)
        return;
    uint64_t committed_ns = stats_load(&wave->committed_ns);
    uint64_t arrived_ns = stats_load(&wave->arrived_ns);
    if (stats != NULL && arrived_ns != 0) /* a turn's time may be read before its mail is */
        stats_observe(stats, HISTOGRAM_recall_reach,
                      arrived_ns > committed_ns ? arrived_ns - committed_ns : 0);
    free(wave);
}
