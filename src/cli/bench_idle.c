/* unsay bench idle: many devices sign in, first with tokens and then with the tickets that those
 * brought, and stay connected without a word: what a sign-in costs, and what a connection holds. */
#include "cli/bench.h"

#include "access/identity.h"
#include "base/memory.h"
#include "cli/command.h"
#include "core/frame.h"
#include "core/refusal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum {
    IDLE_CONNECTING_MAX = 64,
    IDLE_TIMEOUT_S = 120,
    IDLE_REST_MS = 500,           /* for the server to give back what it needs no longer */
    IDLE_PER_ADDRESS_MAX = 10000, /* a local address has few ports, and keeps them for a minute */
    IDLE_ADDRESSES_MAX = 16,
    IDLE_HEARTBEAT_MS = 300000,
    IDLE_TOKEN_TTL_MS = 24 * 3600 * 1000
};

/* What the server's process holds, as the kernel counts it. */
struct idle_memory {
    uint64_t resident; /* bytes */
    uint64_t proportional;
    uint64_t heap; /* anonymous: what no file is behind */
};

struct idle_device {
    struct peer peer;
    struct idle *idle;
    unsigned index;
    int socket; /* kept open beyond the peer; -1: none */
    size_t ticket_bytes;
    uint8_t ticket[LIMIT_TICKET_BYTES_MAX];
};

struct idle {
    const struct bench_options *options;
    const struct bench_server *server;
    struct peer_loop loop;
    struct idle_device *devices;
    unsigned started;
    unsigned in;
    bool is_resuming; /* with tickets; and the connections stay */
    struct failure failure;
};

static void idle_start_next(struct idle *idle)
{
    if (idle->started == idle->options->connections)
        return;
    unsigned index = idle->started++;
    struct idle_device *device = &idle->devices[index];
    struct transport_target target = {idle->server->host, "/", idle->options->is_websocket,
                                      idle->server->tls != NULL};
    struct sockaddr_in from = {.sin_family = AF_INET};
    uint8_t random[16] = {0};
    from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + index / IDLE_PER_ADDRESS_MAX +
                                 (idle->is_resuming ? IDLE_ADDRESSES_MAX : 0));
    peer_init(&device->peer, &idle->loop, transport_new_client(&target, idle->server->tls, random));
    peer_connect_from(&device->peer, (const struct sockaddr *)&idle->server->address,
                      idle->server->is_child ? (const struct sockaddr *)&from : NULL);
}

static struct idle_device *idle_device_of(struct peer *peer)
{
    return LIST_ITEM(peer, struct idle_device, peer);
}

static char *idle_token(const struct idle *idle, unsigned index)
{
    struct timespec now;
    char user[32];
    clock_gettime(CLOCK_REALTIME, &now);
    snprintf(user, sizeof(user), "idle%u", index);
    return identity_sign(view_make(idle->server->secret, sizeof(idle->server->secret)), user,
                         "bench", (uint64_t)now.tv_sec * 1000, IDLE_TOKEN_TTL_MS);
}

static void idle_on_ready(struct peer *peer)
{
    struct idle_device *device = idle_device_of(peer);
    wire_hello hello = UNSAY__V1__HELLO__INIT;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    char *token = idle_token(device->idle, device->index);
    hello.version_min = PROTOCOL_VERSION_MIN;
    hello.version_max = PROTOCOL_VERSION_MAX;
    hello.heartbeat_ms = IDLE_HEARTBEAT_MS;
    if (device->idle->is_resuming)
        hello.ticket = bytes_of(view_make(device->ticket, device->ticket_bytes));
    else
        hello.token = token;
    frame.request = 1;
    frame.body_case = CLIENT_FRAME(HELLO);
    frame.hello = &hello;
    peer_send_client(peer, &frame);
    free(token);
}

/* The socket alone stays: the generator needs no memory for thousands of TLS sessions. */
static void idle_keep(struct idle_device *device)
{
    uv_os_fd_t fd;
    if (!device->idle->is_resuming)
        return;
    if (uv_fileno((uv_handle_t *)&device->peer.tcp, &fd) == 0)
        device->socket = dup(fd);
    if (device->socket < 0)
        (void)failure_set(&device->idle->failure, STATUS_IO, "a socket cannot be kept: %s",
                          strerror(errno));
}

