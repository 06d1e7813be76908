#include "cli/bench_certificate.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>

enum { CERTIFICATE_SECONDS = 86400, CERTIFICATE_V3 = 2 };

static bool certificate_extend(X509 *certificate, int kind, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, kind, value);
    bool is_added = extension != NULL && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return is_added;
}

static bool certificate_fill(X509 *certificate, EVP_PKEY *key)
{
    X509_NAME *name = X509_get_subject_name(certificate);
    return X509_set_version(certificate, CERTIFICATE_V3) == 1 &&
           ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1) == 1 &&
           X509_gmtime_adj(X509_getm_notBefore(certificate), -60) != NULL &&
           X509_gmtime_adj(X509_getm_notAfter(certificate), CERTIFICATE_SECONDS) != NULL &&
           X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"localhost",
                                      -1, -1, 0) == 1 &&
           X509_set_issuer_name(certificate, name) == 1 && X509_set_pubkey(certificate, key) == 1 &&
           certificate_extend(certificate, NID_basic_constraints, "critical,CA:TRUE") &&
           certificate_extend(certificate, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1") &&
           X509_sign(certificate, key, EVP_sha256()) > 0;
}

static bool certificate_write_key(const char *path, EVP_PKEY *key)
{
    FILE *file = fopen(path, "we");
    bool is_written =
        file != NULL && PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) == 1;
    if (file != NULL && fclose(file) != 0)
        is_written = false;
    return is_written;
}

static bool certificate_write_chain(const char *path, X509 *certificate)
{
    FILE *file = fopen(path, "we");
    bool is_written = file != NULL && PEM_write_X509(file, certificate) == 1;
    if (file != NULL && fclose(file) != 0)
        is_written = false;
    return is_written;
}

enum status bench_certificate_write(const char *certificate_file, const char *key_file,
                                    struct failure *failure)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    bool is_made = key != NULL && certificate != NULL && certificate_fill(certificate, key);
    bool is_written = is_made && certificate_write_key(key_file, key) &&
                      certificate_write_chain(certificate_file, certificate);
    X509_free(certificate);
    EVP_PKEY_free(key);
    if (!is_made)
        return failure_set(failure, STATUS_IO, "OpenSSL cannot make a certificate");
    if (!is_written)
        return failure_set(failure, STATUS_IO, "cannot write %s or %s", certificate_file, key_file);
    return STATUS_OK;
}
