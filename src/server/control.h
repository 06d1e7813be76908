/* The control socket, DATA/control.sock: how a command on the same machine asks a running server
 * for what only the server can do. A thread serves one connection at a time; the next one waits.
 *
 *   backup DIR        ->  progress BYTES OF      as often as something was copied, at most ten
 * times a second done ID TIME AUDIT FILES BYTES NEW anything          ->  failed TEXT
 *
 * A request is a line of at most CONTROL_LINE_BYTES, and so is each answer; DIR is absolute.
 * Whoever is not root or the user that the server runs as is turned away, whatever the modes of
 * files say.
 */
#ifndef UNSAY_SERVER_CONTROL_H
#define UNSAY_SERVER_CONTROL_H

#include "server/auditor.h"
#include "storage/store.h"

enum { CONTROL_LINE_BYTES = 8192 };

struct control;

/* Opens the socket, in place of one that an earlier server left; the data directory is this
 * process's, since it has the store. Store and auditor are lent until control_stop. A server serves
 * its clients without it, too: where there is no socket to be had, as on some file systems, that is
 * said on standard error, and the answer is NULL. */
struct control *control_start(const char *data, struct store *store, struct auditor *auditor);

/* A backup that is under way ends as failed. NULL is nothing. */
void control_stop(struct control *control);

#endif
