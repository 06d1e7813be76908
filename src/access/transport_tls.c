#include "access/transport_tls.h"

#include "base/memory.h"

#include <arpa/inet.h>
#include <assert.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

struct transport_tls {
    SSL_CTX *context;
    BIO_METHOD *method; /* of the BIO between OpenSSL and a channel */
};

struct tls_channel {
    SSL *ssl;
    struct view input;  /* lent; what OpenSSL has not read yet */
    struct buffer *out; /* lent for one call; NULL between calls */
    bool is_server;
};

/* BIO: how OpenSSL reaches the channel */

static int tls_bio_read(BIO *bio, char *data, size_t capacity, size_t *size)
{
    struct tls_channel *channel = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (channel->input.size == 0) {
        BIO_set_retry_read(bio);
        return 0;
    }
    *size = channel->input.size < capacity ? channel->input.size : capacity;
    memcpy(data, channel->input.data, *size);
    channel->input = view_make(channel->input.data + *size, channel->input.size - *size);
    return 1;
}

static int tls_bio_write(BIO *bio, const char *data, size_t size, size_t *written)
{
    struct tls_channel *channel = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (channel->out == NULL)
        return 0;
    buffer_append(channel->out, data, size);
    *written = size;
    return 1;
}

static long tls_bio_control(BIO *bio, int command, long number, void *pointer)
{
    (void)bio;
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH;
}

static BIO_METHOD *tls_bio_method_new(void)
{
    BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "unsay");
    if (method == NULL)
        return NULL;
    if (BIO_meth_set_read_ex(method, tls_bio_read) == 1 &&
        BIO_meth_set_write_ex(method, tls_bio_write) == 1 &&
        BIO_meth_set_ctrl(method, tls_bio_control) == 1)
        return method;
    BIO_meth_free(method);
    return NULL;
}

/* Settings of a process */

/* OpenSSL's words for the last thing that went wrong; its queue is empty afterwards. */
static const char *tls_reason(void)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    ERR_clear_error();
    return reason == NULL ? "unknown reason" : reason;
}

/* Without this, OpenSSL would ask at the terminal and wait. */
static int tls_no_passphrase(char *text, int capacity, int is_writing, void *context)
{
    (void)text;
    (void)capacity;
    (void)is_writing;
    (void)context;
    return -1;
}

