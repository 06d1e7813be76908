#include "server/server.h"

#include "access/ticket.h"
#include "base/bucket.h"
#include "base/memory.h"
#include "routing/policies.h"
#include "server/auditor.h"
#include "server/backend.h"
#include "server/clock.h"
#include "server/control.h"
#include "server/listener.h"
#include "server/log.h"
#include "server/metrics.h"
#include "server/policies.h"
#include "server/policy_file.h"
#include "server/ready.h"
#include "server/scrubber.h"
#include "server/shell.h"
#include "server/webhooks.h"
#include "storage/backup/restore.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    SERVER_ACCEPTS_AT_ONCE = 64,
    SERVER_ACCEPTS_PART = 8, /* of a second's worth may come at once */
    SERVER_DRAIN_MS = 10000, /* for clients to take their last frames */
};

struct server {
    struct store *store;
    struct uuid store_id;
    struct store_past pasts[LIMIT_STORE_PASTS_MAX];
    size_t past_count;
    struct identity_keys *keys;
    uint8_t ticket_key[TICKET_KEY_BYTES];
    struct transport_tls *tls;
    struct connection_settings connection_settings;
    struct connection_counts counts;
    struct worker_settings worker_settings;
    struct committer committer;
    struct auditor *auditor;
    struct control *control;
    struct webhooks *webhooks; /* NULL: nothing is told outside */
    struct policies policies;
    const struct policy *policy; /* at the start, and again when the workers have ended */
    struct scrubber scrubber;
    struct shells shells;
    struct backend *backend;
    struct ready ready;
    int listen_socket;
    int http_socket;
    char region[LIMIT_POLICY_NAME_BYTES_MAX + 1];
    char *policy_file; /* owned */
    char listen_address[LISTENER_ADDRESS_BYTES];
    char http_address[LISTENER_ADDRESS_BYTES];
    unsigned next_shell;
    uv_loop_t loop; /* of the accepting thread */
    uv_poll_t accepting;
    struct bucket accepts;
    uv_timer_t pause; /* while there are as many connections as the server takes */
    uv_async_t stop;
    uv_signal_t terminate;
    uv_signal_t interrupt;
    uv_signal_t hangup;
    uint64_t started_ms; /* wall clock */
    bool has_started;
    bool is_stopping;
};

static enum status server_open_data(struct server *server, const struct config *config,
                                    struct failure *failure)
{
    if (mkdir(config->data, 0700) != 0 && errno != EEXIST)
        return failure_set(failure, STATUS_IO, "data: cannot make the directory %s: %s.",
                           config->data, strerror(errno));
    struct store_options options = {.directory = NULL,
                                    .cache_bytes = (size_t)config->store_cache_mib << 20};
    char directory[4200];
    snprintf(directory, sizeof(directory), "%s/store", config->data);
    options.directory = directory;
    enum status status = restore_check_ended(config->data, failure);
    if (status == STATUS_OK)
        status = store_open_rocksdb(&options, &server->store, failure);
    if (status != STATUS_OK)
        return status;
    status = store_get_id(server->store, &server->store_id);
    if (status == STATUS_OK)
        status = store_get_pasts(server->store, server->pasts, &server->past_count);
    if (status != STATUS_OK)
        failure_set(failure, status, "data: the store in %s cannot be read: %s.", directory,
                    status_text(status));
    return status;
}

/* The policy comes first: a server that does not know its rules does not start. */
static enum status server_open_policy(struct server *server, const struct config *config,
                                      struct failure *failure)
{
    snprintf(server->region, sizeof(server->region), "%s", config->region);
    config_set(&server->policy_file, config->policy);
    server->policies.file = server->policy_file;
    return policies_load(&server->policies, &server->policy, failure);
}

