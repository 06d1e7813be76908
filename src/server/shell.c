#include "server/shell.h"

#include "access/peer.h"
#include "access/ticket.h"
#include "api/api.h"
#include "base/memory.h"
#include "server/attempts.h"
#include "server/clock.h"
#include "server/log.h"
#include "server/policies.h"
#include "server/policy_file.h"

#include <assert.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <unistd.h>

enum { SHELL_TICK_MS = 100, SHELL_CLOCK_MS = 1000 };

/* The kernel's word about its clock, a second old at most. */
static uint64_t shell_wall_error_ms(struct shell *shell)
{
    if (shell->clock_read_ms == 0 ||
        uv_now(&shell->loop) - shell->clock_read_ms >= SHELL_CLOCK_MS) {
        struct clock_health health = clock_health_read();
        shell->wall_error_ms = health.is_synchronised ? health.error_ms_max : UINT64_MAX;
        shell->clock_read_ms = uv_now(&shell->loop);
    }
    return shell->wall_error_ms;
}

/* ---- What routing asks for ---- */

void shell_commit(void *context, struct group *group)
{
    struct shell *shell = context;
    committer_post(shell->all->committer, group);
}

bool shell_post(void *context, unsigned worker, struct mail mail)
{
    struct shell *shell = context;
    return shell_mail(&shell->all->shells[worker], mail);
}

bool shell_load_policy(void *context, const struct policy **policy, char *text, size_t text_bytes)
{
    struct shell *shell = context;
    struct failure failure = {STATUS_OK, ""};
    bool is_valid = policies_load(shell->all->policies, policy, &failure) == STATUS_OK;
    snprintf(text, text_bytes, "%s", failure.text);
    if (is_valid)
        log_say(LOG_policy_loaded, LOG_TEXT("file", shell->all->policies->file));
    else
        log_say(LOG_policy_refused, LOG_TEXT("reason", failure.text));
    /* It ends a reload that was told to the service manager, and is harmless after none. */
    (void)!ready_tell(shell->all->ready,
                      is_valid ? "READY=1\nSTATUS=Serving"
                               : "READY=1\nSTATUS=Serving; the policy file is not valid, so the "
                                 "policy in force stays");
    return is_valid;
}

void shell_release_policy(void *context, const struct policy *policy)
{
    (void)context;
    policy_free(policy);
}

enum status shell_list_attempts(void *context, const wire_list_recalls *query, struct arena *arena,
                                wire_recall_page *page)
{
    struct shell *shell = context;
    return attempts_find(shell->all->auditor, shell->worker.store, query, arena, page);
}

enum status shell_list_policies(void *context, struct arena *arena, wire_policy_info *info)
{
    struct shell *shell = context;
    return attempts_find_policies(shell->all->auditor, shell->worker.store, arena, info);
}

void shell_flush(void *link)
{
    connection_flush(link);
}

void shell_close(void *link)
{
    connection_close_after_flush(link);
}

size_t shell_seal_ticket(void *context, const struct session *session, uint64_t expires_ms,
                         uint8_t sealed[LIMIT_TICKET_BYTES_MAX])
{
    const struct shell *shell = context;
    const struct connection_settings *settings = shell->connections.settings;
    struct ticket ticket = {
        .identity = {.expires_ms = session->expires_ms, .authority = session->authority},
        .login = session->login,
        .expires_ms = expires_ms};
    snprintf(ticket.identity.user, sizeof(ticket.identity.user), "%s", session->user);
    snprintf(ticket.identity.device, sizeof(ticket.identity.device), "%s", session->device);
    _Static_assert((int)TICKET_BYTES_MAX <= (int)LIMIT_TICKET_BYTES_MAX, "a ticket fits");
    return ticket_seal(settings->ticket_key, &settings->store, &ticket, sealed);
}

void shell_answer_call(void *link, struct blob *frame, bool is_last)
{
    api_answer(link, frame, is_last);
}

/* ---- What connections ask for ---- */

uint64_t peer_begin_turn(void *peer)
{
    struct shell *shell = peer;
    if (!shell->is_in_turn) {
        shell->is_in_turn = true;
        worker_set_time(&shell->worker, (struct now){clock_wall_ms(), uv_now(&shell->loop),
                                                     uv_hrtime(), shell_wall_error_ms(shell)});
    }
    return shell->worker.now.wall_ms;
}

void *peer_signed_in(void *peer, struct connection *connection,
                     const struct peer_arrival *signed_in)
{
    struct shell *shell = peer;
    struct arrival arrival = {
        .user = signed_in->identity->user,
        .device = signed_in->identity->device,
        .authority = signed_in->identity->authority,
        .address = signed_in->address,
        .expires_ms = signed_in->identity->expires_ms,
        .request = signed_in->request,
        .login = signed_in->login,
        .heartbeat_ms = signed_in->heartbeat_ms,
        .wants_news = signed_in->hello->resume,
        .follow = signed_in->hello->follow,
        .device_key = bytes_view(signed_in->hello->device_key),
    };
    return worker_session_opened(&shell->worker, connection, &arrival);
}

void peer_frame(void *peer, void *session, const wire_client_frame *frame, struct view payload)
{
    struct shell *shell = peer;
    worker_session_frame(&shell->worker, session, frame, payload);
}

struct blob *peer_next_frame(void *peer, void *session)
{
    struct shell *shell = peer;
    return worker_next_frame(&shell->worker, session);
}

