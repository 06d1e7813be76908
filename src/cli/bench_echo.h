/* A server that speaks the protocol and does nothing else: it stores nothing, checks nothing and
 * forgets everything. What it costs is what sockets and encoding cost. */
#ifndef UNSAY_CLI_BENCH_ECHO_H
#define UNSAY_CLI_BENCH_ECHO_H

#include "base/status.h"

#include <netinet/in.h>
#include <sys/types.h>

/* Starts it in a child process, which ends with SIGTERM, or when this process does. */
MUST_CHECK enum status bench_echo_start(pid_t *pid, struct sockaddr_in *address,
                                        struct failure *failure);

/* Ends it. */
void bench_echo_stop(pid_t pid);

#endif
