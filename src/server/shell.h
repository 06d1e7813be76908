/* The server's shell around one worker: a thread with an event loop, a mailbox and connections. It
 * performs what routing/shell.h and access/peer.h ask for. A turn is one iteration of the loop:
 * inputs come, then what was decided is committed and what is queued is flushed. */
#ifndef UNSAY_SERVER_SHELL_H
#define UNSAY_SERVER_SHELL_H

#include "access/connection.h"
#include "routing/worker.h"
#include "server/committer.h"
#include "server/mailbox.h"
#include "server/ready.h"

struct shells {
    struct shell *shells;
    unsigned count;
    struct committer *committer;
    struct policies *policies;
    struct auditor *auditor;
    const struct ready *ready;
};

enum shell_phase { SHELL_SERVING, SHELL_DRAINING, SHELL_CLOSING };

struct shell {
    struct shells *all;
    uv_loop_t loop;
    uv_thread_t thread;
    uv_async_t wake;
    uv_timer_t tick;
    uv_check_t turn_end;
    struct mailbox mailbox;
    struct worker worker;
    struct connections connections;
    uv_mutex_t sockets_mutex; /* guards sockets and requested_phase */
    int *sockets;             /* accepted, not yet taken over */
    size_t socket_count;
    size_t socket_capacity;
    enum shell_phase requested_phase;
    enum shell_phase phase;
    uint64_t clock_read_ms; /* loop's time when the kernel was asked about its clock; 0: never */
    uint64_t wall_error_ms;
    bool is_in_turn;        /* the clock was read in this turn */
    atomic_bool is_drained; /* draining, and nothing decided or queued is left */
};

struct shell_settings {
    struct store *store;
    const struct connection_settings *connections;
    struct connection_counts *counts;
    const struct worker_settings *worker;
};

void shell_start(struct shell *shell, struct shells *all, unsigned index,
                 const struct shell_settings *settings);

/* From any thread: a new connection's socket. */
void shell_add_socket(struct shell *shell, int socket);

/* From any thread: goes on to the phase. DRAINING: no new requests, clients are told. CLOSING: ends
 * the loop; then shell_join. */
void shell_enter(struct shell *shell, enum shell_phase phase);
void shell_join(struct shell *shell);

/* From any thread: hands mail over, waking the loop. */
bool shell_mail(struct shell *shell, struct mail mail);

#endif
