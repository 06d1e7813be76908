#include "client/loop_internal.h"

#include "base/memory.h"
#include "client/convert.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <sodium.h>

enum {
    LOOP_RELOAD_MS = 1000, /* pause after the database failed */
    LOOP_SCRUB_MS = 200,   /* how long erased bodies are gathered before the log is emptied */
    LOOP_OFFERS_MAX = 256, /* entries of the outbox read at once */
};

/* The loop whose callbacks this thread runs. */
static _Thread_local const struct loop *loop_here;

bool loop_is_here(const struct loop *loop)
{
    return loop_here == loop;
}

uint64_t loop_now_ms(void)
{
    return uv_hrtime() / 1000000;
}

/* ---- The core ---- */

static void loop_load_cursor(void *context, const struct client_cursor *cursor)
{
    client_core_load_cursor(context, cursor);
}

/* A core that knows what the database knows; none, and another attempt later, if that fails. */
static void loop_load(struct loop *loop);

static void loop_on_reload(uv_timer_t *timer)
{
    loop_load(timer->data);
}

void loop_unload(struct loop *loop, const struct failure *failure)
{
    link_close(loop->link);
    loop->link = NULL;
    loop->is_link_down = false;
    client_core_free(loop->core);
    loop->core = NULL;
    uv_timer_stop(&loop->wake);
    for (struct list *node = loop->requests.next; node != &loop->requests; node = node->next)
        LIST_ITEM(node, struct request, node)->is_submitted = false;
    uv_timer_start(&loop->reload, loop_on_reload, LOOP_RELOAD_MS, 0);
    loop_show_connection(loop, UNSAY_CONNECTION_CONNECTING,
                         error_make(UNSAY_STORAGE, failure->text));
}

static void loop_load(struct loop *loop)
{
    struct client_config config;
    struct failure failure = {STATUS_OK, ""};
    if (database_repair(loop->client->database, &failure) != STATUS_OK) {
        loop_unload(loop, &failure);
        return;
    }
    arena_reset(&loop->arena);
    loop_show_damage(loop);
    config = loop->client->config;
    enum status status = loop_load_key(loop, &config.device_key);
    config.token = loop->client->token;
    config.name = loop->client->name;
    randombytes_buf(&config.seed, sizeof(config.seed));
    loop->core = client_core_new(&config);
    loop->offered = 0;
    loop->is_outbox_ahead = true;

    struct uuid store;
    bool is_synced;
    if (status != STATUS_OK || database_store(loop->client->database, &store) != STATUS_OK ||
        database_synced(loop->client->database, &is_synced) != STATUS_OK ||
        database_cursors(loop->client->database, loop_load_cursor, loop->core) != STATUS_OK) {
        failure_set(&failure, STATUS_IO, "The local database cannot be read.");
        loop_unload(loop, &failure);
        return;
    }
    client_core_load_store(loop->core, &store);
    if (is_synced)
        client_core_load_synced(loop->core);
    client_core_start(loop->core, loop_now_ms());
    loop_evict_soon(loop);
}

/* Offers entries of the outbox with number > after, at most `count`; returns whether there may be
 * others. */
static bool loop_offer(struct loop *loop, uint64_t after, uint32_t count, enum status *status)
{
    struct arena arena;
    struct client_outgoing *entries;
    size_t entry_count;
    arena_init(&arena);
    *status = database_outbox(loop->client->database, after, count, &arena, &entries, &entry_count);
    bool is_ahead = *status == STATUS_OK && entry_count == count;
    for (size_t i = 0; *status == STATUS_OK && i < entry_count; i++) {
        if (!client_core_offer(loop->core, loop_now_ms(), &entries[i])) {
            is_ahead = true;
            break;
        }
        loop->offered = entries[i].number;
    }
    arena_fini(&arena);
    return is_ahead;
}

static void loop_unload_outbox(struct loop *loop)
{
    struct failure failure;
    failure_set(&failure, STATUS_IO, "The outbox cannot be read from the local database.");
    loop_unload(loop, &failure);
}

static void loop_answer_load(struct loop *loop, uint64_t after, uint32_t count)
{
    enum status status;
    loop->offered = after;
    loop->is_outbox_ahead = loop_offer(loop, after, count, &status);
    if (status == STATUS_OK)
        client_core_outbox_loaded(loop->core, loop_now_ms(), loop->is_outbox_ahead);
    else
        loop_unload_outbox(loop);
}

void loop_offer_new(struct loop *loop)
{
    enum status status = STATUS_OK;
    while (!loop->is_outbox_ahead && status == STATUS_OK) {
        uint64_t before = loop->offered;
        bool is_ahead = loop_offer(loop, before, LOOP_OFFERS_MAX, &status);
        if (!is_ahead)
            break;
        /* A page that was taken whole leaves room for the next one. */
        loop->is_outbox_ahead = loop->offered == before;
    }
    if (status != STATUS_OK)
        loop_unload_outbox(loop);
}

