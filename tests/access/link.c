#include "link.h"

#include "base/memory.h"
#include "core/frame.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

static void link_certificate_write(const struct link_certificate *files, X509 *x509, EVP_PKEY *key)
{
    FILE *file = fopen(files->certificate, "w");
    assert_non_null(file);
    assert_int_equal(PEM_write_X509(file, x509), 1);
    assert_int_equal(fclose(file), 0);
    file = fopen(files->key, "w");
    assert_non_null(file);
    assert_int_equal(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
    assert_int_equal(fclose(file), 0);
}

void link_certificate_make(struct link_certificate *files)
{
    snprintf(files->directory, sizeof(files->directory), "/tmp/unsay-test-XXXXXX");
    assert_non_null(mkdtemp(files->directory));
    snprintf(files->certificate, sizeof(files->certificate), "%s/cert.pem", files->directory);
    snprintf(files->key, sizeof(files->key), "%s/key.pem", files->directory);

    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x509 = X509_new();
    assert_non_null(key);
    assert_non_null(x509);
    X509_set_version(x509, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
    X509_gmtime_adj(X509_getm_notBefore(x509), -3600);
    X509_gmtime_adj(X509_getm_notAfter(x509), 3600);
    X509_set_pubkey(x509, key);
    X509_NAME *name = X509_get_subject_name(x509);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)"test", -1, -1, 0);
    X509_set_issuer_name(x509, name);
    X509_EXTENSION *names =
        X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "DNS:chat.test,IP:127.0.0.1");
    assert_non_null(names);
    X509_add_ext(x509, names, -1);
    X509_EXTENSION_free(names);
    assert_true(X509_sign(x509, key, EVP_sha256()) > 0);
    link_certificate_write(files, x509, key);
    X509_free(x509);
    EVP_PKEY_free(key);
}

void link_certificate_remove(const struct link_certificate *files)
{
    unlink(files->certificate);
    unlink(files->key);
    rmdir(files->directory);
}

static void link_end_init(struct link_end *end, struct transport *transport)
{
    *end = (struct link_end){.transport = transport};
    buffer_init(&end->sent);
    buffer_init(&end->received);
}

static void link_end_fini(struct link_end *end)
{
    transport_free(end->transport);
    buffer_fini(&end->sent);
    buffer_fini(&end->received);
}

void link_init(struct link *link, bool is_websocket, bool is_tls, const char *host,
               struct transport_tls *client_tls, struct transport_tls *server_tls,
               enum link_cut cut)
{
    static const uint8_t random[16] = {1, 2, 3, 4, 5, 6, 7, 8};
    struct transport_target target = {
        .host = host, .path = NULL, .is_websocket = is_websocket, .is_tls = is_tls};
    link_end_init(&link->client, transport_new_client(&target, client_tls, random));
    link_end_init(&link->server, transport_new_server(server_tls));
    link->cut = cut;
    link->prng = (struct prng){1};
    link->client.status = transport_start(link->client.transport, &link->client.sent);
}

void link_fini(struct link *link)
{
    link_end_fini(&link->client);
    link_end_fini(&link->server);
}

static bool link_on_frame(void *context, struct view frame)
{
    struct link_end *end = context;
    assert_true(frame.size >= FRAME_HEADER_BYTES);
    assert_int_equal(frame_payload_bytes(frame.data), frame.size - FRAME_HEADER_BYTES);
    buffer_append(&end->received, frame.data, frame.size);
    end->frame_count++;
    return end->stop_after == 0 || end->frame_count < end->stop_after;
}

enum status link_inject(struct link_end *end, const void *bytes, size_t size)
{
    /* A heap copy of the very size, so that the sanitizers see a read beyond it. */
    uint8_t *copy = memory_resize(NULL, size);
    memcpy(copy, bytes, size);
    end->status = transport_receive(end->transport, view_make(copy, size), link_on_frame, end,
                                    &end->sent, &end->failure);
    free(copy);
    return end->status;
}

static bool link_carry(struct link *link, struct link_end *from, struct link_end *to)
{
    size_t size = buffer_size(&from->sent);
    if (size == 0 || to->status != STATUS_OK)
        return false;
    if (link->cut == LINK_BYTES)
        size = 1;
    else if (link->cut == LINK_RANDOM)
        size = 1 + prng_below(&link->prng, size < 9000 ? size : 9000);
    (void)link_inject(to, buffer_view(&from->sent).data, size);
    buffer_consume(&from->sent, size);
    return true;
}

void link_run(struct link *link)
{
    bool has_moved = true;
    while (has_moved) {
        has_moved = link_carry(link, &link->client, &link->server);
        has_moved |= link_carry(link, &link->server, &link->client);
    }
}

struct view link_frame(size_t payload_bytes, uint8_t seed)
{
    uint8_t *frame = memory_new(FRAME_HEADER_BYTES + payload_bytes);
    for (int i = 0; i < FRAME_HEADER_BYTES; i++)
        frame[i] = (uint8_t)(payload_bytes >> (24 - 8 * i));
    for (size_t i = 0; i < payload_bytes; i++)
        frame[FRAME_HEADER_BYTES + i] = (uint8_t)(i * 31 + (i >> 8) + seed);
    return view_make(frame, FRAME_HEADER_BYTES + payload_bytes);
}

void link_send(struct link_end *end, size_t payload_bytes, uint8_t seed)
{
    struct view frame = link_frame(payload_bytes, seed);
    assert_int_equal(transport_send(end->transport, frame, &end->sent), STATUS_OK);
    free((void *)(uintptr_t)frame.data);
}

void link_expect(struct link_end *end, size_t payload_bytes, uint8_t seed)
{
    struct view expected = link_frame(payload_bytes, seed);
    assert_true(buffer_size(&end->received) >= expected.size);
    assert_memory_equal(buffer_view(&end->received).data, expected.data, expected.size);
    buffer_consume(&end->received, expected.size);
    free((void *)(uintptr_t)expected.data);
}