static enum status server_open_audit(struct server *server, const struct config *config,
                                     struct failure *failure)
{
    enum status status = auditor_start(config->data, server->store, &server->auditor, failure);
    if (status == STATUS_OK)
        status = policies_begin(server->policy, server->store, clock_wall_ms(), failure);
    if (status == STATUS_OK)
        auditor_wake(server->auditor);
    return status;
}

static enum status server_open_keys(struct server *server, const struct config *config,
                                    struct failure *failure)
{
    uint8_t secret[IDENTITY_DEV_SECRET_BYTES];
    enum status status = STATUS_OK;
    server->keys = identity_keys_new();
    if (config->development_key) {
        status = identity_dev_secret(config->data, secret, failure);
        if (status == STATUS_OK)
            status = identity_keys_add_secret(
                server->keys, NULL, view_make(secret, IDENTITY_DEV_SECRET_BYTES), failure);
    }
    for (unsigned i = 0; i < config->token_secrets_count && status == STATUS_OK; i++)
        status = identity_keys_add_secret_file(server->keys, config->token_secrets[i].id,
                                               config->token_secrets[i].file, failure);
    for (unsigned i = 0; i < config->token_public_keys_count && status == STATUS_OK; i++)
        status = identity_keys_add_public_file(server->keys, config->token_public_keys[i].id,
                                               config->token_public_keys[i].file, failure);
    sodium_memzero(secret, sizeof(secret));
    if (status == STATUS_OK)
        status = identity_ticket_key(config->data, server->ticket_key, failure);
    if (status == STATUS_OK && config->tls_certificate != NULL)
        status =
            transport_tls_server(config->tls_certificate, config->tls_key, &server->tls, failure);
    return status;
}

static bool server_health(void *context, struct buffer *text)
{
    const struct server *server = context;
    struct store_stats stats;
    store_read_stats(server->store, &stats);
    bool is_healthy = !stats.is_failed && !server->is_stopping;
    const char *answer = is_healthy        ? "ok\n"
                         : stats.is_failed ? "the store refuses commits\n"
                                           : "shutting down\n";
    buffer_append(text, answer, strlen(answer));
    return is_healthy;
}

static void server_metrics(void *context, struct buffer *text)
{
    struct server *server = context;
    const struct metrics_sources sources = {
        .shells = &server->shells,
        .store = server->store,
        .counts = &server->counts,
        .scrubber = &server->scrubber,
        .webhooks = server->webhooks,
        .started_ms = server->started_ms,
    };
    metrics_write(&sources, text);
}

static enum status server_open_sockets(struct server *server, const struct config *config,
                                       struct failure *failure)
{
    enum status status = listener_open(config->listen, "listen", &server->listen_socket,
                                       server->listen_address, failure);
    if (status == STATUS_OK && config->http[0] != 0)
        status = listener_open(config->http, "http", &server->http_socket, server->http_address,
                               failure);
    return status;
}

/* Before anybody hears that something was taken back, no more of it goes out. */
static void server_tell_webhooks(struct server *server, const struct group *group)
{
    for (const struct publication *item = group->effects.first; item != NULL; item = item->next) {
        struct event_key target = {view_of(item->conversation), item->origin, item->target_seq};
        if (item->is_recall)
            webhooks_take_back(server->webhooks, target);
    }
    if (group->effects.outgoing > 0)
        webhooks_wake(server->webhooks);
}

/* A group is done: every worker hears of it. */
static void server_on_committed(void *context, struct group *group)
{
    struct server *server = context;
    unsigned count = server->shells.count; /* the last worker may free the group meanwhile */
    if (group->effects.audits > 0 && group->failure == REFUSAL_NONE)
        auditor_wake(server->auditor);
    if (server->webhooks != NULL)
        server_tell_webhooks(server, group);
    for (unsigned i = 0; i < count; i++)
        (void)shell_mail(&server->shells.shells[i],
                         (struct mail){.kind = MAIL_GROUP, .group = group});
}

