#include "server/webhooks.h"

#include "base/memory.h"
#include "server/clock.h"
#include "server/log.h"
#include "server/webhook_queue.h"
#include "server/webhook_request.h"
#include "server/webhook_settings.h"

#include <assert.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    WEBHOOKS_TURN_MS = 1000, /* without being woken it looks, too */
    WEBHOOKS_BEGUN_MAX = 256 /* in one turn, so that the network is not kept waiting */
};

struct webhooks {
    struct store *store;
    struct uuid store_id;
    struct webhook_settings settings;
    struct webhook_requests requests;
    uv_thread_t thread;
    atomic_bool is_stopping;

    /* The thread's own. */
    struct webhook_queue queue;
    uint64_t store_retry_ms; /* the store failed: not before */
    bool is_telling_store;
    bool is_telling_receiver;

    atomic_uint_fast64_t delivered;
    atomic_uint_fast64_t failures;
    atomic_uint_fast64_t dead;
    atomic_uint_fast64_t lost;
    atomic_uint_fast64_t waiting;
    atomic_uint_fast64_t oldest_ms; /* 0: nothing waits */
    atomic_bool is_unreachable;
};

static struct webhook_now now_read(void)
{
    return (struct webhook_now){.steady_ms = uv_hrtime() / 1000000, .wall_ms = clock_wall_ms()};
}

/* ---- What is said, once when it begins and once when it ends ---- */

static void webhooks_tell_store(struct webhooks *webhooks, enum status status, uint64_t now_ms)
{
    bool is_failing = status != STATUS_OK;
    if (is_failing)
        webhooks->store_retry_ms = now_ms + WEBHOOKS_TURN_MS;
    if (is_failing && !webhooks->is_telling_store)
        log_say(LOG_outbox_fails, LOG_TEXT("reason", status_text(status)));
    else if (!is_failing && webhooks->is_telling_store)
        log_write(LOG_outbox_works, NULL);
    webhooks->is_telling_store = is_failing;
}

static void webhooks_tell_receiver(struct webhooks *webhooks, const char *reason)
{
    bool is_unreachable = deliveries_are_paused(&webhooks->queue.deliveries);
    atomic_store(&webhooks->is_unreachable, is_unreachable);
    if (is_unreachable && !webhooks->is_telling_receiver)
        log_say(LOG_webhooks_wait, LOG_TEXT("reason", reason));
    else if (!is_unreachable && webhooks->is_telling_receiver)
        log_write(LOG_webhooks_go_on, NULL);
    webhooks->is_telling_receiver = is_unreachable;
}

/* ---- Under way ---- */

static void webhooks_end(struct webhooks *webhooks, struct webhook_job *job,
                         enum delivery_result result, uint64_t now_ms)
{
    struct deliveries *deliveries = &webhooks->queue.deliveries;
    bool is_over = deliveries_end(deliveries, &job->delivery, result, now_ms);
    if (!is_over)
        return;
    if (result == DELIVERY_TAKEN) {
        webhook_queue_end(&webhooks->queue, job, now_ms);
        return;
    }
    atomic_fetch_add(&webhooks->dead, 1);
    webhook_queue_bury(&webhooks->queue, job, now_ms);
}

/* A page was taken, and others follow. */
static void webhooks_turn_page(struct webhooks *webhooks, struct webhook_job *job,
                               const struct webhook_content *content, uint64_t now_ms)
{
    job->item.page++;
    memcpy(job->item.after_user, content->last_user, sizeof(job->item.after_user));
    bool is_over =
        deliveries_end(&webhooks->queue.deliveries, &job->delivery, DELIVERY_TAKEN, now_ms);
    assert(is_over);
    job->delivery.attempts = 0;
}