static void idle_on_frame(struct peer *peer, struct view bytes)
{
    struct idle_device *device = idle_device_of(peer);
    struct idle *idle = device->idle;
    const wire_server_frame *frame = frame_decode_server(frame_payload(bytes), &idle->loop.arena);
    if (frame == NULL || frame->body_case != SERVER_FRAME(WELCOME) ||
        frame->welcome->ticket.len == 0 || frame->welcome->ticket.len > sizeof(device->ticket)) {
        (void)failure_set(&idle->failure, STATUS_UNSUPPORTED, "device %u cannot sign in: %s",
                          device->index,
                          frame != NULL && frame->body_case == SERVER_FRAME(ERROR)
                              ? frame->error->detail
                              : "no Welcome with a ticket came");
        return;
    }
    device->ticket_bytes = frame->welcome->ticket.len;
    memcpy(device->ticket, frame->welcome->ticket.data, device->ticket_bytes);
    idle_keep(device);
    peer_close(peer);
    idle->in++;
    idle_start_next(idle);
}

static void idle_on_end(struct peer *peer, const char *why)
{
    const struct idle_device *device = idle_device_of(peer);
    if (device->idle->failure.status == STATUS_OK)
        (void)failure_set(&device->idle->failure, STATUS_UNREACHABLE, "connection %u was lost: %s",
                          device->index, why);
}

static void idle_end_round(struct idle *idle)
{
    for (unsigned i = 0; i < idle->started; i++)
        peer_close(&idle->devices[i].peer);
    peer_loop_fini(&idle->loop);
    for (unsigned i = 0; i < idle->started; i++)
        peer_fini(&idle->devices[i].peer);
}

/* Everyone signs in. */
static enum status idle_round(struct idle *idle, bool is_resuming, struct bench_stretch *stretch)
{
    uint64_t deadline_ns = uv_hrtime() + IDLE_TIMEOUT_S * UINT64_C(1000000000);
    unsigned count = idle->options->connections;
    idle->started = idle->in = 0;
    idle->is_resuming = is_resuming;
    peer_loop_init(&idle->loop);
    idle->loop.on_ready = idle_on_ready;
    idle->loop.on_frame = idle_on_frame;
    idle->loop.on_end = idle_on_end;
    stretch->from = bench_sample_take(idle->server);
    for (unsigned i = 0; i < IDLE_CONNECTING_MAX; i++)
        idle_start_next(idle);
    while (idle->in < count && idle->failure.status == STATUS_OK) {
        if (bench_is_interrupted())
            (void)failure_set(&idle->failure, STATUS_CLOSED, "interrupted");
        else if (uv_hrtime() > deadline_ns)
            (void)failure_set(&idle->failure, STATUS_UNREACHABLE, "%u of %u devices are in",
                              idle->in, count);
        else
            uv_run(&idle->loop.uv, UV_RUN_ONCE);
    }
    stretch->to = bench_sample_take(idle->server);
    stretch->count = idle->in;
    idle_end_round(idle);
    return idle->failure.status;
}

static enum status idle_read_memory(const struct bench_server *server, struct idle_memory *memory,
                                    struct failure *failure)
{
    static const char *const names[] = {"Rss:", "Pss:", "Anonymous:"};
    uint64_t *values[] = {&memory->resident, &memory->proportional, &memory->heap};
    char path[64];
    char line[256];
    unsigned found = 0;
    uv_sleep(IDLE_REST_MS);
    snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)server->pid);
    FILE *file = fopen(path, "re");
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
            if (strncmp(line, names[i], strlen(names[i])) == 0) {
                *values[i] = strtoull(line + strlen(names[i]), NULL, 10) * 1024;
                found++;
            }
        }
    }
    if (file != NULL)
        fclose(file);
    if (found < sizeof(names) / sizeof(names[0]))
        return failure_set(failure, STATUS_IO,
                           "%s cannot be read: what the server holds is not known", path);
    return STATUS_OK;
}

struct idle_result {
    struct bench_stretch tokens;
    struct bench_stretch tickets;
    struct idle_memory before;
    struct idle_memory after;
};

