/* One end of many connections in one thread, as cheaply as libuv allows, so that what is measured
 * is the other end: one arena that is reset at each read, and one write per turn of the loop and
 * connection. The load generator and the echo server of `unsay bench` stand on it. */
#ifndef UNSAY_CLI_BENCH_PEER_H
#define UNSAY_CLI_BENCH_PEER_H

#include "access/transport.h"
#include "base/arena.h"
#include "base/list.h"
#include "core/contract.h"

#include <uv.h>

enum { PEER_READ_BYTES = 65536, PEER_UNSENT_BYTES_MAX = 16 << 20 };

struct peer;

/* `frame` is lent for the call. */
typedef void peer_frame_fn(struct peer *peer, struct view frame);
typedef void peer_ready_fn(struct peer *peer);
/* At most once, and not after peer_close. */
typedef void peer_end_fn(struct peer *peer, const char *why);

struct peer_loop {
    uv_loop_t uv;
    uv_prepare_t flush;
    struct list dirty;       /* peers with something to send */
    struct arena arena;      /* for one read */
    uint64_t now_ns;         /* when the last read began, or peer_loop_now */
    peer_ready_fn *on_ready; /* frames can be sent */
    peer_frame_fn *on_frame;
    peer_end_fn *on_end;
    uint8_t input[PEER_READ_BYTES];
};

struct peer {
    struct peer_loop *loop;
    struct transport *transport; /* owned */
    uv_tcp_t tcp;
    uv_connect_t connect;
    uv_write_t write;
    struct buffer out;     /* goes out at the end of this turn */
    struct buffer writing; /* what the socket did not take at once */
    struct list dirty;
    bool is_ready;
    bool is_writing;
    bool is_ended;
    bool is_open; /* its handle must be closed */
};

void peer_loop_init(struct peer_loop *loop);

/* After every peer of it was closed; runs the loop until the handles are gone. */
void peer_loop_fini(struct peer_loop *loop);

void peer_loop_now(struct peer_loop *loop);

/* On the caller's storage, which must live until peer_loop_fini. The transport's ownership moves.
 */
void peer_init(struct peer *peer, struct peer_loop *loop, struct transport *transport);

void peer_connect(struct peer *peer, const struct sockaddr *address);

/* The same from this local address; NULL: from any. */
void peer_connect_from(struct peer *peer, const struct sockaddr *address,
                       const struct sockaddr *from);
void peer_accept(struct peer *peer, uv_stream_t *listener);

/* Frees nothing of the caller's. Harmless when it never connected. */
void peer_close(struct peer *peer);

/* Frees transport and buffers; after peer_loop_fini. */
void peer_fini(struct peer *peer);

void peer_send_client(struct peer *peer, const wire_client_frame *frame);
void peer_send_server(struct peer *peer, const wire_server_frame *frame);

#endif
