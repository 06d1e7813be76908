/* For how long a certificate, with its chain, is good. */
#ifndef UNSAY_ACCESS_CERTIFICATE_H
#define UNSAY_ACCESS_CERTIFICATE_H

#include "base/status.h"

#include <time.h>

struct certificate_times {
    time_t from;  /* when the last of them begins to be valid */
    time_t until; /* when the first of them ends */
};

/* `file` is PEM. Where it holds no certificate, the failure says so. */
MUST_CHECK enum status certificate_read_times(const char *file, struct certificate_times *times,
                                              struct failure *failure);

#endif
