/* What is wrong with a server's configuration, for those who check it: each thing a finding. */
#ifndef UNSAY_CLI_CONFIG_FINDINGS_H
#define UNSAY_CLI_CONFIG_FINDINGS_H

#include "cli/doctor.h"

/* Reads the file, if there is one (NULL: none), and the environment over the defaults in `config`,
 * and tells everything that cannot be read or is no value for its setting. STATUS_MALFORMED: that
 * was told, and the rest is there. Any other failure: the file is not. */
MUST_CHECK enum status config_findings_read(struct doctor *doctor, const char *file,
                                            struct config *config);

/* Tells every setting whose value makes no sense, and every file that a setting names and that a
 * server could not use. False: a problem was told. */
bool config_findings_check(struct doctor *doctor, const struct config *config);

#endif
