#include "cli/bench_load.h"

#include "access/identity.h"
#include "base/memory.h"
#include "cli/bench.h"
#include "cli/bench_traffic.h"
#include "core/frame.h"

#include <stdarg.h>
#include <time.h>

enum {
    CONNECTING_MAX = 64,
    OPEN_TIMEOUT_S = 60,
    TOKEN_TTL_MS = 24 * 3600 * 1000,
    PACE_MS = 1,
    TICK_GROUPS = LOAD_ACK_DELAY_MS / LOAD_TICK_MS,
    REQUEST_HELLO = 1,
    REQUEST_OPEN = 2
};

void load_fail(struct load *load, enum status status, const char *format, ...)
{
    if (load->failure.status != STATUS_OK)
        return;
    char text[sizeof(load->failure.text)];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    (void)failure_set(&load->failure, status, "%s", text);
}

static struct load_client *load_client_of(struct peer *peer)
{
    return LIST_ITEM(peer, struct load_client, peer);
}

/* ---- Connecting ---- */

static uint64_t load_wall_ms(void)
{
    struct timespec wall;
    clock_gettime(CLOCK_REALTIME, &wall);
    return (uint64_t)wall.tv_sec * 1000 + (uint64_t)wall.tv_nsec / 1000000;
}

static void load_start_next(struct load *load)
{
    if (load->started == load->settings.connections)
        return;
    const struct load_settings *settings = &load->settings;
    struct load_client *client = &load->clients[load->started++];
    struct transport_target target = {settings->host, "/", settings->is_websocket,
                                      settings->tls != NULL};
    uint64_t random[2] = {prng_next(&load->prng), prng_next(&load->prng)};
    peer_init(&client->peer, &load->loop,
              transport_new_client(&target, settings->tls, (const uint8_t *)random));
    peer_connect(&client->peer, settings->address);
}

static void load_on_ready(struct peer *peer)
{
    struct load_client *client = load_client_of(peer);
    struct load *load = client->load;
    wire_hello hello = UNSAY__V1__HELLO__INIT;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    char *token =
        identity_sign(load->settings.secret, client->user, "bench", load_wall_ms(), TOKEN_TTL_MS);
    hello.version_min = PROTOCOL_VERSION_MIN;
    hello.version_max = PROTOCOL_VERSION_MAX;
    hello.token = token;
    hello.client = string_of("unsay bench");
    frame.request = REQUEST_HELLO;
    frame.body_case = CLIENT_FRAME(HELLO);
    frame.hello = &hello;
    peer_send_client(peer, &frame);
    free(token);
}

static void load_on_welcome(struct load_client *client, const wire_welcome *welcome)
{
    wire_open_conversation open = UNSAY__V1__OPEN_CONVERSATION__INIT;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    client->is_welcome = true;
    client->heartbeat_ns = (uint64_t)welcome->heartbeat_interval_ms * 1000000;
    client->spoke_ns = client->load->loop.now_ns;
    load_start_next(client->load);
    if (!client->partner->is_welcome)
        return;
    open.user = client->partner->user;
    frame.request = REQUEST_OPEN;
    frame.body_case = CLIENT_FRAME(OPEN_CONVERSATION);
    frame.open_conversation = &open;
    peer_send_client(&client->peer, &frame);
}

static void load_on_opened(struct load_client *client, const wire_opened *opened)
{
    if (client->conversation[0] != 0)
        return;
    snprintf(client->conversation, sizeof(client->conversation), "%s", opened->conversation);
    snprintf(client->partner->conversation, sizeof(client->partner->conversation), "%s",
             opened->conversation);
    client->load->open += 2;
}

static void load_on_frame(struct peer *peer, struct view bytes)
{
    struct load_client *client = load_client_of(peer);
    struct load *load = client->load;
    const wire_server_frame *frame = frame_decode_server(frame_payload(bytes), &load->loop.arena);
    if (frame == NULL)
        load_fail(load, STATUS_MALFORMED, "a frame came that cannot be decoded");
    else if (frame->body_case == SERVER_FRAME(WELCOME))
        load_on_welcome(client, frame->welcome);
    else if (frame->body_case == SERVER_FRAME(OPENED))
        load_on_opened(client, frame->opened);
    else
        traffic_take(client, frame);
}