static void server_raise_file_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* A handshake of TLS costs as much as hundreds of messages. */
static void server_limit_accepts(struct server *server, const struct config *config)
{
    unsigned workers =
        config->workers == 0 ? (unsigned)uv_available_parallelism() : config->workers;
    uint32_t rate = config->accepts_per_second * (workers == 0 ? 1 : workers);
    bucket_init(&server->accepts, rate,
                rate / SERVER_ACCEPTS_PART < SERVER_ACCEPTS_AT_ONCE ? SERVER_ACCEPTS_AT_ONCE
                                                                    : rate / SERVER_ACCEPTS_PART,
                uv_now(&server->loop));
}

static void server_start_workers(struct server *server, const struct config *config)
{
    unsigned cores = (unsigned)uv_available_parallelism();
    unsigned count = config->workers == 0 ? cores : config->workers;
    server->shells.count = count > LIMIT_WORKERS_MAX ? LIMIT_WORKERS_MAX : count;
    server->shells.shells = memory_new_array(server->shells.count, sizeof(struct shell));
    server->shells.committer = &server->committer;
    server->shells.policies = &server->policies;
    server->shells.auditor = server->auditor;
    server->shells.ready = &server->ready;
    server->connection_settings = (struct connection_settings){
        .keys = server->keys,
        .tls = server->tls,
        .ticket_key = server->ticket_key,
        .store = server->store_id,
        .heartbeat_interval_ms = config->heartbeat_interval_ms,
        .heartbeat_max_ms = config->heartbeat_max_ms,
        .connections_max = config->connections_max,
        .sign_ins_per_second = config->sign_ins_per_second,
        .requests_per_second = config->requests_per_second,
    };
    server->worker_settings = (struct worker_settings){
        .rules = {.policy = server->policy, .region = server->region},
        .progress = {.members_max = config->receipt_members,
                     .hides_displayed = config->displayed_receipts == 0},
        .ticket_life_ms = config->ticket_life_ms,
        .offline_retention_ms = config->offline_retention_ms,
        .store = server->store_id,
        .pasts = server->pasts,
        .past_count = server->past_count,
        .has_outbox = server->webhooks != NULL,
    };
    struct shell_settings settings = {
        .store = server->store,
        .connections = &server->connection_settings,
        .counts = &server->counts,
        .worker = &server->worker_settings,
    };
    committer_start(&server->committer, server->shells.count, server->store, server_on_committed,
                    server);
    for (unsigned i = 0; i < server->shells.count; i++)
        shell_start(&server->shells.shells[i], &server->shells, i, &settings);
}

static void server_resume(uv_timer_t *timer);