static struct transport_tls *transport_tls_new(const SSL_METHOD *role)
{
    struct transport_tls *tls = memory_new(sizeof(*tls));
    ERR_clear_error();
    tls->context = SSL_CTX_new(role);
    tls->method = tls_bio_method_new();
    if (tls->context == NULL || tls->method == NULL ||
        SSL_CTX_set_min_proto_version(tls->context, TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_cipher_list(tls->context, "ECDHE+AESGCM:ECDHE+CHACHA20") != 1) {
        transport_tls_free(tls);
        return NULL;
    }
    SSL_CTX_set_mode(tls->context, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_options(tls->context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                          SSL_OP_NO_TICKET | SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_session_cache_mode(tls->context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_default_passwd_cb(tls->context, tls_no_passphrase);
    return tls;
}

enum status transport_tls_server(const char *certificate_file, const char *key_file,
                                 struct transport_tls **tls, struct failure *failure)
{
    enum status status = STATUS_OK;
    *tls = transport_tls_new(TLS_server_method());
    if (*tls == NULL)
        return failure_set(failure, STATUS_UNSUPPORTED, "TLS cannot be set up: %s", tls_reason());
    SSL_CTX *context = (*tls)->context;
    (void)SSL_CTX_set_num_tickets(context, 0);
    if (SSL_CTX_use_certificate_chain_file(context, certificate_file) != 1)
        status = failure_set(failure, STATUS_MALFORMED,
                             "the TLS certificate %s cannot be used (%s): give a PEM file with the "
                             "server's certificate first, then its chain",
                             certificate_file, tls_reason());
    else if (SSL_CTX_use_PrivateKey_file(context, key_file, SSL_FILETYPE_PEM) != 1 &&
             ERR_GET_REASON(ERR_peek_last_error()) != X509_R_KEY_VALUES_MISMATCH)
        status = failure_set(failure, STATUS_MALFORMED,
                             "the TLS key %s cannot be used (%s): give a PEM file with the "
                             "certificate's private key, without a passphrase",
                             key_file, tls_reason());
    else if (SSL_CTX_check_private_key(context) != 1) /* also where it is of another type */
        status = failure_set(failure, STATUS_MALFORMED,
                             "the TLS key %s does not belong to the certificate %s: give the key "
                             "that the certificate was made for",
                             key_file, certificate_file);
    ERR_clear_error();
    if (status != STATUS_OK) {
        transport_tls_free(*tls);
        *tls = NULL;
    }
    return status;
}

enum status transport_tls_client(const char *ca_file, struct transport_tls **tls,
                                 struct failure *failure)
{
    *tls = transport_tls_new(TLS_client_method());
    if (*tls == NULL)
        return failure_set(failure, STATUS_UNSUPPORTED, "TLS cannot be set up: %s", tls_reason());
    SSL_CTX *context = (*tls)->context;
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    int is_loaded = ca_file == NULL ? SSL_CTX_set_default_verify_paths(context)
                                    : SSL_CTX_load_verify_file(context, ca_file);
    if (is_loaded == 1)
        return STATUS_OK;
    transport_tls_free(*tls);
    *tls = NULL;
    return failure_set(failure, STATUS_MALFORMED,
                       "the authorities in %s cannot be used (%s): give a PEM file of certificates",
                       ca_file == NULL ? "the system's store" : ca_file, tls_reason());
}

void transport_tls_free(struct transport_tls *tls)
{
    if (tls == NULL)
        return;
    SSL_CTX_free(tls->context);
    BIO_meth_free(tls->method);
    free(tls);
}

/* Channels */

static struct tls_channel *tls_channel_new(struct transport_tls *tls)
{
    struct tls_channel *channel = memory_new(sizeof(*channel));
    BIO *bio = BIO_new(tls->method);
    channel->ssl = SSL_new(tls->context);
    if (bio == NULL || channel->ssl == NULL) {
        fprintf(stderr, "unsay: out of memory while a TLS connection was made\n");
        abort();
    }
    BIO_set_data(bio, channel);
    BIO_set_init(bio, 1);
    SSL_set_bio(channel->ssl, bio, bio);
    return channel;
}

struct tls_channel *tls_channel_new_server(struct transport_tls *tls)
{
    struct tls_channel *channel = tls_channel_new(tls);
    channel->is_server = true;
    SSL_set_accept_state(channel->ssl);
    return channel;
}

static bool tls_host_is_address(const char *host)
{
    struct in6_addr address;
    return inet_pton(AF_INET, host, &address) == 1 || inet_pton(AF_INET6, host, &address) == 1;
}

struct tls_channel *tls_channel_new_client(struct transport_tls *tls, const char *host)
{
    struct tls_channel *channel = tls_channel_new(tls);
    SSL_set_connect_state(channel->ssl);
    SSL_set_hostflags(channel->ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    /* A host that OpenSSL cannot take must never mean that any name will do. SSL_ctrl
     * stands for the macro SSL_set_tlsext_host_name, which casts const away. */
    if (host[0] == 0 || SSL_set1_host(channel->ssl, host) != 1 ||
        (!tls_host_is_address(host) &&
         SSL_ctrl(channel->ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                  (void *)(uintptr_t)host) != 1)) {
        SSL_free(channel->ssl);
        channel->ssl = NULL;
        ERR_clear_error();
    }
    return channel;
}

void tls_channel_free(struct tls_channel *channel)
{
    if (channel == NULL)
        return;
    SSL_free(channel->ssl);
    free(channel);
}

void tls_channel_feed(struct tls_channel *channel, struct view input)
{
    channel->input = input;
}

/* What became of a call that did not succeed; OK when it only wants more input. */
static enum status tls_channel_result(struct tls_channel *channel, int result,
                                      struct failure *failure)
{
    switch (SSL_get_error(channel->ssl, result)) {
    case SSL_ERROR_WANT_READ:
        return STATUS_OK;
    case SSL_ERROR_ZERO_RETURN:
        return failure_set(failure, STATUS_CLOSED, "the peer closed the TLS connection");
    default:
        break;
    }
    long verdict = SSL_get_verify_result(channel->ssl);
    if (!channel->is_server && verdict != X509_V_OK) {
        ERR_clear_error();
        return failure_set(failure, STATUS_UNTRUSTED,
                           "the server's certificate could not be verified: %s",
                           X509_verify_cert_error_string(verdict));
    }
    return failure_set(failure, STATUS_MALFORMED, "TLS failed: %s", tls_reason());
}

enum status tls_channel_handshake(struct tls_channel *channel, struct buffer *out,
                                  struct failure *failure)
{
    if (channel->ssl == NULL)
        return failure_set(failure, STATUS_UNTRUSTED,
                           "the host is not a name that a certificate can bear");
    ERR_clear_error();
    channel->out = out;
    int result = SSL_do_handshake(channel->ssl);
    channel->out = NULL;
    return result == 1 ? STATUS_OK : tls_channel_result(channel, result, failure);
}

bool tls_channel_is_open(const struct tls_channel *channel)
{
    return channel->ssl != NULL && SSL_is_init_finished(channel->ssl);
}

enum status tls_channel_read(struct tls_channel *channel, uint8_t *plain, size_t capacity,
                             size_t *size, struct buffer *out, struct failure *failure)
{
    ERR_clear_error();
    channel->out = out;
    *size = 0;
    int result = SSL_read_ex(channel->ssl, plain, capacity, size);
    channel->out = NULL;
    return result == 1 ? STATUS_OK : tls_channel_result(channel, result, failure);
}

enum status tls_channel_write(struct tls_channel *channel, struct view plain, struct buffer *out)
{
    if (plain.size == 0)
        return STATUS_OK;
    size_t written;
    ERR_clear_error();
    channel->out = out;
    int result = SSL_write_ex(channel->ssl, plain.data, plain.size, &written);
    channel->out = NULL;
    ERR_clear_error();
    return result == 1 ? STATUS_OK : STATUS_CLOSED;
}

void tls_channel_close(struct tls_channel *channel, struct buffer *out)
{
    if (!tls_channel_is_open(channel))
        return;
    channel->out = out;
    (void)SSL_shutdown(channel->ssl);
    channel->out = NULL;
    ERR_clear_error();
}