static double idle_each(uint64_t before, uint64_t after, unsigned connections)
{
    return ((double)after - (double)before) / connections;
}

static void idle_print_sign_ins(const char *name, const struct bench_stretch *stretch)
{
    printf("  %-12s %8.0f/s   server ", name, bench_rate(stretch));
    bench_print_server(stretch);
}

static void idle_print(const struct bench_options *options, const struct idle_result *result)
{
    unsigned count = options->connections;
    const struct idle_memory *before = &result->before;
    const struct idle_memory *after = &result->after;
    printf("bench idle: %u connections, %s\n", count,
           options->is_websocket ? (options->server.is_tls ? "wss" : "ws")
                                 : (options->server.is_tls ? "tls" : "tcp"));
    idle_print_sign_ins("with token", &result->tokens);
    idle_print_sign_ins("with ticket", &result->tickets);
    printf("  each holds   %.0f bytes of heap (%.0f resident, %.0f proportional)\n",
           idle_each(before->heap, after->heap, count),
           idle_each(before->resident, after->resident, count),
           idle_each(before->proportional, after->proportional, count));
    printf("  the server   %.1f MiB before, %.1f MiB with them\n",
           (double)before->resident / (1 << 20), (double)after->resident / (1 << 20));
}

static void idle_print_json(const struct bench_options *options, const struct idle_result *result)
{
    unsigned count = options->connections;
    const struct idle_memory *before = &result->before;
    const struct idle_memory *after = &result->after;
    json_t *object = json_object();
    json_object_set_new(object, "bench", json_string("idle"));
    json_object_set_new(object, "connections", json_integer(count));
    json_object_set_new(object, "with_token", bench_stretch_json(&result->tokens));
    json_object_set_new(object, "with_ticket", bench_stretch_json(&result->tickets));
    json_object_set_new(object, "heap_bytes_each",
                        json_real(idle_each(before->heap, after->heap, count)));
    json_object_set_new(object, "resident_bytes_each",
                        json_real(idle_each(before->resident, after->resident, count)));
    json_object_set_new(object, "proportional_bytes_each",
                        json_real(idle_each(before->proportional, after->proportional, count)));
    json_object_set_new(object, "resident_bytes_before",
                        json_integer((json_int_t)before->resident));
    json_object_set_new(object, "resident_bytes", json_integer((json_int_t)after->resident));
    bench_print_json(object);
}

static enum status idle_measure(struct idle *idle, struct idle_result *result)
{
    enum status status = idle_round(idle, false, &result->tokens);
    if (status == STATUS_OK)
        status = idle_read_memory(idle->server, &result->before, &idle->failure);
    if (status == STATUS_OK)
        status = idle_round(idle, true, &result->tickets);
    if (status == STATUS_OK)
        status = idle_read_memory(idle->server, &result->after, &idle->failure);
    double open = bench_server_metric(idle->server, "unsay_connections");
    if (status == STATUS_OK && open >= 0 && open < idle->options->connections)
        status = failure_set(&idle->failure, STATUS_CLOSED, "only %.0f connections are still open",
                             open);
    return status;
}

int bench_idle(const struct bench_options *options)
{
    struct bench_server server;
    struct failure failure = {STATUS_OK, ""};
    struct idle_result result;
    if (bench_server_open(&server, &options->server, &failure) != STATUS_OK)
        return bench_fail(options, &failure);
    struct idle idle = {.options = options, .server = &server};
    idle.devices = memory_new_array(options->connections, sizeof(*idle.devices));
    for (unsigned i = 0; i < options->connections; i++) {
        idle.devices[i].idle = &idle;
        idle.devices[i].index = i;
        idle.devices[i].socket = -1;
    }
    if (idle_measure(&idle, &result) == STATUS_OK) {
        if (options->is_json)
            idle_print_json(options, &result);
        else
            idle_print(options, &result);
    }
    for (unsigned i = 0; i < options->connections; i++) {
        if (idle.devices[i].socket >= 0)
            close(idle.devices[i].socket);
    }
    free(idle.devices);
    failure = idle.failure;
    (void)!bench_server_close(&server, failure.status == STATUS_OK ? &failure : NULL);
    return failure.status == STATUS_OK ? COMMAND_OK : bench_fail(options, &failure);
}
