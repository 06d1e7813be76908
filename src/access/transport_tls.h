/* A TLS channel: turns the network's bytes into plain ones and back, with OpenSSL but without a
 * socket. OpenSSL reads from the input that was lent and writes to the `out` of the call, through a
 * BIO that holds nothing; so an idle channel keeps no buffers.
 *
 *   HANDSHAKE --tls_channel_handshake--> OPEN --close_notify or failure--> nothing more
 */
#ifndef UNSAY_ACCESS_TRANSPORT_TLS_H
#define UNSAY_ACCESS_TRANSPORT_TLS_H

#include "access/transport.h"

struct tls_channel;

/* `tls` must outlive the channel. `host` is the name that the server's certificate must bear. */
struct tls_channel *tls_channel_new_server(struct transport_tls *tls);
struct tls_channel *tls_channel_new_client(struct transport_tls *tls, const char *host);
void tls_channel_free(struct tls_channel *channel);

/* Lends the network's bytes until the handshake and the reads have used them all. */
void tls_channel_feed(struct tls_channel *channel, struct view input);

/* Goes on with the handshake as far as the input allows. OK does not mean open. */
MUST_CHECK enum status tls_channel_handshake(struct tls_channel *channel, struct buffer *out,
                                             struct failure *failure);
bool tls_channel_is_open(const struct tls_channel *channel);

/* Plain bytes, at most `capacity`; *size 0: the input is used up. CLOSED after a close_notify. */
MUST_CHECK enum status tls_channel_read(struct tls_channel *channel, uint8_t *plain,
                                        size_t capacity, size_t *size, struct buffer *out,
                                        struct failure *failure);

MUST_CHECK enum status tls_channel_write(struct tls_channel *channel, struct view plain,
                                         struct buffer *out);

/* Appends close_notify, if the handshake came that far. */
void tls_channel_close(struct tls_channel *channel, struct buffer *out);

#endif