/* ---- The link's handler ---- */

static void loop_on_up(void *context)
{
    struct loop *loop = context;
    client_core_link_up(loop->core, loop_now_ms());
}

static void loop_on_frame(void *context, struct view frame)
{
    struct loop *loop = context;
    client_core_frame(loop->core, loop_now_ms(), frame);
}

static void loop_on_down(void *context, const char *reason)
{
    struct loop *loop = context;
    loop->is_link_down = true;
    snprintf(loop->link_reason, sizeof(loop->link_reason), "%s", reason);
}

static const struct link_handler loop_link_handler = {loop_on_up, loop_on_frame, loop_on_down};

/* ---- Performing ---- */

static void loop_set_timer(struct loop *loop);

/* libuv's clock is coarser than ours: a timer that fires early is set again. */
static void loop_on_wake(uv_timer_t *timer)
{
    struct loop *loop = timer->data;
    if (loop_now_ms() < loop->wake_ms)
        loop_set_timer(loop);
    else
        client_core_tick(loop->core, loop_now_ms());
}

static void loop_set_timer(struct loop *loop)
{
    uint64_t now_ms = loop_now_ms();
    uint64_t left_ms = loop->wake_ms > now_ms ? loop->wake_ms - now_ms : 0;
    uv_update_time(&loop->uv);
    uv_timer_start(&loop->wake, loop_on_wake, left_ms, 0);
}

static void loop_disconnect(struct loop *loop)
{
    link_close(loop->link);
    loop->link = NULL;
    loop->is_link_down = false;
}

/* Step 2. The effects are lent until the core's next input, so what feeds the core comes last. */
static void loop_perform(struct loop *loop, const struct client_effect *effects)
{
    const struct client_effect *load = NULL;
    for (const struct client_effect *at = effects; at != NULL; at = at->next) {
        if (at->kind == CLIENT_CONNECT) {
            loop_disconnect(loop);
            loop->link = link_open(&loop->uv, &loop->client->address, loop->client->tls,
                                   &loop_link_handler, loop);
        } else if (at->kind == CLIENT_DISCONNECT) {
            loop_disconnect(loop);
        } else if (at->kind == CLIENT_TRANSMIT && loop->link != NULL) {
            link_send(loop->link, blob_view(at->frame));
        } else if (at->kind == CLIENT_SIGN) {
            loop_sign(loop, at);
        } else if (at->kind == CLIENT_WAKE_AT) {
            loop->wake_ms = at->at_ms;
            loop_set_timer(loop);
        } else if (at->kind == CLIENT_LOAD_OUTBOX) {
            load = at;
        } else {
            at = loop_show(loop, at);
        }
    }
    if (loop->link != NULL)
        link_flush(loop->link);
    if (load != NULL)
        loop_answer_load(loop, load->after, load->count);
}

static void loop_on_edits(uv_timer_t *timer)
{
    const struct loop *loop = timer->data;
    uint64_t now_ms = loop_now_ms();
    uint64_t next_ms = edits_expire(&loop->client->edits, now_ms);
    if (next_ms != UINT64_MAX)
        uv_timer_start(timer, loop_on_edits, next_ms - now_ms, 0);
}

static void loop_on_scrub(uv_timer_t *timer)
{
    struct loop *loop = timer->data;
    if (database_scrub(loop->client->database) != STATUS_OK)
        uv_timer_start(timer, loop_on_scrub, LOOP_RELOAD_MS, 0);
}

/* Before the loop waits again: everything that the turn brought, in as few transactions as it
 * takes. */
static void loop_on_prepare(uv_prepare_t *prepare)
{
    struct loop *loop = prepare->data;
    while (loop->core != NULL) {
        if (loop->is_link_down) {
            loop_disconnect(loop);
            client_core_link_down(loop->core, loop_now_ms(), loop->link_reason);
        }
        loop_submit_requests(loop);
        const struct client_effect *effects = client_core_take(loop->core);
        if (effects == NULL)
            break;
        struct failure failure = {STATUS_OK, ""};
        arena_reset(&loop->arena);
        if (loop_store(loop, effects, &failure) != STATUS_OK) {
            loop_unload(loop, &failure);
            break;
        }
        if (loop->regretted != NULL)
            loop_on_edits(&loop->edits);
        loop_show_recalled(loop);
        loop_show_evicted(loop);
        loop_remove_files(loop);
        loop_perform(loop, effects);
        loop_show_conversations(loop);
    }
    loop_remove_files(loop);
    if (database_needs_scrub(loop->client->database) && !uv_is_active((uv_handle_t *)&loop->scrub))
        uv_timer_start(&loop->scrub, loop_on_scrub, LOOP_SCRUB_MS, 0);
}

/* ---- From start to end ---- */