/* The request of a job that is under way. */
static enum status webhooks_begin(struct webhooks *webhooks, struct webhook_job *job,
                                  struct webhook_now now)
{
    struct webhook_request *request = webhook_request_take(&webhooks->requests, &job->item, job);
    assert(request != NULL);
    enum status status =
        webhook_content_make(webhooks->store, &webhooks->store_id, webhooks->settings.has_bodies,
                             &job->item, &request->content);
    if (status == STATUS_OK && request->content.text != NULL &&
        webhook_request_start(request, now.wall_ms))
        return STATUS_OK;
    bool is_nothing = status == STATUS_OK && request->content.text == NULL;
    webhook_request_give_back(request);
    if (is_nothing) {
        webhooks_end(webhooks, job, DELIVERY_TAKEN, now.steady_ms);
        return STATUS_OK;
    }
    if (status == STATUS_CORRUPT) { /* of this one alone: the others go on */
        snprintf(job->reason, sizeof(job->reason), "the event is damaged in the store");
        webhooks_end(webhooks, job, DELIVERY_REFUSED, now.steady_ms);
        return STATUS_OK;
    }
    deliveries_go_on(&webhooks->queue.deliveries, &job->delivery);
    return status == STATUS_OK ? STATUS_IO : status;
}

static enum status webhooks_begin_all(struct webhooks *webhooks, struct webhook_now now,
                                      uint64_t *wake_ms)
{
    enum status status = STATUS_OK;
    *wake_ms = UINT64_MAX;
    for (unsigned i = 0;
         status == STATUS_OK && webhooks->queue.deliveries.under_way < LIMIT_WEBHOOK_CONCURRENT;
         i++) {
        if (i == WEBHOOKS_BEGUN_MAX) {
            *wake_ms = now.steady_ms;
            break;
        }
        struct webhook_job *job = webhook_queue_next(&webhooks->queue, now.steady_ms, wake_ms);
        if (job == NULL)
            break;
        status = webhooks_begin(webhooks, job, now);
    }
    return status;
}

static void webhooks_take_result(struct webhooks *webhooks, struct webhook_request *request,
                                 enum delivery_result result, const char *reason, uint64_t now_ms)
{
    struct webhook_job *job = request->context;
    bool has_more = request->content.has_more;
    if (result != DELIVERY_TAKEN && webhook_request_is_out_of_date(request)) {
        deliveries_go_on(&webhooks->queue.deliveries, &job->delivery);
        webhook_request_give_back(request);
        return;
    }
    atomic_fetch_add(result == DELIVERY_TAKEN ? &webhooks->delivered : &webhooks->failures, 1);
    snprintf(job->reason, sizeof(job->reason), "%s", result == DELIVERY_TAKEN ? "" : reason);
    if (result == DELIVERY_TAKEN && has_more)
        webhooks_turn_page(webhooks, job, &request->content, now_ms);
    else
        webhooks_end(webhooks, job, result, now_ms);
    webhook_request_give_back(request);
    webhooks_tell_receiver(webhooks, reason);
}

/* ---- The thread ---- */

static enum status webhooks_use_store(struct webhooks *webhooks, struct webhook_now now,
                                      uint64_t *wake_ms)
{
    struct webhook_queue *queue = &webhooks->queue;
    struct failure failure;
    size_t lost = 0;
    enum status status = webhook_queue_settle(queue, now.wall_ms, &lost, &failure);
    if (status == STATUS_OK)
        status = webhook_queue_read(queue, now);
    atomic_fetch_add(&webhooks->lost, lost + queue->damaged);
    queue->damaged = 0;
    atomic_fetch_add(&webhooks->dead, webhook_queue_trim(queue, now.steady_ms));
    if (status == STATUS_OK)
        status = webhooks_begin_all(webhooks, now, wake_ms);
    return status;
}

/* One turn; returns for how long to wait for the network, or to be woken. */
static int webhooks_turn(struct webhooks *webhooks)
{
    struct webhook_queue *queue = &webhooks->queue;
    char reason[WEBHOOK_REASON_BYTES];
    enum delivery_result result;
    int running;
    struct webhook_now now = now_read();
    uint64_t wake_ms = webhooks->store_retry_ms;
    bool has_ended = false;
    if (now.steady_ms >= webhooks->store_retry_ms)
        webhooks_tell_store(webhooks, webhooks_use_store(webhooks, now, &wake_ms), now.steady_ms);
    curl_multi_perform(webhooks->requests.multi, &running);
    for (struct webhook_request *request;
         (request = webhook_requests_ended(&webhooks->requests, &result, reason, sizeof(reason))) !=
         NULL;) {
        webhooks_take_result(webhooks, request, result, reason, now_read().steady_ms);
        has_ended = true;
    }
    atomic_store(&webhooks->waiting, queue->deliveries.count);
    atomic_store(&webhooks->oldest_ms, webhook_queue_oldest_ms(queue));
    bool has_work = has_ended || !list_is_empty(&queue->done);
    if (has_work && webhooks->store_retry_ms <= now.steady_ms)
        return 0;
    uint64_t wait_ms = wake_ms > now.steady_ms ? wake_ms - now.steady_ms : 0;
    return wait_ms < WEBHOOKS_TURN_MS ? (int)wait_ms : WEBHOOKS_TURN_MS;
}

