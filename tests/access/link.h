/* A client's and a server's transport with two wires of bytes between them, in memory. */
#ifndef UNSAY_TESTS_ACCESS_LINK_H
#define UNSAY_TESTS_ACCESS_LINK_H

#include "access/transport.h"
#include "base/prng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* How a wire cuts what it carries. */
enum link_cut { LINK_WHOLE, LINK_BYTES, LINK_RANDOM };

struct link_end {
    struct transport *transport;
    struct buffer sent;     /* bytes on their way to the other end */
    struct buffer received; /* whole frames, one after another */
    size_t frame_count;
    size_t stop_after; /* frames; 0: never */
    enum status status;
    struct failure failure;
};

struct link {
    struct link_end client;
    struct link_end server;
    enum link_cut cut;
    struct prng prng;
};

/* A self-signed ECDSA certificate for chat.test and 127.0.0.1, in files of a new directory. */
struct link_certificate {
    char directory[64];
    char certificate[96];
    char key[96];
};
void link_certificate_make(struct link_certificate *files);
void link_certificate_remove(const struct link_certificate *files);

/* Either TLS may be NULL. */
void link_init(struct link *link, bool is_websocket, bool is_tls, const char *host,
               struct transport_tls *client_tls, struct transport_tls *server_tls,
               enum link_cut cut);
void link_fini(struct link *link);

/* Carries bytes until nothing moves any more, or both ends have failed. */
void link_run(struct link *link);

/* Gives bytes straight to an end, as if its peer had sent them. */
enum status link_inject(struct link_end *end, const void *bytes, size_t size);

/* Sends a frame with `payload_bytes` bytes that follow from `seed`. */
void link_send(struct link_end *end, size_t payload_bytes, uint8_t seed);

/* The frame that link_send makes; the caller frees `data`. */
struct view link_frame(size_t payload_bytes, uint8_t seed);

/* Fails the test unless this frame is the next of those that came. */
void link_expect(struct link_end *end, size_t payload_bytes, uint8_t seed);

#endif