static void load_on_end(struct peer *peer, const char *why)
{
    struct load_client *client = load_client_of(peer);
    load_fail(client->load, client->is_welcome ? STATUS_CLOSED : STATUS_UNREACHABLE,
              "connection %u was lost: %s", client->index, why);
}

/* ---- The loop ---- */

static void load_on_tick(uv_timer_t *timer)
{
    struct load *load = timer->data;
    peer_loop_now(&load->loop);
    unsigned first = load->tick_number++ % TICK_GROUPS;
    for (unsigned i = first; i < load->started; i += TICK_GROUPS)
        traffic_tick(&load->clients[i]);
}

/* The next device that has a target; NULL: none has. */
static struct load_client *load_next_turn(struct load *load)
{
    for (unsigned i = 0; i < load->settings.connections; i++) {
        struct load_client *client = &load->clients[load->pace.turn++ % load->settings.connections];
        if (client->target_next < client->target_count && !client->peer.is_ended)
            return client;
    }
    return NULL;
}

/* Offers what is due. */
static void load_keep_pace(struct load *load)
{
    struct load_pace *pace = &load->pace;
    peer_loop_now(&load->loop);
    for (;;) {
        uint64_t due_ns = pace->begin_ns + (uint64_t)((double)pace->count * pace->period_ns);
        struct load_client *client = due_ns > load->loop.now_ns ? NULL : load_next_turn(load);
        if (client == NULL)
            return;
        traffic_recall(client, due_ns);
        pace->count++;
    }
}

static void load_on_pace(uv_timer_t *timer)
{
    load_keep_pace(timer->data);
}

bool load_run(struct load *load, bool (*is_done)(const struct load *load), double seconds)
{
    uint64_t deadline_ns = uv_hrtime() + (uint64_t)(seconds * 1e9);
    while (load->failure.status == STATUS_OK) {
        if (is_done != NULL && is_done(load))
            return true;
        if (bench_is_interrupted())
            load_fail(load, STATUS_CLOSED, "interrupted");
        else if (uv_hrtime() >= deadline_ns)
            return false;
        else
            uv_run(&load->loop.uv, UV_RUN_ONCE);
        if (load->mode == LOAD_PACING)
            load_keep_pace(load);
    }
    return false;
}

static bool load_is_open(const struct load *load)
{
    return load->open == load->settings.connections;
}

enum status load_open(struct load *load)
{
    for (unsigned i = 0; i < CONNECTING_MAX; i++)
        load_start_next(load);
    if (!load_run(load, load_is_open, OPEN_TIMEOUT_S + load->settings.connections / 100.0)) {
        load_fail(load, STATUS_UNREACHABLE, "%u of %u devices are ready, the others do not get on",
                  load->open, load->settings.connections);
    }
    return load->failure.status;
}

void load_send_one(struct load_client *client, unsigned window, uint64_t end)
{
    client->load->mode = LOAD_SENDING;
    client->window = window;
    client->end = end;
    traffic_pump(client);
}

void load_send(struct load *load, unsigned window, uint64_t end)
{
    peer_loop_now(&load->loop);
    for (unsigned i = 0; i < load->settings.connections; i++)
        load_send_one(&load->clients[i], window, end);
}

void load_recall(struct load *load, unsigned window, unsigned batch)
{
    peer_loop_now(&load->loop);
    load->mode = LOAD_RECALLING;
    load->batch = batch;
    for (unsigned i = 0; i < load->settings.connections; i++) {
        load->clients[i].window = window;
        traffic_pump(&load->clients[i]);
    }
}

void load_recall_at(struct load *load, unsigned rate)
{
    peer_loop_now(&load->loop);
    load->mode = LOAD_PACING;
    load->batch = 1;
    load->pace.period_ns = 1e9 / rate;
    load->pace.begin_ns = load->loop.now_ns;
    load->pace.count = 0;
    uv_timer_start(&load->pace.timer, load_on_pace, PACE_MS, PACE_MS);
}

bool load_has_sent_all(const struct load *load)
{
    for (unsigned i = 0; i < load->settings.connections; i++) {
        if (load->clients[i].base < load->clients[i].end)
            return false;
    }
    return true;
}