static void webhooks_main(void *context)
{
    struct webhooks *webhooks = context;
    pthread_setname_np(pthread_self(), "webhooks");
    while (!atomic_load(&webhooks->is_stopping)) {
        int wait_ms = webhooks_turn(webhooks);
        if (wait_ms > 0)
            curl_multi_poll(webhooks->requests.multi, NULL, 0, wait_ms, NULL);
    }
}

static void webhooks_free(struct webhooks *webhooks)
{
    webhook_requests_fini(&webhooks->requests);
    webhook_queue_fini(&webhooks->queue);
    webhook_settings_fini(&webhooks->settings);
    free(webhooks);
}

enum status webhooks_start(const struct config *config, struct store *store,
                           struct webhooks **started, struct failure *failure)
{
    uint64_t seed;
    *started = NULL;
    if (config->webhook_url == NULL)
        return STATUS_OK;
    struct webhooks *webhooks = memory_new(sizeof(*webhooks));
    webhooks->store = store;
    randombytes_buf(&seed, sizeof(seed));
    webhook_queue_init(&webhooks->queue, store, config->webhook_attempts_max, seed);
    enum status status = webhook_settings_load(&webhooks->settings, config, failure);
    if (status == STATUS_OK)
        status = store_get_id(store, &webhooks->store_id);
    if (status == STATUS_OK &&
        !webhook_requests_init(&webhooks->requests, &webhooks->settings.target))
        status = failure_set(failure, STATUS_IO, "webhook_url: libcurl does not start.");
    if (status != STATUS_OK) {
        webhooks_free(webhooks);
        return status;
    }
    webhooks->queue.types = webhooks->settings.types;
    webhooks->queue.push_delay_ms = webhooks->settings.push_delay_ms;
    int result = uv_thread_create(&webhooks->thread, webhooks_main, webhooks);
    assert(result == 0);
    (void)result;
    *started = webhooks;
    return STATUS_OK;
}

void webhooks_stop(struct webhooks *webhooks)
{
    struct failure failure;
    size_t lost;
    if (webhooks == NULL)
        return;
    atomic_store(&webhooks->is_stopping, true);
    curl_multi_wakeup(webhooks->requests.multi);
    uv_thread_join(&webhooks->thread);
    if (webhook_queue_settle(&webhooks->queue, now_read().wall_ms, &lost, &failure) != STATUS_OK)
        log_say(LOG_webhooks_repeat, LOG_TEXT("reason", failure.text));
    webhooks_free(webhooks);
}

void webhooks_wake(struct webhooks *webhooks)
{
    curl_multi_wakeup(webhooks->requests.multi);
}

void webhooks_take_back(struct webhooks *webhooks, struct event_key message)
{
    webhook_requests_take_back(&webhooks->requests, message);
}

void webhooks_read_stats(struct webhooks *webhooks, struct webhooks_stats *stats)
{
    *stats = (struct webhooks_stats){.delivered = 0};
    if (webhooks == NULL)
        return;
    uint64_t oldest_ms = atomic_load(&webhooks->oldest_ms);
    uint64_t now_ms = now_read().wall_ms;
    *stats = (struct webhooks_stats){
        .delivered = atomic_load(&webhooks->delivered),
        .failures = atomic_load(&webhooks->failures),
        .dead = atomic_load(&webhooks->dead),
        .lost = atomic_load(&webhooks->lost),
        .waiting = atomic_load(&webhooks->waiting),
        .lag_ms = oldest_ms == 0 || now_ms < oldest_ms ? 0 : now_ms - oldest_ms,
        .is_unreachable = atomic_load(&webhooks->is_unreachable),
    };
}