static void server_on_acceptable(uv_poll_t *poll, int status, int events)
{
    struct server *server = poll->data;
    (void)events;
    if (status < 0)
        return;
    for (int i = 0; i < SERVER_ACCEPTS_AT_ONCE; i++) {
        if (atomic_load(&server->counts.unauthenticated) >= LIMIT_CONNECTIONS_UNAUTHENTICATED_MAX) {
            uv_poll_stop(poll);
            uv_timer_start(&server->pause, server_resume, 10, 0);
            return;
        }
        if (!bucket_take(&server->accepts, uv_now(&server->loop))) {
            uv_poll_stop(poll);
            uv_timer_start(&server->pause, server_resume, 10, 0);
            return;
        }
        int socket = accept4(server->listen_socket, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (socket < 0) {
            if (errno == EMFILE || errno == ENFILE) {
                uv_poll_stop(poll);
                uv_timer_start(&server->pause, server_resume, 100, 0);
            }
            return;
        }
        shell_add_socket(&server->shells.shells[server->next_shell], socket);
        server->next_shell = (server->next_shell + 1) % server->shells.count;
    }
}

static void server_resume(uv_timer_t *timer)
{
    struct server *server = timer->data;
    if (!server->is_stopping)
        uv_poll_start(&server->accepting, UV_READABLE, server_on_acceptable);
}

/* What nobody hears is no reason not to serve. */
static void server_tell(const struct server *server, const char *lines)
{
    if (ready_tell(&server->ready, lines) != STATUS_OK)
        log_say(LOG_service_manager_deaf, LOG_TEXT("told", lines));
}

static void server_begin_stop(struct server *server)
{
    if (server->is_stopping)
        return;
    server->is_stopping = true;
    server_tell(server, "STOPPING=1");
    uv_poll_stop(&server->accepting);
    uv_timer_stop(&server->pause);
    uv_stop(&server->loop);
}

static void server_on_stop(uv_async_t *async)
{
    server_begin_stop(async->data);
}

static void server_on_signal(uv_signal_t *signal, int number)
{
    log_say(LOG_server_stopping, LOG_TEXT("signal", number == SIGINT ? "SIGINT" : "SIGTERM"));
    server_begin_stop(signal->data);
}

/* Read the policy file again; the worker that does so says when (shell.c). */
static void server_on_hangup(uv_signal_t *signal, int number)
{
    struct server *server = signal->data;
    (void)number;
    (void)!ready_tell_reloading(&server->ready);
    (void)shell_mail(&server->shells.shells[POLICIES_WORKER], (struct mail){.kind = MAIL_RELOAD});
}

static void server_init_loop(struct server *server)
{
    uv_loop_init(&server->loop);
    uv_poll_init(&server->loop, &server->accepting, server->listen_socket);
    uv_timer_init(&server->loop, &server->pause);
    uv_async_init(&server->loop, &server->stop, server_on_stop);
    uv_signal_init(&server->loop, &server->terminate);
    uv_signal_init(&server->loop, &server->interrupt);
    uv_signal_init(&server->loop, &server->hangup);
    server->accepting.data = server->pause.data = server->stop.data = server;
    server->terminate.data = server->interrupt.data = server;
    server->hangup.data = server;
    uv_signal_start(&server->terminate, server_on_signal, SIGTERM);
    uv_signal_start(&server->interrupt, server_on_signal, SIGINT);
    uv_signal_start(&server->hangup, server_on_hangup, SIGHUP);
}

/* What the server owns besides threads and sockets. */
static void server_free(struct server *server)
{
    transport_tls_free(server->tls);
    identity_keys_free(server->keys);
    sodium_memzero(server->ticket_key, sizeof(server->ticket_key));
    store_close(server->store);
    policy_free(server->policy);
    free(server->policy_file);
    free(server);
}

enum status server_open(const struct config *config, struct server **opened,
                        struct failure *failure)
{
    struct server *server = memory_new(sizeof(*server));
    uint8_t table_key[16];
    server->listen_socket = server->http_socket = -1;
    server->started_ms = clock_wall_ms();
    if (sodium_init() < 0) {
        free(server);
        return failure_set(failure, STATUS_IO, "The system has no source of randomness.");
    }
    randombytes_buf(table_key, sizeof(table_key));
    table_seed(table_key);
    signal(SIGPIPE, SIG_IGN);
    server_raise_file_limit();
    (void)log_configure(config->log, config->log_level); /* checked by config_check */

    enum status status = ready_init(&server->ready, getenv("NOTIFY_SOCKET"));
    if (status != STATUS_OK)
        failure_set(failure, status,
                    "NOTIFY_SOCKET is no absolute path and no @name; unset it, or start the server "
                    "by the service manager that set it.");
    if (status == STATUS_OK)
        status = server_open_policy(server, config, failure);
    if (status == STATUS_OK)
        status = server_open_data(server, config, failure);
    if (status == STATUS_OK)
        status = server_open_audit(server, config, failure);
    if (status == STATUS_OK)
        status = webhooks_start(config, server->store, &server->webhooks, failure);
    if (status == STATUS_OK)
        status = server_open_keys(server, config, failure);
    if (status == STATUS_OK)
        server->control = control_start(config->data, server->store, server->auditor);
    if (status == STATUS_OK)
        status = server_open_sockets(server, config, failure);
    if (status != STATUS_OK) {
        if (server->listen_socket >= 0)
            close(server->listen_socket);
        if (server->http_socket >= 0)
            close(server->http_socket);
        webhooks_stop(server->webhooks);
        control_stop(server->control);
        auditor_stop(server->auditor);
        server_free(server);
        return status;
    }
    scrubber_start(&server->scrubber, server->store, config->erasure_horizon_ms);
    server_init_loop(server);
    server_limit_accepts(server, config);
    server_start_workers(server, config);
    if (server->http_socket >= 0) {
        struct backend_settings settings = {config->data, &server->shells, server, server_health,
                                            server_metrics};
        status = backend_start(server->http_socket, &settings, &server->backend, failure);
    }
    if (status != STATUS_OK) {
        server_close(server);
        return status;
    }
    *opened = server;
    server->has_started = true;
    log_say(LOG_server_started, LOG_TEXT("version", UNSAY_VERSION),
            LOG_TEXT("listen", server->listen_address), LOG_TEXT("http", server->http_address),
            LOG_TEXT("data", config->data), LOG_NUMBER("workers", server->shells.count));
    return STATUS_OK;
}

const char *server_listen_address(const struct server *server)
{
    return server->listen_address;
}

const char *server_http_address(const struct server *server)
{
    return server->http_address;
}

/* Tells the clients, and waits until what was decided is durable and answered, within limits. */
static void server_drain(struct server *server)
{
    struct shells *shells = &server->shells;
    for (unsigned i = 0; i < shells->count; i++)
        shell_enter(&shells->shells[i], SHELL_DRAINING);
    uint64_t deadline_ns = uv_hrtime() + (uint64_t)SERVER_DRAIN_MS * 1000000;
    for (unsigned drained = 0; drained < shells->count && uv_hrtime() < deadline_ns;) {
        uv_sleep(10);
        drained = 0;
        for (unsigned i = 0; i < shells->count; i++)
            drained += atomic_load(&shells->shells[i].is_drained);
    }
    committer_stop(&server->committer);
    for (unsigned i = 0; i < shells->count; i++)
        shell_enter(&shells->shells[i], SHELL_CLOSING);
    for (unsigned i = 0; i < shells->count; i++)
        shell_join(&shells->shells[i]);
    server->policy = shells->shells[0].worker.settings.rules.policy;
}

void server_run(struct server *server)
{
    uv_poll_start(&server->accepting, UV_READABLE, server_on_acceptable);
    server_tell(server, "READY=1\nSTATUS=Serving");
    uv_run(&server->loop, UV_RUN_DEFAULT);
    server_begin_stop(server);
}

void server_stop(struct server *server)
{
    uv_async_send(&server->stop);
}

void server_close(struct server *server)
{
    if (server == NULL)
        return;
    server_begin_stop(server);
    backend_drain(server->backend);
    server_drain(server);
    backend_stop(server->backend);
    uv_close((uv_handle_t *)&server->accepting, NULL);
    uv_close((uv_handle_t *)&server->pause, NULL);
    uv_close((uv_handle_t *)&server->stop, NULL);
    uv_close((uv_handle_t *)&server->terminate, NULL);
    uv_close((uv_handle_t *)&server->interrupt, NULL);
    uv_close((uv_handle_t *)&server->hangup, NULL);
    uv_run(&server->loop, UV_RUN_DEFAULT);
    uv_loop_close(&server->loop);
    close(server->listen_socket);
    scrubber_stop(&server->scrubber);
    control_stop(server->control);
    auditor_stop(server->auditor);
    webhooks_stop(server->webhooks);
    if (server->has_started)
        log_write(LOG_server_stopped, NULL);
    free(server->shells.shells);
    server_free(server);
}
