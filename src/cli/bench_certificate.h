/* A certificate of its own for a server on localhost: ECDSA over P-256, valid for a day. */
#ifndef UNSAY_CLI_BENCH_CERTIFICATE_H
#define UNSAY_CLI_BENCH_CERTIFICATE_H

#include "base/status.h"

/* Writes both as PEM. */
MUST_CHECK enum status bench_certificate_write(const char *certificate_file, const char *key_file,
                                               struct failure *failure);

#endif
