#include "server/scrubber.h"

#include "server/clock.h"
#include "server/log.h"

#include <pthread.h>

static void scrubber_run(struct scrubber *scrubber)
{
    struct failure failure = {STATUS_OK, ""};
    uint64_t bodies = 0;
    enum status status = store_scrub(scrubber->store, clock_wall_ms(), &bodies, &failure);
    if (status == STATUS_OK) {
        if (atomic_load(&scrubber->is_failing))
            log_write(LOG_erasure_works, NULL);
        atomic_fetch_add(&scrubber->runs, 1);
        atomic_fetch_add(&scrubber->bodies, bodies);
    } else if (!atomic_load(&scrubber->is_failing)) {
        log_say(LOG_erasure_fails, LOG_TEXT("reason", failure.text));
    }
    atomic_store(&scrubber->is_failing, status != STATUS_OK);
}

static void scrubber_main(void *context)
{
    struct scrubber *scrubber = context;
    pthread_setname_np(pthread_self(), "scrubber");
    uv_mutex_lock(&scrubber->mutex);
    while (!scrubber->is_stopping) {
        int waited = uv_cond_timedwait(&scrubber->stopping, &scrubber->mutex,
                                       scrubber->interval_ms * 1000000);
        if (waited != UV_ETIMEDOUT)
            continue;
        uv_mutex_unlock(&scrubber->mutex);
        scrubber_run(scrubber);
        uv_mutex_lock(&scrubber->mutex);
    }
    uv_mutex_unlock(&scrubber->mutex);
}

void scrubber_start(struct scrubber *scrubber, struct store *store, uint64_t horizon_ms)
{
    scrubber->store = store;
    scrubber->interval_ms =
        horizon_ms > 1 ? horizon_ms / 2 : 1; /* leaves time for the run itself */
    if (horizon_ms == 0)
        return;
    uv_mutex_init(&scrubber->mutex);
    uv_cond_init(&scrubber->stopping);
    scrubber->is_running = uv_thread_create(&scrubber->thread, scrubber_main, scrubber) == 0;
}

void scrubber_stop(struct scrubber *scrubber)
{
    if (!scrubber->is_running)
        return;
    uv_mutex_lock(&scrubber->mutex);
    scrubber->is_stopping = true;
    uv_cond_signal(&scrubber->stopping);
    uv_mutex_unlock(&scrubber->mutex);
    uv_thread_join(&scrubber->thread);
    uv_mutex_destroy(&scrubber->mutex);
    uv_cond_destroy(&scrubber->stopping);
    scrubber->is_running = false;
}
