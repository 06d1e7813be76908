#include "access/certificate.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stdio.h>

static bool certificate_time(const ASN1_TIME *time, time_t *seconds)
{
    struct tm parts;
    if (ASN1_TIME_to_tm(time, &parts) != 1)
        return false;
    *seconds = timegm(&parts);
    return true;
}

enum status certificate_read_times(const char *file, struct certificate_times *times,
                                   struct failure *failure)
{
    unsigned count = 0;
    FILE *in = fopen(file, "re");
    X509 *certificate;
    while (in != NULL && (certificate = PEM_read_X509(in, NULL, NULL, NULL)) != NULL) {
        time_t from;
        time_t until;
        if (certificate_time(X509_get0_notBefore(certificate), &from) &&
            certificate_time(X509_get0_notAfter(certificate), &until)) {
            times->from = count == 0 || from > times->from ? from : times->from;
            times->until = count == 0 || until < times->until ? until : times->until;
            count++;
        }
        X509_free(certificate);
    }
    ERR_clear_error();
    if (in != NULL)
        fclose(in);
    if (count > 0)
        return STATUS_OK;
    return failure_set(failure, STATUS_MALFORMED, "%s holds no certificate in PEM.", file);
}