void peer_closed(void *peer, void *session)
{
    struct shell *shell = peer;
    worker_session_closed(&shell->worker, session);
}

/* ---- The loop ---- */

static void shell_end_turn(struct shell *shell)
{
    worker_end_turn(&shell->worker);
    shell->is_in_turn = false;
}

static void shell_on_check(uv_check_t *check)
{
    struct shell *shell = check->data;
    if (shell->is_in_turn)
        shell_end_turn(shell);
}

static void shell_on_tick(uv_timer_t *timer)
{
    struct shell *shell = timer->data;
    peer_begin_turn(shell);
    connections_tick(&shell->connections, uv_now(&shell->loop));
    worker_tick(&shell->worker);
    shell_end_turn(shell);
    if (shell->phase == SHELL_DRAINING && worker_is_idle(&shell->worker) &&
        connections_is_empty(&shell->connections))
        atomic_store(&shell->is_drained, true);
}

static void shell_take_sockets(struct shell *shell)
{
    uv_mutex_lock(&shell->sockets_mutex);
    size_t count = shell->socket_count;
    int *sockets = shell->sockets;
    shell->sockets = NULL;
    shell->socket_count = shell->socket_capacity = 0;
    uv_mutex_unlock(&shell->sockets_mutex);
    for (size_t i = 0; i < count; i++)
        connections_add(&shell->connections, sockets[i]);
    free(sockets);
}

static void shell_close_loop(struct shell *shell)
{
    connections_close_all(&shell->connections);
    uv_close((uv_handle_t *)&shell->wake, NULL);
    uv_close((uv_handle_t *)&shell->tick, NULL);
    uv_close((uv_handle_t *)&shell->turn_end, NULL);
}

static void shell_take_phase(struct shell *shell)
{
    uv_mutex_lock(&shell->sockets_mutex);
    enum shell_phase requested = shell->requested_phase;
    uv_mutex_unlock(&shell->sockets_mutex);
    if (requested == shell->phase)
        return;
    shell->phase = requested;
    if (requested == SHELL_DRAINING)
        worker_drain(&shell->worker);
    else
        shell_close_loop(shell);
}

static void shell_on_wake(uv_async_t *wake)
{
    struct shell *shell = wake->data;
    size_t count;
    peer_begin_turn(shell);
    const struct mail *mail = mailbox_take(&shell->mailbox, &count);
    for (size_t i = 0; i < count; i++)
        worker_mail(&shell->worker, mail[i]);
    shell_take_sockets(shell);
    shell_take_phase(shell);
}

static void shell_run(void *argument)
{
    struct shell *shell = argument;
    pthread_setname_np(pthread_self(), "worker");
    uv_run(&shell->loop, UV_RUN_DEFAULT);
}

void shell_start(struct shell *shell, struct shells *all, unsigned index,
                 const struct shell_settings *settings)
{
    uint64_t seed;
    randombytes_buf(&seed, sizeof(seed));
    *shell = (struct shell){.all = all};
    int result = uv_loop_init(&shell->loop);
    assert(result == 0);
    uv_mutex_init(&shell->sockets_mutex);
    mailbox_init(&shell->mailbox);
    worker_init(&shell->worker, index, all->count, settings->store, shell, settings->worker, seed);
    connections_init(&shell->connections, &shell->loop, shell, settings->connections,
                     settings->counts);
    uv_async_init(&shell->loop, &shell->wake, shell_on_wake);
    uv_timer_init(&shell->loop, &shell->tick);
    uv_check_init(&shell->loop, &shell->turn_end);
    shell->wake.data = shell->tick.data = shell->turn_end.data = shell;
    uv_timer_start(&shell->tick, shell_on_tick, SHELL_TICK_MS, SHELL_TICK_MS);
    uv_check_start(&shell->turn_end, shell_on_check);
    result = uv_thread_create(&shell->thread, shell_run, shell);
    assert(result == 0);
    (void)result;
}

void shell_add_socket(struct shell *shell, int socket)
{
    uv_mutex_lock(&shell->sockets_mutex);
    if (shell->socket_count == shell->socket_capacity) {
        shell->socket_capacity = shell->socket_capacity == 0 ? 16 : shell->socket_capacity * 2;
        shell->sockets =
            memory_resize(shell->sockets, shell->socket_capacity * sizeof(*shell->sockets));
    }
    shell->sockets[shell->socket_count++] = socket;
    uv_mutex_unlock(&shell->sockets_mutex);
    uv_async_send(&shell->wake);
}

void shell_enter(struct shell *shell, enum shell_phase phase)
{
    uv_mutex_lock(&shell->sockets_mutex);
    shell->requested_phase = phase;
    uv_mutex_unlock(&shell->sockets_mutex);
    uv_async_send(&shell->wake);
}

void shell_join(struct shell *shell)
{
    uv_thread_join(&shell->thread);
    for (size_t i = 0; i < shell->socket_count; i++)
        close(shell->sockets[i]);
    free(shell->sockets);
    connections_fini(&shell->connections);
    worker_fini(&shell->worker);
    mailbox_fini(&shell->mailbox);
    uv_mutex_destroy(&shell->sockets_mutex);
    int result = uv_loop_close(&shell->loop);
    assert(result == 0);
    (void)result;
}

bool shell_mail(struct shell *shell, struct mail mail)
{
    bool was_empty;
    if (!mailbox_post(&shell->mailbox, mail, &was_empty))
        return false;
    if (was_empty)
        uv_async_send(&shell->wake);
    return true;
}
