/* The server's end of connections: signing in, frames, slow readers. */
#include "core/frame.h"
#include "core/heartbeat.h"
#include "core/refusal.h"
#include "mutate.h"
#include "server.h"
#include "watch.h"
#include "world.h"

#include <assert.h>

void server_close(struct world *world, struct link *link)
{
    if (link->session != NULL)
        worker_session_closed(&world->server.shells[link->worker].worker, link->session);
    network_close_server(world, link);
}

/* By mutation: an old frame goes out after its message was taken back. */
static void server_send_stale(struct world *world, struct link *link, struct blob *frame)
{
    struct server *server = &world->server;
    if (world->mutation != MUTATION_STALE_FRAME)
        return;
    size_t at = 0;
    const struct message *message = history_find_canary(&world->history, blob_view(frame), &at);
    if (server->stale == NULL && message != NULL) {
        server->stale = blob_hold(frame);
        server->stale_message = (uint32_t)(message - world->history.messages);
    } else if (server->stale != NULL &&
               world->history.messages[server->stale_message].is_unspeakable) {
        watch_handed(world, link, blob_view(server->stale));
        network_send_down(world, link, server->stale);
    }
}

void shell_flush(void *context)
{
    struct link *link = context;
    struct world *world = link->world;
    if (link->session == NULL)
        return;
    struct worker *worker = &world->server.shells[link->worker].worker;
    bool is_empty = false;
    while (!is_empty && network_room(link) > 0) {
        struct blob *frame = worker_next_frame(worker, link->session);
        is_empty = frame == NULL;
        if (is_empty)
            break;
        frame = mutate_answer(world, frame);
        watch_handed(world, link, blob_view(frame));
        server_send_stale(world, link, frame);
        network_send_down(world, link, frame);
        blob_release(frame);
    }
    if (is_empty && link->is_closing)
        server_close(world, link);
}

void shell_close(void *context)
{
    struct link *link = context;
    link->is_closing = true;
    link->closing_ms = link->world->now_ms;
}

/* Nobody calls here. */
void shell_answer_call(void *link, struct blob *frame, bool is_last)
{
    (void)link;
    (void)is_last;
    blob_release(frame);
}

void server_accept(struct world *world, struct link *link)
{
    link->is_server_open = true;
    link->heard_ms = world->now_ms;
    link->heartbeat_ms = world->profile.heartbeat_ms;
    link->worker = (unsigned)prng_below(&world->prng, world->profile.workers);
}

/* One without a session is refused in a frame of the shell's own. */
static void server_refuse(struct world *world, struct link *link, uint64_t request,
                          refusal_code code, uint32_t retry_after_ms)
{
    struct blob *frame = refusal_frame(request, code, "", true, retry_after_ms);
    network_send_down(world, link, frame);
    blob_release(frame);
    server_close(world, link);
}

/* A ticket, unsealed; no device of the simulation makes one up. */
struct sim_ticket {
    uint64_t login;
    uint64_t token_expires_ms;
    uint64_t expires_ms;
    unsigned device;
};

size_t shell_seal_ticket(void *context, const struct session *session, uint64_t expires_ms,
                         uint8_t bytes[LIMIT_TICKET_BYTES_MAX])
{
    const struct link *link = session->link;
    struct sim_ticket ticket = {session->login, session->expires_ms, expires_ms, link->device};
    (void)context;
    memcpy(bytes, &ticket, sizeof(ticket));
    return sizeof(ticket);
}

/* The token is "user/device/expiry", and everybody believes it. */
static refusal_code server_identify(const struct world *world, const struct link *link,
                                    const wire_hello *hello, struct sim_ticket *ticket)
{
    uint64_t now_ms = server_wall_ms(world);
    if (hello->ticket.len > 0) {
        assert(hello->ticket.len == sizeof(*ticket));
        memcpy(ticket, hello->ticket.data, sizeof(*ticket));
        assert(ticket->device == link->device);
        bool has_expired = ticket->expires_ms <= now_ms || ticket->token_expires_ms <= now_ms;
        return has_expired ? REFUSAL_CODE(TICKET_EXPIRED) : REFUSAL_NONE;
    }
    const char *expiry = strrchr(hello->token, '/');
    ticket->token_expires_ms = expiry == NULL ? 0 : strtoull(expiry + 1, NULL, 10);
    return ticket->token_expires_ms <= now_ms ? REFUSAL_CODE(TOKEN_EXPIRED) : REFUSAL_NONE;
}