bool load_has_recalled_all(const struct load *load)
{
    for (unsigned i = 0; i < load->settings.connections; i++) {
        const struct load_client *client = &load->clients[i];
        if (client->recalls > 0 || client->target_next < client->target_count)
            return false;
    }
    return true;
}

bool load_is_settled(const struct load *load)
{
    return load->unanswered == 0 && load->heard >= 2 * load->accepted &&
           load->recalls_heard >= 2 * load->recalled;
}

enum status load_settle(struct load *load, double seconds)
{
    load->mode = LOAD_QUIET;
    uv_timer_stop(&load->pace.timer);
    if (!load_run(load, load_is_settled, seconds) && load->failure.status == STATUS_OK &&
        load->unanswered > 0) {
        load_fail(load, STATUS_UNREACHABLE, "%llu requests were not answered within %.0f s",
                  (unsigned long long)load->unanswered, seconds);
    }
    return load->failure.status;
}

void load_reset_measures(struct load *load)
{
    load->all = (struct load_measures){0};
    load->first_pair = (struct load_measures){0};
}

uint64_t load_lost(const struct load *load)
{
    uint64_t lost = 0;
    for (unsigned i = 0; i < load->settings.connections; i++) {
        const struct load_client *client = &load->clients[i];
        const struct load_client *partner = client->partner;
        lost += client->missing[0] + client->missing[1];
        lost += client->base > client->heard[0] ? client->base - client->heard[0] : 0;
        lost += partner->base > client->heard[1] ? partner->base - client->heard[1] : 0;
    }
    return lost;
}

/* ---- Life ---- */

static void load_fill_text(struct load *load)
{
    static const char letters[] = "etaoin shrdlu, cmfwyp vbgkqj. xz";
    for (size_t at = 0; at < LOAD_TEXT_BYTES; at++) {
        uint64_t random = prng_next(&load->prng);
        size_t range = random >> 32 & 1 ? 8 : sizeof(letters) - 1;
        load->text[at] = (uint8_t)letters[(uint32_t)random % range];
    }
}

static void load_client_init(struct load *load, unsigned index)
{
    struct load_client *client = &load->clients[index];
    client->load = load;
    client->index = index;
    client->partner = &load->clients[index ^ 1];
    client->resend_from = UINT64_MAX;
    client->flights = memory_new_array(load->settings.window_max + 1, sizeof(*client->flights));
    snprintf(client->user, sizeof(client->user), "bench-%s-%u", load->run, index);
}

void load_init(struct load *load, const struct load_settings *settings)
{
    *load = (struct load){.settings = *settings};
    uint64_t seed = uv_hrtime() ^ load_wall_ms() << 20;
    load->prng.state = seed;
    snprintf(load->run, sizeof(load->run), "%010llx",
             (unsigned long long)(prng_next(&load->prng) & 0xffffffffff));
    load->text = memory_new(LOAD_TEXT_BYTES);
    load->body = memory_new(settings->body_bytes);
    load_fill_text(load);
    peer_loop_init(&load->loop);
    load->loop.on_ready = load_on_ready;
    load->loop.on_frame = load_on_frame;
    load->loop.on_end = load_on_end;
    uv_timer_init(&load->loop.uv, &load->tick);
    load->tick.data = load;
    uv_timer_start(&load->tick, load_on_tick, LOAD_TICK_MS, LOAD_TICK_MS);
    uv_timer_init(&load->loop.uv, &load->pace.timer);
    load->pace.timer.data = load;
    load->clients = memory_new_array(settings->connections, sizeof(*load->clients));
    for (unsigned i = 0; i < settings->connections; i++)
        load_client_init(load, i);
}

void load_fini(struct load *load)
{
    uv_close((uv_handle_t *)&load->tick, NULL);
    uv_close((uv_handle_t *)&load->pace.timer, NULL);
    for (unsigned i = 0; i < load->started; i++)
        peer_close(&load->clients[i].peer);
    peer_loop_fini(&load->loop);
    for (unsigned i = 0; i < load->settings.connections; i++) {
        if (i < load->started)
            peer_fini(&load->clients[i].peer);
        free(load->clients[i].flights);
        free(load->clients[i].targets);
    }
    free(load->clients);
    free(load->text);
    free(load->body);
}
