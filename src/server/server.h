/* The server: threads, sockets and store around the workers.
 *
 *   accepting thread (the caller's)   listens, deals connections out in turn, waits for signals
 *   worker threads                    an event loop each: connections, sessions, conversations
 *   committer threads                 write groups, one sync for all that wait
 *   HTTP thread                       /healthz, /metrics, the API
 *   control thread                    backups, for a command on this machine
 */
#ifndef UNSAY_SERVER_SERVER_H
#define UNSAY_SERVER_SERVER_H

#include "server/config.h"

struct server;

/* Opens the store, takes the data directory, binds the ports. On failure the text says what to do.
 */
MUST_CHECK enum status server_open(const struct config *config, struct server **server,
                                   struct failure *failure);

/* The addresses in use, with the real ports where 0 was asked for: "127.0.0.1:7410". Valid until
 * server_close. */
const char *server_listen_address(const struct server *server);
const char *server_http_address(const struct server *server); /* "" when off */

/* Serves until SIGTERM or SIGINT, or server_stop from any thread; then stops gracefully: clients
 * are told, what was decided is committed and answered. */
void server_run(struct server *server);
void server_stop(struct server *server);

void server_close(struct server *server);

#endif