static void server_sign_in(struct world *world, struct link *link, const wire_client_frame *frame)
{
    if (frame->body_case != CLIENT_FRAME(HELLO)) {
        server_refuse(world, link, frame->request, REFUSAL_CODE(HELLO_EXPECTED), 0);
        return;
    }
    uint32_t pause_ms = admission_ask(&world->server.shells[link->worker].admission, world->now_ms);
    if (pause_ms > 0) {
        server_refuse(world, link, frame->request, REFUSAL_CODE(OVERLOADED), pause_ms);
        return;
    }
    const struct device *device = &world->devices[link->device];
    struct sim_ticket ticket = {.login = 0};
    refusal_code refusal = server_identify(world, link, frame->hello, &ticket);
    if (refusal != REFUSAL_NONE) {
        server_refuse(world, link, frame->request, refusal, 0);
        return;
    }
    link->heartbeat_ms = heartbeat_granted_ms(
        frame->hello->heartbeat_ms, world->profile.heartbeat_ms, world->profile.heartbeat_max_ms);
    const char *user = world->mutation == MUTATION_WRONG_USER ? "u0" : device->user_name;
    world_tell(world, "%s/%s signs in %sat worker %u by connection %u%s", user, device->name,
               ticket.login == 0 ? "" : "with a ticket ", link->worker, link->number,
               frame->hello->resume ? ", and wants news" : "");
    watch_signed_in(world, link, user);
    bool has_mandate = device_is_officer(device) || world->mutation == MUTATION_FALSE_MANDATE;
    struct arrival arrival = {.user = user,
                              .device = device->name,
                              .authority =
                                  has_mandate ? WIRE(ACTOR, COMPLIANCE) : WIRE(ACTOR, UNSPECIFIED),
                              .address = "",
                              .expires_ms = ticket.token_expires_ms,
                              .request = frame->request,
                              .login = ticket.login,
                              .heartbeat_ms = link->heartbeat_ms,
                              .wants_news = frame->hello->resume,
                              .follow = frame->hello->follow,
                              .device_key = bytes_view(frame->hello->device_key)};
    link->session =
        worker_session_opened(&world->server.shells[link->worker].worker, link, &arrival);
}

/* The index of a message is the last four bytes of its id. */
static unsigned server_message(ProtobufCBinaryData id)
{
    return id.len < UUID_BYTES ? 0 : (unsigned)id.data[14] << 8 | id.data[15];
}

static void server_tell_frame(struct world *world, struct link *link,
                              const wire_client_frame *frame)
{
    const struct device *device = &world->devices[link->device];
    const wire_send *send = frame->send;
    if (frame->body_case == CLIENT_FRAME(RECALL)) {
        const struct asked *asked =
            history_find_asked(&world->history, bytes_view(frame->recall->request_id));
        uint32_t place = link->asked_count++ % LINK_ASKED_MAX;
        link->asked[place].request = frame->request;
        link->asked[place].asked = (uint32_t)(asked - world->history.asked);
    }
    if (frame->body_case != CLIENT_FRAME(SEND))
        return;
    if (send->after.len == 0)
        world_tell(world, "%s sends message %u", device->name, server_message(send->message_id));
    else
        world_tell(world, "%s sends message %u, after %u", device->name,
                   server_message(send->message_id), server_message(send->after));
}

static void server_take_frame(struct world *world, struct link *link, wire_client_frame *frame,
                              struct view payload)
{
    struct worker *worker = &world->server.shells[link->worker].worker;
    struct blob *mutated = mutate_request(world, frame) ? frame_from_client(frame) : NULL;
    if (mutated != NULL)
        payload = frame_payload(blob_view(mutated));
    worker_session_frame(worker, link->session, frame, payload);
    blob_release(mutated);
}

void server_frame(struct world *world, struct link *link, struct view frame)
{
    if (!link->is_server_open || link->is_closing)
        return;
    struct shell *shell = server_begin_turn(world, link->worker);
    struct arena arena;
    arena_init(&arena);
    link->heard_ms = world->now_ms;
    wire_client_frame *decoded = frame_decode_client(frame_payload(frame), &arena);
    assert(decoded != NULL);
    server_tell_frame(world, link, decoded);
    if (link->session == NULL)
        server_sign_in(world, link, decoded);
    else
        server_take_frame(world, link, decoded, frame_payload(frame));
    if (link->is_closing)
        shell_flush(link);
    arena_fini(&arena);
    server_may_end_turn(shell);
}

void server_eof(struct world *world, struct link *link)
{
    if (!link->is_server_open)
        return;
    struct shell *shell = server_begin_turn(world, link->worker);
    server_close(world, link);
    server_may_end_turn(shell);
}

void server_writable(struct world *world, struct link *link)
{
    if (link->session == NULL)
        return;
    struct shell *shell = server_begin_turn(world, link->worker);
    shell_flush(link);
    server_may_end_turn(shell);
}