struct loop *loop_new(struct unsay *client)
{
    struct loop *loop = memory_new(sizeof(*loop));
    loop->client = client;
    list_init(&loop->inbox);
    list_init(&loop->displayed);
    list_init(&loop->requests);
    arena_init(&loop->arena);
    loop->shown = UNSAY_CONNECTION_STOPPED;
    int result = uv_mutex_init(&loop->lock);
    assert(result == 0);
    result = uv_loop_init(&loop->uv);
    assert(result == 0);
    result = uv_async_init(&loop->uv, &loop->async, loop_on_mail);
    assert(result == 0);
    loop->async.data = loop;
    uv_prepare_init(&loop->uv, &loop->prepare);
    loop->prepare.data = loop;
    uv_timer_init(&loop->uv, &loop->wake);
    loop->wake.data = loop;
    uv_timer_init(&loop->uv, &loop->reload);
    loop->reload.data = loop;
    uv_timer_init(&loop->uv, &loop->scrub);
    loop->scrub.data = loop;
    uv_timer_init(&loop->uv, &loop->files);
    loop->files.data = loop;
    uv_timer_init(&loop->uv, &loop->evict);
    loop->evict.data = loop;
    uv_timer_init(&loop->uv, &loop->edits);
    loop->edits.data = loop;
    return loop;
}

/* The application's signals are its own, and a closed socket must not raise SIGPIPE. */
static void thread_block_signals(void)
{
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, NULL);
}

/* Nothing of the application waits any longer, and nothing is accepted any more. */
static void loop_answer_stopped(struct loop *loop)
{
    struct unsay_error error =
        error_make(UNSAY_STOPPED, "The client was stopped before the answer came.");
    loop_receive_requests(loop);
    for (struct list *node = list_pop_front(&loop->requests); node != NULL;
         node = list_pop_front(&loop->requests)) {
        struct request *request = LIST_ITEM(node, struct request, node);
        request_fail(request, error);
        request_free(request);
    }
}

/* What was stored and not acknowledged yet is acknowledged, and the server hears that we go. */
static void loop_say_goodbye(struct loop *loop)
{
    if (loop->core == NULL || loop->link == NULL || loop->is_link_down)
        return;
    struct failure failure;
    client_core_stop(loop->core, loop_now_ms());
    const struct client_effect *effects = client_core_take(loop->core);
    arena_reset(&loop->arena);
    if (effects != NULL && loop_store(loop, effects, &failure) == STATUS_OK) {
        loop_show_recalled(loop);
        loop_show_evicted(loop);
        loop_remove_files(loop);
        loop_perform(loop, effects);
        loop_show_conversations(loop);
    }
    loop_disconnect(loop);
}

static void loop_stop(struct loop *loop)
{
    loop_say_goodbye(loop);
    loop_answer_stopped(loop);
    loop_show_connection(loop, UNSAY_CONNECTION_STOPPED, error_make(UNSAY_OK, ""));
    uv_close((uv_handle_t *)&loop->prepare, NULL);
    uv_close((uv_handle_t *)&loop->wake, NULL);
    uv_close((uv_handle_t *)&loop->reload, NULL);
    uv_close((uv_handle_t *)&loop->scrub, NULL);
    uv_close((uv_handle_t *)&loop->files, NULL);
    uv_close((uv_handle_t *)&loop->evict, NULL);
    uv_close((uv_handle_t *)&loop->edits, NULL);
    uv_close((uv_handle_t *)&loop->async, NULL);
    uv_run(&loop->uv, UV_RUN_DEFAULT);
}

static void loop_main(void *context)
{
    struct loop *loop = context;
    loop_here = loop;
    thread_block_signals();
    loop_repeat_requests(loop);
    loop_load(loop);
    uv_prepare_start(&loop->prepare, loop_on_prepare);
    uv_run(&loop->uv, UV_RUN_DEFAULT);
    loop_stop(loop);
}

/* The thread never ran: what waits is answered on this one, which may be another client's. */
static void loop_stop_here(struct loop *loop)
{
    const struct loop *before = loop_here;
    loop_here = loop;
    loop_stop(loop);
    loop_here = before;
}

void loop_start(struct loop *loop)
{
    uv_mutex_lock(&loop->lock);
    bool is_first = !loop->is_started;
    loop->is_started = true;
    uv_mutex_unlock(&loop->lock);
    if (!is_first)
        return;
    int result = uv_thread_create(&loop->thread, loop_main, loop);
    assert(result == 0);
}

void loop_free(struct loop *loop)
{
    loop_tell_stop(loop);
    if (loop->is_started)
        uv_thread_join(&loop->thread);
    else
        loop_stop_here(loop);
    int result = uv_loop_close(&loop->uv);
    assert(result == 0);
    loop_forget_mail(loop);
    client_core_free(loop->core);
    arena_fini(&loop->arena);
    uv_mutex_destroy(&loop->lock);
    sodium_memzero(loop->key, sizeof(loop->key));
    free(loop);
}
